"""What does one simulated agent do? It claims, pretends to work, and meets the attempt's fate."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Final

from nervous_system.client.claimed_task import ClaimedTask, LeaseLost
from nervous_system.client.worker import Worker
from nervous_system.clock import Stopwatch
from nervous_system.errors import Transient
from simulation.plan import PlannedOutcome, SimulationPlan
from simulation.wakeup import Wakeup

IDLE_SECONDS: Final = 0.5
"""Before it asks again though it heard of no new work: backoff ends without a word."""

BACK_SECONDS: Final = 0.2
"""From a crash until it is back; nothing is heard of it meanwhile."""


@dataclass(slots=True)
class RunTally:
    """What all agents of a run met with."""

    claims_seconds: list[float] = field(default_factory=list)
    crashes: int = 0
    failures: int = 0
    leases_lost: int = 0
    unanswered: int = 0
    refusal: str = ""  # why the last claim that led to no task did not


class SimulatedAgent:
    """One agent with an id that it keeps over its crashes. It is heard of as every worker is."""

    def __init__(
        self,
        worker: Worker,
        plan: SimulationPlan,
        bell: Wakeup,
        tally: RunTally,
        *,
        watch: Stopwatch,
    ) -> None:
        self._worker = worker
        self._plan = plan
        self._wakeup = bell
        self._tally = tally
        self._watch = watch

    async def live(self, over: asyncio.Event) -> None:
        """Until it is over; each crash ends one of its lives."""
        while not over.is_set():
            try:
                await self._worker.register(anew=True)
            except Transient:
                self._tally.unanswered += 1
                continue
            async with self._worker.heartbeating():
                crashed = await self._one_life(over)
            if crashed:
                self._tally.crashes += 1
                await asyncio.sleep(BACK_SECONDS)
        await self._worker.deregister("the simulation is over")

    async def _one_life(self, over: asyncio.Event) -> bool:
        """Whether it ended in a crash."""
        while not over.is_set():
            rung, began = self._wakeup.rung, self._watch()
            try:
                task = await self._worker.claim()
            except Transient:
                self._tally.unanswered += 1
                continue
            if task is None:
                self._tally.refusal = self._worker.refusal
                await self._wakeup.wait(rung, within_seconds=IDLE_SECONDS)
                continue
            self._tally.claims_seconds.append(self._watch() - began)
            try:
                if await self._play_outcome(task) == "crash":
                    return True
            except LeaseLost:
                self._tally.leases_lost += 1
            except Transient:
                self._tally.unanswered += 1
            finally:
                self._worker.drop(task)
        return False

    async def _play_outcome(self, task: ClaimedTask) -> PlannedOutcome | None:
        if (
            task.task_id not in self._plan.planned_outcomes
        ):  # another's work, which needs no special skill
            await task.release("a simulated agent does no real work")
            await asyncio.sleep(IDLE_SECONDS)
            return None
        await asyncio.sleep(self._plan.work_seconds[task.task_id])
        fate = self._plan.planned_outcome(task.task_id, task.attempt)
        if fate == "complete":
            await task.finish(output="nothing was done")
        elif fate == "fail":
            self._tally.failures += 1
            await task.finish("failed", notes="it was drawn to fail")
        return fate
