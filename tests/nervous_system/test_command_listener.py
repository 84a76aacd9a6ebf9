"""Does a worker do what it is told, as long as it holds, and say so once?"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from enchanted.events.v1.command_pb2 import (
    COMMAND_CLEAN_UP,
    COMMAND_DRAIN,
    COMMAND_RELEASE,
    COMMAND_SLEEP,
    COMMAND_STOP,
    COMMAND_THROTTLE,
    CommandAcknowledged,
    CommandIssued,
)
from enchanted.events.v1.swarm_event_pb2 import ROLE_GOVERNOR, ROLE_WORKER
from nervous_system.bus import Bus, decode_stored
from nervous_system.client.active_commands import ActiveCommands, CleanUp, nothing_to_clean_up
from nervous_system.client.command_listener import CommandListener
from nervous_system.client.serving import serve
from nervous_system.client.worker import open_worker
from nervous_system.clock import Clock, system_clock
from nervous_system.contract.command import MAX_SECONDS
from nervous_system.contract.event import Event, RecordedEvent
from nervous_system.contract.message import Entry
from nervous_system.contract.subjects import subject_for
from nervous_system.ids import new_event_id
from nervous_system.settings import MeshSettings
from tests.real_servers import NatsServer

ANSWERS = "swarm.events.worker.command_acknowledged.w1"


@asynccontextmanager
async def listening(
    bus: Bus, *, clean_up: CleanUp = nothing_to_clean_up, clock: Clock = system_clock
) -> AsyncIterator[ActiveCommands]:
    """The orders of `w1`, who knows all that was said before."""
    orders = ActiveCommands(clean_up=clean_up)
    lanes = CommandListener(bus, orders, target="w1", role=ROLE_WORKER, clock=clock)
    await lanes.begin()
    task = asyncio.create_task(lanes.listen())
    try:
        async with asyncio.timeout(300):
            await lanes.wait_until_informed()
        yield orders
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def command(kind: int = COMMAND_THROTTLE, **fields: object) -> Event:
    given = {"target": "w1", "expires_in_seconds": 600, "reason": "a test", **fields}
    return Event(
        event_id=new_event_id(),
        timestamp=system_clock(),
        agent_role=ROLE_GOVERNOR,
        agent_id="governor/node",
        payload=CommandIssued(kind=kind, **given),  # type: ignore[arg-type]
    )


async def say(bus: Bus, kind: int, **fields: object) -> str:
    event = command(kind, **fields)
    await bus.publish(event)
    return event.event_id


async def until(orders: ActiveCommands, condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(300):
        while not condition():
            await orders.change()


async def answers(bus: Bus, count: int) -> list[CommandAcknowledged]:
    """The first so many."""
    found: list[CommandAcknowledged] = []
    async with asyncio.timeout(300), bus.reader(start_sequence=1, subjects=[ANSWERS]) as reader:
        while len(found) < count:
            for stored in await reader.batch(max_messages=count - len(found), within_seconds=5):
                payload = decode_stored(stored).event.payload
                assert isinstance(payload, CommandAcknowledged)
                found.append(payload)
    return found


async def test_a_throttle_holds_until_it_is_released(bus: Bus) -> None:
    async with listening(bus) as orders:
        assert orders.max_tasks(8) == 8
        throttle = await say(bus, COMMAND_THROTTLE, limit=3)
        await until(orders, lambda: orders.max_tasks(8) == 3)
        assert orders.max_tasks(2) == 2
        release = await say(bus, COMMAND_RELEASE, releases_command_id=throttle)
        await until(orders, lambda: orders.max_tasks(8) == 8)
        first, second = await answers(bus, 2)
        assert (first.command_id, first.target, first.obeyed) == (throttle, "w1", True)
        assert (second.command_id, second.note) == (release, "released")


async def test_a_sleep_ends_by_itself(bus: Bus) -> None:
    async with listening(bus) as orders:
        await say(bus, COMMAND_SLEEP, expires_in_seconds=0.5, target="all")
        await until(orders, lambda: bool(orders.asleep))
        assert orders.asleep == "a test"
        assert orders.max_tasks(8) == 0
        await until(orders, lambda: not orders.asleep)
        assert orders.max_tasks(8) == 8


async def test_a_command_can_replace_another_in_the_same_moment(bus: Bus) -> None:
    async with listening(bus) as orders:
        sleep = await say(bus, COMMAND_SLEEP)
        await until(orders, lambda: orders.max_tasks(8) == 0)
        await say(bus, COMMAND_THROTTLE, limit=4, releases_command_id=sleep)
        await until(orders, lambda: orders.max_tasks(8) != 0)
        assert orders.max_tasks(8) == 4


@pytest.mark.parametrize("emergency", [False, True])
async def test_drain_and_stop_end_the_serving_and_are_acknowledged(
    bus: Bus, mesh_settings: MeshSettings, emergency: bool
) -> None:
    for number, kind in enumerate((COMMAND_DRAIN, COMMAND_STOP), 1):
        async with open_worker(
            mesh_settings.nats_url, worker_id="w1", settings=mesh_settings
        ) as worker:
            serving = asyncio.create_task(serve(worker, _never, asyncio.Event()))
            await say(bus, kind, emergency=emergency)
            async with asyncio.timeout(300):
                await serving
            assert worker.orders.draining.is_set() == (kind == COMMAND_DRAIN)
            assert worker.orders.stopping.is_set() == (kind == COMMAND_STOP)
            assert worker.orders.max_tasks(1) == 0
            assert await worker.claim() is None
        history = [each async for each in bus.replay(subjects=[ANSWERS])]
        assert len(history) == number


async def _never(task: object) -> None:
    raise AssertionError(f"there is nobody to give {task} out")


async def test_cleaning_up_is_the_agents_own_affair(bus: Bus) -> None:
    told = []

    async def clean_up() -> str:
        told.append(1)
        if len(told) > 1:
            raise OSError("no such file")
        return "gave back 3 GiB"

    async with listening(bus, clean_up=clean_up) as orders:
        await say(bus, COMMAND_CLEAN_UP)
        await say(bus, COMMAND_CLEAN_UP)
        first, second = await answers(bus, 2)
        assert (first.obeyed, first.note) == (True, "gave back 3 GiB")
        assert (second.obeyed, second.note) == (False, "cleaning up failed: OSError: no such file")
        await say(bus, COMMAND_SLEEP)
        await until(orders, lambda: bool(orders.asleep))


async def test_cleaning_up_may_do_anything_and_what_comes_next_is_obeyed(bus: Bus) -> None:
    ends: list[object] = [
        OSError("caf\udce9" + "x" * 500_000),
        SystemExit(3),
        asyncio.CancelledError(),
        KeyboardInterrupt(),
        "y" * 500_000 + "caf\udce9",
        None,
        5,
    ]
    left = list(ends)

    async def clean_up() -> str:
        end = left.pop(0)
        if isinstance(end, BaseException):
            raise end
        return end  # type: ignore[return-value]

    async with listening(bus, clean_up=clean_up) as orders:
        for _ in ends:
            await say(bus, COMMAND_CLEAN_UP)
        found = await answers(bus, len(ends))
        assert [each.obeyed for each in found] == [False] * 4 + [True] * 3
        said = (r"OSError: caf\udce9x", "SystemExit: 3", "CancelledError", "KeyboardInterrupt")
        said += (r"caf\udce9", "is of type NoneType", "is of type int")  # type: ignore[assignment]
        for each, words in zip(found, said, strict=True):
            assert words in each.note
            assert len(each.note) < 17_000
        await say(bus, COMMAND_SLEEP)
        await until(orders, lambda: bool(orders.asleep))


async def test_what_is_not_known_is_answered_so(bus: Bus) -> None:
    async with listening(bus) as orders:
        await say(bus, 99)
        await bus.connection.client.publish("swarm.events.command.issued.w1", b"not an event")
        await say(bus, COMMAND_THROTTLE, limit=1)
        await until(orders, lambda: orders.max_tasks(8) == 1)
        first, second = await answers(bus, 2)
        assert (first.obeyed, first.note) == (False, "this version does not know command 99")
        assert second.obeyed


async def test_an_emergency_does_not_wait_behind_ten_thousand_others(bus: Bus) -> None:
    backlog = [command(limit=2) for _ in range(10_000)]
    await bus.publish_all([Entry(event=each) for each in backlog])
    emergency = await say(bus, COMMAND_SLEEP, emergency=True)
    async with listening(bus) as orders:
        assert orders.asleep, "what was said before it listened is known when it is informed"
        said: list[str] = []
        async with asyncio.timeout(300), bus.reader(start_sequence=1, subjects=[ANSWERS]) as reader:
            while emergency not in said:
                for stored in await reader.batch(max_messages=100, within_seconds=5):
                    payload = decode_stored(stored).event.payload
                    assert isinstance(payload, CommandAcknowledged)
                    said.append(payload.command_id)
        assert said.index(emergency) < 1000


async def test_one_that_starts_later_obeys_what_is_in_force_and_nothing_else(bus: Bus) -> None:
    await say(bus, COMMAND_THROTTLE, limit=3)
    await say(bus, COMMAND_THROTTLE, limit=2, target="all")
    await say(bus, COMMAND_THROTTLE, limit=1, target="w2")
    await say(bus, COMMAND_SLEEP, expires_in_seconds=0.001)
    released = await say(bus, COMMAND_SLEEP, emergency=True)
    await say(bus, COMMAND_RELEASE, releases_command_id=released)
    for kind in (COMMAND_STOP, COMMAND_DRAIN, COMMAND_CLEAN_UP):
        await say(bus, kind)
    async with listening(bus) as orders:
        assert orders.max_tasks(8) == 2
        assert not orders.stopping.is_set()
        assert not orders.draining.is_set()


async def test_a_worker_acknowledges_once_however_often_it_starts(bus: Bus) -> None:
    window = {"duplicate_window": 100_000_000}  # the server's least: it alone will not do
    await bus.connection.request_json(
        f"$JS.API.STREAM.UPDATE.{bus.stream.name}",
        {**await bus.stream.configuration(), **window},
    )
    first = await say(bus, COMMAND_THROTTLE, limit=2)
    async with listening(bus):
        await answers(bus, 1)
    await _until_forgotten(bus)
    async with listening(bus) as orders:
        assert orders.max_tasks(8) == 2
        second = await say(bus, COMMAND_THROTTLE, limit=1)
        assert [each.command_id for each in await answers(bus, 2)] == [first, second]


async def _until_forgotten(bus: Bus) -> None:
    """Until the log takes an id again that it has."""
    event = command(target="nobody")
    await bus.publish(event)
    async with asyncio.timeout(300):
        while (await bus.publish(event)).duplicate:
            pass


async def test_a_restart_of_the_server_is_no_end_of_obedience(
    bus: Bus, nats_server: NatsServer
) -> None:
    async with listening(bus) as orders:
        throttle = await say(bus, COMMAND_THROTTLE, limit=2)
        await answers(bus, 1)
        nats_server.kill()
        await asyncio.to_thread(nats_server.start)
        await say(bus, COMMAND_RELEASE, releases_command_id=throttle)
        await until(orders, lambda: orders.max_tasks(8) == 8)
        assert len({each.command_id for each in await answers(bus, 2)}) == 2
    assert len([each async for each in bus.replay(subjects=[ANSWERS])]) == 2


async def test_a_machine_whose_clock_is_wrong_obeys_all_the_same(bus: Bus) -> None:
    def ahead() -> datetime:
        return system_clock() + timedelta(hours=1)

    await say(bus, COMMAND_SLEEP)
    async with listening(bus, clock=ahead) as orders:
        assert orders.asleep


NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "holds"),
    [
        *(
            (0, MAX_SECONDS),
            (float("nan"), MAX_SECONDS),
            (float("inf"), MAX_SECONDS),
            (1e300, MAX_SECONDS),
        ),
        *((5, timedelta(seconds=5)), (-1, None)),
    ],
)
async def test_no_command_holds_for_ever(seconds: float, holds: timedelta | None) -> None:
    passed = 0.0
    orders = ActiveCommands(watch=lambda: passed)
    orders.begin(NOON)
    event = command(COMMAND_SLEEP, expires_in_seconds=seconds)
    given = RecordedEvent(event=event, sequence=1, subject=subject_for(event), recorded_at=NOON)
    answer = await orders.take(given)
    assert (answer is not None) == bool(orders.asleep) == (holds is not None)
    if holds is not None:
        passed = holds.total_seconds() - 0.01
        assert orders.asleep
        passed = holds.total_seconds()
        assert not orders.asleep


async def test_what_was_released_unseen_does_not_count_when_it_comes() -> None:
    """Two lanes know no order between them."""
    orders = ActiveCommands(watch=lambda: 0.0)
    orders.begin(NOON)
    late = command(COMMAND_SLEEP)
    release = command(COMMAND_RELEASE, releases_command_id=late.event_id, emergency=True)
    for number, each in enumerate((release, late)):
        at = RecordedEvent(
            event=each, sequence=2 - number, subject=subject_for(each), recorded_at=NOON
        )
        await orders.take(at)
    assert not orders.asleep


async def test_whoever_listens_can_be_ended_at_any_moment(bus: Bus) -> None:
    """Also when a command, or the acknowledgement of its answer, arrives in that very moment."""
    for _ in range(300):
        async with listening(bus) as orders:
            telling = asyncio.create_task(say(bus, COMMAND_THROTTLE, limit=1))
            await orders.change()
        await telling
