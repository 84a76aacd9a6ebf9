"""Does a real guardian write an incident once, whoever is killed when, and heed the flag?"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from enchanted.events.v1.command_pb2 import COMMAND_DRAIN, CommandIssued
from enchanted.events.v1.incident_pb2 import (
    INCIDENT_MINOR,
    IncidentClosed,
    IncidentOpened,
)
from enchanted.events.v1.leadership_pb2 import LeadershipTaken
from enchanted.events.v1.process_pb2 import ProcessExited, ProcessStarted
from enchanted.events.v1.pulse_pb2 import HaltLifted, HaltOrdered, SystemModeChanged
from enchanted.events.v1.swarm_event_pb2 import ROLE_OPERATOR, ROLE_WORKER
from enchanted.events.v1.worker_pb2 import WorkerRegistered
from nervous_system import names
from nervous_system.bus import Bus, decode_stored
from nervous_system.settings import FLAG_NAME
from tests.guardian.guardian_log import StartGuardian, assert_sound, publish, until_on_log
from tests.real_servers import wait_until

OPENED = "swarm.events.incident.opened.*"
CLOSED = "swarm.events.incident.closed.*"
TERMS = "swarm.events.guardian.leadership_taken.main"
MODES = "swarm.events.guardian.system_mode_changed"


async def kill_one(bus: Bus, name: str) -> str:
    """A real process ends by a real SIGKILL, and that is put on the log as its parent would."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "input()", stdin=asyncio.subprocess.PIPE
    )
    process.kill()
    code = await process.wait()
    exited = ProcessExited(
        name=name, pid=process.pid, exit_code=code, attempt=1, restart_in_seconds=0.5
    )
    return await publish(bus, exited)


async def test_a_killed_process_becomes_an_incident_with_class_and_cause(
    bus: Bus, start_guardian: StartGuardian
) -> None:
    guardian = start_guardian()
    cause = await kill_one(bus, "governor")
    (opened,) = await until_on_log(bus, OPENED, 1)
    assert isinstance(opened.event.payload, IncidentOpened)
    assert opened.event.payload.incident_class == INCIDENT_MINOR
    assert opened.event.payload.cause_event_id == cause
    assert opened.event.causation_id == cause
    assert "SIGKILL" in opened.event.payload.summary
    await publish(bus, ProcessStarted(name="governor", pid=7, attempt=2))
    (closed,) = await until_on_log(bus, CLOSED, 1)
    assert isinstance(closed.event.payload, IncidentClosed)
    assert closed.event.payload.recovered
    assert "it runs again as pid 7" in closed.event.payload.root_cause
    assert await asyncio.to_thread(guardian.terminate) == 0
    await assert_sound(bus)


async def test_two_guardians_at_once_write_no_incident_twice(
    bus: Bus, start_guardian: StartGuardian
) -> None:
    """Failure mode 3: and when the one that leads is killed, the other goes on."""
    first, second = start_guardian("first"), start_guardian("second")
    guardians = {"first": first, "second": second}
    for number in range(5):
        await kill_one(bus, f"p{number}")
    await until_on_log(bus, OPENED, 5)
    *_, term = [decode_stored(each) async for each in bus.replay() if each.subject == TERMS]
    assert isinstance(term.event.payload, LeadershipTaken)
    holder = term.event.payload.holder
    (leads,) = [name for name, each in guardians.items() if holder in each.log.read_text()]
    guardians[leads].kill()
    for number in range(5):
        await publish(bus, ProcessStarted(name=f"p{number}", pid=9, attempt=2))
        await kill_one(bus, f"q{number}")
    await until_on_log(bus, OPENED, 10)
    await until_on_log(bus, CLOSED, 5)
    (other,) = set(guardians) - {leads}
    assert await asyncio.to_thread(guardians[other].terminate) == 0
    history = await assert_sound(bus)
    opened = [each for each in history if isinstance(each.event.payload, IncidentOpened)]
    assert len(opened) == 10


@pytest.mark.parametrize("point", ["runner.before_append", "runner.after_append"])
async def test_a_guardian_killed_around_a_decision_decides_it_once(
    bus: Bus, start_guardian: StartGuardian, point: str
) -> None:
    """Failure mode 3: its successor finds what is on the log, and says what is not."""
    started = start_guardian("zero")
    await until_on_log(bus, MODES, 1)
    assert await asyncio.to_thread(started.terminate) == 0
    doomed = start_guardian("doomed", GANGLION_FAILPOINT=f"{point}:1")
    await kill_one(bus, "governor")
    assert await asyncio.to_thread(doomed.wait) == -signal.SIGKILL
    await publish(bus, ProcessStarted(name="governor", pid=7, attempt=2))
    successor = start_guardian("successor")
    await until_on_log(bus, CLOSED, 1)
    assert await asyncio.to_thread(successor.terminate) == 0
    history = await assert_sound(bus)
    assert sum(isinstance(each.event.payload, IncidentOpened) for each in history) == 1


async def test_a_silent_worker_is_told_to_drain(bus: Bus, start_guardian: StartGuardian) -> None:
    guardian = start_guardian()
    await until_on_log(bus, MODES, 1)
    another = WorkerRegistered(worker_id="another", heartbeat_seconds=1e6)
    await publish(bus, another, role=ROLE_WORKER)  # the last worker is never told to go
    registered = WorkerRegistered(worker_id="w1", heartbeat_seconds=0.2)
    await publish(bus, registered, role=ROLE_WORKER)
    (issued,) = await until_on_log(bus, "swarm.events.command.issued.w1", 1)
    assert isinstance(issued.event.payload, CommandIssued)
    assert issued.event.payload.kind == COMMAND_DRAIN
    assert await asyncio.to_thread(guardian.terminate) == 0
    await bus.connection.client.jetstream().delete_object_store(names.SNAPSHOTS)
    again = start_guardian("again")
    await until_on_log(bus, TERMS, 2)
    await kill_one(bus, "governor")
    await until_on_log(bus, OPENED, 2)
    assert await asyncio.to_thread(again.terminate) == 0
    assert "snapshot.foreign" not in again.log.read_text()
    history = await assert_sound(bus)
    assert sum(isinstance(each.event.payload, CommandIssued) for each in history) == 1


async def test_the_flag_halts_dispatch_until_it_is_gone_also_over_restarts(
    bus: Bus, start_guardian: StartGuardian, tmp_path: Path
) -> None:
    flag = tmp_path / FLAG_NAME
    flag.write_text("the building is on fire\n")
    guardian = start_guardian()
    modes = await until_on_log(bus, MODES, 2)
    said = [
        each.event.payload for each in modes if isinstance(each.event.payload, SystemModeChanged)
    ]
    assert [each.mode for each in said] == ["operational", "halted"]
    assert "manual_shutdown.flag: the building is on fire" in said[1].reason
    guardian.kill()  # no snapshot: its successor folds it all again, and is not misled meanwhile
    again = start_guardian("again")
    await asyncio.to_thread(
        wait_until, lambda: "leadership.taken" in again.log.read_text(), "leadership"
    )
    await publish(bus, HaltOrdered(reason="me too"), role=ROLE_OPERATOR)
    flag.unlink()
    (lifted,) = await until_on_log(bus, "swarm.events.guardian.halt_lifted", 1)
    await publish(bus, HaltLifted(), role=ROLE_OPERATOR)
    modes = await until_on_log(bus, MODES, 3)
    assert isinstance(modes[2].event.payload, SystemModeChanged)
    assert modes[2].event.payload.mode == "operational"
    assert modes[2].sequence > lifted.sequence
    assert await asyncio.to_thread(again.terminate) == 0
    history = await assert_sound(bus)
    ordered = [each for each in history if each.subject == "swarm.events.guardian.halt_ordered"]
    assert len(ordered) == 1


async def test_a_guardian_without_clickhouse_says_so_once_and_goes_on(
    bus: Bus, start_guardian: StartGuardian
) -> None:
    guardian = start_guardian(GANGLION_GUARDIAN_LOOK_SECONDS="0.05")
    await until_on_log(bus, MODES, 1)
    for number in range(3):
        await kill_one(bus, f"p{number}")
    await until_on_log(bus, OPENED, 3)
    assert await asyncio.to_thread(guardian.terminate) == 0
    assert guardian.log.read_text().count("record.unseen") == 1


async def test_a_setting_that_makes_no_sense_is_one_clear_sentence(
    start_guardian: StartGuardian,
) -> None:
    guardian = start_guardian(GANGLION_GUARDIAN_TICK_SECONDS="never")
    assert await asyncio.to_thread(guardian.wait) == 1
    said = guardian.log.read_text()
    assert "GANGLION_GUARDIAN_TICK_SECONDS" in said
    assert "Traceback" not in said
