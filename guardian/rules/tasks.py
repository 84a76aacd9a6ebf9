"""Does one task fail again and again, or do many fail at once?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from enchanted.events.v1.incident_pb2 import INCIDENT_CRITICAL, INCIDENT_MAJOR, INCIDENT_MINOR
from guardian.model import Limits
from guardian.rules.rule import MESH, TASK, Finding, Grade, Rule, ended
from guardian.tally import total
from guardian.watched import Watched, within

TASK_WINDOW_SECONDS: Final = 3600.0
BURST_MINUTES: Final = 5


def _failing(watched: Watched, limits: Limits, now: datetime) -> Iterator[Finding]:
    for task_id, failures in watched.failures.items():
        recent = within(failures, seconds=TASK_WINDOW_SECONDS, now=now)
        if recent:
            yield Finding(
                subject=task_id,
                measure=recent,
                summary=f"{recent} attempts of task {task_id} failed within an hour",
                cause_event_id=failures[-1].event_id,
            )


TASK_FAILING: Final = Rule(
    name="task_failing",
    question="Does one task fail again and again?",
    unit="failed or lost attempts within an hour, of a task that is still open",
    kind=TASK,
    grades=(
        Grade(at_least=4, incident_class=INCIDENT_MINOR),
        Grade(at_least=8, incident_class=INCIDENT_MAJOR),
    ),
    clears_below=1,
    find=_failing,
    end=ended("the task ended, was set aside, or fails no longer"),
)


def _burst(watched: Watched, limits: Limits, now: datetime) -> Iterator[Finding]:
    tally = total(watched.tallies, minutes=BURST_MINUTES, now=now)
    if tally.mostly_failed:
        pulse = watched.pulse
        yield Finding(
            subject="tasks",
            measure=tally.failed,
            summary=(
                f"{tally.failed} tasks failed and {tally.completed} were completed"
                f" within {BURST_MINUTES} minutes"
            ),
            cause_event_id=pulse.seen.event_id if pulse is not None else "",
        )


FAILURE_BURST: Final = Rule(
    name="failure_burst",
    question="Do many tasks fail at once, whoever does them?",
    unit=f"failures within {BURST_MINUTES} minutes, and no fewer than half of all",
    kind=MESH,
    grades=(
        Grade(at_least=20, incident_class=INCIDENT_MAJOR),
        Grade(at_least=200, incident_class=INCIDENT_CRITICAL),
    ),
    clears_below=5,
    find=_burst,
    end=ended("most tasks no longer fail"),
)
