"""How is the mesh told where things are?

Every variable is here, in a service's `settings.py`, or in the engines'.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from pydantic import AliasChoices, Field, field_validator
from pydantic_settings import SettingsConfigDict

from nervous_system.browsers import LOOPBACK_NAMES
from nervous_system.environment import SECRET, Environment
from nervous_system.errors import BadSetting
from nervous_system.place import found_home
from nervous_system.shown_address import display_address, problem_of

SECRETS: Final = Path("/run/secrets")
"""Where containers find passwords: a file each, called like the variable in lower case."""


FLAG_NAME: Final = "manual_shutdown.flag"
"""In the home: while it is there, dispatch is halted; what it says is the reason."""
TRUSTED_KEYS: Final = "trusted_keys"
"""File in the home: whose signatures count (contract/signature.py)."""

MESH_KEY: Final = Path("keys/mesh")
"""In the home: what the services and commands there sign with, unless told otherwise."""


CLICKHOUSE_KEYS: Final = Path("keys/clickhouse")
"""In the home: a file with the password of each account of its ClickHouse."""


def url_as(url: str, user: str, password: str) -> str:
    """The URL with this user, as one stands in a URL, and this password."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{user}:{quote(password, safe='')}@{place}"))


class MeshSettings(Environment):
    """What every process of the mesh needs to know.

    Read from the environment and `.env`, once, in wiring.
    """

    model_config = SettingsConfigDict(
        env_prefix="GANGLION_",
        env_file=".env",
        secrets_dir=SECRETS if SECRETS.is_dir() else None,
        extra="ignore",
        frozen=True,
        populate_by_name=True,
        hide_input_in_errors=True,  # a password may stand in it
    )

    of_a_place = True

    home: Path = Field(
        default_factory=found_home,
        description="folder of the mesh: data, logs, run files; `.ganglion` here or above",
    )
    nats_url: str = Field(
        "nats://127.0.0.1:4222",
        validation_alias=AliasChoices("NATS_URL", "GANGLION_NATS_URL"),
        description="address of the NATS server",
    )
    nats_user: str | None = Field(None, description="user name at the NATS server")
    nats_password: Annotated[str | None, SECRET] = Field(
        None, description="password at the NATS server"
    )
    nats_credentials: Path | None = Field(None, description="credentials file (JWT and nkey seed)")
    clickhouse_url: str = Field(
        "http://127.0.0.1:8123",
        validation_alias=AliasChoices("CLICKHOUSE_URL", "GANGLION_CLICKHOUSE_URL"),
        description="HTTP address of ClickHouse, with user and password where it needs them",
    )
    clickhouse_password: Annotated[str | None, SECRET] = Field(
        None, description="password of the user in CLICKHOUSE_URL, where that has none"
    )
    clickhouse_names: list[str] = Field(
        default_factory=list,
        description="machines that are sent the passwords of the home's ClickHouse, as this one is"
        " (a JSON list)",
    )
    metrics_port: int = Field(0, description="port of /metrics and /healthz; 0 takes a free one")
    metrics_host: str = Field("127.0.0.1", description="address of /metrics and /healthz")
    metrics_names: list[str] = Field(
        default_factory=list,
        description="more names that /metrics and /healthz may be asked by (a JSON list)",
    )
    health_socket: Path | None = Field(
        None,
        description="socket file where its owner alone asks for /metrics and /healthz, too;"
        " `ganglion up` sets it",
    )
    watchdog_seconds: float = Field(
        60.0, ge=0, description="a service that is stuck for so long ends itself; 0: it does not"
    )
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR")
    log_format: str = Field("json", description="json or console")
    otlp_endpoint: str | None = Field(
        None,
        validation_alias=AliasChoices("OTEL_EXPORTER_OTLP_ENDPOINT"),
        description="where traces go (OTLP over HTTP); none are made when empty",
    )
    telemetry_spans: bool = Field(
        True, description="spans of services and agents go onto the bus, and from there to tables"
    )
    telemetry_stream_max_bytes: int = Field(
        128 * 1024**2,
        ge=1024**2,
        description="size at which the stream of spans lets the oldest go",
    )
    telemetry_stream_max_age_seconds: float = Field(
        3600.0, ge=1, description="how long the stream keeps spans that no ingestor has taken"
    )
    telemetry_ttl_days: int = Field(
        3, ge=1, description="days after which rows of `swarm.spans` go"
    )
    telemetry_table_max_bytes: int = Field(
        2 * 1024**3,
        ge=1024**2,
        description="size at which the rows of `swarm.spans` that came first go before their time",
    )
    publish_deadline_seconds: float = Field(
        15.0, gt=0, description="one deadline for all tries of a publish"
    )
    workspace: str | None = Field(
        None,
        description="name of the workspace that agents change; not set: git's remote or the folder,"
        " empty: none",
    )
    redact_patterns: list[str] = Field(
        default_factory=list, description="more regular expressions of secrets (a JSON list)"
    )
    signing_key: Path | None = Field(
        None,
        description="file of the key that events are signed with; `keys/mesh` in the home where"
        " that is there",
    )
    signatures_required: bool = Field(
        False, description="every agent must sign, not only those whose names are in `trusted_keys`"
    )
    signature_max_age_seconds: float = Field(
        300.0,
        gt=0,
        le=300.0,  # what is sent again meanwhile must be a repeat to the log, which remembers 600 s
        description="age at which a signature counts for nothing",
    )
    stream_max_bytes: int = Field(
        32 * 1024**3, description="size at which the log refuses new events"
    )
    stream_max_age_seconds: float = Field(
        30 * 24 * 3600.0, description="how long the stream keeps events"
    )
    stream_replicas: int = Field(1, ge=1, le=5, description="copies of the log (3 in a cluster)")

    @field_validator("home")
    @classmethod
    def _is_folder(cls, home: Path) -> Path:
        try:
            return home.expanduser()
        except RuntimeError as error:  # ~somebody
            raise ValueError(str(error)) from error

    @field_validator("nats_url", "clickhouse_url")
    @classmethod
    def _is_address(cls, url: str) -> str:
        problem = problem_of(url)
        if problem:
            raise ValueError(problem)
        return url

    @property
    def signing_key_in_force(self) -> Path | None:
        """The key's file, None where nothing is signed."""
        own = self.home / MESH_KEY
        return self.signing_key or (own if own.is_file() else None)

    @property
    def clickhouse_dsn(self) -> str:
        """`clickhouse_url` with the password in it: the one that was given, or that of the home,
        which goes to this machine and those in `clickhouse_names`. Raises BadSetting where nobody
        said where the tables are."""
        if not self.clickhouse_url:
            raise BadSetting(
                "nobody said where the ClickHouse of the mesh at"
                f" {display_address(self.nats_url)} is; set"
                " CLICKHOUSE_URL to what `ganglion keys clickhouse` prints in its home"
            )
        parts = urlsplit(self.clickhouse_url)
        given = self.clickhouse_password
        if (
            parts.password is None
            and given is None
            and parts.hostname in LOOPBACK_NAMES.union(self.clickhouse_names)
        ):
            given = self._own_password(unquote(parts.username or "default"))
        if given is None or parts.password is not None:
            return self.clickhouse_url
        user = parts.netloc.rpartition("@")[0]
        return url_as(self.clickhouse_url, user or "default", given)

    def _own_password(self, user: str) -> str | None:
        """The password of an account of the ClickHouse of this home. None where there is none, or
        where it is somebody else's to read."""
        file = self.home / CLICKHOUSE_KEYS / Path(user).name
        try:
            return file.read_text("utf-8").strip() or None
        except OSError:
            return None
