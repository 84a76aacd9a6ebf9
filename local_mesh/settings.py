"""Which ports, sizes and deadlines does the local mesh use?"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from pydantic import AliasChoices, Field, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from nervous_system.environment import Environment
from nervous_system.shown_address import problem_of

PORTS: Final = ("nats_port", "nats_monitor_port", "clickhouse_port", "http_port")
"""In the order in which `port_base` numbers them."""


class LocalMeshSettings(Environment):
    """What only `ganglion up` and its relatives need to know."""

    model_config = SettingsConfigDict(
        env_prefix="GANGLION_", env_file=".env", extra="ignore", frozen=True, populate_by_name=True
    )

    of_a_place = True

    operator: str | None = Field(
        None,
        min_length=1,
        description="who sits at the command line; user@host where not given. Its key must speak"
        " for that name",
    )
    context: str | None = Field(
        None,
        description="name of the context whose mesh is meant, where neither NATS_URL nor"
        " GANGLION_HOME says another; see `ganglion contexts`",
    )
    nats_url: str | None = Field(
        None,
        description="a NATS server of your own that `ganglion up` uses instead of running one;"
        " NATS_URL only says where programs find a mesh",
    )
    clickhouse_url: str | None = Field(
        None,
        description="a ClickHouse of your own that `ganglion up` uses instead of running one, with"
        " user and password",
    )
    port_base: int | None = Field(
        None,
        ge=1,
        le=65536 - len(PORTS),
        description="first of the four ports of this mesh, for a second one on a machine; NATS, its"
        " monitoring, ClickHouse, HTTP, where their own settings do not say otherwise",
    )
    nats_port: int = Field(4222, ge=1, le=65535, description="port of the embedded NATS server")
    nats_monitor_port: int = Field(
        8222, ge=1, le=65535, description="port of the embedded NATS server's monitoring"
    )
    nats_users_file: Path | None = Field(
        None, description="where a NATS server of your own reads who its users are"
    )
    nats_open: bool = Field(
        False,
        description="let everybody who reaches the embedded NATS server's port do everything",
    )
    nats_max_payload_bytes: int = Field(
        1024**2, ge=1024, le=64 * 1024**2, description="largest event the embedded server takes"
    )
    clickhouse_port: int = Field(
        8123, ge=1, le=65535, description="port of the embedded ClickHouse (HTTP)"
    )
    http_port: int = Field(
        4040,
        ge=1,
        le=65535,
        validation_alias=AliasChoices("GANGLION_HTTP_PORT", "COLONY_PORT"),
        description="port of mission control (HTTP)",
    )
    metrics_ports: dict[str, int] = Field(
        default_factory=dict,
        description="ports of /metrics and /healthz by process, as JSON such as"
        ' {"ingestor": 9101}; a process that is not named gets a free one',
    )
    min_free_bytes: int = Field(
        1024**3, ge=0, description="free disk space below which the mesh does not start"
    )
    ready_timeout_seconds: float = Field(
        120.0, gt=0, description="how long a process may take until it is ready"
    )
    silent_seconds: float = Field(
        30.0,
        gt=0,
        description="how long a process that was ready may leave its health check without any"
        " answer before it is killed and started again",
    )
    stop_timeout_seconds: float = Field(
        30.0, gt=0, description="how long the whole mesh may drain before what is left is killed"
    )
    jaeger_url: str | None = Field(
        None,
        description="where people look at traces in Jaeger; http://127.0.0.1:16686 where not given"
        " and one answers there",
    )
    log_max_bytes: int = Field(
        16 * 1024**2, ge=1024, description="size at which a process's log file is set aside"
    )

    @model_validator(mode="before")
    @classmethod
    def _number_ports(cls, given: dict[str, Any]) -> dict[str, Any]:
        try:
            base = int(given["port_base"])
        except (KeyError, TypeError, ValueError):
            return given  # what is no number is refused as what it is
        return {**{name: base + index for index, name in enumerate(PORTS)}, **given}

    @field_validator("nats_url", "clickhouse_url")
    @classmethod
    def _is_address(cls, url: str | None) -> str | None:
        if url is not None and (problem := problem_of(url)):
            raise ValueError(problem)
        return url

    def port_variable(self, name: str) -> str:
        """The variable that moves a port of `PORTS`."""
        own = f"GANGLION_{name}".upper()
        if self.port_base is None or getattr(self, name) != self.port_base + PORTS.index(name):
            return own
        return "GANGLION_PORT_BASE"
