"""How does a simulated swarm run? Its tasks are proposed, its agents live until all have ended, and
the log is read all the while. What keeps tasks from being handed out is told once it is there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from enchanted.events.v1.swarm_event_pb2 import ROLE_OPERATOR, ROLE_WORKER
from enchanted.events.v1.task_pb2 import TaskAcknowledged, TaskSubmitted
from enchanted.events.v1.task_request_pb2 import TasksProposed
from nervous_system import names
from nervous_system.bus import Bus
from nervous_system.client.free_capacity import FreeCapacity
from nervous_system.client.request_client import RequestClient
from nervous_system.client.worker import HEARTBEAT_SECONDS, Worker
from nervous_system.clock import Stopwatch, stopwatch
from nervous_system.contract.event import RecordedEvent
from nervous_system.contract.stored import Stored
from nervous_system.contract.subjects import on_any
from nervous_system.transport.reader import Reader
from simulation.agent import RunTally, SimulatedAgent
from simulation.plan import SimulationPlan
from simulation.wakeup import Wakeup

STUCK_SECONDS: Final = 120.0
"""Without a single step of any task: what has not ended by then will not."""

QUIET_SECONDS: Final = 5.0
"""Without a step of any task, and nothing on the log that holds them: then the overseer's last
answer to an agent is told."""

SILENCE: Final = "no task moves"
LOOK_SECONDS: Final = 1.0
TASK_EVENTS: Final = f"{names.EVENTS}.task.>"

is_of_task = on_any([TASK_EVENTS])


class Hold(Protocol):
    """Why no task is handed out, as the log says it."""

    @property
    def subjects(self) -> Sequence[str]:
        """Of what `take` is to be given."""

    def take(self, stored: Stored) -> None:
        """One more position of these subjects."""

    @property
    def sentence(self) -> str:
        """Empty where nothing is held."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What happened."""

    log: tuple[RecordedEvent, ...]  # of its tasks
    seconds: float
    tally: RunTally
    waited_for: str = ""  # why tasks that are left were not handed out, in the mesh's words


async def run(
    bus: Bus,
    plan: SimulationPlan,
    *,
    agents: int,
    hold: Hold,
    ended: Callable[[int], None] = lambda count: None,
    told: Callable[[str], None] = lambda sentence: None,
    stuck_seconds: float = STUCK_SECONDS,
    heartbeat_seconds: float = HEARTBEAT_SECONDS,
    watch: Stopwatch = stopwatch,
) -> Run:
    """The whole run; `ended` is told how many tasks more have ended, `told` what they wait for.

    Raises as `RequestClient.require_accepted` where its tasks are refused, or no overseer answers.
    """
    tally, over = RunTally(), asyncio.Event()
    last = (await bus.stream.state()).last_sequence
    waiting = _Waiting(hold, tally, told)
    waiting.look()
    began = watch()
    async with (
        bus.reader(start_sequence=last + 1, subjects=[TASK_EVENTS, *hold.subjects]) as reader,
        Wakeup(bus) as bell,
    ):
        asker = RequestClient(bus, service=names.OVERSEER, role=ROLE_OPERATOR, agent_id=plan.run_id)
        for manifests in plan.proposals():
            await asker.require_accepted(TasksProposed(tasks=manifests, together=True))
        free_capacity = FreeCapacity()
        workers = [
            Worker(
                bus,
                worker_id=f"{plan.run_id}-agent-{number}",
                role=ROLE_WORKER,
                skills=[plan.skill],
                heartbeat_seconds=heartbeat_seconds,
                free_capacity=free_capacity,
            )
            for number in range(agents)
        ]
        living = [
            asyncio.create_task(
                SimulatedAgent(worker, plan, bell, tally, watch=watch).live(over),
                name=worker.worker_id,
            )
            for worker in workers
        ]
        try:
            log = await _read(bus, reader, plan, living, ended, waiting, stuck_seconds, watch)
            seconds = watch() - began
        finally:
            over.set()
        await asyncio.gather(*living)
    return Run(log=tuple(log), seconds=seconds, tally=tally, waited_for=waiting.sentence)


class _Waiting:
    """What the tasks wait for, told once when it begins, changes or is over."""

    def __init__(self, hold: Hold, tally: RunTally, told: Callable[[str], None]) -> None:
        self.hold = hold
        self.sentence = ""
        self._tally = tally
        self._show = told

    def look(self, *, quiet_seconds: float = 0.0) -> None:
        """`quiet_seconds`: how long no task took a step."""
        now = self._hold_or_silence(quiet_seconds)
        if now != self.sentence:
            self.sentence = now
            self._show(now or "tasks are handed out again")

    def _hold_or_silence(self, quiet_seconds: float) -> str:
        if held := self.hold.sentence:
            return held
        if quiet_seconds < QUIET_SECONDS or not self._tally.refusal:
            return ""
        if self.sentence.startswith(SILENCE):
            return self.sentence  # each agent is answered in words of its own; one is enough
        return f"{SILENCE}; the overseer's last answer to an agent: {self._tally.refusal}"


async def _read(
    bus: Bus,
    reader: Reader,
    plan: SimulationPlan,
    living: list[asyncio.Task[None]],
    ended: Callable[[int], None],
    waiting: _Waiting,
    stuck_seconds: float,
    watch: Stopwatch,
) -> list[RecordedEvent]:
    """Every step of the run's tasks, until all have ended or nothing happens any more."""
    log: list[RecordedEvent] = []
    left = {manifest.task_id for manifest in plan.manifests}
    heard = watch()
    while left and watch() - heard < stuck_seconds:
        for each in living:
            if each.done():
                each.result()  # none of them ends by itself
        batch = await reader.batch(max_messages=1000, within_seconds=LOOK_SECONDS)
        for stored in batch:
            if not is_of_task(stored.subject):
                waiting.hold.take(stored)
        steps = [bus.believed(each) for each in batch if is_of_task(each.subject)]
        own = [
            each for each in steps if each is not None and _task_id(each) in plan.planned_outcomes
        ]
        if own:
            heard = watch()
            log += own
            ends = {
                _task_id(each) for each in own if isinstance(each.event.payload, TaskAcknowledged)
            }
            ended(len(left & ends))
            left -= ends
        waiting.look(quiet_seconds=watch() - heard)
    return log


def _task_id(step: RecordedEvent) -> str:
    payload = step.event.payload
    if isinstance(payload, TaskSubmitted):
        return payload.manifest.task_id
    return str(getattr(payload, "task_id", ""))
