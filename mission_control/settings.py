"""Where does mission control listen, whom does it answer, and how much at once?"""

from __future__ import annotations

from typing import Annotated

from pydantic import AliasChoices, Field
from pydantic_settings import SettingsConfigDict

from nervous_system.environment import SECRET, Environment
from operations.actions.remote_worker import HEARTBEAT_SECONDS


class MissionControlSettings(Environment):
    """Read from the environment and `.env`, once, in wiring."""

    model_config = SettingsConfigDict(
        env_prefix="GANGLION_HTTP_",
        env_file=".env",
        extra="ignore",
        frozen=True,
        populate_by_name=True,
        hide_input_in_errors=True,  # a token may stand in it
    )

    port: int = Field(
        4040,
        ge=0,
        le=65535,
        validation_alias=AliasChoices("GANGLION_HTTP_PORT", "COLONY_PORT"),
        description="port of mission control; 0 takes a free one",
    )
    host: str = Field(
        "127.0.0.1",
        min_length=1,
        validation_alias=AliasChoices("GANGLION_HTTP_HOST", "COLONY_HOST"),
        description="address of mission control; whoever comes from another machine needs a token",
    )
    names: list[str] = Field(
        default_factory=list,
        description="more names that mission control may be asked by (a JSON list)",
    )
    secret_token: Annotated[str | None, SECRET] = Field(
        None,
        min_length=8,
        validation_alias=AliasChoices("GANGLION_HTTP_SECRET_TOKEN", "COLONY_SECRET_TOKEN"),
        description="a token that may do everything; if it is set, everybody needs a token",
    )
    requests_per_second: float = Field(
        1000.0, gt=0, description="requests that each caller may make in a second, on average"
    )
    max_concurrent_tasks: int = Field(
        1,
        ge=1,
        le=10_000,
        validation_alias=AliasChoices("GANGLION_HTTP_MAX_CONCURRENT_TASKS", "MAX_CONCURRENT_TASKS"),
        description="tasks at once of a worker that offers itself over HTTP and does not say",
    )
    heartbeat_seconds: float = Field(
        HEARTBEAT_SECONDS,
        gt=0,
        le=3600,
        validation_alias=AliasChoices(
            "GANGLION_HTTP_HEARTBEAT_SECONDS", "WORKER_HEARTBEAT_INTERVAL"
        ),
        description="seconds after which such a worker is to be heard of again",
    )
