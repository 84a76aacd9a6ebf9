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
from nervous_system.phrases import enum_label, seconds, with_reason


def _describe_alarm(payload: AlarmRaised) -> str:
    what = (
        f"{enum_label(AlarmSeverity, payload.severity)}"
        f" {payload.name}{with_reason(payload.message)}"
    )
    return f"{what}; {payload.action}" if payload.action else what


def _describe_opened(payload: IncidentOpened) -> str:
    degree = enum_label(IncidentClass, payload.incident_class)
    what = f"{degree} incident of {payload.subject_of_concern} by rule {payload.rule}"
    return f"{what}{with_reason(payload.summary)}"


def _describe_attempted(payload: RecoveryAttempted) -> str:
    step = payload.step.replace("_", " ")
    what = f"{step}, attempt {payload.attempt}, against incident {payload.incident_id}"
    return f"{what}{with_reason(payload.detail)}"


def _describe_escalated(payload: IncidentEscalated) -> str:
    degree = enum_label(IncidentClass, payload.incident_class)
    return f"incident {payload.incident_id} is {degree} now{with_reason(payload.reason)}"


def _describe_closed(payload: IncidentClosed) -> str:
    word = "recovered" if payload.recovered else "ended without recovery"
    what = f"incident {payload.incident_id} {word} after {seconds(payload.duration_seconds)}"
    return f"{what}{with_reason(payload.root_cause)}"


def _describe_circuit(payload: CircuitOpened) -> str:
    what = f"{payload.playbook} is not tried on {payload.subject_of_concern}"
    return f"{what} for {seconds(payload.for_seconds)}{with_reason(payload.reason)}"


INCIDENTS: Final[dict[type[Payload], Callable[[Any], str]]] = {
    AlarmRaised: _describe_alarm,
    IncidentOpened: _describe_opened,
    RecoveryAttempted: _describe_attempted,
    IncidentEscalated: _describe_escalated,
    IncidentClosed: _describe_closed,
    CircuitOpened: _describe_circuit,
}
