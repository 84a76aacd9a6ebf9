"""Which ports, sizes and deadlines does the local mesh use?"""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import AliasChoices, Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from ganglion.errors import BadSetting
from nervous_system.settings import SECRET
from nervous_system.shown_address import MASK, shown

Settings = TypeVar("Settings", bound=BaseSettings)


class LocalMeshSettings(BaseSettings):
    """What only `ganglion up` and its relatives need to know."""

    model_config = SettingsConfigDict(
        env_prefix="GANGLION_", env_file=".env", extra="ignore", frozen=True, populate_by_name=True
    )

    operator: str | None = Field(
        None,
        min_length=1,
        description="who sits at the command line; user@host where not given. Its key must speak"
        " for that name",
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


def read_settings(settings_class: type[Settings]) -> Settings:
    """The settings from the environment and `.env`. Raises BadSetting, naming the variable."""
    try:
        return settings_class()
    except ValidationError as error:
        first = error.errors()[0]
        given = str(first["loc"][0]) if first["loc"] else settings_class.__name__
        fields = settings_class.model_fields
        name = next((each for each in fields if given in _called(fields[each], each)), given)
        secret = name in fields and is_secret(fields[name])
        prefix = settings_class.model_config.get("env_prefix", "")
        variable = given if given.isupper() else f"{prefix}{given}".upper()
        raise BadSetting(
            f"{variable} is {_told(first['input'], secret=secret)}, and that cannot be used:"
            f" {first['msg']}; correct it in the environment or in .env"
        ) from None  # it has the value as it is


def is_secret(field: FieldInfo) -> bool:
    """Whether the value of this setting is for nobody's eyes: that is said where it is declared."""
    return SECRET in field.metadata


def _called(field: FieldInfo, name: str) -> set[str]:
    """What pydantic may call it in an error."""
    alias = field.validation_alias
    return {name, *(map(str, alias.choices) if isinstance(alias, AliasChoices) else ())}


def _told(value: object, *, secret: bool) -> str:
    if secret:
        return MASK
    return repr(shown(value) if isinstance(value, str) else value)
