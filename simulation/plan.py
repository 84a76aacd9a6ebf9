"""What is a simulated swarm to do, and what happens to each attempt? Drawn before it begins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random  # noqa: TID251 - the type of what is handed in
from typing import Final, Literal

from enchanted.events.v1.task_pb2 import RISK_SAFE, TaskManifest

PlannedOutcome = Literal["complete", "fail", "crash"]
"""What an agent does with an attempt. A crash: it vanishes without a word, and comes back."""

ACTION: Final = "simulate"
MAX_ATTEMPTS: Final = 3
MAX_CRASHES: Final = 1
"""Of one task: the overseer sets aside what several workers fell silent over, and four attempts
that failed or were lost are an incident."""

DEPENDENT_SHARE: Final = 0.2
MAX_DEPENDENCIES: Final = 2
MAX_WORK_SECONDS: Final = 0.02
AT_ONCE: Final = 200

MIN_TTL_SECONDS: Final = 600.0
TO_LIVE_SECONDS_PER_TASK: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationPlan:
    """One run: its tasks, and the fates of each one's attempts; who has none left completes."""

    run_id: str
    manifests: tuple[TaskManifest, ...]
    planned_outcomes: dict[str, tuple[PlannedOutcome, ...]]
    work_seconds: dict[str, float]

    def planned_outcome(self, task_id: str, attempt: int) -> PlannedOutcome:
        """Of one attempt, which count from 1."""
        fates = self.planned_outcomes[task_id]
        return fates[attempt - 1] if attempt <= len(fates) else "complete"

    @property
    def skill(self) -> str:
        """What only the agents of this run can."""
        return skill_of(self.run_id)

    def proposals(self) -> Iterator[Sequence[TaskManifest]]:
        """The tasks in the order in which they can be proposed."""
        for first in range(0, len(self.manifests), AT_ONCE):
            yield self.manifests[first : first + AT_ONCE]


def to_live_seconds(tasks: int) -> float:
    """After which a task of a run of so many expires where nobody has it: no run takes so long, so
    only what an interrupted one left behind does.
    """
    return max(MIN_TTL_SECONDS, tasks * TO_LIVE_SECONDS_PER_TASK)


def skill_of(run_id: str) -> str:
    """The skill that the tasks of a run require."""
    return f"simulation-{run_id}"


def draw(
    *, run_id: str, tasks: int, failure_rate: float, crash_rate: float, chance: Random
) -> SimulationPlan:
    """The plan for this chance: the same for the same state of it."""
    manifests: list[TaskManifest] = []
    for number in range(tasks):
        dependencies: set[str] = set()
        if number and chance.random() < DEPENDENT_SHARE:
            for _ in range(chance.randint(1, MAX_DEPENDENCIES)):
                dependencies.add(manifests[chance.randrange(number)].task_id)
        manifests.append(
            TaskManifest(
                task_id=f"{run_id}-{number:05}",
                action=ACTION,
                description=f"simulated task {number}",
                priority=chance.randint(0, 10),
                depends_on=sorted(dependencies),
                required_skills=[skill_of(run_id)],
                max_attempts=MAX_ATTEMPTS,
                ttl_seconds=to_live_seconds(tasks),
                risk_tier=RISK_SAFE,
            )
        )
    ids = [manifest.task_id for manifest in manifests]
    return SimulationPlan(
        run_id=run_id,
        manifests=tuple(manifests),
        planned_outcomes={each: _fates(failure_rate, crash_rate, chance) for each in ids},
        work_seconds={each: chance.uniform(0, MAX_WORK_SECONDS) for each in ids},
    )


def _fates(failure_rate: float, crash_rate: float, chance: Random) -> tuple[PlannedOutcome, ...]:
    fates: list[PlannedOutcome] = []
    while fates.count("fail") < MAX_ATTEMPTS:
        drawn = chance.random()
        if drawn < crash_rate and fates.count("crash") < MAX_CRASHES:
            fates.append("crash")
        elif crash_rate <= drawn < crash_rate + failure_rate:
            fates.append("fail")
        else:
            break
    return tuple(fates)
