"""Does one task fail again and again?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from enchanted.events.v1.incident_pb2 import INCIDENT_MAJOR, INCIDENT_MINOR
from guardian.observations import within
from guardian.rules.rule import (
    TASK,
    Grade,
    GuardianRule,
    Look,
    RuleFinding,
    end_with,
)

TASK_WINDOW_SECONDS: Final = 3600.0

USUAL_ATTEMPTS: Final = 3
"""So many may fail unless a task says otherwise; who allows more gets more."""


def _failing(look: Look) -> Iterator[RuleFinding]:
    for task_id, failures in look.watched.failures.items():
        recent = within(failures, seconds=TASK_WINDOW_SECONDS, now=look.now)
        errand = look.watched.efforts.errands.get(task_id)
        allowed = errand.attempts if errand is not None else 0
        measure = recent - max(0, allowed - USUAL_ATTEMPTS)
        if measure > 0:
            yield RuleFinding(
                subject=task_id,
                measure=measure,
                summary=f"{recent} attempts of task {task_id} failed within an hour",
                cause_event_id=failures[-1].event_id,
            )


TASK_FAILING: Final = GuardianRule(
    name="task_failing",
    question="Does one task fail again and again?",
    unit="failed or lost attempts of an open task within an hour, without those it allows above 3",
    kind=TASK,
    grades=(
        Grade(at_least=4, incident_class=INCIDENT_MINOR),
        Grade(at_least=8, incident_class=INCIDENT_MAJOR),
    ),
    clears_below=1,
    find=_failing,
    end=end_with("the task ended, was set aside, or fails no longer"),
)
