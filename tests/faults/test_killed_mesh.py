"""Does a mesh below `ganglion up` outlive the death of each of its processes while tasks run?

Everything is real: the supervisor, both servers, all services, and a worker from outside whose
tasks take a while. Whatever is killed runs again, its death and the cause of it are on record, and
the laws of events and of tasks hold for the whole run.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Collection
from pathlib import Path
from typing import Any

import pytest

from embedded_clickhouse.passwords import own_passwords
from embedded_clickhouse.users import OWN_ACCOUNTS
from enchanted.events.v1.incident_pb2 import INCIDENT_MINOR, IncidentClosed, IncidentOpened
from enchanted.events.v1.objective_pb2 import ObjectiveProposed
from enchanted.events.v1.process_pb2 import ProcessExited, ProcessStarted
from enchanted.events.v1.task_pb2 import TaskClaimed
from local_mesh.home import Home
from local_mesh.nats_keys import NatsKeys
from local_mesh.supervisor.mesh_file import ProcessRecord, read_mesh
from local_mesh.supervisor.process_list import CLICKHOUSE, PROCESSES
from local_mesh.supervisor.restarting import MAX_SECONDS
from nervous_system.bus import Bus, decode_stored
from nervous_system.client.request_client import RequestClient
from nervous_system.clock import stopwatch
from nervous_system.contract.event import RecordedEvent
from nervous_system.contract.payload import Payload
from nervous_system.errors import GanglionError
from nervous_system.settings import CLICKHOUSE_KEYS
from tests.conservation import examine, gather
from tests.events_under_test import Publishing
from tests.faults.mesh_under_test import Mesh, until
from tests.faults.swarm_under_test import PATIENT, Swarm
from tests.real_servers import NatsServer, RealProcess, free_port

BUILT_IN, OUTSIDE = "worker-1", "outside"
LOST = {"stream_truncated", "positions_lost"}
"""Alarms that say that the log lost something."""

_LOOKS = ("machine", "memory", "disk", "processes", "nats", "clickhouse")
TASKS: list[dict[str, Any]] = [
    *({"id": each, "action": f"diagnose.{each}", "skills": ["diagnostics"]} for each in _LOOKS),
    *({"id": f"work-{number}", "action": "work"} for number in range(4)),
    {"id": "end", "action": "work", "after": [*_LOOKS, *(f"work-{n}" for n in range(4))]},
]


class RunningMesh:
    """`ganglion up` in a home of its own, on free ports."""

    def __init__(self, folder: Path) -> None:
        self.nats = NatsServer(folder / "nats")  # its ports now, the log alone afterwards
        self.swarm = Swarm(folder, self.nats)
        self.swarm.goes_by = PATIENT
        self.swarm.without_limits()
        self.swarm.finds = {"home": self.swarm.home}
        self.home = Home.at(self.swarm.home)
        port = free_port()
        password = own_passwords(self.home.path / CLICKHOUSE_KEYS, OWN_ACCOUNTS)["default"]
        clickhouse_url = f"http://default:{password}@127.0.0.1:{port}"
        self.mesh = Mesh(folder, clickhouse_url=clickhouse_url, nats=self.nats)
        self.supervisor = RealProcess(
            [sys.executable, "-P", "-m", "ganglion", "up"],
            log=self.home.path / "up.log",
            environment={
                "GANGLION_HOME": str(self.home.path),
                "GANGLION_NATS_PORT": str(self.nats.port),
                "GANGLION_NATS_MONITOR_PORT": str(self.nats.monitor_port),
                "GANGLION_CLICKHOUSE_PORT": str(port),
                "GANGLION_HTTP_PORT": str(free_port()),
                "GANGLION_GUARDIAN_TICK_SECONDS": "0.2",
                "GANGLION_GOVERNOR_DISK_HIGH_PERCENT": "100",
                "GANGLION_GOVERNOR_DISK_CRITICAL_PERCENT": "100",
                **self.swarm.variables,
            },
        )

    def process(self, name: str) -> ProcessRecord:
        """One of its processes, as its supervisor knows it."""
        mesh = read_mesh(self.home.mesh_file)
        process = mesh.process(name) if mesh is not None else None
        assert process is not None, name
        return process

    async def is_up(self) -> None:
        """Wait until all of it runs."""

        async def up() -> bool:
            assert self.supervisor.running, (self.home.path / "up.log").read_text()
            mesh = read_mesh(self.home.mesh_file)
            return mesh is not None and mesh.state == "running"

        await until(up, f"the mesh in {self.home.path} being up")

    async def kill(self, name: str) -> int:
        """SIGKILL to one of its processes; the pid it had, once it runs again."""
        before, began = self.process(name), stopwatch()
        assert before.pid is not None
        os.kill(before.pid, signal.SIGKILL)

        async def again() -> bool:
            now = self.process(name)
            return now.attempt == before.attempt + 1 and now.state == "running"

        await until(again, f"{name} running again")
        print(f"{name} runs again {stopwatch() - began:.1f} s after its death")
        return before.pid

    def end(self) -> None:
        """Whatever still runs is killed; the kernel kills what the supervisor leaves."""
        self.supervisor.kill()
        self.swarm.end()
        self.nats.kill()


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[RunningMesh]:
    mesh = RunningMesh(tmp_path)
    yield mesh
    mesh.end()


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "killed",
    [
        ("overseer", "worker", "ingestor", CLICKHOUSE),
        pytest.param((*PROCESSES, *reversed(PROCESSES)), marks=pytest.mark.long),
    ],
    ids=["four", "each twice"],
)
async def test_each_process_of_a_mesh_is_killed_while_tasks_run(
    running: RunningMesh, killed: Collection[str]
) -> None:
    """Failure modes 2 to 5 below a supervisor: it runs again and says why; nothing is lost or
    doubled."""
    swarm = running.swarm
    await running.is_up()
    async with swarm.bus() as bus:
        asker, publishing = swarm.asker(bus), Publishing(bus, running.mesh.ledger)
        outside = swarm.worker(
            OUTSIDE,
            most=2,
            seconds=0.5,
            heartbeat=10,
            environment={"GANGLION_HOME": str(swarm.home)},
        )
        for number, name in enumerate(killed):
            objective = f"o{number}-{name}"
            await _propose(swarm, asker, objective)
            await _both_work_on(bus, objective)
            async with publishing.load(objective, publishers=1):
                pid = await running.kill(name)
            await _on_log(bus, f"swarm.events.objective.finished.{objective}", 1)
            await _is_on_record(bus, name, pid, objective)
        await outside.ends()
        await _nothing_is_lost(running, bus)
    assert await asyncio.to_thread(running.supervisor.terminate, seconds=300) == 0
    await _tasks_were_done_once(running, objectives=len(killed))


async def _propose(swarm: Swarm, asker: RequestClient, objective: str) -> None:
    proposed = ObjectiveProposed(
        objective_id=objective,
        description="look at everything, and work meanwhile",
        priority=5,
        metadata_json=json.dumps({"tasks": TASKS}),
    )
    task_ids = {f"{objective}.{each['id']}" for each in TASKS}
    swarm.known.proposed |= task_ids
    assert (await asker.ask(proposed)).accepted
    swarm.known.accepted |= task_ids


async def _both_work_on(bus: Bus, objective: str) -> None:
    """Wait until the built-in worker and the one from outside have begun a task of it."""

    async def begun() -> bool:
        claims = [each.event.payload for each in await _events(bus, "swarm.events.task.claimed.*")]
        return {BUILT_IN, OUTSIDE} == {
            each.worker_id
            for each in claims
            if isinstance(each, TaskClaimed) and each.task_id.startswith(f"{objective}.")
        }

    await until(begun, f"tasks of {objective} being claimed by both workers")


async def _is_on_record(bus: Bus, name: str, pid: int, objective: str) -> None:
    """That it ended, by what, that it began again; and the incident of that, with its cause. It
    ended before the objective did."""

    async def closed() -> bool:
        return _incident(await _events(bus, "swarm.events.incident.>"), name, pid) is not None

    await until(closed, f"the end of the incident of {name} (pid {pid})")
    log = await _events(bus, "swarm.events.supervisor.>", "swarm.events.objective.finished.*")
    (exited,) = [e for e in log if _is(e, ProcessExited, name=name, pid=pid)]
    assert isinstance(exited.event.payload, ProcessExited)
    assert exited.event.payload.exit_code == -signal.SIGKILL
    assert 0 < exited.event.payload.restart_in_seconds <= MAX_SECONDS
    attempt = exited.event.payload.attempt + 1
    (started,) = [e for e in log if _is(e, ProcessStarted, name=name, attempt=attempt)]
    (finished,) = [e for e in log if e.subject.endswith(f".{objective}")]
    assert exited.sequence < finished.sequence
    found = _incident(await _events(bus, "swarm.events.incident.>"), name, pid)
    assert found is not None
    opened, closed_by = found
    assert opened.cause_event_id == exited.event.event_id
    assert opened.incident_class == INCIDENT_MINOR
    assert closed_by.recovered
    assert isinstance(started.event.payload, ProcessStarted)
    assert f"it runs again as pid {started.event.payload.pid}" in closed_by.root_cause


def _incident(
    log: list[RecordedEvent], name: str, pid: int
) -> tuple[IncidentOpened, IncidentClosed] | None:
    payloads = [each.event.payload for each in log]
    said = f"{name} (pid {pid}) was killed by signal 9 (SIGKILL)"
    for opened in payloads:
        if isinstance(opened, IncidentOpened) and said in opened.summary:
            for closed in payloads:
                if (
                    isinstance(closed, IncidentClosed)
                    and closed.incident_id == opened.incident_id
                    and said in closed.root_cause
                ):
                    return opened, closed
    return None


async def _nothing_is_lost(running: RunningMesh, bus: Bus) -> None:
    """The conservation law, as soon as the ingestor has recorded what there is."""
    ledger = running.mesh.ledger
    found: list[str] = []

    async def holds() -> bool:
        async with running.mesh.warehouse() as warehouse:
            evidence = await gather(bus, warehouse)
        ledger.attempted |= {decode_stored(each).event.event_id for each in evidence.stream}
        alarms = {name for _, name, severity in evidence.alarms if severity != "info"}
        assert not alarms & LOST
        found[:] = examine(evidence, ledger, alarms=alarms).breaches
        return not found

    try:
        await until(holds, "the law of conservation")
    except AssertionError as error:
        raise AssertionError(f"{error}: {found} (logs are in {running.home.path})") from error


async def _tasks_were_done_once(running: RunningMesh, *, objectives: int) -> None:
    """The law of tasks, on the log that the mesh left."""
    running.swarm.nats = running.nats = NatsServer(
        running.home.path / "afterwards", store=running.home.nats_store
    )
    keys = NatsKeys(running.home.path)
    keys.listen([f"127.0.0.1:{running.nats.port}"])
    await asyncio.to_thread(running.nats.start, extra=keys.accounts(is_open=False))
    async with running.swarm.bus() as bus:
        report = await running.swarm.law(bus)
    assert report.counts["completed"] == report.counts["tasks"] == objectives * len(TASKS)


async def _on_log(bus: Bus, subject: str, count: int) -> None:
    async def there() -> bool:
        return len(await _events(bus, subject)) >= count

    await until(there, f"{count} times {subject}")


async def _events(bus: Bus, *subjects: str) -> list[RecordedEvent]:
    """What stands there; nothing while the log cannot be read."""
    try:
        return [decode_stored(each) async for each in bus.replay(subjects=subjects)]
    except GanglionError:
        return []


def _is(each: RecordedEvent, kind: type[Payload], **fields: object) -> bool:
    payload = each.event.payload
    return isinstance(payload, kind) and all(
        getattr(payload, name) == value for name, value in fields.items()
    )
