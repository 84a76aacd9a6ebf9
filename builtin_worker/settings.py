"""Who is the built-in worker, and how much does it do at once?"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from nervous_system.client.restoring import SKILL
from nervous_system.environment import Environment


class WorkerSettings(Environment):
    """Read from the environment and `.env`, once, in wiring."""

    model_config = SettingsConfigDict(
        env_prefix="GANGLION_WORKER_", env_file=".env", extra="ignore", frozen=True
    )

    id: str = Field("worker-1", min_length=1, description="the built-in worker's name in the swarm")
    skills: list[str] = Field(
        default_factory=lambda: ["diagnostics", "reporting", "maintenance"],
        description="what it says it can do (a JSON list)",
    )
    max_concurrent_tasks: int = Field(2, ge=1, description="how many tasks it does at once")
    workspace: Path | None = Field(
        None,
        description="folder of the files that agents put on record; what a task changed there can"
        " be taken back",
    )

    @property
    def offered(self) -> list[str]:
        """Its skills; who has the files at hand can restore them, too."""
        return self.skills if self.workspace is None else [*self.skills, SKILL]
