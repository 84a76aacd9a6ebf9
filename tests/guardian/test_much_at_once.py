"""Is what follows from much at once one batch at a time, and does everything get its turn?"""

from __future__ import annotations

import pytest

from enchanted.events.v1.capacity_pb2 import CapacitySampled
from enchanted.events.v1.command_pb2 import COMMAND_RELEASE, COMMAND_SLEEP, CommandIssued
from enchanted.events.v1.incident_pb2 import IncidentClosed, IncidentOpened, RecoveryAttempted
from enchanted.events.v1.process_pb2 import ProcessExited
from enchanted.events.v1.swarm_event_pb2 import ROLE_GOVERNOR, ROLE_OVERSEER, ROLE_WORKER
from enchanted.events.v1.task_pb2 import TaskFailed
from enchanted.events.v1.worker_pb2 import WorkerHeartbeat, WorkerLost, WorkerRegistered
from guardian.plan import MAX_BYTES, MAX_CHARACTERS
from nervous_system import names
from nervous_system.contract.payload import Payload
from tests.guardian.guardian_play import Play

WORKERS = [f"w{number}" for number in range(1000)]
FULL = CapacitySampled(host="h", disk_used_bytes=99, disk_total_bytes=100)


def all_say(play: Play, kind: type[WorkerHeartbeat | WorkerLost], *, after: float) -> None:
    for worker_id in WORKERS:
        play.happens(kind(worker_id=worker_id), after=after, role=ROLE_WORKER)


def silent(play: Play, *, most_turns: int = 10) -> None:
    """All workers register and are not heard of again, until each is an incident."""
    another = WorkerRegistered(worker_id="another", heartbeat_seconds=1e6)
    play.happens(another, after=0, role=ROLE_WORKER)  # so that the others may be told to go
    for worker_id in WORKERS:
        registered = WorkerRegistered(worker_id=worker_id, heartbeat_seconds=30)
        play.happens(registered, after=0, role=ROLE_WORKER)
    for turn in range(most_turns):
        if len(play.state.incidents) < len(WORKERS):
            play.silence(after=80 + turn)
    assert len(play.state.incidents) == len(WORKERS)


def in_turns(play: Play, *, after: float) -> list[list[Payload]]:
    """What is said at each tick, until nothing more is."""
    turns: list[list[Payload]] = []
    while said := play.silence(after=after + len(turns)):
        assert len(said) < names.MAX_BATCH_MESSAGES
        turns.append(said)
    return turns


@pytest.mark.heavy
def test_a_thousand_quarantined_workers_that_come_back_are_released_in_turns() -> None:
    play = Play()
    silent(play)
    for after in (150, 330):  # the second restart, and the quarantine
        in_turns(play, after=after)
    asleep = {
        command_id
        for incident in play.state.incidents.values()
        for command_id in incident.asleep.values()
    }
    assert len(asleep) == len(WORKERS)
    all_say(play, WorkerHeartbeat, after=500)
    turns = in_turns(play, after=505)
    assert len(turns) == 3  # 2,000 events
    for said in turns:  # a worker is released in the very batch in which its incident ends
        closed = [each.incident_id for each in said if isinstance(each, IncidentClosed)]
        released = [each for each in said if isinstance(each, CommandIssued)]
        assert [each.reason.split()[1] for each in released] == closed
    commands = play.said(CommandIssued)
    assert sum(each.kind == COMMAND_SLEEP for each in commands) == len(WORKERS)
    ended = {e.releases_command_id for e in commands if e.kind == COMMAND_RELEASE}
    assert ended == asleep
    assert not play.state.incidents
    assert len(play.said(IncidentClosed)) == len(WORKERS)
    play.replays()


@pytest.mark.heavy
def test_a_thousand_lost_workers_and_what_else_is_wrong_get_their_turns() -> None:
    play = Play()
    silent(play)
    all_say(play, WorkerLost, after=150)
    for number in range(2000):
        for _ in range(4):
            failed = TaskFailed(task_id=f"t{number}", worker_id="somebody")
            play.happens(failed, after=151, role=ROLE_OVERSEER)
    play.happens(FULL, after=152, role=ROLE_GOVERNOR)
    said = play.silence(after=155)
    opened = [each.rule for each in said if isinstance(each, IncidentOpened)]
    assert "disk_full" in opened, "the last rule of all"
    assert opened.count("task_failing") > 100
    assert sum(isinstance(each, IncidentClosed) for each in said) > 100
    turns = in_turns(play, after=160)
    assert {each.rule for each in play.state.incidents.values()} == {
        "task_failing",
        "failure_burst",
        "disk_full",
    }
    assert len(play.state.incidents) == 2002
    assert len(turns) < 12


@pytest.mark.heavy
def test_after_a_long_silence_of_its_own_a_thousand_steps_are_taken_in_turns() -> None:
    play = Play()
    silent(play)
    before = len(play.said(RecoveryAttempted))
    turns = in_turns(play, after=300)
    assert len(turns) > 1
    assert len(play.said(RecoveryAttempted)) == before + len(WORKERS)
    play.replays()


def test_what_is_said_of_one_is_short_whatever_others_wrote() -> None:
    play = Play()
    for number in range(12):
        for length in (50_000, 300_000):
            name = str(number) + "n" * length
            play.happens(ProcessExited(name=name, pid=1, exit_code=1), after=0)
            registered = WorkerRegistered(worker_id=name, heartbeat_seconds=30)
            play.happens(registered, after=0, role=ROLE_WORKER)
    for after in (80, 200, 500, 1000, 2000, 9000, 30_000, 60_000):
        for said in in_turns(play, after=after):
            assert sum(each.ByteSize() for each in said) < 2 * MAX_BYTES
            assert all(each.ByteSize() < 500_000 for each in said)
    incidents = play.state.incidents.values()
    assert {each.rule for each in incidents} == {"process_exited", "worker_silent"}
    assert all(len(each.subject) <= MAX_CHARACTERS for each in incidents)
    assert all(len(each.summary) <= MAX_CHARACTERS for each in incidents)
    play.replays()
