"""How is a role run in a test, and what must stand on the log after it?"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

from enchanted.events.v1.alarm_pb2 import AlarmRaised
from nervous_system.bus import Bus, decode_stored, open_bus
from nervous_system.clock import system_clock
from nervous_system.contract.event import RecordedEvent
from nervous_system.contract.subjects import covers
from nervous_system.errors import MalformedEvent
from nervous_system.service.packing import Snapshot
from nervous_system.service.runner import Runner
from nervous_system.service.service_spec import ServiceSpec
from nervous_system.service.snapshots import Snapshots, open_snapshots
from nervous_system.settings import MeshSettings
from nervous_system.telemetry.health import Work
from nervous_system.telemetry.metrics import Metrics
from tests.nervous_system.counting import Counts, rebuilt, role
from tests.nervous_system.event_samples import decision

THIRDS = "swarm.events.guardian.alarm_raised"
ANSWERS = "swarm.events.guardian.signal"


class Running:
    """A runner in this process, on a connection and with counts of its own."""

    def __init__(self, bus: Bus, runner: Runner[Counts]) -> None:
        self.bus, self.runner = bus, runner
        self.stop = asyncio.Event()
        self.task = asyncio.create_task(runner.run(self.stop))

    def value(self, name: str, **labels: str) -> float:
        return self.bus.metrics.value(f"ganglion_{name}", **labels) or 0

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        async with asyncio.timeout(300):
            while not condition():
                assert not self.task.done(), self.task
                await asyncio.sleep(0.01)

    async def leads(self) -> None:
        await self.until(lambda: self.value("leading") == 1, "leadership")

    async def reached(self, sequence: int) -> None:
        await self.until(lambda: self.value("position") >= sequence, f"position {sequence}")

    async def finish(self) -> None:
        self.stop.set()
        await self.task


@asynccontextmanager
async def running(
    settings: MeshSettings,
    *,
    holder: str = "one",
    of: ServiceSpec[Counts] | None = None,
    clock: Callable[[], datetime] = system_clock,
    work: Work | None = None,
) -> AsyncIterator[Running]:
    """A runner while the block runs; stopped in good order at its end."""
    async with open_bus(settings, name=holder, metrics=Metrics(), clock=clock) as bus:
        runner = Runner(bus, of or role(), holder=holder, clock=clock, work=work)
        run = Running(bus, runner)
        try:
            yield run
        finally:
            await run.finish()


async def history(bus: Bus) -> list[RecordedEvent]:
    found = []
    async for stored in bus.replay():
        try:
            found.append(decode_stored(stored))
        except MalformedEvent:
            continue
    return found


async def until_on_log(bus: Bus, subject: str, count: int) -> None:
    """As soon as there are so many."""
    async with (
        asyncio.timeout(300),
        bus.reader(start_sequence=1, subjects=[subject], headers_only=True) as reader,
    ):
        while count > 0:
            count -= len(await reader.batch(max_messages=count, within_seconds=5))


async def publish(bus: Bus, first: int, last: int) -> None:
    for number in range(first, last + 1):
        await bus.publish(decision(f"agent {number}"))


def subjects_of(events: list[RecordedEvent]) -> Counter[str]:
    return Counter(each.subject for each in events)


async def assert_complete(bus: Bus, *, agents: int) -> Counts:
    """Nothing twice, nothing missing, and a rebuild decides nothing anew."""
    events = await history(bus)
    ids = [each.event.event_id for each in events]
    assert len(ids) == len(set(ids))
    fold, missing = rebuilt([each for each in events if covers_any(each.subject)])
    assert missing == []
    assert not fold.pending_ids
    assert fold.state.counted == agents
    counted = subjects_of(events)
    thirds = [
        each.event.payload.message
        for each in events
        if isinstance(each.event.payload, AlarmRaised) and each.event.payload.name == "third"
    ]
    assert thirds == [str(number) for number in range(3, agents + 1, 3)]
    assert counted[ANSWERS] == 2 * len(thirds)  # a note and an answer to each
    return fold.state


def covers_any(subject: str) -> bool:
    return any(covers(each, subject) for each in role().replay_filters)


async def saved(bus: Bus) -> Snapshot[Counts]:
    bucket = await open_snapshots(bus.connection)
    found = await Snapshots(bus.connection, bucket, role().key, Counts).load()
    assert found is not None
    return found
