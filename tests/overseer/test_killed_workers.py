"""Is what a worker held done by another at once, and is it said why, where its process dies?"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from enchanted.events.v1.swarm_event_pb2 import ROLE_OPERATOR
from enchanted.events.v1.task_pb2 import (
    RESULT_COMPLETED,
    TaskAcknowledged,
    TaskClaimed,
    TaskManifest,
    TaskQuarantined,
    TaskReleased,
)
from enchanted.events.v1.task_request_pb2 import TasksProposed
from enchanted.events.v1.worker_pb2 import WorkerDeparted, WorkerRegistered
from nervous_system.bus import Bus, decode_stored
from nervous_system.client.claimed_task import ClaimedTask
from nervous_system.client.request_client import RequestClient
from nervous_system.client.serving import serve
from nervous_system.client.worker import open_worker
from nervous_system.contract.payload import Payload
from nervous_system.settings import MeshSettings
from overseer.vocabulary import SERVICE
from tests.overseer.deputies import deputies_of
from tests.overseer.overseen import task
from tests.overseer.overseer_program import StartOverseer
from tests.real_servers import RealProcess, wait_until

pytestmark = pytest.mark.timeout(600)

PROGRAM = Path(__file__).with_name("dying_worker.py")

LONG = "3600"
"""Seconds of a lease, and of patience with a silent worker: neither ends in a test."""

KILLED = "its process was killed by signal 9 (SIGKILL), as by a person, or by the kernel for want"

Said = TypeVar("Said", bound=Payload)
Start = Callable[..., RealProcess]


@pytest.fixture
def dying(mesh_settings: MeshSettings, tmp_path: Path) -> Iterator[Start]:
    """Starts workers that may die; ends what is left of them."""
    started: list[RealProcess] = []

    def start(worker_id: str = "w1") -> RealProcess:
        command = [sys.executable, str(PROGRAM), mesh_settings.nats_url, worker_id]
        process = RealProcess(command, log=tmp_path / f"{worker_id}.log")
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()


async def proposed(start_overseer: StartOverseer, bus: Bus, *tasks: TaskManifest) -> None:
    start_overseer(
        GANGLION_OVERSEER_LEASE_SECONDS=LONG, GANGLION_OVERSEER_WORKER_TIMEOUT_SECONDS=LONG
    )
    asker = RequestClient(
        bus, service=SERVICE, role=ROLE_OPERATOR, agent_id="tester", deadline_seconds=120
    )
    assert (await asker.ask(TasksProposed(tasks=tasks))).accepted


async def steps(bus: Bus, kind: type[Said]) -> list[Said]:
    log = [decode_stored(each).event.payload async for each in bus.replay()]
    return [each for each in log if isinstance(each, kind)]


async def until_said(bus: Bus, kind: type[Said]) -> Said:
    async with asyncio.timeout(300), bus.reader(start_sequence=1) as reader:
        async for stored in reader:
            if isinstance(payload := decode_stored(stored).event.payload, kind):
                return payload
    raise AssertionError("unreachable")


async def lines(worker: RealProcess, words: str) -> list[int]:
    """The numbers before these words in what it wrote, when there are any."""
    await asyncio.to_thread(wait_until, lambda: words in worker.log.read_text(), words, seconds=300)
    return [int(e.split()[0]) for e in worker.log.read_text().splitlines() if words in e]


async def done_by_another(bus: Bus, mesh_settings: MeshSettings, *actions: str) -> None:
    """All that waits, until one task was done."""
    stop = asyncio.Event()

    async def do(held: ClaimedTask) -> str:
        stop.set()
        return "done by another"

    async with (
        asyncio.timeout(300),
        open_worker(mesh_settings.nats_url, worker_id="w2", settings=mesh_settings) as worker,
    ):
        await serve(worker, dict.fromkeys(actions, do), stop)


async def one_loss(bus: Bus, task_id: str = "a") -> str:
    """Why the first worker lost it; the second has done it, and each was once."""
    (released,) = await steps(bus, TaskReleased)
    claims = await steps(bus, TaskClaimed)
    (end,) = [each for each in await steps(bus, TaskAcknowledged) if each.task_id == task_id]
    (departed,) = [e for e in await steps(bus, WorkerDeparted) if e.worker_id == "w1"]
    assert (released.task_id, released.worker_id, released.attempt) == (task_id, "w1", 1)
    assert [each.worker_id for each in claims if each.task_id == task_id] == ["w1", "w2"]
    assert (end.result, end.output, end.attempts) == (RESULT_COMPLETED, "done by another", 2)
    assert departed.reason in released.reason
    return released.reason


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        ("exits", "its process ended with exit code 3"),
        ("ends_well", "its process ended with exit code 0"),
        ("crashes", "its process was killed by signal 11 (SIGSEGV)"),
        ("runs_out_of_memory", KILLED),
    ],
)
async def test_a_task_that_ends_its_workers_process_is_anothers_at_once_and_it_is_said_how(
    start_overseer: StartOverseer,
    bus: Bus,
    mesh_settings: MeshSettings,
    dying: Start,
    action: str,
    reason: str,
) -> None:
    await proposed(start_overseer, bus, task("a", action=action))
    worker = dying()
    await asyncio.to_thread(worker.wait, seconds=300)
    await until_said(bus, TaskReleased)
    await done_by_another(bus, mesh_settings, action)
    assert reason in await one_loss(bus)


async def test_the_task_of_a_worker_that_is_killed_is_anothers_at_once(
    start_overseer: StartOverseer, bus: Bus, mesh_settings: MeshSettings, dying: Start
) -> None:
    await proposed(start_overseer, bus, task("a", action="waits"))
    worker = dying()
    await lines(worker, "has begun")
    await asyncio.to_thread(
        wait_until, lambda: bool(deputies_of(worker.pid)), "a deputy", seconds=300
    )
    for deputy in deputies_of(worker.pid):
        deputy.terminate()  # as a service manager does, which ends all processes of a service
    worker.kill()
    await until_said(bus, TaskReleased)
    await done_by_another(bus, mesh_settings, "waits")
    reason = await one_loss(bus)
    assert KILLED in reason
    assert f"its worker w1 (process {worker.pid} on " in reason


async def test_a_process_that_it_has_forked_is_not_taken_for_a_worker_that_lives(
    start_overseer: StartOverseer, bus: Bus, mesh_settings: MeshSettings, dying: Start
) -> None:
    await proposed(start_overseer, bus, task("a", action="forks"))
    worker = dying()
    (forked,) = await lines(worker, "was forked")
    try:
        await lines(worker, "has begun")
        worker.kill()
        await until_said(bus, TaskReleased)
        await done_by_another(bus, mesh_settings, "forks")
    finally:
        os.kill(forked, signal.SIGKILL)
    assert KILLED in await one_loss(bus)


async def test_nothing_is_said_of_a_process_that_lives_and_is_another_program_until_it_ends(
    start_overseer: StartOverseer, bus: Bus, dying: Start
) -> None:
    await proposed(start_overseer, bus, task("a", action="becomes_another"))
    worker = dying()
    await lines(worker, "is another")
    assert not await steps(bus, WorkerDeparted)
    worker.kill()
    assert KILLED in (await until_said(bus, TaskReleased)).reason


async def test_who_is_killed_with_nothing_to_do_is_gone_at_once(
    start_overseer: StartOverseer, bus: Bus, dying: Start
) -> None:
    start_overseer()
    worker = dying()
    await until_said(bus, WorkerRegistered)
    worker.kill()
    assert KILLED in (await until_said(bus, WorkerDeparted)).reason


async def test_the_built_in_worker_is_missed_at_once_too(
    bus: Bus, mesh_settings: MeshSettings, tmp_path: Path
) -> None:
    worker = RealProcess(
        [sys.executable, "-P", "-m", "builtin_worker"],
        log=tmp_path / "worker.log",
        environment={"NATS_URL": mesh_settings.nats_url, "GANGLION_HOME": str(tmp_path)},
    )
    try:
        assert (await until_said(bus, WorkerRegistered)).pid == worker.pid
    finally:
        worker.kill()
    departed = await until_said(bus, WorkerDeparted)
    assert departed.worker_id == "worker-1"
    assert KILLED in departed.reason


async def test_what_was_finished_before_its_worker_was_killed_is_not_done_again(
    start_overseer: StartOverseer, bus: Bus, mesh_settings: MeshSettings, dying: Start
) -> None:
    """Beside it a task that was not: it is released in the same moment in which the other would."""
    await proposed(start_overseer, bus, task("a", action="waits"))
    worker = dying()
    await lines(worker, "has begun")
    asker = RequestClient(
        bus, service=SERVICE, role=ROLE_OPERATOR, agent_id="tester", deadline_seconds=120
    )
    await asker.ask(TasksProposed(tasks=[task("b", action="finishes")]))
    await until_said(bus, TaskReleased)
    await done_by_another(bus, mesh_settings, "waits", "finishes")
    assert KILLED in await one_loss(bus)
    assert len([e for e in await steps(bus, TaskClaimed) if e.task_id == "b"]) == 1
    (end,) = [each for each in await steps(bus, TaskAcknowledged) if each.task_id == "b"]
    assert (end.result, end.output) == (RESULT_COMPLETED, "done")


async def test_a_task_that_may_be_lost_no_more_is_set_aside_at_once(
    start_overseer: StartOverseer, bus: Bus, dying: Start
) -> None:
    deadly = task("a", action="runs_out_of_memory", max_attempts=1, max_losses=1)
    await proposed(start_overseer, bus, deadly)
    dying()
    await until_said(bus, TaskReleased)
    dying("w2")
    aside = await until_said(bus, TaskQuarantined)
    assert aside.reason.startswith("2 workers were lost over it, more than may; the last time its")
    assert KILLED in aside.reason
    assert len(await steps(bus, TaskClaimed)) == 2
