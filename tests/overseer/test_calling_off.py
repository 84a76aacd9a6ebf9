"""Is what nobody wants any more ended where it runs, its slot free, and does the log say how?"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from enchanted.events.v1.objective_pb2 import ObjectiveProposed
from enchanted.events.v1.pulse_pb2 import HaltLifted, HaltOrdered
from enchanted.events.v1.swarm_event_pb2 import ROLE_OPERATOR
from enchanted.events.v1.task_pb2 import (
    RESULT_CANCELLED,
    RESULT_COMPLETED,
    RESULT_FAILED,
    TaskAcknowledged,
    TaskFailed,
    TaskReleased,
)
from enchanted.events.v1.task_request_pb2 import (
    ORDER_CANCEL,
    ORDER_QUARANTINE,
    ResultArrivedLate,
    TaskOrdered,
    TasksProposed,
)
from nervous_system.bus import Bus, decode_stored
from nervous_system.client import end
from nervous_system.client.attempt import Do
from nervous_system.client.claimed_task import ClaimedTask
from nervous_system.client.request_client import RequestClient
from nervous_system.client.serving import serve
from nervous_system.client.worker import open_worker
from nervous_system.clock import system_clock
from nervous_system.contract.event import Event
from nervous_system.contract.payload import KINDS, Payload
from nervous_system.ids import new_event_id
from nervous_system.settings import MeshSettings
from tests.overseer.overseen import task


async def on_log(bus: Bus, kind: type[Payload], count: int = 1) -> list[Any]:
    """The first so many of a kind, as soon as they are there."""
    found: list[Any] = []
    subjects = [f"swarm.events.*.{KINDS[kind].subject_word}.*"]
    async with asyncio.timeout(120), bus.reader(start_sequence=1, subjects=subjects) as reader:
        while len(found) < count:
            batch = await reader.batch(max_messages=9, within_seconds=5)
            found += [decode_stored(each).event.payload for each in batch]
    return found


@asynccontextmanager
async def serving(settings: MeshSettings, do: Do) -> AsyncIterator[None]:
    """While the block runs, a worker of one task at a time serves."""
    stop = asyncio.Event()
    async with open_worker(settings.nats_url, worker_id="w1", settings=settings) as worker:
        doing = asyncio.create_task(serve(worker, do, stop))
        try:
            yield
        finally:
            stop.set()
            async with asyncio.timeout(120):
                await doing


async def say(bus: Bus, payload: Payload) -> None:
    await bus.publish(
        Event(
            event_id=new_event_id(),
            timestamp=system_clock(),
            agent_role=ROLE_OPERATOR,
            agent_id="a person",
            payload=payload,
        )
    )


class Work:
    """A task that ends only when it is ended; those that are called `last` are done at once."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.ended = asyncio.Event()
        self.why = ""

    async def do(self, held: ClaimedTask) -> None:
        if held.task_id == "last" or self.ended.is_set():
            return
        self.begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.why = held.called_off
            self.ended.set()
            raise


async def _cancel(asker: RequestClient) -> None:
    order = TaskOrdered(task_id="a", order=ORDER_CANCEL, reason="not needed")
    assert (await asker.ask(order)).accepted


async def _set_aside(asker: RequestClient) -> None:
    order = TaskOrdered(task_id="a", order=ORDER_QUARANTINE, reason="not needed")
    assert (await asker.ask(order)).accepted


@pytest.mark.parametrize("order", [_cancel, _set_aside])
async def test_a_task_that_is_called_off_ends_and_its_slot_is_free(
    asker: RequestClient,
    bus: Bus,
    mesh_settings: MeshSettings,
    order: Callable[[RequestClient], Any],
) -> None:
    work = Work()
    await asker.ask(TasksProposed(tasks=[task("a")]))
    async with asyncio.timeout(300), serving(mesh_settings, work.do):
        await work.begun.wait()
        await order(asker)
        await work.ended.wait()
        assert work.why == "not needed"
        (late,) = await on_log(bus, ResultArrivedLate)
        assert (late.task_id, late.attempt, late.result) == ("a", 1, RESULT_CANCELLED)
        assert late.reason.startswith("not needed; its coroutine ended ")
        await asker.ask(TasksProposed(tasks=[task("last")]))
        ends = await on_log(bus, TaskAcknowledged, 2)
    assert (ends[1].task_id, ends[1].result) == ("last", RESULT_COMPLETED)


async def test_an_objective_that_is_called_off_ends_what_is_being_done(
    asker: RequestClient, bus: Bus, mesh_settings: MeshSettings
) -> None:
    work = Work()
    proposal = ObjectiveProposed(
        objective_id="o",
        description="dig",
        metadata_json='{"tasks": [{"id": "a", "action": "work"}]}',
    )
    assert (await asker.ask(proposal)).accepted
    async with asyncio.timeout(300), serving(mesh_settings, work.do):
        await work.begun.wait()
        order = TaskOrdered(objective_id="o", order=ORDER_CANCEL, reason="not needed")
        assert (await asker.ask(order)).accepted
        await work.ended.wait()
        (late,) = await on_log(bus, ResultArrivedLate)
    assert late.result == RESULT_CANCELLED


async def test_a_halt_at_once_ends_what_is_being_done_and_it_is_done_afterwards(
    asker: RequestClient, bus: Bus, mesh_settings: MeshSettings
) -> None:
    work = Work()
    await asker.ask(TasksProposed(tasks=[task("a", max_attempts=1)]))
    async with asyncio.timeout(300), serving(mesh_settings, work.do):
        await work.begun.wait()
        await say(bus, HaltOrdered(reason="smoke", now=True))
        await work.ended.wait()
        assert "dispatch was halted at once: smoke (ordered by a person)" in work.why
        (released,) = await on_log(bus, TaskReleased)
        assert released.given_back
        await say(bus, HaltLifted())
        (ended,) = await on_log(bus, TaskAcknowledged)
    assert (ended.result, ended.attempts) == (RESULT_COMPLETED, 2)


async def test_what_does_not_end_keeps_no_slot(
    asker: RequestClient, bus: Bus, mesh_settings: MeshSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(end, "ENDS_WITHIN_SECONDS", 0.1)
    begun, over = asyncio.Event(), asyncio.Event()

    async def do(held: ClaimedTask) -> None:
        if held.task_id == "last":
            return
        begun.set()
        while not over.is_set():
            try:
                await over.wait()
            except asyncio.CancelledError:
                continue

    await asker.ask(TasksProposed(tasks=[task("a")]))
    async with asyncio.timeout(300), serving(mesh_settings, do):
        await begun.wait()
        await _cancel(asker)
        (late,) = await on_log(bus, ResultArrivedLate)
        assert "goes on 0.1 s after it was cancelled: nobody waits for it" in late.reason
        await asker.ask(TasksProposed(tasks=[task("last")]))
        ends = await on_log(bus, TaskAcknowledged, 2)
        over.set()
    assert (ends[1].task_id, ends[1].result) == ("last", RESULT_COMPLETED)


async def test_an_attempt_that_takes_too_long_fails_and_the_next_is_tried(
    asker: RequestClient, bus: Bus, mesh_settings: MeshSettings
) -> None:
    work = Work()
    await asker.ask(TasksProposed(tasks=[task("a", max_attempts=2, attempt_seconds=0.2)]))
    async with asyncio.timeout(300), serving(mesh_settings, work.do):
        (failed,) = await on_log(bus, TaskFailed)
        assert failed.result == RESULT_FAILED
        assert "it took longer than 0.2 s, the limit of its attempts" in failed.reason
        (ended,) = await on_log(bus, TaskAcknowledged)
    assert (ended.result, ended.attempts) == (RESULT_COMPLETED, 2)


async def test_what_was_called_off_before_its_grant_was_heard_of_is_not_begun(
    asker: RequestClient, bus: Bus, mesh_settings: MeshSettings
) -> None:
    """The grant is on its way when the command arrives."""
    asked, told = asyncio.Event(), asyncio.Event()
    work = Work()
    async with (
        asyncio.timeout(300),
        open_worker(mesh_settings.nats_url, worker_id="w1", settings=mesh_settings) as worker,
    ):
        ask = worker._asker.ask

        async def slowly(payload: Any, **more: Any) -> Any:
            answer = await ask(payload, **more)
            if answer.HasField("grant"):
                asked.set()
                await told.wait()
            return answer

        worker._asker.ask = slowly  # type: ignore[method-assign]
        stop = asyncio.Event()
        doing = asyncio.create_task(serve(worker, work.do, stop))
        await asker.ask(TasksProposed(tasks=[task("a")]))
        await asked.wait()
        await _cancel(asker)
        subject = ["swarm.events.worker.command_acknowledged.w1"]
        async with bus.reader(start_sequence=1, subjects=subject) as reader:
            while not await reader.batch(max_messages=1, within_seconds=5):
                pass
        told.set()
        (late,) = await on_log(bus, ResultArrivedLate)
        stop.set()
        await doing
    assert late.reason == "not needed; its code had not begun"
    assert not work.begun.is_set()
