"""Where does the embedded ClickHouse keep its data, where does it listen, and how much may it
take?"""

from __future__ import annotations

import ipaddress
from pathlib import Path

from pydantic import Field, field_validator
from pydantic_settings import SettingsConfigDict

from nervous_system.environment import Environment


class ClickHouseSettings(Environment):
    """Options of the server. From the environment (`GANGLION_CLICKHOUSE_…`), overridden by the
    command line."""

    model_config = SettingsConfigDict(
        env_prefix="GANGLION_CLICKHOUSE_", extra="ignore", frozen=True
    )

    path: Path = Field(
        Path(".ganglion/clickhouse"),
        description="folder of the data; `ganglion up` takes `clickhouse` in its home instead",
    )
    host: str = Field("127.0.0.1", description="loopback address to listen on")
    port: int = Field(8123, ge=0, le=65535, description="port to listen on; 0 takes a free one")
    health_socket: Path | None = Field(
        None,
        description="socket file where its owner alone is answered, too; `ganglion up` sets it",
    )
    users_file: Path | None = Field(
        None, description="TOML file of accounts, beside those that are there anyway"
    )
    max_queries: int = Field(16, ge=1, description="statements that run at once")
    max_waiting_queries: int = Field(256, ge=0, description="statements that may wait for a place")
    max_wait_seconds: float = Field(
        10.0, gt=0, description="how long a statement waits for a place"
    )
    max_memory_bytes: int = Field(
        2 * 1024**3, ge=1 << 28, description="what the engine may allocate in all"
    )
    max_sessions: int = Field(256, ge=1, description="sessions (session_id) kept at once")
    drain_seconds: float = Field(
        20.0, gt=0, description="how long running statements have after SIGTERM"
    )

    open: bool = Field(
        False,
        description="let `default` reach files, network and programs of this user by SQL; said at"
        " every start",
    )
    hosts: list[str] = Field(
        default_factory=list,
        description="names by which this server is asked, beside those of the loopback (a JSON"
        " list)",
    )

    @property
    def keys(self) -> Path:
        """The folder with the passwords of the accounts that nobody configured."""
        return self.path.parent / "keys" / "clickhouse"

    @field_validator("host")
    @classmethod
    def _is_loopback(cls, host: str) -> str:
        address = "127.0.0.1" if host == "localhost" else host
        try:
            loopback = ipaddress.ip_address(address).is_loopback
        except ValueError:
            loopback = False
        if not loopback:
            raise ValueError(
                f"{host} is not a loopback address; this server listens on the loopback only,"
                " use 127.0.0.1 or ::1"
            )
        return address

    @field_validator("path")
    @classmethod
    def _is_plain(cls, path: Path) -> Path:
        if {"?", "&", "#"} & set(str(path)):
            raise ValueError(f"the engine can't open a path with ?, & or # in it: {path}")
        return path.expanduser().absolute()
