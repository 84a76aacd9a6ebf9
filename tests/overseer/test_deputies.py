"""Is a task done once where its code holds the interpreter's lock for longer than its lease?"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
import structlog

from bench.processes import processes_of
from enchanted.events.v1.swarm_event_pb2 import ROLE_OPERATOR
from enchanted.events.v1.task_pb2 import RESULT_COMPLETED, TaskAcknowledged, TaskClaimed
from enchanted.events.v1.task_request_pb2 import TasksProposed
from nervous_system.bus import Bus, decode_stored
from nervous_system.client import deputy_process
from nervous_system.client.claimed_task import ClaimedTask
from nervous_system.client.deputy import DEPUTY, Deputy, Word
from nervous_system.client.deputy_process import Ward
from nervous_system.client.request_client import RequestClient
from nervous_system.client.serving import serve
from nervous_system.client.worker import open_worker
from nervous_system.settings import MeshSettings
from overseer.vocabulary import SERVICE
from tests.overseer.deputies import deputies_of
from tests.overseer.overseen import task
from tests.overseer.overseer_program import StartOverseer
from tests.real_servers import wait_until

PROGRAM = [sys.executable, "-P", "-m", deputy_process.__name__]

HOLDS_SECONDS = 20
"""Longer than the lease, which is long enough for a deputy to begin on a busy machine."""


async def test_a_lease_is_kept_while_the_code_holds_the_interpreters_lock(
    start_overseer: StartOverseer, bus: Bus, mesh_settings: MeshSettings
) -> None:
    start_overseer(
        GANGLION_OVERSEER_LEASE_SECONDS="15", GANGLION_OVERSEER_WORKER_TIMEOUT_SECONDS="15"
    )
    asker = RequestClient(
        bus, service=SERVICE, role=ROLE_OPERATOR, agent_id="tester", deadline_seconds=120
    )
    await asker.ask(TasksProposed(tasks=[task("a")]))
    stop = asyncio.Event()

    async def do(held: ClaimedTask) -> None:
        hold = ctypes.PyDLL(None).sleep  # which does not let go of the lock
        await asyncio.to_thread(hold, HOLDS_SECONDS)
        await held.finish(output="done")
        stop.set()

    url = mesh_settings.nats_url
    async with (
        asyncio.timeout(300),
        open_worker(url, worker_id="w1", heartbeat_seconds=1.0, settings=mesh_settings) as worker,
    ):
        await serve(worker, do, stop)
    said = [decode_stored(each).event.payload async for each in bus.replay()]
    assert len([each for each in said if isinstance(each, TaskClaimed)]) == 1
    (end,) = [each for each in said if isinstance(each, TaskAcknowledged)]
    assert (end.result, end.output) == (RESULT_COMPLETED, "done")
    assert DEPUTY._process is None, "it has ended with its last worker"


def _word(worker_id: str = "w1", *task_ids: str) -> Word:
    return {"worker_id": worker_id, "task_ids": task_ids}


def _until_there_are(count: int) -> list[psutil.Process]:
    """So many deputies of this process."""
    wait_until(lambda: len(deputies_of(os.getpid())) == count, f"{count} deputies", seconds=300)
    return deputies_of(os.getpid())


async def test_it_is_there_from_the_first_worker_to_the_last() -> None:
    deputy = Deputy()
    _until_there_are(0)
    with deputy.of(_word) as tell:
        with deputy.of(lambda: _word("w2", "a")) as tell_of_another:
            tell_of_another()
            _until_there_are(1)
        (process,) = _until_there_are(1)
        assert process in processes_of(os.getpid())
        process.kill()
        _until_there_are(0)
        tell()  # one that died is no harm
    assert deputy._process is None
    with deputy.of(_word) as tell:
        tell()
    _until_there_are(0)


WAITS_FOR_ALL = """
import os
from nervous_system.client.deputy import Deputy
deputy = Deputy()
with deputy.of(lambda: {}) as tell:
    tell()
    try:
        while True:
            os.wait()
    except ChildProcessError:
        print("has none")
"""


def test_who_waits_for_all_children_waits_for_no_deputy() -> None:
    worker = [sys.executable, "-c", WAITS_FOR_ALL]
    done = subprocess.run(worker, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout) == (0, "has none\n"), done.stderr


async def test_one_that_leaves_takes_nothing_from_another_of_its_name() -> None:
    deputy = Deputy()
    with deputy.of(_word) as tell:
        tell()
        process = deputy._process
        assert process is not None
        with deputy.of(_word):
            pass
        tell()
        assert deputy._process is process
    wards = deputy_process.Wards()
    for number in (1, 2):
        wards.take({"number": number, "worker_id": "w1", "session": f"s{number}"})
    wards.take({"number": 2})
    assert [each.session for each in wards.every.values()] == ["s1", ""]


async def test_one_that_cannot_run_is_not_begun_again_and_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    deputy, now, begun = Deputy(), 1000.0, []
    begin = deputy._begin_process

    def counted() -> None:
        begun.append(now)
        begin()

    monkeypatch.setattr(deputy, "_begin_process", counted)
    monkeypatch.setattr("nervous_system.client.deputy.stopwatch", lambda: now)
    monkeypatch.setattr("nervous_system.client.deputy.BEGIN", "raise SystemExit(1)")
    with structlog.testing.capture_logs() as said, deputy.of(_word) as tell:
        for _ in range(2000):
            now += 1.0
            tell()
            if deputy._process is not None:
                deputy._process.wait()
    assert len(begun) == 2 + 2000 // 300 + 1
    assert [each["event"] for each in said] == ["worker.no_deputy"] * 3
    assert "after 300 s" in said[-1]["reason"]


FOUND_BY_ITSELF = """
import array, fcntl, select, sys, termios
sys.path += sys.argv[1:]
from nervous_system.client.deputy import Deputy
deputy = Deputy()
with deputy.of(lambda: {}) as tell:
    tell()
    pipe, unread, end = deputy._process.stdin.fileno(), array.array("i", [1]), select.poll()
    end.register(pipe, 0)  # says when nobody can read it any more
    while unread[0] and not end.poll(0):
        fcntl.ioctl(pipe, termios.FIONREAD, unread)
    print(end.poll(0))
"""


def test_it_finds_what_its_worker_finds(tmp_path: Path) -> None:
    """And a fresh interpreter does not: its packages are elsewhere."""
    interpreter = os.path.realpath(sys.executable)  # of no environment
    worker = [interpreter, "-c", FOUND_BY_ITSELF, *filter(None, sys.path)]
    done = subprocess.run(worker, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr


def test_a_silent_worker_is_due_again_and_again_and_not_for_ever() -> None:
    ward = Ward(number=1, worker_id="w1", task_ids=["a"], heartbeat_seconds=30.0, said_at=100.0)
    assert ward.due_at() == 145.0
    ward.beaten_at = 145.0
    assert ward.due_at() == 175.0
    ward.beaten_at = 100.0 + deputy_process.MAX_SECONDS + 1.0
    assert ward.due_at() == float("inf")
    assert Ward(number=1, worker_id="w1", heartbeat_seconds=30.0).due_at() == float("inf")


def test_nobody_stands_in_for_who_is_gone_or_was_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[Ward] = []

    async def say(ward: Ward, event: Any) -> None:
        said.append(ward)

    monkeypatch.setattr(deputy_process, "_say", say)
    monkeypatch.setattr("nervous_system.telemetry.log.configure", lambda **_: None)
    ward = Ward(number=1, worker_id="w1", task_ids=["a"])
    worker = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        deputy_process.stand_in(ward, worker.pid)
        assert said == [ward]
        os.kill(worker.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, worker.pid, os.WSTOPPED | os.WNOWAIT)
        deputy_process.stand_in(ward, worker.pid)
        assert said == [ward]
    finally:
        worker.kill()
        worker.wait()
    deputy_process.stand_in(ward, worker.pid)
    assert said == [ward]


def test_it_ends_where_the_process_that_it_stands_in_for_has_ended_before() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    process = subprocess.Popen([*PROGRAM, str(ended.pid)], stdin=subprocess.PIPE)
    process.communicate(b'{"number": 1}\n', timeout=300)
    assert process.returncode == 0


NONE_STANDARD = """
import array, fcntl, os, select, sys, termios
from nervous_system.client.deputy import Deputy
said = os.dup(1)
for each in (0, 1, 2):
    os.close(each)
deputy = Deputy()
with deputy.of(lambda: {"worker_id": "w1"}) as tell:
    tell()
    pipe, unread, end = deputy._process.stdin.fileno(), array.array("i", [1]), select.poll()
    end.register(pipe, 0)  # says when nobody can read it any more
    for _ in range(20):  # who takes a word for the end of its worker ends at the first
        os.write(pipe, b'{"number": 1}\\n')
        unread[0] = 1
        while unread[0] and not end.poll(0):
            fcntl.ioctl(pipe, termios.FIONREAD, unread)
    taken = [each for each in (0, 1, 2) if os.path.exists(f"/proc/self/fd/{each}")]
    os.write(said, f"{end.poll(0)} {taken}".encode())
"""


def test_who_has_closed_its_standard_files_is_not_taken_for_dead() -> None:
    """The descriptor of the process was 0 there, which is standard input in the deputy."""
    worker = [sys.executable, "-c", NONE_STANDARD]
    done = subprocess.run(worker, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout) == (0, "[] []")


@pytest.mark.parametrize("descriptor", [0, 1, 2, 3])
def test_a_descriptor_of_something_else_is_not_believed(descriptor: int) -> None:
    process = subprocess.Popen(
        [*PROGRAM, str(os.getpid()), str(descriptor)],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    _, said = process.communicate('{"number": 1, "session": "s"}\n', timeout=300)
    assert process.returncode == 1
    assert f"descriptor {descriptor} is not one of process {os.getpid()}" in said
