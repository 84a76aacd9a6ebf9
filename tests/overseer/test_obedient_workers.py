"""Do those who have tasks in hand obey, between tasks and at their checkpoints?"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from enchanted.events.v1.command_pb2 import (
    COMMAND_DRAIN,
    COMMAND_RELEASE,
    COMMAND_SLEEP,
    COMMAND_STOP,
    COMMAND_THROTTLE,
    CommandIssued,
)
from enchanted.events.v1.swarm_event_pb2 import ROLE_GUARDIAN
from enchanted.events.v1.task_pb2 import TaskProgressed, TaskReleased
from enchanted.events.v1.task_request_pb2 import TasksProposed
from nervous_system.bus import Bus, decode_stored
from nervous_system.client import claimed_task as held_task
from nervous_system.client.claimed_task import ClaimedTask, LeaseLost, ReleasedOnStop
from nervous_system.client.request_client import RequestClient
from nervous_system.client.serving import serve
from nervous_system.client.worker import Worker, open_worker
from nervous_system.clock import system_clock
from nervous_system.contract.event import Event, RecordedEvent
from nervous_system.ids import new_event_id
from nervous_system.settings import MeshSettings
from tests.overseer.claiming import claimed
from tests.overseer.overseen import task


async def say(bus: Bus, kind: int, **fields: object) -> str:
    given = {"target": "w1", "expires_in_seconds": 60, "reason": "a test", **fields}
    event = Event(
        event_id=new_event_id(),
        timestamp=system_clock(),
        agent_role=ROLE_GUARDIAN,
        agent_id="guardian/main",
        payload=CommandIssued(kind=kind, **given),  # type: ignore[arg-type]
    )
    await bus.publish(event)
    return event.event_id


async def logged(bus: Bus, subject: str, count: int = 1) -> list[RecordedEvent]:
    """The first so many, as soon as they are there."""
    found: list[RecordedEvent] = []
    async with asyncio.timeout(300), bus.reader(start_sequence=1, subjects=[subject]) as reader:
        while len(found) < count:
            missing = count - len(found)
            found += [
                decode_stored(each)
                for each in await reader.batch(max_messages=missing, within_seconds=5)
            ]
    return found


@asynccontextmanager
async def working(settings: MeshSettings, **more: object) -> AsyncIterator[Worker]:
    given = {"worker_id": "w1", **more}
    async with open_worker(settings.nats_url, settings=settings, **given) as worker:  # type: ignore[arg-type]
        yield worker


async def test_a_task_pauses_at_its_checkpoint_and_goes_on(
    asker: RequestClient, bus: Bus, mesh_settings: MeshSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held_task, "PAUSED_REPORT_SECONDS", 0.05)
    steps: list[str] = []
    sleeps = asyncio.Event()

    async def do(held: ClaimedTask) -> None:
        await sleeps.wait()
        steps.append("first")
        await held.progress(0.5, "half of it")
        steps.append("second")
        await held.finish()

    stop = asyncio.Event()
    await asker.ask(TasksProposed(tasks=[task("a")]))
    async with working(mesh_settings) as worker:
        serving = asyncio.create_task(serve(worker, do, stop))
        await logged(bus, "swarm.events.task.claimed.a")
        sleep = await say(bus, COMMAND_SLEEP, reason="the machine is short of memory")
        await logged(bus, "swarm.events.worker.command_acknowledged.w1")
        sleeps.set()
        told = await logged(bus, "swarm.events.task.progressed.a", 4)
        assert steps == ["first"]
        notes = [each.event.payload.note for each in told]
        assert notes[0] == "half of it"
        assert set(notes[1:]) == {"paused: the machine is short of memory"}
        await asker.ask(TasksProposed(tasks=[task("b")]))
        await say(bus, COMMAND_RELEASE, releases_command_id=sleep)
        await logged(bus, "swarm.events.task.completed.*", 2)
        stop.set()
        await serving
    assert steps == ["first", "second"] * 2
    steps_of_a = [decode_stored(each).event.payload async for each in bus.replay()]
    progress = [e for e in steps_of_a if isinstance(e, TaskProgressed) and e.task_id == "a"]
    assert progress[-1].note == "half of it", "it asks whether it still holds the task"
    assert [each.fraction for each in progress] == [0.5] * len(progress)


async def test_what_is_paused_is_given_back_when_the_worker_is_told_to_stop(
    asker: RequestClient, bus: Bus, mesh_settings: MeshSettings
) -> None:
    async def do(held: ClaimedTask) -> None:
        await held.progress(0.1, "asleep before it began")
        raise AssertionError("unreachable: it was stopped in its sleep")

    await asker.ask(TasksProposed(tasks=[task("a")]))
    async with working(mesh_settings) as worker:
        held = await claimed(worker)
        await say(bus, COMMAND_SLEEP)
        await logged(bus, "swarm.events.worker.command_acknowledged.w1")
        doing = asyncio.create_task(do(held))
        await logged(bus, "swarm.events.task.progressed.a", 2)
        await say(bus, COMMAND_STOP, emergency=True)
        with pytest.raises(ReleasedOnStop, match="told to stop"):
            await doing
    (released,) = await logged(bus, "swarm.events.task.released.a")
    assert isinstance(released.event.payload, TaskReleased)
    assert released.event.payload.given_back
    async with working(mesh_settings, worker_id="w2") as other:
        again = await claimed(other)
        assert (again.task_id, again.worker_id) == ("a", "w2")
        await again.finish()


async def test_serving_stops_a_paused_task_and_others_get_it(
    asker: RequestClient, bus: Bus, mesh_settings: MeshSettings
) -> None:
    ended: list[str] = []

    async def do(held: ClaimedTask) -> None:
        try:
            await held.progress(0.1)
        except (LeaseLost, asyncio.CancelledError):
            ended.append(held.worker_id)
            raise
        await held.finish()

    await asker.ask(TasksProposed(tasks=[task("a")]))
    async with working(mesh_settings) as worker:
        held = asyncio.Event()

        async def wait_and_do(task: ClaimedTask) -> None:
            await held.wait()
            await do(task)

        serving = asyncio.create_task(serve(worker, wait_and_do, asyncio.Event()))
        await logged(bus, "swarm.events.task.claimed.a")
        await say(bus, COMMAND_SLEEP)
        await logged(bus, "swarm.events.worker.command_acknowledged.w1")
        held.set()
        await logged(bus, "swarm.events.task.progressed.a")
        await say(bus, COMMAND_STOP)
        async with asyncio.timeout(300):
            await serving
    assert ended == ["w1"]
    await logged(bus, "swarm.events.worker.command_acknowledged.w1", 2)
    stop = asyncio.Event()
    async with working(mesh_settings, worker_id="w2") as other:
        serving = asyncio.create_task(serve(other, do, stop))
        await logged(bus, "swarm.events.task.completed.a")
        stop.set()
        await serving


async def test_a_throttled_worker_holds_no_more_than_it_may(
    asker: RequestClient, bus: Bus, mesh_settings: MeshSettings
) -> None:
    await say(bus, COMMAND_THROTTLE, limit=2)
    at_once: list[int] = []
    two = asyncio.Barrier(2)
    stop = asyncio.Event()
    await asker.ask(TasksProposed(tasks=[task(f"t{number}") for number in range(12)]))
    async with working(mesh_settings, max_concurrent_tasks=8) as worker:

        async def do(held: ClaimedTask) -> None:
            await two.wait()
            at_once.append(worker.busy)
            await held.progress(0.5)
            await held.finish()

        serving = asyncio.create_task(serve(worker, do, stop))
        await logged(bus, "swarm.events.task.completed.*", 12)
        stop.set()
        await serving
    assert max(at_once) == 2


async def test_a_worker_that_drains_finishes_what_it_has(
    asker: RequestClient, bus: Bus, mesh_settings: MeshSettings
) -> None:
    began, told = asyncio.Event(), asyncio.Event()

    async def do(held: ClaimedTask) -> None:
        began.set()
        await told.wait()
        await held.finish()

    await asker.ask(TasksProposed(tasks=[task("a"), task("b")]))
    async with working(mesh_settings) as worker:
        serving = asyncio.create_task(serve(worker, do, asyncio.Event()))
        async with asyncio.timeout(300):
            await began.wait()  # what is granted and not heard of is given back
        await say(bus, COMMAND_DRAIN)
        await logged(bus, "swarm.events.worker.command_acknowledged.w1")
        told.set()
        async with asyncio.timeout(300):
            await serving
    claims = [each async for each in bus.replay(subjects=["swarm.events.task.claimed.*"])]
    done = [each async for each in bus.replay(subjects=["swarm.events.task.completed.*"])]
    assert len(claims) == len(done) == 1
