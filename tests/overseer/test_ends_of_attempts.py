"""Does the end of an attempt stand on the log at once and with its reason, whatever the code of the
task does, and does its worker go on?"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from enchanted.events.v1.swarm_event_pb2 import ROLE_OPERATOR
from enchanted.events.v1.task_pb2 import (
    RESULT_COMPLETED,
    TaskClaimed,
    TaskFailed,
    TaskReleased,
)
from enchanted.events.v1.task_request_pb2 import ResultArrivedLate, TasksProposed
from nervous_system.bus import Bus, decode_stored
from nervous_system.client.attempt import Do
from nervous_system.client.claimed_task import ClaimedTask
from nervous_system.client.request_client import RequestClient
from nervous_system.client.serving import serve
from nervous_system.client.worker import Worker
from nervous_system.contract.payload import Payload
from nervous_system.errors import NotAcknowledged
from overseer.vocabulary import SERVICE
from tests.overseer.overseen import task


async def propose(bus: Bus, *names: str) -> None:
    asker = RequestClient(
        bus, service=SERVICE, role=ROLE_OPERATOR, agent_id="tester", deadline_seconds=120
    )
    answer = await asker.ask(TasksProposed(tasks=[task(name, max_attempts=1) for name in names]))
    assert answer.accepted


async def on_log(bus: Bus, *kinds: type) -> list[Any]:
    found: list[Payload] = [decode_stored(stored).event.payload async for stored in bus.replay()]
    return [each for each in found if isinstance(each, kinds)]


async def serve_until_ended(bus: Bus, worker: Worker, do: Do, *, tasks: int) -> list[Any]:
    """How so many tasks ended."""
    stop = asyncio.Event()
    subjects = ["swarm.events.task.acknowledged.*"]
    ended: list[Payload] = []
    async with (
        asyncio.timeout(300),
        asyncio.TaskGroup() as group,
        bus.reader(start_sequence=1, subjects=subjects) as reader,
    ):
        group.create_task(serve(worker, do, stop))
        while len(ended) < tasks:
            for stored in await reader.batch(max_messages=tasks, within_seconds=5):
                ended.append(decode_stored(stored).event.payload)
        stop.set()
    return ended


async def _exits(held: ClaimedTask) -> None:
    raise SystemExit(3)


async def _is_interrupted(held: ClaimedTask) -> None:
    raise KeyboardInterrupt


async def _is_cancelled(held: ClaimedTask) -> None:
    inner = asyncio.ensure_future(asyncio.Event().wait())
    inner.cancel()
    await inner


async def _is_cut(held: ClaimedTask) -> None:
    raise OSError("no such file: caf\udce9")


async def _is_long(held: ClaimedTask) -> None:
    raise ValueError("x" * 66_000)


async def _is_a_group(held: ClaimedTask) -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_is_cut(held))


ENDS = {
    "exits": (_exits, "SystemExit: 3"),
    "interrupted": (_is_interrupted, "KeyboardInterrupt"),
    "cancelled": (_is_cancelled, "CancelledError: it was cancelled from within"),
    "cut": (_is_cut, r"OSError: no such file: caf\udce9"),
    "long": (_is_long, "characters left out]"),
    "group": (_is_a_group, r"OSError: no such file: caf\udce9"),
}


async def test_each_end_has_its_reason_and_the_worker_goes_on(bus: Bus, worker: Worker) -> None:
    await propose(bus, *ENDS, "many files", "last")

    async def do(held: ClaimedTask) -> str:
        if held.task_id in ENDS:
            await ENDS[held.task_id][0](held)
        if held.task_id == "many files":
            await held.finish(changed_files=[f"{number}/caf\udce9" for number in range(40_000)])
        return held.task_id

    ended = await serve_until_ended(bus, worker, do, tasks=len(ENDS) + 2)
    failed = {each.task_id: each.reason for each in await on_log(bus, TaskFailed)}
    assert failed.keys() == ENDS.keys()
    for name, (_, reason) in ENDS.items():
        assert reason in failed[name]
    done = {each.task_id: each for each in ended if each.result == RESULT_COMPLETED}
    assert done.keys() == {"many files", "last"}
    assert done["last"].output == "last"
    assert done["many files"].notes == "of 40,000 changed files the first 1,000 are named"
    assert not await on_log(bus, TaskReleased)  # nobody waited for a lease to run out
    assert len(await on_log(bus, TaskClaimed)) == len(ENDS) + 2


async def test_work_that_was_done_while_nobody_could_hear_of_it_is_not_done_again(
    bus: Bus, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask, answered = RequestClient.ask, 0

    async def without_answer(asker: RequestClient, payload: Any, **more: Any) -> Any:
        """The overseer has decided, and its first answers are lost."""
        nonlocal answered
        answer = await ask(asker, payload, **more)
        if type(payload).__name__ == "ResultReported" and (answered := answered + 1) < 3:
            raise NotAcknowledged("the answer was lost")
        return answer

    monkeypatch.setattr(RequestClient, "ask", without_answer)
    await propose(bus, "t1", "t2")
    done = []

    async def do(held: ClaimedTask) -> None:
        done.append(held.task_id)
        await held.finish(output="done")

    ended = await serve_until_ended(bus, worker, do, tasks=2)
    assert [each.result for each in ended] == [RESULT_COMPLETED] * 2
    assert sorted(done) == ["t1", "t2"]
    assert answered > 2
    assert not await on_log(bus, TaskFailed, TaskReleased, ResultArrivedLate)
    assert len(await on_log(bus, TaskClaimed)) == 2


async def test_a_claim_whose_answer_was_lost_is_the_same_claim(
    bus: Bus, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    await propose(bus, "t1", "t2")
    ask = RequestClient.ask

    async def without_answer(asker: RequestClient, payload: Any, **more: Any) -> Any:
        await ask(asker, payload, **more)
        raise NotAcknowledged("the answer was lost")

    with monkeypatch.context() as lossy:
        lossy.setattr(RequestClient, "ask", without_answer)
        with pytest.raises(NotAcknowledged) as lost:
            await worker.claim()
    held = await lost.value.again()
    assert held.task_id == "t1"
    assert worker.holds(held)
    assert len(await on_log(bus, TaskClaimed)) == 1
