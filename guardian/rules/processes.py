"""Did a process end that nobody asked to, and how often?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from enchanted.events.v1.incident_pb2 import INCIDENT_CRITICAL, INCIDENT_MAJOR, INCIDENT_MINOR
from enchanted.events.v1.process_pb2 import ProcessExited, ProcessStarted
from guardian.observations import MAX_REMEMBERED, Observations
from guardian.rules.rule import (
    PROCESS,
    Ending,
    Grade,
    GuardianRule,
    Look,
    RuleFinding,
)
from nervous_system.contract.exit_code import how_it_ended

WINDOW_SECONDS: Final = 300.0
LOOPING: Final = 4
"""So many exits within the window are a loop: it is not well again by having been started again."""


HOPELESS: Final = MAX_REMEMBERED
"""All exits that are remembered: with the pauses of `ganglion up` before each start that is two
minutes of nothing else."""


def _find(look: Look) -> Iterator[RuleFinding]:
    for name, process in look.watched.processes.items():
        recent = [
            each for each in process.exits if (look.now - each.at).total_seconds() <= WINDOW_SECONDS
        ]
        if not process.exits or (process.up and len(recent) < LOOPING):
            continue
        last = process.exits[-1]
        often = f", {len(recent)} times within {WINDOW_SECONDS:g} s" if len(recent) > 1 else ""
        yield RuleFinding(
            subject=name,
            measure=max(1, len(recent)),
            summary=f"{name} (pid {last.pid}) {how_it_ended(last.exit_code)}{often}",
            cause_event_id=last.event_id,
        )


def _end(watched: Observations, subject: str) -> Ending:
    process = watched.processes.get(subject)
    if process is None or not process.up:
        return Ending(recovered=False, sentence="it is not up")
    return Ending(
        recovered=True,
        sentence=f"it runs again as pid {process.pid}, start number {process.attempt}",
    )


PROCESS_EXITED: Final = GuardianRule(
    name="process_exited",
    question="Did a process end that nobody asked to?",
    unit=f"exits within {WINDOW_SECONDS:g} s",
    kind=PROCESS,
    grades=(
        Grade(at_least=1, incident_class=INCIDENT_MINOR),
        Grade(at_least=LOOPING, incident_class=INCIDENT_MAJOR),
        Grade(at_least=HOPELESS, incident_class=INCIDENT_CRITICAL),
    ),
    clears_below=1,
    find=_find,
    end=_end,
    at_once=(ProcessExited, ProcessStarted),
)
