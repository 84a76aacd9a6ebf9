"""How often does the guardian look, when does it lose patience, and whom does it call?"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from guardian.model import GuardianLimits
from nervous_system.environment import SECRET, Environment


class GuardianSettings(Environment):
    """Read from the environment and `.env`, once, in wiring."""

    model_config = SettingsConfigDict(
        env_prefix="GANGLION_GUARDIAN_", env_file=".env", extra="ignore", frozen=True
    )

    tick_seconds: float = Field(5.0, ge=0.05, description="how often all rules are asked")
    look_seconds: float = Field(
        60.0, ge=0.05, description="how often ClickHouse is asked how far it is"
    )
    lag_positions: int = Field(
        50_000, ge=10, description="positions that ClickHouse may be behind the log"
    )
    no_progress_seconds: float = Field(
        600.0, gt=0, description="how long a worker may hold a task without progress"
    )
    webhook_url: Annotated[SecretStr | None, SECRET] = Field(
        None, description="where a page is sent as JSON; only the log has it when empty"
    )
    page_within_seconds: float = Field(
        3600.0, gt=0, description="a page is not sent whose cause was older when it was decided"
    )

    def limits(self) -> GuardianLimits:
        """What the core goes by."""
        return GuardianLimits(
            lag_positions=self.lag_positions, no_progress_seconds=self.no_progress_seconds
        )
