"""Can the law of tasks fail? A sound history is broken in every way that it forbids."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from enchanted.events.v1.leadership_pb2 import LeadershipTaken, RequestsTaken, TickObserved
from enchanted.events.v1.pulse_pb2 import PulseCompleted
from enchanted.events.v1.swarm_event_pb2 import ROLE_CODER, ROLE_OVERSEER, ROLE_WORKER
from enchanted.events.v1.task_pb2 import (
    RESULT_COMPLETED,
    RESULT_QUARANTINED,
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
from enchanted.events.v1.worker_pb2 import WorkerHeartbeat, WorkerRegistered
from nervous_system.contract.event import Event, RecordedEvent
from nervous_system.contract.payload import Payload
from nervous_system.contract.subjects import subject_for
from nervous_system.ids import child_id
from tests.faults.task_law import Known, examine

BEGINNING = datetime(2026, 11, 21, 12, tzinfo=UTC)
LEASE_SECONDS = 30.0

Step = tuple[float, Payload]
"""After so many seconds, this."""

WORKER = (WorkerRegistered, WorkerHeartbeat)


def leads(term: int) -> LeadershipTaken:
    return LeadershipTaken(service="overseer", scope="main", term=term)


def turn(term: int, seen: int) -> RequestsTaken:
    return RequestsTaken(service="overseer", term=term, as_of_sequence=seen, requests=1)


def submitted(task_id: str, *before: str) -> TaskSubmitted:
    return TaskSubmitted(manifest=TaskManifest(task_id=task_id, depends_on=before))


def claimed(task_id: str, worker: str, attempt: int = 1, request: str = "") -> TaskClaimed:
    return TaskClaimed(
        task_id=task_id,
        worker_id=worker,
        attempt=attempt,
        request_id=request or f"{task_id}/{attempt}",
        lease_seconds=LEASE_SECONDS,
    )


def completed(task_id: str, worker: str, attempt: int = 1) -> TaskCompleted:
    return TaskCompleted(task_id=task_id, worker_id=worker, attempt=attempt)


def ended(task_id: str) -> TaskAcknowledged:
    return TaskAcknowledged(task_id=task_id, result=RESULT_COMPLETED)


def released(task_id: str, worker: str, attempt: int = 1) -> TaskReleased:
    return TaskReleased(task_id=task_id, worker_id=worker, attempt=attempt)


SOUND: list[Step] = [
    (0, leads(1)),
    (0, WorkerRegistered(worker_id="w1")),
    (0, WorkerRegistered(worker_id="w2")),
    (1, turn(1, 3)),
    (1, submitted("a")),
    (1, submitted("b", "a")),
    (2, claimed("a", "w1")),
    (12, WorkerHeartbeat(worker_id="w1", task_ids=["a"])),
    (43, leads(2)),
    (43, TickObserved(service="overseer", term=2, as_of_sequence=9)),
    (43, released("a", "w1")),  # its lease ran out
    (44, claimed("a", "w2", 2)),
    (45, TaskProgressed(task_id="a", worker_id="w2", attempt=2)),
    (50, completed("a", "w2", 2)),
    (50, ended("a")),
    (51, claimed("b", "w2")),
    (52, TaskQuarantined(task_id="b")),
    (52, TaskAcknowledged(task_id="b", result=RESULT_QUARANTINED)),
    (53, TaskReleased(task_id="b", given_back=True)),
    (54, claimed("b", "w1", 2)),
    (55, TaskFailed(task_id="b", worker_id="w1", attempt=2, retry_in_seconds=1)),
    (57, claimed("b", "w2", 3)),
    (58, completed("b", "w2", 3)),
    (58, ended("b")),
    (59, TickObserved(service="overseer", term=2, as_of_sequence=24)),
    (59, PulseCompleted(number=1)),
    (60, leads(3)),
    (61, TickObserved(service="overseer", term=3, as_of_sequence=27)),
    (61, PulseCompleted(number=2)),
]


def history(steps: list[Step]) -> list[RecordedEvent]:
    log = []
    for sequence, (seconds, payload) in enumerate(steps, 1):
        at = BEGINNING + timedelta(seconds=seconds)
        event = Event(
            event_id=child_id("law", str(sequence)),
            timestamp=at,
            agent_role=ROLE_WORKER if isinstance(payload, WORKER) else ROLE_OVERSEER,
            agent_id="somebody",
            payload=payload,
            causation_id="cause",
        )
        subject = subject_for(event)
        log.append(RecordedEvent(event=event, sequence=sequence, subject=subject, recorded_at=at))
    return log


def known() -> Known:
    return Known(
        proposed={"a", "b"},
        accepted={"a", "b"},
        begun={("a", 1, "a"), ("a", 2, "a"), ("b", 3, "b")},
        finished={("a", 2), ("b", 3)},
    )


def _index(kind: type, number: int = 0) -> int:
    return [at for at, (_, payload) in enumerate(SOUND) if isinstance(payload, kind)][number]


def without(kind: type, number: int = 0) -> list[Step]:
    at = _index(kind, number)
    return [*SOUND[:at], *SOUND[at + 1 :]]


def changed(kind: type, which: int = 0, /, **fields: Any) -> list[Step]:
    steps = deepcopy(SOUND)
    payload = steps[_index(kind, which)][1]
    for name, value in fields.items():
        setattr(payload, name, value)
    return steps


def behind(kind: type, payload: Payload, number: int = 0) -> list[Step]:
    at = _index(kind, number)
    return [*SOUND[: at + 1], (SOUND[at][0], payload), *SOUND[at + 1 :]]


def moved(kind: type, seconds: float, number: int = 0) -> list[Step]:
    """The release at another time: nothing else moves."""
    steps = list(SOUND)
    at = _index(kind, number)
    steps[at] = (seconds, steps[at][1])
    return steps


BROKEN: dict[str, tuple[list[Step], str]] = {
    "an accepted task is lost": (
        [each for each in SOUND if getattr(each[1], "task_id", "") != "b"][:5]
        + [each for each in SOUND[6:] if getattr(each[1], "task_id", "") != "b"],
        "accepted tasks are not on the log: b",
    ),
    "a task never ends": (without(TaskAcknowledged, 2), "never ended: b"),
    "submitted twice": (behind(TaskSubmitted, submitted("a")), "submitted twice: a"),
    "never proposed": (behind(TaskSubmitted, submitted("c"), 1), "never proposed: c"),
    "completed twice": (
        behind(TaskCompleted, completed("a", "w2", 2)),
        "completed twice: a",
    ),
    "completed once more by a later attempt": (
        behind(TaskAcknowledged, completed("a", "w1", 1)),
        "steps of tasks that were not open: a",
    ),
    "claimed after the end": (
        behind(TaskAcknowledged, claimed("a", "w1", 3)),
        "steps of tasks that were not open: a",
    ),
    "claims overlap": (without(TaskReleased), "claims overlap: ('a', 2)"),
    "claimed while set aside": (without(TaskReleased, 1), "claims overlap: ('b', 2)"),
    "an attempt twice": (
        changed(TaskClaimed, 1, attempt=1),
        "attempts do not follow one another: ('a', 1)",
    ),
    "one request, two tasks": (changed(TaskClaimed, 2, request_id="a/1"), "got two tasks: a/1"),
    "begun before what it depends on": (
        [*SOUND[:6], (2, claimed("b", "w2")), *SOUND[6:]],
        "before what the task depends on: ('b', 1, ['a'])",
    ),
    "finished by another": (
        changed(TaskCompleted, worker_id="w1"),
        "did not hold the task: task_completed of a",
    ),
    "a late result that was applied": (
        changed(TaskCompleted, attempt=1),
        "did not hold the task: task_completed of a",
    ),
    "failed by another": (changed(TaskFailed, worker_id="w2"), "task_failed of b"),
    "progress of another": (changed(TaskProgressed, attempt=1), "task_progressed of a"),
    "released by another": (changed(TaskReleased, worker_id="w2"), "task_released of a"),
    "acknowledged as completed, and it was not": (
        without(TaskCompleted, 1),
        "acknowledgements say otherwise: b",
    ),
    "a lease ends early": (moved(TaskReleased, 41), "leases ended early: task_released of a"),
    "a deposed leader writes": (
        changed(TickObserved, term=1),
        "written by a deposed leader: 10",
    ),
    "a pulse twice": (
        behind(PulseCompleted, PulseCompleted(number=1)),
        "pulses do not follow one another: 1 at 27",
    ),
    "a pulse once more by the next leader": (
        changed(PulseCompleted, 1, number=1),
        "pulses do not follow one another: 1 at 29",
    ),
    "a pulse is left out": (
        without(PulseCompleted),
        "pulses do not follow one another: 2 at 28",
    ),
    "two leaders of one term": (changed(LeadershipTaken, 1, term=1), "terms do not follow"),
}


@pytest.fixture(scope="module")
def sound() -> list[RecordedEvent]:
    return history(SOUND)


def test_the_law_holds_for_a_sound_history(sound: list[RecordedEvent]) -> None:
    report = examine(sound, known())
    assert str(report) == (
        "the law holds: 2 tasks, 3 terms, 5 claims, 1 releases, 2 completed, 2 pulses"
    )


@pytest.mark.parametrize(("steps", "sentence"), BROKEN.values(), ids=BROKEN)
def test_each_broken_rule_is_found(steps: list[Step], sentence: str) -> None:
    report = examine(history(steps), known())
    assert "the law is broken" in str(report)
    assert sentence in str(report)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda k: k.begun.add(("a", 3, "a")), "begun without a claim: ('a', 3, 'a')"),
        (lambda k: k.begun.add(("b", 2, "other")), "another idempotency key: ('b', 2, 'other')"),
        (lambda k: k.finished.add(("b", 2)), "taken are not on the log: ('b', 2)"),
    ],
)
def test_what_workers_know_is_held_against_the_log(
    sound: list[RecordedEvent], change: Callable[[Known], None], sentence: str
) -> None:
    told = known()
    change(told)
    assert sentence in str(examine(sound, told))


def test_an_event_that_is_on_the_log_twice_is_found(sound: list[RecordedEvent]) -> None:
    again = replace(sound[4], sequence=len(sound) + 1)
    assert "on the log twice" in str(examine([*sound, again], known()))


@pytest.mark.parametrize("seconds", [-3600, 3600])
def test_a_decision_by_a_clock_that_is_off_is_found(
    sound: list[RecordedEvent], seconds: float
) -> None:
    event = sound[6].event
    off = replace(event, timestamp=event.timestamp + timedelta(seconds=seconds))
    log = [replace(each, event=off) if each is sound[6] else each for each in sound]
    assert "another time than the stream's: task_claimed at 7" in str(examine(log, known()))


def test_a_lease_was_kept_only_by_what_its_end_had_seen() -> None:
    """A heartbeat that came between the decision and its append does not count."""
    steps = [*SOUND[:8], (42, WorkerHeartbeat(worker_id="w1", task_ids=["a"])), *SOUND[8:]]
    assert examine(history(steps), known()).breaches != []
    unseen = deepcopy(steps)
    unseen[10][1].as_of_sequence = 8
    assert examine(history(unseen), known()).breaches == []


def test_a_worker_that_begins_a_new_life_loses_its_tasks_at_once() -> None:
    steps = moved(TaskReleased, 13)
    steps = [*steps[:8], (12, WorkerRegistered(worker_id="w1")), *steps[8:]]
    assert examine(history(steps), known()).breaches == []


def test_what_others_than_the_overseer_say_of_a_task_does_not_count(
    sound: list[RecordedEvent],
) -> None:
    foreign = replace(sound[13].event, agent_role=ROLE_CODER, event_id="foreign")
    stranger = replace(sound[13], event=foreign)
    assert examine([*sound, stranger], known()).breaches == []


def test_tasks_may_be_open_where_a_test_says_so() -> None:
    steps = without(TaskAcknowledged, 2)
    assert examine(history(steps), known(), all_ended=False).breaches == []
