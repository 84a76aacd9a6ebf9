"""How often does the governor look, and what does it call overloaded?"""

from __future__ import annotations

import socket
from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from governor.model import Band, Policy


class GovernorSettings(BaseSettings):
    """Read from the environment and `.env`, once, in wiring."""

    model_config = SettingsConfigDict(
        env_prefix="GANGLION_GOVERNOR_", env_file=".env", extra="ignore", frozen=True
    )

    host: str = Field(
        default_factory=socket.gethostname, min_length=1, description="name of this machine"
    )
    sample_seconds: float = Field(60.0, ge=0.1, description="how often capacity is sampled")
    cpu_high_percent: float = Field(95.0, description="CPU is overloaded from here on")
    cpu_low_percent: float = Field(80.0, description="CPU is well again below")
    memory_high_percent: float = Field(92.0, description="memory is overloaded from here on")
    memory_low_percent: float = Field(85.0, description="memory is well again below")
    disk_high_percent: float = Field(95.0, description="the disk is overloaded from here on")
    disk_low_percent: float = Field(90.0, description="the disk is well again below")

    @model_validator(mode="after")
    def _bands_are_bands(self) -> Self:
        for resource, band in self.policy().bands:
            if not 0 < band.low_percent <= band.high_percent:
                raise ValueError(
                    f"GANGLION_GOVERNOR_{resource.upper()}_LOW_PERCENT must be above 0"
                    f" and not above GANGLION_GOVERNOR_{resource.upper()}_HIGH_PERCENT"
                )
        return self

    def policy(self) -> Policy:
        """What the core decides by."""
        return Policy(
            bands=(
                ("cpu", Band(high_percent=self.cpu_high_percent, low_percent=self.cpu_low_percent)),
                (
                    "memory",
                    Band(
                        high_percent=self.memory_high_percent, low_percent=self.memory_low_percent
                    ),
                ),
                (
                    "disk",
                    Band(high_percent=self.disk_high_percent, low_percent=self.disk_low_percent),
                ),
            ),
            sample_seconds=self.sample_seconds,
        )
