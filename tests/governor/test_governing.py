"""Do real workers obey a real governor, whatever is killed, and is it all decided once?"""

from __future__ import annotations

import asyncio
import socket
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from enchanted.events.v1.command_pb2 import (
    COMMAND_RELEASE,
    COMMAND_SLEEP,
    COMMAND_THROTTLE,
    CommandAcknowledged,
    CommandIssued,
)
from enchanted.events.v1.policy_pb2 import PolicyAdopted
from enchanted.events.v1.swarm_event_pb2 import ROLE_GOVERNOR, ROLE_OVERSEER
from governor.settings import GovernorSettings
from governor.spec import service_spec
from local_mesh.default_files import write_default_files
from local_mesh.home import Home
from nervous_system.bus import Bus, decode_stored
from nervous_system.client.worker import Worker, open_worker
from nervous_system.clock import system_clock
from nervous_system.contract.event import Event, RecordedEvent
from nervous_system.contract.subjects import token
from nervous_system.ids import new_event_id
from nervous_system.settings import MeshSettings
from tests.real_servers import RealProcess, wait_until
from tests.replaying import replay

HOST = socket.gethostname()
PROGRAM = Path(__file__).with_name("governor_program.py")
OVERSEER = Path(__file__).parents[1] / "overseer" / "overseer_program.py"
ENVIRONMENT = {
    "GANGLION_GOVERNOR_HOST": HOST,
    "GANGLION_GOVERNOR_SAMPLE_SECONDS": "0.2",
    "GANGLION_GOVERNOR_THROTTLE_SAMPLES": "2",
    "GANGLION_GOVERNOR_SLEEP_SAMPLES": "6",
    # 5 min: an order ends because it is released, never because a governor was slow to renew it.
    "GANGLION_GOVERNOR_COMMAND_SAMPLES": "1500",
    # So that only what a test does counts, however busy the machine is.
    "GANGLION_GOVERNOR_CPU_HIGH_PERCENT": "1000",
    "GANGLION_GOVERNOR_CPU_LOW_PERCENT": "999",
    "GANGLION_GOVERNOR_MEMORY_HIGH_PERCENT": "100",
    "GANGLION_GOVERNOR_MEMORY_LOW_PERCENT": "99.9",
    "GANGLION_GOVERNOR_MEMORY_CRITICAL_PERCENT": "100",
    "GANGLION_GOVERNOR_DISK_HIGH_PERCENT": "100",
    "GANGLION_GOVERNOR_DISK_LOW_PERCENT": "99.9",
    "GANGLION_GOVERNOR_DISK_CRITICAL_PERCENT": "100",
}

Start = Callable[..., RealProcess]


@pytest.fixture
def start(tmp_path: Path, mesh_settings: MeshSettings) -> Iterator[Start]:
    """Starts governors, and other programs; ends what is left of them."""
    started: list[RealProcess] = []

    def begin(name: str, program: Path = PROGRAM, **environment: str) -> RealProcess:
        process = RealProcess(
            [sys.executable, str(program)],
            log=tmp_path / f"{name}.log",
            environment={
                "NATS_URL": mesh_settings.nats_url,
                "GANGLION_HOME": str(tmp_path),
                **ENVIRONMENT,
                **environment,
            },
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()


async def adopt(bus: Bus, *, memory: float) -> None:
    """As the overseer does."""
    await bus.publish(
        Event(
            event_id=new_event_id(),
            timestamp=system_clock(),
            agent_role=ROLE_OVERSEER,
            agent_id="overseer/main",
            payload=PolicyAdopted(max_cpu_pct=1000, max_ram_pct=memory),
        )
    )


async def until(worker: Worker, limit: int) -> None:
    """As soon as the worker may hold so many tasks."""
    async with asyncio.timeout(300):
        while worker.orders.max_tasks(4) != limit:
            await worker.orders.change()


async def released(bus: Bus, worker: Worker) -> None:
    """As soon as the worker may hold as many as ever, and has said so."""
    await until(worker, 4)
    subject = "swarm.events.worker.command_acknowledged.w1"
    async with asyncio.timeout(300), bus.reader(start_sequence=1, subjects=[subject]) as reader:
        notes: list[str] = []
        while "released" not in notes:
            found = [
                decode_stored(each)
                for each in await reader.batch(max_messages=100, within_seconds=5)
            ]
            answers = [each.event.payload for each in found]
            notes += [each.note for each in answers if isinstance(each, CommandAcknowledged)]


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


async def assert_decided_once(bus: Bus) -> list[RecordedEvent]:
    """Nothing twice, and the history leads to the same decisions again."""
    history = [decode_stored(each) async for each in bus.replay()]
    ids = Counter(each.event.event_id for each in history)
    assert set(ids.values()) == {1}
    # A governor can end between a sample and what it leads to, and others speak behind it: the next
    # governor decides on it. So what stands behind the last thing that was decided on is left out.
    causes = {each.event.causation_id for each in history if each.event.agent_role == ROLE_GOVERNOR}
    last = max(each.sequence for each in history if each.event.event_id in causes)
    history = [each for each in history if each.sequence <= last or each.event.causation_id]
    given = {
        name.removeprefix("GANGLION_GOVERNOR_").lower(): value
        for name, value in ENVIRONMENT.items()
    }
    replayed = replay(service_spec(GovernorSettings.model_validate(given)), history)
    assert replayed.differences == []
    assert replayed.decisions
    return history


async def test_workers_of_a_pressed_machine_do_less_then_nothing_then_go_on(
    start: Start, bus: Bus, mesh_settings: MeshSettings
) -> None:
    process = start("governor")
    async with open_worker(
        mesh_settings.nats_url, worker_id="w1", max_concurrent_tasks=4, settings=mesh_settings
    ) as worker:
        await adopt(bus, memory=0.001)
        await until(worker, 0)
        assert "memory_over_limit_for_long" in worker.orders.asleep
        await adopt(bus, memory=100)
        await released(bus, worker)
        assert await asyncio.to_thread(process.terminate) == 0
    history = await assert_decided_once(bus)
    commands = [each.event for each in history if isinstance(each.event.payload, CommandIssued)]
    answers = [e.event.payload for e in history if isinstance(e.event.payload, CommandAcknowledged)]
    kinds = [each.payload.kind for each in commands]
    assert kinds == [COMMAND_THROTTLE, COMMAND_SLEEP, COMMAND_RELEASE]
    assert {each.command_id for each in answers} == {each.event_id for each in commands}


async def test_a_worker_of_one_task_sleeps_for_as_long_as_its_machine_is_pressed(
    start: Start, bus: Bus, mesh_settings: MeshSettings
) -> None:
    start("governor", GANGLION_GOVERNOR_SLEEP_SAMPLES="100000")
    async with open_worker(mesh_settings.nats_url, worker_id="w1", settings=mesh_settings) as one:
        await adopt(bus, memory=0.001)
        await until(one, 0)
        assert one.orders.asleep.startswith("memory_over_limit:")
        assert await one.claim() is None
        await adopt(bus, memory=100)
        await until(one, 4)
        assert not one.orders.asleep


@pytest.mark.parametrize("failpoint", ["runner.before_append", "runner.after_append"])
async def test_governors_killed_in_the_middle_of_a_decision_command_once(
    start: Start, bus: Bus, mesh_settings: MeshSettings, failpoint: str
) -> None:
    """Failure mode 3. The log forgets ids at once: what is not recalled would stand there twice."""
    doomed = [
        start(f"doomed {turn}", GANGLION_FAILPOINT=f"{failpoint}:{turn}") for turn in (3, 4, 5)
    ]
    async with open_worker(
        mesh_settings.nats_url, worker_id="w1", max_concurrent_tasks=4, settings=mesh_settings
    ) as worker:
        await adopt(bus, memory=0.001)
        await come_true(lambda: all("lease." in each.log.read_text() for each in doomed))
        await forget_ids(bus)  # each has set the stream up, and will not do so again
        await come_true(lambda: leads_alone(doomed))
        last = start("last")
        await come_true(lambda: "lease." in last.log.read_text())
        await forget_ids(bus)
        for each in doomed:
            assert await asyncio.to_thread(each.wait) == -9
        await until(worker, 0)
        await adopt(bus, memory=100)
        await released(bus, worker)
        assert await asyncio.to_thread(last.terminate) == 0
    await assert_decided_once(bus)


async def come_true(condition: Callable[[], bool]) -> None:
    await asyncio.to_thread(wait_until, condition, "what the test waits for")


def leads_alone(doomed: list[RealProcess]) -> bool:
    """Whether one is left, and leads."""
    left = [each for each in doomed if each.running]
    return not left or (len(left) == 1 and "lease.acquired" in left[0].log.read_text())


async def forget_ids(bus: Bus) -> None:
    """The log takes an id again that it has, after the shortest time that the server knows."""
    window = {"duplicate_window": 100_000_000}
    changed = {**await bus.stream.configuration(), **window}
    await bus.connection.request_json(f"$JS.API.STREAM.UPDATE.{bus.stream.name}", changed)


async def test_a_nearly_full_disk_becomes_a_maintenance_task(
    start: Start, bus: Bus, tmp_path: Path
) -> None:
    write_default_files(Home.at(tmp_path))
    start("overseer", OVERSEER, GANGLION_OVERSEER_MAINTENANCE_SECONDS="0")
    start(
        "governor",
        GANGLION_GOVERNOR_DISK_HIGH_PERCENT="0.0002",
        GANGLION_GOVERNOR_DISK_LOW_PERCENT="0.0001",
    )
    (proposed,) = await logged(bus, "swarm.events.request.objective_proposed.*")
    (planned,) = await logged(bus, "swarm.events.objective.planned.*")
    (submitted,) = await logged(bus, "swarm.events.task.submitted.*")
    assert planned.event.causation_id
    assert proposed.event.agent_id == f"governor/{HOST}"
    manifest = submitted.event.payload.manifest
    assert (manifest.action, manifest.priority) == ("maintain.logs", 8)
    await logged(bus, f"swarm.events.governor.signal.{token(HOST)}", 8)
    asked = [each async for each in bus.replay(subjects=["swarm.events.request.>"])]
    assert len(asked) == 1
