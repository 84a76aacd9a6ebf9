"""What can be set about the ingestor?"""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from nervous_system.environment import Environment


class IngestorSettings(Environment):
    """Read from the environment and `.env`, once, in wiring."""

    model_config = SettingsConfigDict(
        env_prefix="GANGLION_INGESTOR_", env_file=".env", extra="ignore", frozen=True
    )

    batch_events: int = Field(1000, ge=1, description="events that make a batch full")
    batch_seconds: float = Field(1.0, gt=0, description="age at which a batch is flushed anyway")
    catch_up_events: int = Field(
        30_000, ge=1, description="largest batch when the ingestor is behind"
    )
    batch_bytes: int = Field(
        16 * 1024**2, ge=1024, description="largest batch in bytes, whatever else is said"
    )
    insert_timeout_seconds: float = Field(
        30.0, gt=0, description="how long ClickHouse may take over one insert"
    )
    log_high_percent: float = Field(
        90.0, gt=0, le=100, description="the log is nearly full from here on: an alarm is raised"
    )
    log_low_percent: float = Field(
        85.0, gt=0, le=100, description="the log has enough room again below"
    )
    audit_percent: float = Field(
        2.0,
        ge=0,
        le=50,
        description="share of the time in which stored rows are looked at for damage; 0: never",
    )
    audit_round_seconds: float = Field(
        30.0, gt=0, description="least time between two looks at everything that is stored"
    )
    ttl_days: int | None = Field(
        None, ge=1, description="days after which rows go; kept for ever when not set"
    )

    @model_validator(mode="after")
    def _low_is_below_high(self) -> Self:
        if self.log_low_percent > self.log_high_percent:
            raise ValueError(
                "GANGLION_INGESTOR_LOG_LOW_PERCENT must not be above"
                " GANGLION_INGESTOR_LOG_HIGH_PERCENT"
            )
        return self
