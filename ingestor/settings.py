"""What can be set about the ingestor?"""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class IngestorSettings(BaseSettings):
    """Read from the environment and `.env`, once, in wiring."""

    model_config = SettingsConfigDict(
        env_prefix="GANGLION_INGESTOR_", env_file=".env", extra="ignore", frozen=True
    )

    batch_events: int = Field(1000, ge=1, description="events that make a batch full")
    batch_seconds: float = Field(1.0, gt=0, description="age at which a batch is flushed anyway")
    catch_up_events: int = Field(
        10_000, ge=1, description="largest batch when the ingestor is behind"
    )
    batch_bytes: int = Field(
        16 * 1024**2, ge=1024, description="largest batch in bytes, whatever else is said"
    )
    insert_timeout_seconds: float = Field(
        30.0, gt=0, description="how long ClickHouse may take over one insert"
    )
    ttl_days: int | None = Field(
        None, ge=1, description="days after which rows go; kept for ever when not set"
    )
