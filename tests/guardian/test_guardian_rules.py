"""Does each rule see what it is about, as bad as it is, and no longer than it lasts?"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

import guardian.rules
from enchanted.events.v1.alarm_pb2 import AlarmRaised
from enchanted.events.v1.capacity_pb2 import CapacitySampled
from enchanted.events.v1.incident_pb2 import (
    INCIDENT_CRITICAL,
    INCIDENT_MAJOR,
    INCIDENT_MINOR,
    INCIDENT_UNSPECIFIED,
)
from enchanted.events.v1.leadership_pb2 import LeadershipTaken
from enchanted.events.v1.process_pb2 import ProcessExited, ProcessStarted
from enchanted.events.v1.pulse_pb2 import PulseCompleted
from enchanted.events.v1.swarm_event_pb2 import ROLE_SUPERVISOR
from enchanted.events.v1.task_pb2 import (
    TaskAcknowledged,
    TaskClaimed,
    TaskCompleted,
    TaskFailed,
    TaskManifest,
    TaskProgressed,
    TaskQuarantined,
    TaskReleased,
    TaskSubmitted,
)
from enchanted.events.v1.worker_pb2 import (
    WorkerDeparted,
    WorkerHeartbeat,
    WorkerLost,
    WorkerRegistered,
)
from guardian.model import GuardianLimits
from guardian.observations import Observations
from guardian.observe import watch
from guardian.rules import RULES
from guardian.rules.rule import Look
from nervous_system.contract.event import Event, RecordedEvent
from nervous_system.contract.payload import Payload
from nervous_system.ids import child_id
from tests.guardian.guardian_play import START

BY_NAME = {rule.name: rule for rule in RULES}
LIMITS = GuardianLimits(lag_positions=1000, no_progress_seconds=600)
Happened = tuple[float, Payload]

MINOR, MAJOR, CRITICAL = INCIDENT_MINOR, INCIDENT_MAJOR, INCIDENT_CRITICAL
WELL = INCIDENT_UNSPECIFIED


def seen(history: list[Happened]) -> Observations:
    watched = Observations()
    for number, (after, payload) in enumerate(history):
        event = Event(
            event_id=child_id("tests", f"seen {number}"),
            timestamp=START,
            agent_role=ROLE_SUPERVISOR,
            agent_id="test",
            payload=payload,
        )
        at = START + timedelta(seconds=after)
        watched = watch(
            watched, RecordedEvent(event=event, sequence=1, subject="x", recorded_at=at)
        )
    return watched


@dataclass(frozen=True)
class Case:
    """A history, and what a rule says of it at one moment."""

    rule: str
    history: list[Happened]
    at: float
    incident_class: int
    subject: str = ""
    words: tuple[str, ...] = ()
    holds: bool = field(default=True)  # not well enough for an open incident to end


EXIT = ProcessExited(name="governor", pid=42, exit_code=-9, attempt=1, restart_in_seconds=0.5)
WORKER = WorkerRegistered(worker_id="w1", heartbeat_seconds=30)
HEARTBEAT = WorkerHeartbeat(worker_id="w1")
CLAIM = TaskClaimed(task_id="t1", worker_id="w1", attempt=1)
FAILED = TaskFailed(task_id="t1", worker_id="w1", retry_in_seconds=1)
COMPLETED = TaskCompleted(task_id="t1", worker_id="w1", attempt=1)
PULSE = PulseCompleted(number=7, interval_seconds=240, ingest_lag=0)
GUARDS = LeadershipTaken(service="guardian", scope="main", term=1)


def alarm(name: str, *, first: int = 0, last: int = 0) -> AlarmRaised:
    return AlarmRaised(
        name=name, message=f"{name} it is", epoch=1, first_sequence=first, last_sequence=last
    )


def disk(percent: int) -> CapacitySampled:
    return CapacitySampled(host="node-1", disk_used_bytes=percent, disk_total_bytes=100)


def lags(*positions: int) -> list[Happened]:
    return [
        (60.0 * number, alarm("ingest_lag", first=10, last=10 + each))
        for number, each in enumerate(positions)
    ]


def with_pulses(looks: list[Happened]) -> list[Happened]:
    """At default intervals: each pulse says again what the guardian said last."""
    lag, history = 0, list[Happened]()
    for after, payload in looks:
        if after % 240 == 0:
            pulse = PulseCompleted(number=1, interval_seconds=240, ingest_lag=lag)
            history.append((after, pulse))
        history.append((after, payload))
        assert isinstance(payload, AlarmRaised)
        lag = payload.last_sequence - payload.first_sequence
    return history


def times(count: int, payload: Payload, *, every: float = 1) -> list[Happened]:
    return [(every * number, payload) for number in range(count)]


WORKERS: list[Happened] = [
    (0, WorkerRegistered(worker_id=worker_id, host=host, heartbeat_seconds=30))
    for worker_id, host in (("w1", "node-1"), ("w2", "node-2"), ("w3", "node-1"))
]


def submitted(task_id: str, *, objective: str = "o1", action: str = "work") -> list[Happened]:
    manifest = TaskManifest(task_id=task_id, objective_id=objective, action=action)
    return [*WORKERS, (0, TaskSubmitted(manifest=manifest))]


def allowing(max_attempts: int, max_losses: int | None = None) -> Happened:
    """The task t1, with limits of its own."""
    manifest = TaskManifest(task_id="t1", max_attempts=max_attempts, max_losses=max_losses)
    return (0, TaskSubmitted(manifest=manifest))


def failures(
    count: int,
    worker_id: str,
    *,
    objective: str = "o1",
    action: str = "work",
    lost: bool = False,
) -> list[Happened]:
    """One worker fails at so many tasks."""
    history = list[Happened]()
    for number in range(count):
        task_id = f"{objective}-{action}-{worker_id}-{number}"
        history += submitted(task_id, objective=objective, action=action)
        end = (TaskReleased if lost else TaskFailed)(task_id=task_id, worker_id=worker_id)
        history.append((1, end))
    return history


def successes(
    count: int, worker_id: str, *, objective: str = "o1", action: str = "work"
) -> list[Happened]:
    """One worker does so many tasks."""
    history = list[Happened]()
    for number in range(count):
        task_id = f"done-{objective}-{action}-{worker_id}-{number}"
        history += submitted(task_id, objective=objective, action=action)
        history.append((1, TaskCompleted(task_id=task_id, worker_id=worker_id)))
    return history


def scattered(count: int) -> list[Happened]:
    """So many tasks fail, and no two of a kind."""
    return [
        each
        for number in range(count)
        for each in failures(1, "w1", objective=f"o{number}", action=f"a{number}")
    ]


CASES = [
    # A process ended.
    Case("process_exited", [(0, EXIT)], 1, MINOR, "governor", ("pid 42", "signal 9 (SIGKILL)")),
    Case(
        "process_exited",
        [(0, ProcessExited(name="nats", pid=1, exit_code=3))],
        1,
        MINOR,
        "nats",
        ("exit code 3",),
    ),
    Case(
        "process_exited",
        [(0, EXIT), (1, ProcessStarted(name="governor", pid=43))],
        1,
        WELL,
        holds=False,
    ),
    Case("process_exited", times(4, EXIT), 5, MAJOR, "governor", ("4 times",)),
    Case(
        "process_exited",
        [*times(4, EXIT), (5, ProcessStarted(name="governor", pid=43))],
        6,
        MAJOR,
        "governor",
    ),
    Case(
        "process_exited",
        [*times(4, EXIT), (5, ProcessStarted(name="governor", pid=43))],
        310,
        WELL,
        holds=False,
    ),
    Case("process_exited", times(19, EXIT), 20, MAJOR, "governor"),
    Case("process_exited", times(20, EXIT), 21, CRITICAL, "governor"),
    Case("process_exited", [(0, ProcessExited(name="x", exit_code=0))], 1, WELL, holds=False),
    Case("process_exited", [(0, ProcessStarted(name="x", pid=1))], 9999, WELL, holds=False),
    # A worker is silent.
    Case("worker_silent", [(0, WORKER)], 74, WELL, holds=False),
    Case("worker_silent", [(0, WORKER)], 75, MINOR, "w1", ("75 s", "every 30 s")),
    Case("worker_silent", [(0, WORKER)], 360, MAJOR, "w1"),
    Case("worker_silent", [(0, WORKER), (60, HEARTBEAT)], 130, WELL, holds=False),
    Case("worker_silent", [(0, HEARTBEAT)], 80, MINOR, "w1"),
    *(
        Case("worker_silent", [(0, WORKER), (60, word)], 130, WELL, holds=False)
        for word in (CLAIM, TaskProgressed(task_id="t1", worker_id="w1"), COMPLETED, FAILED)
    ),
    Case("worker_silent", [(0, WORKER), (60, CLAIM)], 135, MINOR, "w1", ("75 s",)),
    Case("worker_silent", [(0, CLAIM)], 999, WELL, holds=False),  # it did not offer itself
    Case(
        "worker_silent",
        [(0, WORKER), (60, TaskReleased(task_id="t1", worker_id="w1"))],
        75,
        MINOR,
        "w1",
    ),  # the overseer said so
    Case(
        "worker_silent",
        [(0, WORKER), (1, WorkerDeparted(worker_id="w1"))],
        999,
        WELL,
        holds=False,
    ),
    Case("worker_silent", [(0, WORKER), (120, WorkerLost(worker_id="w1"))], 999, WELL, holds=False),
    Case("worker_silent", [(0, WORKER), (500, GUARDS)], 550, WELL, holds=False),
    # A worker gets nowhere.
    Case("worker_stuck", [(0, WORKER), (0, CLAIM), (590, HEARTBEAT)], 599, WELL, holds=False),
    Case("worker_stuck", [(0, WORKER), (0, CLAIM), (590, HEARTBEAT)], 600, MINOR, "w1", ("t1",)),
    Case("worker_stuck", [(0, WORKER), (0, CLAIM), (1790, HEARTBEAT)], 1800, MAJOR, "w1"),
    Case(
        "worker_stuck",
        [
            *[(0, WORKER), (0, CLAIM)],  # type: ignore[list-item]
            *[(500, TaskProgressed(task_id="t1", worker_id="w1")), (590, HEARTBEAT)],  # type: ignore[list-item]
        ],
        600,
        WELL,
        holds=False,
    ),
    Case("worker_stuck", [(0, WORKER), (0, CLAIM)], 600, WELL, holds=False),  # it is silent
    Case(
        "worker_stuck",
        [
            *[(0, WORKER), (0, CLAIM), (590, HEARTBEAT)],  # type: ignore[list-item]
            (595, TaskReleased(task_id="t1", worker_id="w1")),
        ],
        600,
        WELL,
        holds=False,
    ),
    # A worker fails at what others do.
    Case(
        "worker_failing",
        [*failures(5, "w1"), *successes(5, "w2")],
        6,
        MINOR,
        "w1",
        ("5 of 5 tasks of worker w1",),
    ),
    Case("worker_failing", [*failures(20, "w1"), *successes(5, "w2")], 21, MAJOR, "w1"),
    Case("worker_failing", [*failures(4, "w1"), *successes(5, "w2")], 6, WELL, "w1"),
    Case("worker_failing", [*failures(5, "w1")], 6, WELL, holds=False),  # who else tried?
    Case(  # so do others
        "worker_failing",
        [*failures(9, "w1"), *failures(9, "w2"), *successes(2, "w3")],
        9,
        WELL,
        holds=False,
    ),
    Case(  # at the same task, again and again
        "worker_failing",
        [*submitted("t1"), *times(9, FAILED), *successes(5, "w2")],
        9,
        WELL,
        holds=False,
    ),
    Case(  # others do something else
        "worker_failing",
        [*failures(9, "w1"), *successes(9, "w2", action="another")],
        9,
        WELL,
        holds=False,
    ),
    Case(  # and so does it, mostly
        "worker_failing",
        [*failures(5, "w1"), *successes(6, "w1"), *successes(9, "w2")],
        9,
        WELL,
        holds=False,
    ),
    Case(  # its machine was busy
        "worker_failing",
        [*failures(9, "w1", lost=True), *successes(9, "w2")],
        9,
        WELL,
        holds=False,
    ),
    Case("worker_failing", [*failures(5, "w1"), *successes(5, "w2")], 700, WELL, holds=False),
    # A machine.
    Case(
        "machine_failing",
        [*failures(3, "w1"), *failures(3, "w3"), *successes(5, "w2")],
        6,
        MINOR,
        "node-1",
        ("6 of 6 tasks of the 2 workers of machine node-1",),
    ),
    Case(
        "machine_failing",
        [*failures(10, "w1"), *failures(10, "w3"), *successes(5, "w2")],
        11,
        MAJOR,
        "node-1",
    ),
    Case(
        "worker_failing",
        [*failures(10, "w1"), *failures(10, "w3"), *successes(50, "w2")],
        11,
        WELL,
        holds=False,
    ),
    Case(
        "machine_failing",
        [*failures(10, "w1"), *successes(10, "w3"), *successes(5, "w2")],
        11,
        WELL,
        holds=False,
    ),
    # An objective.
    Case(
        "objective_failing",
        [*failures(5, "w1"), *failures(5, "w2")],
        6,
        MAJOR,
        "o1",
        ("10 of 10 tasks of objective o1 failed, at 2 workers",),
    ),
    Case("objective_failing", [*failures(5, "w1"), *failures(4, "w2")], 6, WELL, "o1"),
    Case("objective_failing", failures(10, "w1"), 11, WELL, holds=False),  # the others did not try
    Case(  # and only one machine did
        "objective_failing", [*failures(9, "w1"), *failures(9, "w3")], 11, WELL, holds=False
    ),
    Case(  # somebody does it
        "objective_failing",
        [*failures(9, "w1"), *failures(9, "w3"), *failures(1, "w2"), *successes(2, "w2")],
        11,
        WELL,
        holds=False,
    ),
    Case(  # by fault of one action in it
        "objective_failing",
        [
            *(each for of in ("w1", "w2") for each in failures(5, of)),
            *(each for of in ("w1", "w2") for each in successes(30, of, action="another")),
        ],
        31,
        MAJOR,
        "o1",
    ),
    Case("objective_failing", [*failures(5, "w1"), *failures(5, "w2")], 700, WELL, holds=False),
    # An action.
    *(
        Case(
            rule,
            [
                each
                for number in range(10)
                for each in failures(1, f"w{number % 2 + 1}", objective=f"o{number}")
            ],
            2,
            incident_class,
            "work",
            holds=bool(incident_class),
        )
        for rule, incident_class in (("action_failing", MAJOR), ("failure_burst", WELL))
    ),
    Case(
        "action_failing",
        [*failures(9, "w1"), *failures(9, "w2"), *successes(9, "w1", objective="o2")],
        9,
        WELL,
        holds=False,
    ),
    # A task fails.
    Case("task_failing", times(4, FAILED), 6, MINOR, "t1", ("4 attempts of task t1",)),
    Case("task_failing", times(8, FAILED), 9, MAJOR, "t1"),
    Case(
        "task_failing",
        times(4, TaskReleased(task_id="t1", worker_id="w1", given_back=True)),
        6,
        WELL,
        holds=False,
    ),
    Case("task_failing", times(4, TaskReleased(task_id="t1", worker_id="w1")), 6, MINOR, "t1"),
    *(  # a task that allows ten gets ten, whichever ten
        Case("task_failing", [allowing(*own), *times(ended, FAILED)], 20, incident_class, "t1")
        for own in ((10,), (3, 10))
        for ended, incident_class in ((10, WELL), (11, MINOR), (15, MAJOR))
    ),
    Case("task_failing", [allowing(2), *times(4, FAILED)], 6, MINOR, "t1"),
    *(
        Case("task_failing", [*times(8, FAILED), (9, over)], 9, WELL, holds=False)
        for over in (TaskQuarantined(task_id="t1"), TaskAcknowledged(task_id="t1"))
    ),
    # Many tasks fail.
    Case("failure_burst", scattered(20), 21, MAJOR, "tasks", ("20 tasks failed and 0",)),
    Case("failure_burst", scattered(200), 21, CRITICAL, "tasks"),
    Case("failure_burst", scattered(19), 21, WELL, "tasks"),
    Case("failure_burst", [*scattered(20), *successes(21, "w2")], 21, WELL, holds=False),
    Case("failure_burst", scattered(20), 400, WELL, holds=False),
    Case("failure_burst", times(200, FAILED, every=0.1), 21, WELL, holds=False),  # one task
    *(  # somebody, or something, is to blame
        Case("failure_burst", history, 201, WELL, holds=False)
        for history in (
            [*failures(200, "w1"), *failures(200, "w2")],
            [*failures(200, "w1"), *successes(30, "w2")],
            [*failures(200, "w1"), *failures(200, "w3"), *successes(30, "w2")],
        )
    ),
    # The pulse.
    Case("pulse_overdue", [], 99_999, WELL, holds=False),
    Case("pulse_overdue", [(0, PULSE)], 240, WELL, holds=False),
    Case("pulse_overdue", [(0, PULSE)], 479, WELL, "overseer"),
    Case("pulse_overdue", [(0, PULSE)], 480, MINOR, "overseer", ("pulse 8 is overdue",)),
    Case("pulse_overdue", [(0, PULSE)], 960, MAJOR, "overseer"),
    Case("pulse_overdue", [(0, PULSE), (900, GUARDS)], 1100, WELL, holds=False),
    # The lead.
    Case(
        "lease_churn",
        times(5, LeadershipTaken(service="governor", scope="node-1")),
        9,
        MINOR,
        "governor/node-1",
        ("5 times",),
    ),
    Case("lease_churn", times(12, LeadershipTaken(service="x", scope="main")), 19, MAJOR, "x"),
    Case(
        "lease_churn",
        times(12, LeadershipTaken(service="x", scope="main")),
        700,
        WELL,
        holds=False,
    ),
    Case(  # a person started the mesh again and again
        "lease_churn",
        [
            (n, each)
            for n in range(12)
            for each in (
                ProcessStarted(name="governor", pid=n, attempt=1),
                LeadershipTaken(service="governor", scope="node-1"),
            )
        ],
        12,
        WELL,
        holds=False,
    ),
    Case(  # the supervisor did
        "lease_churn",
        [
            (n, each)
            for n in range(12)
            for each in (
                ProcessStarted(name="governor", pid=n, attempt=n + 2),
                LeadershipTaken(service="governor", scope="node-1"),
            )
        ],
        12,
        MAJOR,
        "governor/node-1",
    ),
    Case(
        "lease_churn",
        [(1, LeadershipTaken(service="governor", scope=f"node-{n}")) for n in range(12)],
        9,
        WELL,
        holds=False,
    ),
    # A machine is no longer looked at.
    Case(
        "sampling_stopped",
        [(0, alarm("sampling_stopped"))],
        1,
        MINOR,
        "governor/test",
        ("sampling_stopped it is",),
    ),
    Case(
        "sampling_stopped",
        [(0, alarm("sampling_stopped")), (60, CapacitySampled(host="test"))],
        61,
        WELL,
        holds=False,
    ),
    Case(
        "sampling_stopped",
        [(0, alarm("sampling_stopped")), (60, CapacitySampled(host="another"))],
        61,
        MINOR,
        "governor/test",
    ),
    Case("sampling_stopped", [(0, alarm("sampling_stopped"))], 86_401, WELL, holds=False),
    # ClickHouse.
    Case("ingest_behind", lags(1000), 1, MINOR, "ClickHouse", ("1,000 positions",)),
    Case("ingest_behind", lags(20_000), 1, MAJOR, "ClickHouse"),
    Case("ingest_behind", [(0, PulseCompleted(ingest_lag=20_000))], 1, WELL, holds=False),
    Case("ingest_behind", lags(1000, 600), 61, WELL, "ClickHouse"),
    Case("ingest_behind", lags(1000, 499), 61, WELL, holds=False),
    Case("ingest_growing", lags(*range(100, 1000, 100)), 999, MINOR, "ingestor", ("8 looks",)),
    Case("ingest_growing", lags(*range(100, 1700, 100)), 999, MAJOR, "ingestor"),
    Case("ingest_growing", with_pulses(lags(*range(100, 1000, 100))), 999, MINOR, "ingestor"),
    Case("ingest_growing", with_pulses(lags(*range(100, 1700, 100))), 999, MAJOR, "ingestor"),
    Case("ingest_growing", lags(*range(100, 1000, 100), 800), 999, WELL, holds=False),
    Case("ingest_growing", lags(*range(10)), 999, WELL, holds=False),
    # Parked events.
    Case("parked_growing", [(0, alarm("parked_events"))], 1, MINOR, words=("parked_events it",)),
    Case("parked_growing", times(10, alarm("parked_events"), every=60), 601, MAJOR),
    Case("parked_growing", [(0, alarm("parked_events"))], 3601, WELL, holds=False),
    # The log.
    *(
        Case("stream_regressed", [(0, alarm(name))], 1, CRITICAL, "the log", (name,))
        for name in ("stream_truncated", "positions_lost")
    ),
    Case("stream_regressed", [(0, alarm("stream_truncated"))], 1801, WELL, holds=False),
    Case("stream_regressed", [(0, alarm("sampling_stopped"))], 1, WELL, holds=False),
    Case("log_filling", [(0, alarm("log_nearly_full"))], 1, MAJOR, "the log"),
    Case("log_filling", [(0, alarm("log_full"))], 1, CRITICAL, "the log"),
    Case("log_filling", [(0, alarm("log_full"))], 1801, WELL, holds=False),
    # The disk.
    *(
        Case("disk_full", [(0, disk(percent))], 1, incident_class, "node-1")
        for percent, incident_class in ((90, MINOR), (95, MAJOR), (98, CRITICAL), (89, WELL))
    ),
    Case("disk_full", [(0, disk(95)), (60, disk(87))], 61, WELL, holds=False),
    Case("disk_full", [(0, disk(99))], 3601, WELL, holds=False),
    Case("disk_full", [(0, CapacitySampled(host="x"))], 1, WELL, holds=False),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)
def test_what_a_rule_says(case: Case) -> None:
    rule = BY_NAME[case.rule]
    now = START + timedelta(seconds=case.at)
    found = [
        each
        for each in rule.find(Look(seen(case.history), LIMITS, now))
        if each.measure >= rule.clears_below
    ]
    assert bool(found) == case.holds
    if not found:
        return
    (finding,) = found
    assert rule.classify(finding.measure) == case.incident_class, finding
    assert case.subject in ("", finding.subject)
    for word in case.words:
        assert word in finding.summary
    assert len(finding.summary) < 200
    ids = {child_id("tests", f"seen {number}") for number in range(len(case.history))}
    assert finding.cause_event_id in ids | {""}


def test_every_rule_has_cases_in_which_it_opens_and_in_which_it_ends() -> None:
    for rule in RULES:
        mine = [case for case in CASES if case.rule == rule.name]
        opened = {case.incident_class for case in mine} - {WELL}
        assert opened == {grade.incident_class for grade in rule.grades}, rule.name
        assert any(not case.holds for case in mine), rule.name


def test_the_rules_are_data_in_order() -> None:
    assert len(BY_NAME) == len(RULES)
    for rule in RULES:
        measures = [grade.at_least for grade in rule.grades]
        classes = [grade.incident_class for grade in rule.grades]
        assert measures == sorted(set(measures))
        assert classes == sorted(set(classes))
        assert rule.clears_below <= measures[0]
        assert rule.question.endswith("?")


def test_a_rule_knows_no_clock_and_no_outside() -> None:
    for path in Path(guardian.rules.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import | ast.ImportFrom):
                name = node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
                assert name not in ("time", "random", "os", "pathlib", "asyncio"), path


def test_the_readme_lists_each_rule_as_it_is() -> None:
    readme = (Path(guardian.rules.__file__).parents[1] / "README.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| ([^|]+\?) \|", readme, flags=re.M)
    assert rows == [(rule.name, rule.kind, rule.question) for rule in RULES]
