"""How often does the governor look, and what does it call overloaded?"""

from __future__ import annotations

import socket
from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from governor.model import Band, GovernorPolicy
from nervous_system.environment import Environment


class GovernorSettings(Environment):
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
    memory_critical_percent: float = Field(
        97.0, description="workers are put to sleep at once while memory is above"
    )
    disk_critical_percent: float = Field(
        98.0, description="workers are put to sleep at once while the disk is above"
    )
    throttle_samples: int = Field(
        3,
        ge=1,
        description="over a limit for so many samples running: workers do half of what they may",
    )
    sleep_samples: int = Field(
        10, ge=1, description="and for so many: nothing, where memory is short, or by a hard_stop"
    )
    command_samples: int = Field(
        5, ge=3, description="for so many samples a command to workers holds unless it is renewed"
    )
    clean_up_percent: float = Field(
        80.0, gt=0, le=100, description="memory above it at several pulses running: clean up"
    )
    clean_up_pulses: int = Field(3, ge=1, description="at how many")
    acknowledge_seconds: float = Field(
        30.0, gt=0, description="how long a worker may take to acknowledge a command"
    )

    @model_validator(mode="after")
    def _bands_are_bands(self) -> Self:
        for resource, band in self.policy().bands:
            if not 0 < band.low_percent <= band.high_percent:
                raise ValueError(
                    f"GANGLION_GOVERNOR_{resource.upper()}_LOW_PERCENT must be above 0"
                    f" and not above GANGLION_GOVERNOR_{resource.upper()}_HIGH_PERCENT"
                )
        for resource in ("memory", "disk"):
            if self.policy().band(resource).high_percent > getattr(
                self, f"{resource}_critical_percent"
            ):
                raise ValueError(
                    f"GANGLION_GOVERNOR_{resource.upper()}_CRITICAL_PERCENT must not be below"
                    f" GANGLION_GOVERNOR_{resource.upper()}_HIGH_PERCENT"
                )
        if self.sleep_samples < self.throttle_samples:
            raise ValueError(
                "GANGLION_GOVERNOR_SLEEP_SAMPLES must not be below"
                " GANGLION_GOVERNOR_THROTTLE_SAMPLES"
            )
        return self

    def policy(self) -> GovernorPolicy:
        """What the core decides by."""
        return GovernorPolicy(
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
            memory_critical_percent=self.memory_critical_percent,
            disk_critical_percent=self.disk_critical_percent,
            throttle_samples=self.throttle_samples,
            sleep_samples=self.sleep_samples,
            command_samples=self.command_samples,
            clean_up_percent=self.clean_up_percent,
            clean_up_pulses=self.clean_up_pulses,
            acknowledge_seconds=self.acknowledge_seconds,
        )
