"""How often does the overseer look, and how patient is it?"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from nervous_system.environment import Environment
from overseer.kernel.state import KernelSettings
from overseer.model import CoreSettings


class OverseerSettings(Environment):
    """Read from the environment and `.env`, once, in wiring."""

    model_config = SettingsConfigDict(
        env_prefix="GANGLION_OVERSEER_", env_file=".env", extra="ignore", frozen=True
    )

    pulse_seconds: float = Field(240.0, ge=0.1, description="between two pulses of the overseer")
    max_pulse_seconds: float = Field(
        960.0, ge=0.1, description="between two pulses while the pressure lasts"
    )
    tick_seconds: float = Field(
        1.0, ge=0.05, description="how often leases and times to live are looked at"
    )
    maintenance_seconds: float = Field(
        1800.0, ge=0, description="between two rounds of maintenance; 0: none"
    )
    lease_seconds: float = Field(
        120.0, gt=0, description="how long a claimed task is held without a sign of life"
    )
    worker_timeout_seconds: float = Field(
        120.0, gt=0, description="how long a worker may be silent before it counts as lost"
    )
    backoff_seconds: float = Field(
        2.0, ge=0, description="before a failed task is tried again; doubles each time"
    )
    charter: Path | None = Field(None, description="the charter; <home>/charter.md where not given")
    policy: Path | None = Field(None, description="the policy; <home>/policy.yaml where not given")
    registry: Path | None = Field(
        None, description="the registry; <home>/registry.jsonl where not given"
    )
    inbox: Path | None = Field(
        None, description="the inbox; <home>/objectives.jsonl where not given"
    )

    def of_core(self) -> CoreSettings:
        """What the core decides by."""
        return CoreSettings(
            pulse_seconds=self.pulse_seconds,
            max_pulse_seconds=max(self.pulse_seconds, self.max_pulse_seconds),
            maintenance_seconds=self.maintenance_seconds,
        )

    def of_kernel(self) -> KernelSettings:
        """What the task kernel decides by."""
        return KernelSettings(
            lease_seconds=self.lease_seconds,
            worker_timeout_seconds=self.worker_timeout_seconds,
            backoff_seconds=self.backoff_seconds,
        )
