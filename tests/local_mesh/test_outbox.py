"""Do process events wait for the log, in order and under their ids?"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from enchanted.events.v1.process_pb2 import ProcessStarted
from enchanted.events.v1.swarm_event_pb2 import ROLE_SUPERVISOR
from local_mesh.supervisor import outbox as outbox_module
from local_mesh.supervisor.outbox import Outbox
from nervous_system.contract.event import Event
from nervous_system.errors import LogFull, Unavailable

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def make(troubles: list[str]) -> Outbox:
    return Outbox(clock=lambda: NOON, trouble=troubles.append)


async def delivered(outbox: Outbox, answers: list[Exception | None]) -> list[Event]:
    """What was published, tries included; each try gets the next answer."""
    tried: list[Event] = []

    async def publish(event: Event) -> None:
        tried.append(event)
        answer = answers.pop(0) if answers else None
        if answer is not None:
            raise answer

    task = asyncio.create_task(outbox.deliver(publish))
    assert await outbox.drain(within_seconds=5) == 0
    task.cancel()
    await asyncio.wait({task})
    return tried


async def test_the_same_event_is_tried_again() -> None:
    outbox = make([])
    outbox.put(ProcessStarted(name="nats", pid=1, attempt=1))
    outbox.put(ProcessStarted(name="ingestor", pid=2, attempt=1))
    tried = await delivered(outbox, [Unavailable("not yet"), None, None])
    assert [event.payload.name for event in tried if isinstance(event.payload, ProcessStarted)] == [
        "nats",
        "nats",
        "ingestor",
    ]
    assert tried[0].event_id == tried[1].event_id
    assert tried[0].timestamp == NOON
    assert tried[0].agent_role == ROLE_SUPERVISOR
    assert [event.producer_sequence for event in tried] == [1, 1, 2]


async def test_what_is_refused_for_good_is_named_and_dropped() -> None:
    troubles: list[str] = []
    outbox = make(troubles)
    outbox.put(ProcessStarted(name="a", pid=1, attempt=1))
    await delivered(outbox, [LogFull("it is full")])
    assert outbox.dropped == 1
    assert "it is full" in troubles[0]


async def test_too_many_drop_the_oldest_and_say_so() -> None:
    troubles: list[str] = []
    outbox = make(troubles)
    for pid in range(outbox_module.MAX_WAITING + 2):
        outbox.put(ProcessStarted(name="a", pid=pid, attempt=1))
    assert outbox.dropped == 2
    assert len(troubles) == 2
    tried = await delivered(outbox, [])
    assert len(tried) == outbox_module.MAX_WAITING
    assert isinstance(tried[0].payload, ProcessStarted)
    assert tried[0].payload.pid == 2


async def test_drain_says_how_many_are_left() -> None:
    outbox = make([])
    outbox.put(ProcessStarted(name="a", pid=1, attempt=1))
    assert await outbox.drain(within_seconds=0.01) == 1
