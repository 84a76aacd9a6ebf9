"""What went wrong, and what was done about it?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from enchanted.events.v1.alarm_pb2 import AlarmRaised, AlarmSeverity
from enchanted.events.v1.incident_pb2 import (
    CircuitOpened,
    IncidentClass,
    IncidentClosed,
    IncidentEscalated,
    IncidentOpened,
    RecoveryAttempted,
)
from nervous_system.contract.payload import Payload
from nervous_system.phrases import because, named, seconds


def _alarm(payload: AlarmRaised) -> str:
    what = f"{named(AlarmSeverity, payload.severity)} {payload.name}{because(payload.message)}"
    return f"{what}; {payload.action}" if payload.action else what


def _opened(payload: IncidentOpened) -> str:
    degree = named(IncidentClass, payload.incident_class)
    what = f"{degree} incident of {payload.subject_of_concern} by rule {payload.rule}"
    return f"{what}{because(payload.summary)}"


def _attempted(payload: RecoveryAttempted) -> str:
    step = payload.step.replace("_", " ")
    what = f"{step}, attempt {payload.attempt}, against incident {payload.incident_id}"
    return f"{what}{because(payload.detail)}"


def _escalated(payload: IncidentEscalated) -> str:
    degree = named(IncidentClass, payload.incident_class)
    return f"incident {payload.incident_id} is {degree} now{because(payload.reason)}"


def _closed(payload: IncidentClosed) -> str:
    word = "recovered" if payload.recovered else "ended without recovery"
    what = f"incident {payload.incident_id} {word} after {seconds(payload.duration_seconds)}"
    return f"{what}{because(payload.root_cause)}"


def _circuit(payload: CircuitOpened) -> str:
    what = f"{payload.playbook} is not tried on {payload.subject_of_concern}"
    return f"{what} for {seconds(payload.for_seconds)}{because(payload.reason)}"


INCIDENTS: Final[dict[type[Payload], Callable[[Any], str]]] = {
    AlarmRaised: _alarm,
    IncidentOpened: _opened,
    RecoveryAttempted: _attempted,
    IncidentEscalated: _escalated,
    IncidentClosed: _closed,
    CircuitOpened: _circuit,
}
