"""How does a log look that an overseer decided? It is asked for tasks, claims and results, many at
a time, and all that it decides stands on the log as a leader writes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Final

from enchanted.events.v1.policy_pb2 import CharterAdopted
from enchanted.events.v1.swarm_event_pb2 import (
    ROLE_OPERATOR,
    ROLE_OVERSEER,
    ROLE_WORKER,
    AgentRole,
)
from enchanted.events.v1.task_pb2 import RESULT_COMPLETED, TaskClaimed, TaskManifest
from enchanted.events.v1.task_request_pb2 import ClaimRequested, ResultReported, TasksProposed
from enchanted.events.v1.worker_pb2 import WorkerRegistered
from nervous_system.bus import Bus
from nervous_system.clock import system_clock
from nervous_system.contract.event import Event, RecordedEvent
from nervous_system.contract.payload import Payload
from nervous_system.contract.subjects import subject_for
from nervous_system.ids import new_event_id
from nervous_system.service.fold import Fold
from overseer.model import OverseerState
from overseer.settings import OverseerSettings
from overseer.spec import service_spec

WORKERS: Final = 20
TOGETHER: Final = 100
ACTIONS: Final = ("build", "test", "review", "deploy", "measure")


class DecidedHistory:
    """One overseer, who asks it, and the log."""

    def __init__(self, bus: Bus) -> None:
        spec = service_spec(OverseerSettings())
        self._bus = bus
        self._term_id = new_event_id()
        self._turns = 0
        self._fold: Fold[OverseerState] = Fold(
            spec.core, service=spec.service, scope=spec.scope, role=spec.agent_role
        )

    async def write(self, tasks: int) -> int:
        """The whole life of so many tasks; the last position."""
        await self._heard(_said(CharterAdopted(hash="charter"), ROLE_OVERSEER, "overseer/main"))
        for number in range(WORKERS):
            worker = WorkerRegistered(
                worker_id=f"worker-{number}", max_concurrent_tasks=TOGETHER, host="bench"
            )
            await self._heard(_said(worker, ROLE_WORKER, worker.worker_id))
        numbers = iter(range(tasks))
        while group := list(islice(numbers, TOGETHER)):
            await self._live(group)
        return self._fold.sequence

    async def _live(self, group: Sequence[int]) -> None:
        proposed = TasksProposed(tasks=[_manifest(each) for each in group])
        await self._ask([_said(proposed, ROLE_OPERATOR, "bench")])
        workers = [f"worker-{each % WORKERS}" for each in group]
        claims = [_said(ClaimRequested(worker_id=each), ROLE_WORKER, each) for each in workers]
        granted = await self._ask(claims)
        ended = [each for each in granted if isinstance(each, TaskClaimed)]
        results = (
            ResultReported(
                task_id=each.task_id,
                worker_id=each.worker_id,
                attempt=each.attempt,
                result=RESULT_COMPLETED,
                output="it passed",
            )
            for each in ended
        )
        await self._ask([_said(each, ROLE_WORKER, each.worker_id) for each in results])

    async def _heard(self, event: Event) -> None:
        now = system_clock()
        sequence = (await self._bus.publish(event)).last_sequence
        self._fold.apply(
            RecordedEvent(
                event=event, sequence=sequence, subject=subject_for(event), recorded_at=now
            )
        )

    async def _ask(self, requests: Sequence[Event]) -> list[Payload]:
        """What it decides on them, when that is on the log."""
        self._turns += 1
        fold, now = self._fold, system_clock()
        taken = fold.requests_taken(term=1, term_id=self._term_id, number=self._turns, now=now)
        entries = fold.decide_requests(taken, requests)
        found = await self._bus.append(entries)
        fold.mark_committed(entries, found.first_sequence)
        fold.skip(found.last_sequence, now)
        return [each.event.payload for each in entries]


def _said(payload: Payload, role: AgentRole.ValueType, agent_id: str) -> Event:
    return Event(
        event_id=new_event_id(),
        timestamp=system_clock(),
        agent_role=role,
        agent_id=agent_id,
        payload=payload,
    )


def _manifest(number: int) -> TaskManifest:
    return TaskManifest(
        task_id=f"task-{new_event_id()[:8]}-{number}",
        action=ACTIONS[number % len(ACTIONS)],
        description=f"step {number % 20} of {number // 20}",
        payload_json=f'{{"path": "src/module_{number % 400}.py"}}',
        priority=number % 11,
        max_attempts=3,
    )
