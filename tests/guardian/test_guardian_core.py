"""Does every incident have one beginning, a course that its playbook gives it, and one end?"""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enchanted.events.v1.alarm_pb2 import AlarmRaised
from enchanted.events.v1.capacity_pb2 import CapacitySampled
from enchanted.events.v1.command_pb2 import (
    COMMAND_DRAIN,
    COMMAND_RELEASE,
    COMMAND_SLEEP,
    COMMAND_STOP,
    CommandIssued,
)
from enchanted.events.v1.incident_pb2 import (
    INCIDENT_CRITICAL,
    INCIDENT_MAJOR,
    INCIDENT_MINOR,
    CircuitOpened,
    IncidentClosed,
    IncidentEscalated,
    IncidentOpened,
    RecoveryAttempted,
)
from enchanted.events.v1.leadership_pb2 import LeadershipTaken
from enchanted.events.v1.objective_pb2 import ObjectiveProposed
from enchanted.events.v1.process_pb2 import ProcessExited, ProcessStarted
from enchanted.events.v1.pulse_pb2 import (
    HaltLifted,
    HaltOrdered,
    PulseCompleted,
    SystemModeChanged,
)
from enchanted.events.v1.swarm_event_pb2 import ROLE_GOVERNOR, ROLE_GUARDIAN, ROLE_OPERATOR
from enchanted.events.v1.task_pb2 import TaskFailed, TaskQuarantined
from enchanted.events.v1.task_request_pb2 import ORDER_QUARANTINE, TaskOrdered
from enchanted.events.v1.worker_pb2 import WorkerHeartbeat, WorkerLost, WorkerRegistered
from guardian.model import BY_FLAG, BY_PERSON
from guardian.playbooks import ACTIONS, PLAYBOOKS
from guardian.rules import RULES
from nervous_system.contract.payload import Payload
from nervous_system.service.persistent import EMPTY
from tests.guardian.guardian_play import Play

KILLED = ProcessExited(name="governor", pid=42, exit_code=-9, attempt=1, restart_in_seconds=0.5)
AGAIN = ProcessStarted(name="governor", pid=43, attempt=2)
ANOTHER = WorkerRegistered(worker_id="another", heartbeat_seconds=1e6)
"""So that one may go: the last is never told to."""
FAILED = TaskFailed(task_id="t1", worker_id="w1", retry_in_seconds=1)
TRUNCATED = AlarmRaised(name="stream_truncated", message="the end is gone")


def steps(play: Play) -> list[str]:
    return [each.step for each in play.said(RecoveryAttempted)]


def modes(play: Play) -> list[str]:
    return [each.mode for each in play.said(SystemModeChanged)]


def test_a_killed_process_is_an_incident_with_class_cause_and_end() -> None:
    play = Play()
    opened, attempted, mode = play.happens(KILLED, after=1)
    assert isinstance(opened, IncidentOpened)
    assert (opened.rule, opened.subject_of_concern) == ("process_exited", "governor")
    assert opened.incident_class == INCIDENT_MINOR
    assert opened.cause_event_id == play.log[0].event.event_id
    assert isinstance(attempted, RecoveryAttempted)
    assert (attempted.step, attempted.attempt) == ("restart", 1)
    assert isinstance(mode, SystemModeChanged)  # its first word: nothing worse than minor
    assert mode.mode == "operational"
    (closed,) = play.happens(AGAIN, after=1.5)
    assert isinstance(closed, IncidentClosed)
    assert closed.recovered
    assert closed.duration_seconds == 0.5
    assert closed.root_cause == (
        "governor (pid 42) was killed by signal 9 (SIGKILL);"
        " restart, attempt 1: its parent starts it again; it runs again as pid 43, start number 2"
    )
    assert [line.after_seconds for line in closed.timeline] == [0, 0, 0.5]
    assert play.silence(after=5) == []
    play.replays()


def test_a_silent_worker_is_told_to_drain_then_sleeps_then_stops_and_a_person_is_called() -> None:
    play = Play()
    play.happens(WorkerRegistered(worker_id="w1", heartbeat_seconds=3600), after=0)
    play.happens(ANOTHER, after=0)
    for minute in range(9000 // 60, 9000 // 60 + 200):
        play.silence(after=minute * 60)
    assert steps(play)[:3] == ["restart", "restart", "quarantine"]
    assert "page" in steps(play)
    kinds = [each.kind for each in play.said(CommandIssued)]
    assert kinds[:3] == [COMMAND_DRAIN, COMMAND_DRAIN, COMMAND_SLEEP]
    assert COMMAND_STOP in kinds
    assert [each.emergency for each in play.said(CommandIssued) if each.kind == COMMAND_STOP]
    assert {each.target for each in play.said(CommandIssued)} == {"w1"}
    assert [each.incident_class for each in play.said(IncidentEscalated)][:1] == [INCIDENT_MAJOR]
    assert modes(play)[:2] == ["operational", "degraded"]
    asleep = play.state.incidents["worker_silent\nw1"].asleep["w1"]
    assert asleep
    play.happens(WorkerHeartbeat(worker_id="w1"), after=30_000)
    said = play.silence(after=30_005)
    (released,) = [each for each in said if isinstance(each, CommandIssued)]
    assert released.kind == COMMAND_RELEASE
    assert released.releases_command_id == asleep
    (closed,) = play.said(IncidentClosed)
    assert closed.recovered
    assert modes(play)[-1] == "operational"
    play.replays()


def test_a_lost_worker_ends_its_incident_and_is_forgotten() -> None:
    play = Play()
    play.happens(WorkerRegistered(worker_id="w1", heartbeat_seconds=30), after=0)
    play.silence(after=80)
    play.happens(WorkerLost(worker_id="w1", silent_seconds=120), after=120)
    play.silence(after=125)
    (closed,) = play.said(IncidentClosed)
    assert not closed.recovered
    assert "what it held waits again" in closed.root_cause
    assert "w1" not in play.state.observations.workers
    play.replays()


def test_a_task_that_keeps_failing_is_set_aside() -> None:
    play = Play()
    for number in range(4):
        play.happens(FAILED, after=number)
    play.silence(after=5)
    (order,) = play.said(TaskOrdered)
    assert (order.task_id, order.order) == ("t1", ORDER_QUARANTINE)
    assert [each.subject for each in play.log if isinstance(each.event.payload, TaskOrdered)] == [
        "swarm.events.request.task_ordered.t1"
    ]
    play.happens(TaskQuarantined(task_id="t1"), after=6)
    play.silence(after=10)
    (closed,) = play.said(IncidentClosed)
    assert closed.recovered
    play.replays()


def test_what_a_failing_task_changed_is_taken_back_where_a_worker_can() -> None:
    play = Play()
    play.happens(WorkerRegistered(worker_id="w1", skills=["diagnostics"]), after=0)
    play.happens(WorkerRegistered(worker_id="w2", skills=["restoring"]), after=0)
    for number in range(4):
        play.happens(FAILED, after=number)
    play.silence(after=5)
    assert steps(play) == ["restore", "quarantine"]
    (objective,) = play.said(ObjectiveProposed)
    assert objective.description == "take back what task t1 changed"
    (step,) = json.loads(objective.metadata_json)["tasks"]
    assert (step["action"], step["skills"]) == ("restore.task", ["restoring"])
    assert step["payload"]["task_id"] == "t1"
    assert "4 attempts of task t1 failed within an hour" in step["payload"]["reason"]
    play.happens(TaskQuarantined(task_id="t1"), after=6)
    play.silence(after=10)
    (closed,) = play.said(IncidentClosed)
    assert "restore, attempt 1: what it changed is to be taken back" in closed.root_cause
    play.replays()


def test_where_no_worker_has_the_files_at_hand_nobody_is_asked_to_take_back() -> None:
    play = Play()
    play.happens(WorkerRegistered(worker_id="w1", skills=["diagnostics"]), after=0)
    play.happens(WorkerRegistered(worker_id="w2", skills=["restoring"]), after=0)
    play.happens(WorkerLost(worker_id="w2", silent_seconds=120), after=0)
    for number in range(4):
        play.happens(FAILED, after=number)
    play.silence(after=5)
    assert steps(play) == ["quarantine"]
    assert play.said(ObjectiveProposed) == []
    play.replays()


def test_it_gets_worse_with_what_is_measured() -> None:
    play = Play()
    for _ in range(20):
        play.happens(KILLED, after=5)
    assert [each.incident_class for each in play.said(IncidentOpened)] == [INCIDENT_MINOR]
    assert [each.incident_class for each in play.said(IncidentEscalated)] == [
        INCIDENT_MAJOR,
        INCIDENT_CRITICAL,
    ]
    assert modes(play) == ["operational", "degraded", "halted"]
    play.replays()


def test_a_critical_incident_holds_dispatch_and_calls_a_person() -> None:
    play = Play()
    play.happens(TRUNCATED, after=0)
    assert steps(play) == ["pause_dispatch", "page"]
    assert modes(play) == ["halted"]
    page = play.said(RecoveryAttempted)[-1]
    assert "critical incident stream_regressed of the log: stream_truncated: the end" in page.detail
    for minute in range(1, 31):
        play.silence(after=60 * minute)
    assert steps(play) == ["pause_dispatch", "page", "page"]  # once more after a quarter of an hour
    play.silence(after=1806)
    (closed,) = play.said(IncidentClosed)
    assert not closed.recovered
    assert modes(play) == ["halted", "operational"]
    play.replays()


def test_a_person_ends_what_a_playbook_holds() -> None:
    play = Play()
    play.happens(TRUNCATED, after=0)
    (mode,) = play.happens(HaltLifted(reason="I saw it"), after=9, role=ROLE_OPERATOR)
    assert isinstance(mode, SystemModeChanged)
    assert mode.mode == "degraded"
    assert play.silence(after=10) == []
    play.replays()


def test_each_halt_is_lifted_by_whoever_ordered_it() -> None:
    play = Play()
    play.silence(after=0)
    play.happens(HaltOrdered(reason="lunch"), after=1, role=ROLE_OPERATOR)
    play.happens(HaltOrdered(reason="the flag"), after=2, role=ROLE_GUARDIAN)
    play.happens(HaltLifted(), after=3, role=ROLE_OPERATOR)
    assert modes(play) == ["operational", "halted"]
    assert set(play.state.halts) == {BY_FLAG}
    play.happens(HaltOrdered(), after=4, role=ROLE_OPERATOR)
    play.happens(HaltLifted(), after=5, role=ROLE_GUARDIAN)
    assert set(play.state.halts) == {BY_PERSON}
    play.happens(HaltLifted(), after=6, role=ROLE_OPERATOR)
    assert modes(play) == ["operational", "halted", "operational"]
    assert play.said(SystemModeChanged)[1].reason == "by person: lunch"
    play.replays()


def test_ten_incidents_at_once_change_the_mode_once() -> None:
    play = Play()
    for number in range(10):
        host = f"node-{number}"
        sample = CapacitySampled(host=host, disk_used_bytes=96, disk_total_bytes=100)
        play.happens(sample, after=number, role=ROLE_GOVERNOR)
    play.silence(after=20)
    assert len(play.said(IncidentOpened)) == 10
    assert modes(play) == ["degraded"]
    play.replays()


def test_a_playbook_that_does_not_help_is_stopped_and_the_next_class_begins() -> None:
    play = Play()
    for number in range(3):
        play.happens(KILLED, after=400 * number)
        play.happens(AGAIN, after=400 * number + 1)
    assert steps(play) == ["restart"] * 3
    play.happens(KILLED, after=1200)
    (circuit,) = play.said(CircuitOpened)
    assert (circuit.playbook, circuit.subject_of_concern) == ("minor", "governor")
    assert circuit.for_seconds == 600
    (escalated,) = play.said(IncidentEscalated)
    assert escalated.incident_class == INCIDENT_MAJOR
    assert escalated.reason == "the playbook minor did not help"
    play.happens(AGAIN, after=1201)
    before = len(steps(play))
    play.happens(KILLED, after=1700)  # while the circuit is open: written down, and left alone
    play.happens(AGAIN, after=1701)
    assert len(steps(play)) == before
    play.happens(KILLED, after=2300)  # one is let through
    assert len(steps(play)) == before + 1
    play.happens(AGAIN, after=2301)
    play.happens(KILLED, after=2700)  # and did not help: twice as long
    assert play.said(CircuitOpened)[-1].for_seconds == 1200
    assert len(play.said(IncidentOpened)) == 7
    play.replays()


def test_what_is_long_ago_is_forgiven() -> None:
    play = Play()
    for number in range(8):
        play.happens(KILLED, after=4000 * number)
        play.happens(AGAIN, after=4000 * number + 1)
    assert steps(play) == ["restart"] * 8
    assert play.said(CircuitOpened) == []
    play.replays()


def test_what_was_tried_long_ago_is_forgotten_for_good() -> None:
    play = Play()
    for number in range(8):
        name = f"p{number}"
        exited = ProcessExited(name=name, pid=1, exit_code=1)
        play.happens(exited, after=4000 * number)
        play.happens(ProcessStarted(name=name, pid=2, attempt=2), after=4000 * number + 1)
    assert set(play.state.circuits) == {"minor\np7"}
    play.replays()


SAMPLING_STOPPED = AlarmRaised(
    name="sampling_stopped", message="no capacity sample of node-1 for 180 s"
)


def test_the_governor_that_no_longer_samples_is_told_to_drain_and_no_other() -> None:
    play = Play()
    for host in ("node-1", "node-2"):
        taken = LeadershipTaken(service="governor", scope=host, term=1, holder=f"of {host}")
        play.happens(taken, after=0, role=ROLE_GOVERNOR)
    governor = {"role": ROLE_GOVERNOR, "agent_id": "governor/node-1"}
    play.happens(SAMPLING_STOPPED, after=180, **governor)  # type: ignore[arg-type]
    _, opened, _, command = play.silence(after=185)
    assert isinstance(opened, IncidentOpened)
    assert (opened.rule, opened.subject_of_concern) == ("sampling_stopped", "governor/node-1")
    assert isinstance(command, CommandIssued)
    assert (command.kind, command.target) == (COMMAND_DRAIN, "of node-1")
    play.happens(CapacitySampled(host="node-2"), after=190, role=ROLE_GOVERNOR)
    assert play.silence(after=191) == []
    play.happens(CapacitySampled(host="node-1"), after=192, role=ROLE_GOVERNOR)
    _, closed = play.silence(after=195)
    assert isinstance(closed, IncidentClosed)
    assert closed.recovered
    assert closed.root_cause.endswith("it is told to drain and exit; samples come again")
    play.replays()


def test_a_governor_that_samples_no_more_for_all_that_is_escalated_and_then_given_up() -> None:
    play = Play()
    play.happens(SAMPLING_STOPPED, after=0, role=ROLE_GOVERNOR, agent_id="governor/node-1")
    for minute in range(1, 24 * 60 + 2):
        play.silence(after=60 * minute)
    assert steps(play)[:3] == ["restart"] * 3
    assert "rollback" in steps(play)
    assert "page" in steps(play)
    told = {each.target for each in play.said(CommandIssued)}
    assert told == {"governor"}, "the log does not say which one leads"
    (closed,) = play.said(IncidentClosed)
    assert not closed.recovered
    play.replays()


def test_the_overseer_that_leads_is_told_to_drain_not_the_one_that_waits() -> None:
    play = Play()
    for term, holder in ((1, "first"), (2, "second")):
        taken = LeadershipTaken(service="overseer", scope="main", term=term, holder=holder)
        play.happens(taken, after=term)
    play.happens(PulseCompleted(number=1, interval_seconds=240), after=3)
    play.silence(after=500)
    (command,) = play.said(CommandIssued)
    assert (command.kind, command.target) == (COMMAND_DRAIN, "second")
    taken = LeadershipTaken(service="overseer", scope="main", term=3, holder="third")
    play.happens(taken, after=510)
    play.silence(after=570)
    assert [each.target for each in play.said(CommandIssued)] == ["second", "third"]
    play.replays()


def test_commands_of_others_are_not_taken_for_its_own() -> None:
    play = Play()
    play.happens(WorkerRegistered(worker_id="w1", heartbeat_seconds=30), after=0)
    play.silence(after=80)
    sleep = CommandIssued(kind=COMMAND_SLEEP, target="w1")
    play.happens(sleep, after=81, role=ROLE_GOVERNOR)
    assert play.state.incidents["worker_silent\nw1"].asleep == EMPTY
    play.replays()


def test_the_playbooks_are_data_for_every_class_and_lead_somewhere_for_every_kind() -> None:
    assert set(PLAYBOOKS) == {INCIDENT_MINOR, INCIDENT_MAJOR, INCIDENT_CRITICAL}
    for rule in RULES:
        for playbook in (PLAYBOOKS[INCIDENT_MAJOR], PLAYBOOKS[INCIDENT_CRITICAL]):
            assert any((rule.kind, step.action) in ACTIONS for step in playbook.steps)


HAPPENINGS: list[Payload] = [
    KILLED,
    AGAIN,
    FAILED,
    TRUNCATED,
    TaskQuarantined(task_id="t1"),
    WorkerRegistered(worker_id="w1", heartbeat_seconds=30),
    WorkerHeartbeat(worker_id="w1"),
    WorkerLost(worker_id="w1"),
    PulseCompleted(number=1, interval_seconds=240),
    AlarmRaised(name="ingest_lag", first_sequence=1, last_sequence=60_001),
    AlarmRaised(name="ingest_lag", first_sequence=60_001, last_sequence=60_001),
    CapacitySampled(host="h", disk_used_bytes=99, disk_total_bytes=100),
    CapacitySampled(host="h", disk_used_bytes=9, disk_total_bytes=100),
    HaltOrdered(reason="x"),
    HaltLifted(),
]
histories = st.lists(
    st.tuples(st.sampled_from([*HAPPENINGS, None]), st.sampled_from([1.0, 60.0, 400.0, 3000.0])),
    max_size=40,
)


def test_time_alone_makes_nothing_critical_and_nothing_worse_that_nobody_could_mend() -> None:
    play = Play()
    sample = CapacitySampled(host="h", disk_used_bytes=91, disk_total_bytes=100)
    play.happens(WorkerRegistered(worker_id="w1", heartbeat_seconds=7200), after=0)
    play.happens(KILLED, after=0)
    for hour in range(48):
        play.happens(sample, after=3600 * hour, role=ROLE_GOVERNOR)
        play.silence(after=3600 * hour + 1)
    classes = {each.rule: each.incident_class for each in play.state.incidents.values()}
    assert classes == {
        "process_exited": INCIDENT_MAJOR,
        "worker_silent": INCIDENT_MAJOR,
        "disk_full": INCIDENT_MINOR,
    }
    assert modes(play) == ["operational", "degraded"]
    assert steps(play).count("page") == 6
    play.replays()


@settings(max_examples=150, deadline=None)
@given(histories)
def test_whatever_happens_each_incident_has_one_beginning_and_at_most_one_end(
    history: list[tuple[Payload | None, float]],
) -> None:
    play, now = Play(), 0.0
    for payload, seconds in history:
        now += seconds
        if payload is None:
            play.silence(after=now)
        else:
            play.happens(payload, after=now, role=ROLE_OPERATOR)
    opened = [each.incident_id for each in play.said(IncidentOpened)]
    closed = [each.incident_id for each in play.said(IncidentClosed)]
    assert len(set(opened)) == len(opened)
    assert len(set(closed)) == len(closed)
    still_open = {each.incident_id for each in play.state.incidents.values()}
    assert set(opened) == set(closed) | still_open
    assert not set(closed) & still_open
    tried = Counter(
        (each.incident_id, each.step, each.attempt) for each in play.said(RecoveryAttempted)
    )
    max_classes = 3
    assert all(count <= max_classes for count in tried.values())
    told = modes(play)
    assert all(one != other for one, other in pairwise(told))
    if told:
        assert play.state.mode == told[-1]
    play.replays()


@pytest.mark.parametrize("dropped", ["incident_opened", "system_mode_changed"])
def test_a_history_in_which_a_decision_is_missing_is_noticed(dropped: str) -> None:
    play = Play()
    play.happens(KILLED, after=1)
    play.log = [each for each in play.log if each.event.kind.field != dropped]
    with pytest.raises(AssertionError):
        play.replays()
