"""What came of a simulated swarm, in numbers and with a verdict?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from enchanted.events.v1.task_pb2 import TaskAcknowledged, TaskResult, TaskSubmitted
from nervous_system.contract.words import word
from nervous_system.phrases import pluralize
from simulation.checker import judge
from simulation.plan import SimulationPlan
from simulation.runner import Run

MAX_NAMED: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationOutcome:
    """Of one run."""

    run_id: str
    tasks: int
    agents: int
    seconds: float
    results: dict[str, int]  # how many tasks ended how
    crashes: int
    failures: int
    leases_lost: int
    unanswered: int
    claim_seconds: tuple[float, float]  # p50, p99
    end_to_end_seconds: tuple[float, float]  # from submission to end, by the log's clock
    wrong: dict[str, list[str]]
    waited_for: str = ""  # why what is left was not handed out

    @classmethod
    def of(cls, plan: SimulationPlan, run: Run, *, agents: int) -> SimulationOutcome:
        """The numbers, and the judge's word."""
        submitted = {
            each.event.payload.manifest.task_id: each.recorded_at
            for each in run.log
            if isinstance(each.event.payload, TaskSubmitted)
        }
        results: Counter[str] = Counter()
        lives: list[float] = []
        for each in run.log:
            payload = each.event.payload
            if isinstance(payload, TaskAcknowledged):
                results[word(TaskResult, payload.result)] += 1
                if payload.task_id in submitted:
                    lives.append((each.recorded_at - submitted[payload.task_id]).total_seconds())
        return cls(
            run_id=plan.run_id,
            tasks=len(plan.manifests),
            agents=agents,
            seconds=run.seconds,
            results=dict(sorted(results.items())),
            crashes=run.tally.crashes,
            failures=run.tally.failures,
            leases_lost=run.tally.leases_lost,
            unanswered=run.tally.unanswered,
            claim_seconds=_percentiles(run.tally.claims_seconds),
            end_to_end_seconds=_percentiles(lives),
            wrong=judge(plan.manifests, run.log),
            waited_for=run.waited_for,
        )

    @property
    def well(self) -> bool:
        """Whether every task ended as it must."""
        return not self.wrong

    @property
    def per_second(self) -> float:
        """Tasks that ended, a second."""
        return sum(self.results.values()) / self.seconds if self.seconds else 0.0

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "run_id": self.run_id,
            "well": self.well,
            "agents": self.agents,
            "tasks": self.tasks,
            "seconds": round(self.seconds, 3),
            "tasks_per_second": round(self.per_second, 1),
            "results": self.results,
            "crashes": self.crashes,
            "failures": self.failures,
            "leases_lost": self.leases_lost,
            "unanswered": self.unanswered,
            "claim_seconds": _with_names(self.claim_seconds),
            "end_to_end_seconds": _with_names(self.end_to_end_seconds),
            "wrong": self.wrong,
            "waited_for": self.waited_for,
        }

    def lines(self) -> list[str]:
        """For a person."""
        ends = ", ".join(f"{count} {name}" for name, count in self.results.items()) or "none ended"
        found = [
            f"{pluralize(self.tasks, 'task')}, {pluralize(self.agents, 'agent')},"
            f" {self.seconds:.1f} s:"
            f" {self.per_second:.0f} tasks a second ({ends})",
            f"{pluralize(self.crashes, 'crash', 'crashes')},"
            f" {pluralize(self.failures, 'failed attempt')},"
            f" {pluralize(self.leases_lost, 'lost lease')},"
            f" {pluralize(self.unanswered, 'unanswered question')}",
            f"claim p50 {_ms(self.claim_seconds[0])}, p99 {_ms(self.claim_seconds[1])};"
            f" submission to end p50 {_ms(self.end_to_end_seconds[0])},"
            f" p99 {_ms(self.end_to_end_seconds[1])}",
        ]
        if self.well:
            return [*found, "every task ended as it must"]
        named = [
            f"  {task_id}: {'; '.join(reasons)}"
            for task_id, reasons in list(self.wrong.items())[:MAX_NAMED]
        ]
        if len(self.wrong) > MAX_NAMED:
            named.append(f"  and {len(self.wrong) - MAX_NAMED} more")
        wrong = len(self.wrong)
        they = "it" if wrong == 1 else "they"
        if self.waited_for:
            found.append(f"at the end it waited: {self.waited_for}")
        return [*found, f"{pluralize(wrong, 'task')} did not end as {they} must:", *named]


def _percentiles(values: Sequence[float]) -> tuple[float, float]:
    if not values:
        return 0.0, 0.0
    ordered = sorted(values)
    return ordered[len(ordered) // 2], ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))]


def _with_names(both: tuple[float, float]) -> dict[str, float]:
    return {"p50": round(both[0], 5), "p99": round(both[1], 5)}


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:,.1f} ms"
