"""How does a worker that serves go from one task to the next?"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from nats.aio.msg import Msg

from enchanted.events.v1.swarm_event_pb2 import ROLE_OPERATOR
from enchanted.events.v1.task_pb2 import TaskClaimed, TaskCompleted, TaskFailed, TaskReleased
from enchanted.events.v1.task_request_pb2 import ClaimRequested, ResultReported, TasksProposed
from enchanted.events.v1.worker_pb2 import WorkerRegistered
from nervous_system import names
from nervous_system.bus import Bus, decode_stored
from nervous_system.client.claimed_task import ClaimedTask
from nervous_system.client.request_client import RequestClient
from nervous_system.client.serving import serve
from nervous_system.client.worker import Worker, open_worker
from nervous_system.contract.codec import decode
from nervous_system.contract.event import Event
from nervous_system.contract.payload import Payload
from nervous_system.errors import InvalidEvent
from nervous_system.settings import MeshSettings
from overseer.vocabulary import SERVICE
from tests.overseer.overseen import task

Serve = Callable[[Callable[[ClaimedTask], Awaitable[None]], asyncio.Event], Awaitable[None]]


async def propose(bus: Bus, *names: str) -> None:
    asker = RequestClient(
        bus, service=SERVICE, role=ROLE_OPERATOR, agent_id="tester", deadline_seconds=120
    )
    answer = await asker.ask(TasksProposed(tasks=[task(name) for name in names]))
    assert answer.accepted


async def events(bus: Bus) -> list[Event]:
    return [decode_stored(stored).event async for stored in bus.replay()]


async def payloads(bus: Bus) -> list[Payload]:
    return [event.payload for event in await events(bus)]


async def do_all(bus: Bus, worker: Worker, *names: str) -> None:
    """Propose tasks of these names, and serve until each was done."""
    await propose(bus, *names)
    left, stop = set(names), asyncio.Event()

    async def do(held: ClaimedTask) -> None:
        left.remove(held.task_id)
        await held.finish()
        if not left:
            stop.set()

    async with asyncio.timeout(300):
        await serve(worker, do, stop)


async def test_the_next_is_claimed_with_the_result_of_the_one_before(
    bus: Bus, worker: Worker
) -> None:
    await do_all(bus, worker, *(f"t{number}" for number in range(10)))
    said = await payloads(bus)
    results = {
        event.event_id for event in await events(bus) if isinstance(event.payload, ResultReported)
    }
    claimed = [each.request_id for each in said if isinstance(each, TaskClaimed)]
    assert len(results) == len(claimed) == 10
    assert set(claimed[1:]) <= results
    assert sum(isinstance(each, ClaimRequested) for each in said) == 1


async def test_it_asks_once_for_what_it_can_claim_with_a_result(bus: Bus, worker: Worker) -> None:
    """Also where what does a task has finished it before it waited for anything."""
    asked: list[Event] = []

    async def heard(request: Msg) -> None:
        asked.append(decode(request.data))

    subject = f"{names.REQUESTS}.{SERVICE}"
    listening = await bus.connection.client.subscribe(subject, cb=heard)
    await do_all(bus, worker, *(f"t{number}" for number in range(10)))
    await listening.drain()
    claims = {each.event_id for each in asked if isinstance(each.payload, ClaimRequested)}
    results = {each.event_id for each in asked if isinstance(each.payload, ResultReported)}
    assert (len(claims), len(results)) == (1, 10)


async def test_an_end_that_cannot_be_said_fails_that_attempt_and_no_other(
    bus: Bus, worker: Worker
) -> None:
    await propose(bus, *(f"t{number}" for number in range(5)))
    stop = asyncio.Event()

    async def do(held: ClaimedTask) -> None:
        if held.task_id == "t2":
            await held.finish(changed_files=[Path("a.py")])  # type: ignore[list-item]
        await held.finish()
        if held.task_id == "t4":
            stop.set()

    async with asyncio.timeout(300):
        await serve(worker, do, stop)
    failed = [each for each in await payloads(bus) if isinstance(each, TaskFailed)]
    assert [each.task_id for each in failed] == ["t2"]
    assert "changed_files[0] is of type PosixPath" in failed[0].reason


async def test_each_task_has_a_trace_of_its_own(bus: Bus, worker: Worker) -> None:
    await do_all(bus, worker, "a", "b", "c")
    traces: dict[str, set[str]] = {"a": set(), "b": set(), "c": set()}
    for event in await events(bus):
        if isinstance(event.payload, TaskClaimed | TaskCompleted):
            traces[event.payload.task_id].add(event.trace_id)
    assert [len(each) for each in traces.values()] == [1, 1, 1]
    assert len(set.union(*traces.values())) == 3


async def test_the_next_is_begun_when_what_did_the_last_has_returned(
    bus: Bus, worker: Worker
) -> None:
    left = ["a", "b", "c"]
    await propose(bus, *left)
    stop = asyncio.Event()
    steps: list[str] = []

    async def do(held: ClaimedTask) -> None:
        steps.append("begin")
        left.remove(held.task_id)
        await held.finish()
        while left and not worker.busy:  # the next is claimed meanwhile  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        steps.append("end")
        if not left:
            stop.set()

    async with asyncio.timeout(300):
        await serve(worker, do, stop)
    assert steps == ["begin", "end"] * 3


async def test_what_was_claimed_ahead_is_given_back_when_it_stops(bus: Bus, worker: Worker) -> None:
    await propose(bus, "a", "b")
    stop = asyncio.Event()

    async def do(held: ClaimedTask) -> None:
        await held.finish()
        while not worker.busy:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        stop.set()
        await asyncio.Event().wait()  # until it is cancelled

    async with asyncio.timeout(300):
        await serve(worker, do, stop)
    found = await payloads(bus)
    (completed,) = [each.task_id for each in found if isinstance(each, TaskCompleted)]
    (released,) = [each.task_id for each in found if isinstance(each, TaskReleased)]
    assert {completed, released} == {"a", "b"}


async def test_by_a_table_it_takes_what_it_was_written_for(bus: Bus, worker: Worker) -> None:
    """A worker that was opened without `actions` as well."""
    asker = RequestClient(
        bus, service=SERVICE, role=ROLE_OPERATOR, agent_id="tester", deadline_seconds=120
    )
    tasks = [task("not for it", action="fly", priority=9)]
    tasks += [task("dug", action="dig"), task("found", action="find")]
    assert (await asker.ask(TasksProposed(tasks=tasks))).accepted
    stop = asyncio.Event()
    done: list[str] = []

    async def dig(held: ClaimedTask) -> str:
        done.append(held.task_id)
        return "a hole"

    async def find(held: ClaimedTask) -> None:
        done.append(held.task_id)
        await held.finish(output="nothing")
        stop.set()

    async with asyncio.timeout(300):
        await serve(worker, {"dig": dig, "find": find}, stop)
    assert done == ["dug", "found"]
    claimed = [each.task_id for each in await payloads(bus) if isinstance(each, TaskClaimed)]
    assert claimed == done


async def _does_nothing(held: ClaimedTask) -> None:
    raise AssertionError


@pytest.mark.parametrize(
    ("do", "said"),
    [
        ({}, "the table has no action"),
        ({"dig": "dig"}, "what does 'dig' is of type str: it has to be a function"),
        ({5: _does_nothing}, r"actions\[0\] is of type int"),
        ({"d\ud800": _does_nothing}, r"actions\[0\] is no text"),
        ("dig", "do is of type str"),
        (None, "do is of type NoneType"),
        ({"fly": _does_nothing}, "w1 was opened for 'dig', and nothing here does that"),
    ],
)
async def test_what_is_no_table_is_refused_by_name(
    bus: Bus, mesh_settings: MeshSettings, do: Any, said: str
) -> None:
    async with open_worker(
        mesh_settings.nats_url, worker_id="w1", actions=["dig"], settings=mesh_settings
    ) as worker:
        with pytest.raises(InvalidEvent, match=said):
            await serve(worker, do, asyncio.Event())


async def test_who_serves_a_table_says_what_it_does(bus: Bus, worker: Worker) -> None:
    """So that what nobody does can be said."""
    await propose(bus, "t1")
    stop = asyncio.Event()

    async def do(held: ClaimedTask) -> None:
        await held.finish()
        stop.set()

    async with asyncio.timeout(300):
        await serve(worker, {"work": do, "dig": do}, stop)
    said = [each.actions for each in await payloads(bus) if isinstance(each, WorkerRegistered)]
    assert sorted(said[-1]) == ["dig", "work"]
