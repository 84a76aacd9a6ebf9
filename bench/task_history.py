"""How does a long life of the overseer's log look? Tasks that are submitted, claimed, completed and
acknowledged, several thousand at a time, as the overseer writes them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final

from enchanted.events.v1.swarm_event_pb2 import ROLE_OVERSEER, ROLE_WORKER
from enchanted.events.v1.task_pb2 import (
    RESULT_COMPLETED,
    TaskAcknowledged,
    TaskClaimed,
    TaskCompleted,
    TaskManifest,
    TaskSubmitted,
)
from enchanted.events.v1.worker_pb2 import WorkerRegistered
from nervous_system.contract.codec import encode
from nervous_system.contract.event import Event
from nervous_system.contract.payload import Payload
from nervous_system.contract.stored import EPOCH, Stored
from nervous_system.contract.subjects import subject_for
from nervous_system.ids import child_id

WORKERS: Final = 200
TOGETHER: Final = 5_000
ACTIONS: Final = ("build", "test", "review", "deploy", "measure")

_BEGINNING: Final = datetime(2026, 11, 1, tzinfo=UTC)
_STEP: Final = timedelta(milliseconds=3)


def history(count: int, *, ended: int | None = None) -> Iterator[Stored]:
    """The log of `count` tasks, of which the first `ended` (all, where not given) went through
    their whole life: four events each, after a registration of each worker."""
    for sequence, payload in enumerate(_payloads(count, count if ended is None else ended), 1):
        moment = _BEGINNING + sequence * _STEP
        worker_id = payload.worker_id if isinstance(payload, WorkerRegistered) else ""
        event = Event(
            event_id=child_id("history", str(sequence)),
            timestamp=moment,
            agent_role=ROLE_WORKER if worker_id else ROLE_OVERSEER,
            agent_id=worker_id or "overseer/main",
            payload=payload,
            trace_id=f"{sequence:032x}",
            span_id=f"{sequence:016x}",
            causation_id=child_id("request", str(sequence)),
        )
        yield Stored(
            sequence,
            subject_for(event),
            int((moment - EPOCH) / timedelta(microseconds=1)) * 1000,
            encode(event),
            f"NATS/1.0\r\nNats-Msg-Id: {event.event_id}\r\n\r\n".encode(),
        )


def _payloads(count: int, ended: int) -> Iterator[Payload]:
    for number in range(WORKERS):
        yield WorkerRegistered(worker_id=f"worker-{number}", max_concurrent_tasks=100)
    numbers = iter(range(count))
    while group := list(islice(numbers, TOGETHER)):
        for number in group:
            yield TaskSubmitted(
                manifest=TaskManifest(
                    task_id=f"task-{number}",
                    objective_id=f"objective-{number // 20}",
                    action=ACTIONS[number % len(ACTIONS)],
                    description=f"step {number % 20} of objective {number // 20}",
                    payload_json=f'{{"path": "src/module_{number % 400}.py"}}',
                    priority=number % 11,
                    max_attempts=3,
                )
            )
        for number in group:
            if number < ended:
                yield from _life(number)


def _life(number: int) -> Iterator[Payload]:
    task_id, worker_id = f"task-{number}", f"worker-{number % WORKERS}"
    yield TaskClaimed(
        task_id=task_id,
        worker_id=worker_id,
        request_id=child_id("claim", str(number)),
        attempt=1,
        lease_seconds=120,
    )
    yield TaskCompleted(task_id=task_id, worker_id=worker_id, attempt=1)
    yield TaskAcknowledged(
        task_id=task_id,
        objective_id=f"objective-{number // 20}",
        action=ACTIONS[number % len(ACTIONS)],
        worker_id=worker_id,
        attempts=1,
        result=RESULT_COMPLETED,
        output=f"{number % 90} passed in {number % 70 / 10} s",
        duration_seconds=number % 70 / 10,
        changed_files=[f"src/module_{number % 400}.py"],
        tool_efficacy_score=100.0,
    )
