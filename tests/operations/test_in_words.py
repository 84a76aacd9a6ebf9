"""Is every kind of payload said in words, and in the right ones?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from enchanted.events.v1.action_outcome_pb2 import (
    OUTCOME_FAILED,
    OUTCOME_SUCCEEDED,
    ActionOutcome,
)
from enchanted.events.v1.alarm_pb2 import (
    SEVERITY_CRITICAL,
    SEVERITY_INFO,
    SEVERITY_WARNING,
    AlarmRaised,
)
from enchanted.events.v1.command_pb2 import (
    COMMAND_RELEASE,
    COMMAND_THROTTLE,
    CommandAcknowledged,
    CommandIssued,
)
from enchanted.events.v1.incident_pb2 import (
    INCIDENT_MAJOR,
    IncidentClosed,
    IncidentOpened,
    TimelineEntry,
)
from enchanted.events.v1.leadership_pb2 import RequestsTaken
from enchanted.events.v1.objective_pb2 import (
    OBJECTIVE_ACHIEVED,
    OBJECTIVE_FAILED,
    ObjectiveFinished,
)
from enchanted.events.v1.pulse_pb2 import HaltLifted, PulseCompleted
from enchanted.events.v1.task_pb2 import (
    RESULT_CHECKS_FAILED,
    RESULT_COMPLETED,
    RESULT_EXPIRED,
    RESULT_FAILED,
    RESULT_QUARANTINED,
    TaskAcknowledged,
    TaskClaimed,
    TaskFailed,
    TaskManifest,
    TaskProgressed,
    TaskReleased,
    TaskSubmitted,
)
from enchanted.events.v1.task_request_pb2 import ClaimRequested, TasksProposed
from enchanted.events.v1.worker_pb2 import WorkerHeartbeat
from ganglion.event_line import one_line
from nervous_system.contract.codec import decode
from nervous_system.contract.payload import KINDS, Payload
from nervous_system.phrases import pluralize, taken_out
from operations.descriptions.table import DESCRIPTIONS, describe, is_failure

GOLDEN = Path(__file__).parents[2] / "contracts" / "golden"


def test_every_kind_has_a_sentence() -> None:
    assert set(DESCRIPTIONS) == set(KINDS)


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.bin")), ids=lambda path: path.stem)
def test_a_sentence_is_not_the_fields(path: Path) -> None:
    payload = decode(path.read_bytes()).payload
    said = describe(payload)
    assert said
    assert [field for field in payload.DESCRIPTOR.fields if f'{field.name}"' in said] == []


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_payload_that_says_nothing_has_a_sentence_too(kind: type[Payload]) -> None:
    assert not describe(kind()).endswith(":")


@pytest.mark.parametrize(
    ("payload", "sentence"),
    [
        (ActionOutcome(status=OUTCOME_FAILED, output="1 failed"), "failed 1 failed"),
        (
            TaskSubmitted(
                manifest=TaskManifest(
                    task_id="t", action="a.b", priority=7, depends_on=["r", "s"], description="d"
                )
            ),
            "t is to do a.b, priority 7, after r and s: d",
        ),
        (
            TaskSubmitted(
                manifest=TaskManifest(
                    task_id="t", action="a", required_cpu_count=0.5, required_memory_bytes=1 << 31
                )
            ),
            "t is to do a, priority 0, needs 0.5 processors and 2 GiB of memory",
        ),
        (
            TaskClaimed(task_id="t", worker_id="w", attempt=2, lease_seconds=120),
            "w has t for 120 s, attempt 2",
        ),
        (
            TaskProgressed(task_id="t", worker_id="w", fraction=0.0, note="n", lease_seconds=1.5),
            "t is 0 % done, says w: n",
        ),
        (
            TaskProgressed(task_id="t", worker_id="w", lease_seconds=3600),
            "t goes on, says w",
        ),
        (
            TaskReleased(task_id="t", worker_id="w", reason="its lease ran out"),
            "t is taken from w: its lease ran out",
        ),
        (
            TaskReleased(task_id="t", worker_id="w", retry_in_seconds=2, given_back=True),
            "t is given back by w, again in 2 s",
        ),
        (
            TaskFailed(task_id="t", worker_id="w", attempt=1, result=RESULT_CHECKS_FAILED),
            "attempt 1 at t by w ended as checks failed, no attempt is left",
        ),
        (
            TaskFailed(
                task_id="t", worker_id="w", attempt=1, retry_in_seconds=0.0, reason="no disk"
            ),
            "attempt 1 at t by w ended as unspecified, again in 0 s: no disk",
        ),
        (
            TaskAcknowledged(
                task_id="t",
                worker_id="w",
                attempts=2,
                result=RESULT_COMPLETED,
                duration_seconds=0.0346,
                tool_efficacy_score=99.6,
            ),
            "t ended as completed after 2 attempts, the last of 0.035 s by w, TES 100",
        ),
        (  # nobody had it at the end
            TaskAcknowledged(task_id="t", worker_id="w", attempts=4, result=RESULT_QUARANTINED),
            "t ended as quarantined after 4 attempts, the last by w, TES 0",
        ),
        (
            TaskAcknowledged(task_id="t", result=RESULT_EXPIRED, notes="too late"),
            "t ended as expired and was never tried: too late",
        ),
        (
            TasksProposed(
                tasks=[TaskManifest(task_id=str(n)) for n in range(7)],
                together=True,
            ),
            "7 tasks proposed, all or none: 0, 1, 2, 3, 4 and 2 more",
        ),
        (
            ClaimRequested(worker_id="w", skills=["python", "git"]),
            "w asks for a task and knows python and git",
        ),
        (
            ClaimRequested(worker_id="w", skills=["git"], actions=["dig", "plant"]),
            "w asks for a task, only dig and plant, and knows git",
        ),
        (
            RequestsTaken(service="overseer", as_of_sequence=22, requests=1),
            "overseer decides 1 request, as of position 22",
        ),
        (
            ObjectiveFinished(objective_id="o", result=OBJECTIVE_ACHIEVED, summary="all done"),
            "o ended as achieved: all done",
        ),
        (
            WorkerHeartbeat(worker_id="w", draining=True),
            "w is alive with nothing and takes nothing new",
        ),
        (
            CommandIssued(
                kind=COMMAND_THROTTLE, target="w", limit=1, expires_in_seconds=60, reason="cpu"
            ),
            "w is told: throttle to 1 task for 60 s: cpu",
        ),
        (CommandIssued(kind=COMMAND_RELEASE, target="w"), "w is told: release"),
        (CommandIssued(kind=99, target="w"), "w is told: 99"),  # type: ignore[arg-type]
        (CommandAcknowledged(command_id="c", target="w"), "w does not obey command c"),
        (HaltLifted(), "the halt is over"),
        (
            PulseCompleted(
                number=3,
                recommendation="hold",
                system_mode="degraded",
                workers_alive=2,
                tasks_claimed=1,
                tasks_waiting=1200,
                dispatch_held=True,
                hold_reason="memory",
            ),
            "pulse 3: hold; degraded, 2 workers, tasks: 1 claimed and 1,200 waiting;"
            " dispatch is held: memory",
        ),
        (
            IncidentOpened(
                rule="worker_silent",
                subject_of_concern="w",
                incident_class=INCIDENT_MAJOR,
                summary="s",
            ),
            "major incident of w by rule worker_silent: s",
        ),
        (
            AlarmRaised(name="n", severity=SEVERITY_CRITICAL, message="m", action="look"),
            "critical n: m; look",
        ),
    ],
)
def test_the_words_of(payload: Payload, sentence: str) -> None:
    assert describe(payload) == sentence


def test_what_gets_long_is_cut_between_two_words() -> None:
    cut = one_line("seven " * 50, max_characters=160)
    assert cut == f"{'seven ' * 26}".rstrip() + "…"
    assert len(cut) <= 160
    assert one_line("x" * 200, max_characters=160) == "x" * 159 + "…"
    assert one_line("x" * 160, max_characters=160) == "x" * 160
    assert one_line("seven " * 5_000) == ("seven " * 5_000).strip()


@pytest.mark.parametrize(
    ("payload", "fails"),
    [
        (TaskFailed(task_id="t"), True),
        (TaskAcknowledged(task_id="t", result=RESULT_COMPLETED), False),
        (TaskAcknowledged(task_id="t", result=RESULT_FAILED), True),
        (ActionOutcome(status=OUTCOME_SUCCEEDED), False),
        (ActionOutcome(status=OUTCOME_FAILED), True),
        (ObjectiveFinished(result=OBJECTIVE_ACHIEVED), False),
        (ObjectiveFinished(result=OBJECTIVE_FAILED), True),
        (TaskSubmitted(), False),
        (TaskReleased(task_id="t", worker_id="w", reason="its lease ended"), True),
        (TaskReleased(task_id="t", again=True), False),
        (AlarmRaised(severity=SEVERITY_INFO, message="it has caught up"), False),
        (AlarmRaised(severity=SEVERITY_WARNING), True),
        (AlarmRaised(severity=SEVERITY_CRITICAL), True),
        (AlarmRaised(), True),  # nobody said that it is well
        (IncidentClosed(recovered=True), False),
        (IncidentClosed(recovered=False), True),
    ],
)
def test_of_what_failed_all_is_told(payload: Payload, fails: bool) -> None:
    assert is_failure(payload) is fails


def test_one_is_not_many() -> None:
    assert [pluralize(n, "task") for n in (0, 1, 2000)] == ["0 tasks", "1 task", "2,000 tasks"]
    assert [pluralize(n, "crash", "crashes") for n in (1, 2)] == ["1 crash", "2 crashes"]
    assert [taken_out(n) for n in (1, 2)] == ["1 secret was taken out", "2 secrets were taken out"]


def test_a_kind_without_a_sentence_is_shown_by_its_fields() -> None:
    unknown: Any = TimelineEntry(after_seconds=2, text="Größe")
    assert describe(unknown) == '{"after_seconds":2.0,"text":"Größe"}'
