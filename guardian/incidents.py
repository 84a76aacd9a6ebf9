"""What does each of the guardian's own events mean for its incidents, circuits and mode?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from enchanted.events.v1.command_pb2 import (
    COMMAND_DRAIN,
    COMMAND_RELEASE,
    COMMAND_SLEEP,
    COMMAND_STOP,
    CommandIssued,
)
from enchanted.events.v1.incident_pb2 import (
    CircuitOpened,
    IncidentClass,
    IncidentClosed,
    IncidentEscalated,
    IncidentOpened,
    RecoveryAttempted,
)
from enchanted.events.v1.pulse_pb2 import HaltLifted, HaltOrdered, SystemModeChanged
from enchanted.events.v1.swarm_event_pb2 import ROLE_GUARDIAN, AgentRole
from enchanted.events.v1.task_request_pb2 import TaskOrdered
from guardian import breaker
from guardian.breaker import Circuit
from guardian.model import (
    BY_FLAG,
    BY_PERSON,
    GuardianState,
    Incident,
    Limits,
    TimelineLine,
    concern,
)
from guardian.playbooks import MENDING, PAUSE_DISPATCH, PLAYBOOKS, QUARANTINE, step_at
from guardian.watching import forget_worker, told_to_go
from nervous_system.contract.payload import Payload

MOST_LINES: Final = 50
"""Of a timeline: the first ones stay, the last one is replaced."""

SWEPT_SECONDS: Final = 60.0
"""So long circuits are not looked through again."""


def apply(
    state: GuardianState,
    payload: Payload,
    at: datetime,
    *,
    limits: Limits,
    event_id: str = "",
    by: AgentRole.ValueType = ROLE_GUARDIAN,
) -> GuardianState:
    """The state after one more of the events that are about incidents, halts and the mode."""
    if isinstance(payload, HaltOrdered):
        whose = BY_FLAG if by == ROLE_GUARDIAN else BY_PERSON
        reason = payload.reason or "no reason was given"
        return replace(state, halts=state.halts.set(whose, reason))
    if isinstance(payload, HaltLifted):
        return _lifted(state, BY_FLAG if by == ROLE_GUARDIAN else BY_PERSON)
    if isinstance(payload, CommandIssued):
        return _commanded(state, payload, at, event_id) if by == ROLE_GUARDIAN else state
    if isinstance(payload, TaskOrdered):
        return _set_aside(state, payload) if by == ROLE_GUARDIAN else state
    means = _MEANING.get(type(payload))
    return state if means is None else means(state, payload, at, limits)


def find(state: GuardianState, incident_id: str) -> Incident | None:
    """The open incident of this id."""
    for incident in state.incidents.values():
        if incident.incident_id == incident_id:
            return incident
    return None


def circuit_key(incident_class: IncidentClass.ValueType, subject: str) -> str:
    """The name of a playbook's circuit at one concern."""
    return concern(PLAYBOOKS[incident_class].name, subject)


def _lifted(state: GuardianState, whose: str) -> GuardianState:
    """A person who lifts a halt also ends what playbooks hold."""
    if whose in state.halts:
        state = replace(state, halts=state.halts.delete(whose))
    if whose == BY_PERSON:
        for incident in state.incidents.values():
            if incident.paused:
                state = _put(state, replace(incident, paused=False))
    return state


def _commanded(
    state: GuardianState, payload: CommandIssued, at: datetime, event_id: str
) -> GuardianState:
    """Who takes nothing more, and which command it is that keeps a worker quarantined, so that it
    can be released."""
    target = payload.target
    if payload.kind == COMMAND_RELEASE:
        return _released(state, payload)
    if payload.kind in (COMMAND_DRAIN, COMMAND_STOP, COMMAND_SLEEP):
        until = at + timedelta(seconds=payload.expires_in_seconds)
        state = replace(state, watched=told_to_go(state.watched, target, until))
    if payload.kind != COMMAND_SLEEP:
        return state
    worker = state.watched.workers.get(target)
    named = (target, worker.host if worker is not None else target)
    for incident in state.incidents.values():
        if incident.subject in named and incident.quarantined and not incident.asleep.get(target):
            asleep = incident.asleep.set(target, event_id)
            return _put(state, replace(incident, asleep=asleep))
    return state


def _released(state: GuardianState, payload: CommandIssued) -> GuardianState:
    """It is there again, unless another incident holds it."""
    target = payload.target
    for incident in state.incidents.values():
        if incident.asleep.get(target) == payload.releases_command_id:
            state = _put(state, replace(incident, asleep=incident.asleep.delete(target)))
            break
    if any(target in each.asleep for each in state.incidents.values()):
        return state
    return replace(state, watched=told_to_go(state.watched, target, None))


def _set_aside(state: GuardianState, payload: TaskOrdered) -> GuardianState:
    efforts = state.watched.efforts.set_aside(payload.task_id)
    if efforts is state.watched.efforts:
        return state
    return replace(state, watched=replace(state.watched, efforts=efforts))


def _opened(
    state: GuardianState, payload: IncidentOpened, at: datetime, limits: Limits
) -> GuardianState:
    if concern(payload.rule, payload.subject_of_concern) in state.incidents:
        return state
    incident = Incident(
        incident_id=payload.incident_id,
        rule=payload.rule,
        subject=payload.subject_of_concern,
        incident_class=payload.incident_class,
        summary=payload.summary,
        cause_event_id=payload.cause_event_id,
        opened_at=at,
        due_at=at,
    )
    return _put(state, _said(incident, payload.summary, at))


def _attempted(
    state: GuardianState, payload: RecoveryAttempted, at: datetime, limits: Limits
) -> GuardianState:
    incident = find(state, payload.incident_id)
    if incident is None:
        return state
    number, step = incident.step, step_at(incident.incident_class, incident.step)
    while step is not None and step.action != payload.step:
        number += 1
        step = step_at(incident.incident_class, number)
    if step is None:
        return state
    backoff_seconds = step.backoff_seconds * 2.0 ** (payload.attempt - 1)
    finished = payload.attempt >= step.attempts
    incident = replace(
        _said(incident, f"{payload.step}, attempt {payload.attempt}: {payload.detail}", at),
        step=number + 1 if finished else number,
        attempts=0 if finished else payload.attempt,
        due_at=at + timedelta(seconds=backoff_seconds),
        paused=incident.paused or payload.step == PAUSE_DISPATCH,
        quarantined=incident.quarantined or payload.step == QUARANTINE,
    )
    if payload.step in MENDING:
        key = circuit_key(incident.incident_class, incident.subject)
        circuit = breaker.tried(state.circuits.get(key, Circuit()), limits.breaker, at)
        state = replace(state, circuits=state.circuits.set(key, circuit))
    return _put(state, incident)


def _escalated(
    state: GuardianState, payload: IncidentEscalated, at: datetime, limits: Limits
) -> GuardianState:
    incident = find(state, payload.incident_id)
    if incident is None:
        return state
    name = PLAYBOOKS[payload.incident_class].name
    incident = replace(
        _said(incident, f"it counts as {name} from now on: {payload.reason}", at),
        incident_class=payload.incident_class,
        step=0,
        attempts=0,
        due_at=at,
    )
    return _put(state, incident)


def _closed(
    state: GuardianState, payload: IncidentClosed, at: datetime, limits: Limits
) -> GuardianState:
    incident = find(state, payload.incident_id)
    if incident is None:
        return state
    return replace(
        _swept(state, at, limits),
        incidents=state.incidents.delete(concern(incident.rule, incident.subject)),
        watched=forget_worker(state.watched, incident.subject),
    )


def _swept(state: GuardianState, at: datetime, limits: Limits) -> GuardianState:
    """Without the circuits that are as new; looked for now and then, as hundreds of incidents may
    end in one moment."""
    if state.swept_at is not None and (at - state.swept_at).total_seconds() < SWEPT_SECONDS:
        return state
    circuits = state.circuits
    for key, circuit in state.circuits.items():
        if breaker.forgiven(circuit, limits.breaker, at) == Circuit():
            circuits = circuits.delete(key)
    return replace(state, circuits=circuits, swept_at=at)


def _circuit_opened(
    state: GuardianState, payload: CircuitOpened, at: datetime, limits: Limits
) -> GuardianState:
    key = concern(payload.playbook, payload.subject_of_concern)
    before = state.circuits.get(key, Circuit())
    circuit = breaker.opened(before, at, for_seconds=payload.for_seconds)
    return replace(state, circuits=state.circuits.set(key, circuit))


def _mode(
    state: GuardianState, payload: SystemModeChanged, at: datetime, limits: Limits
) -> GuardianState:
    return replace(state, mode=payload.mode)


def _said(incident: Incident, text: str, at: datetime) -> Incident:
    line = TimelineLine(
        after_seconds=max(0.0, (at - incident.opened_at).total_seconds()), text=text
    )
    return replace(incident, timeline=(*incident.timeline[: MOST_LINES - 1], line))


def _put(state: GuardianState, incident: Incident) -> GuardianState:
    key = concern(incident.rule, incident.subject)
    return replace(state, incidents=state.incidents.set(key, incident))


_MEANING: Final[dict[type, Callable[[GuardianState, Any, datetime, Limits], GuardianState]]] = {
    IncidentOpened: _opened,
    RecoveryAttempted: _attempted,
    IncidentEscalated: _escalated,
    IncidentClosed: _closed,
    CircuitOpened: _circuit_opened,
    SystemModeChanged: _mode,
}
