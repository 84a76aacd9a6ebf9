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
    GuardianLimits,
    GuardianState,
    Incident,
    TimelineLine,
    incident_key,
)
from guardian.observe import forget_worker, told_to_go
from guardian.playbooks import PAUSE_DISPATCH, PLAYBOOKS, QUARANTINE, REMEDIAL, step_at
from nervous_system.contract.payload import Payload

MAX_LINES: Final = 50
"""Of a timeline: the first ones stay, the last one is replaced."""

SWEPT_SECONDS: Final = 60.0
"""So long circuits are not looked through again."""


def apply(
    state: GuardianState,
    payload: Payload,
    at: datetime,
    *,
    limits: GuardianLimits,
    event_id: str = "",
    by: AgentRole.ValueType = ROLE_GUARDIAN,
) -> GuardianState:
    """The state after one more of the events that are about incidents, halts and the mode."""
    if isinstance(payload, HaltOrdered):
        whose = BY_FLAG if by == ROLE_GUARDIAN else BY_PERSON
        reason = payload.reason or "no reason was given"
        return replace(state, halts=state.halts.set(whose, reason))
    if isinstance(payload, HaltLifted):
        return _lift_halts(state, BY_FLAG if by == ROLE_GUARDIAN else BY_PERSON)
    if isinstance(payload, CommandIssued):
        return _on_command(state, payload, at, event_id) if by == ROLE_GUARDIAN else state
    if isinstance(payload, TaskOrdered):
        return _on_set_aside(state, payload) if by == ROLE_GUARDIAN else state
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
    return incident_key(PLAYBOOKS[incident_class].name, subject)


def _lift_halts(state: GuardianState, whose: str) -> GuardianState:
    """A person who lifts a halt also ends what playbooks hold."""
    if whose in state.halts:
        state = replace(state, halts=state.halts.delete(whose))
    if whose == BY_PERSON:
        for incident in state.incidents.values():
            if incident.paused:
                state = _put(state, replace(incident, paused=False))
    return state


def _on_command(
    state: GuardianState, payload: CommandIssued, at: datetime, event_id: str
) -> GuardianState:
    """Who takes nothing more, and which command it is that keeps a worker quarantined, so that it
    can be released."""
    target = payload.target
    if payload.kind == COMMAND_RELEASE:
        return _on_release(state, payload)
    if payload.kind in (COMMAND_DRAIN, COMMAND_STOP, COMMAND_SLEEP):
        until = at + timedelta(seconds=payload.expires_in_seconds)
        state = replace(state, observations=told_to_go(state.observations, target, until))
    if payload.kind != COMMAND_SLEEP:
        return state
    worker = state.observations.workers.get(target)
    named = (target, worker.host if worker is not None else target)
    for incident in state.incidents.values():
        if incident.subject in named and incident.quarantined and not incident.asleep.get(target):
            asleep = incident.asleep.set(target, event_id)
            return _put(state, replace(incident, asleep=asleep))
    return state


def _on_release(state: GuardianState, payload: CommandIssued) -> GuardianState:
    """It is there again, unless another incident holds it."""
    target = payload.target
    for incident in state.incidents.values():
        if incident.asleep.get(target) == payload.releases_command_id:
            state = _put(state, replace(incident, asleep=incident.asleep.delete(target)))
            break
    if any(target in each.asleep for each in state.incidents.values()):
        return state
    return replace(state, observations=told_to_go(state.observations, target, None))


def _on_set_aside(state: GuardianState, payload: TaskOrdered) -> GuardianState:
    efforts = state.observations.efforts.set_aside(payload.task_id)
    if efforts is state.observations.efforts:
        return state
    return replace(state, observations=replace(state.observations, efforts=efforts))


def _on_opened(
    state: GuardianState, payload: IncidentOpened, at: datetime, limits: GuardianLimits
) -> GuardianState:
    if incident_key(payload.rule, payload.subject_of_concern) in state.incidents:
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
    return _put(state, _add_incident_note(incident, payload.summary, at))


def _on_attempted(
    state: GuardianState, payload: RecoveryAttempted, at: datetime, limits: GuardianLimits
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
        _add_incident_note(
            incident, f"{payload.step}, attempt {payload.attempt}: {payload.detail}", at
        ),
        step=number + 1 if finished else number,
        attempts=0 if finished else payload.attempt,
        due_at=at + timedelta(seconds=backoff_seconds),
        paused=incident.paused or payload.step == PAUSE_DISPATCH,
        quarantined=incident.quarantined or payload.step == QUARANTINE,
    )
    if payload.step in REMEDIAL:
        key = circuit_key(incident.incident_class, incident.subject)
        circuit = breaker.record_try(state.circuits.get(key, Circuit()), limits.breaker, at)
        state = replace(state, circuits=state.circuits.set(key, circuit))
    return _put(state, incident)


def _on_escalated(
    state: GuardianState, payload: IncidentEscalated, at: datetime, limits: GuardianLimits
) -> GuardianState:
    incident = find(state, payload.incident_id)
    if incident is None:
        return state
    name = PLAYBOOKS[payload.incident_class].name
    incident = replace(
        _add_incident_note(incident, f"it counts as {name} from now on: {payload.reason}", at),
        incident_class=payload.incident_class,
        step=0,
        attempts=0,
        due_at=at,
    )
    return _put(state, incident)


def _on_closed(
    state: GuardianState, payload: IncidentClosed, at: datetime, limits: GuardianLimits
) -> GuardianState:
    incident = find(state, payload.incident_id)
    if incident is None:
        return state
    return replace(
        _sweep(state, at, limits),
        incidents=state.incidents.delete(incident_key(incident.rule, incident.subject)),
        observations=forget_worker(state.observations, incident.subject),
    )


def _sweep(state: GuardianState, at: datetime, limits: GuardianLimits) -> GuardianState:
    """Without the circuits that are as new; looked for now and then, as hundreds of incidents may
    end in one moment."""
    if state.swept_at is not None and (at - state.swept_at).total_seconds() < SWEPT_SECONDS:
        return state
    circuits = state.circuits
    for key, circuit in state.circuits.items():
        if breaker.forgive(circuit, limits.breaker, at) == Circuit():
            circuits = circuits.delete(key)
    return replace(state, circuits=circuits, swept_at=at)


def _on_circuit_opened(
    state: GuardianState, payload: CircuitOpened, at: datetime, limits: GuardianLimits
) -> GuardianState:
    key = incident_key(payload.playbook, payload.subject_of_concern)
    before = state.circuits.get(key, Circuit())
    circuit = breaker.open_circuit(before, at, for_seconds=payload.for_seconds)
    return replace(state, circuits=state.circuits.set(key, circuit))


def _on_mode_changed(
    state: GuardianState, payload: SystemModeChanged, at: datetime, limits: GuardianLimits
) -> GuardianState:
    return replace(state, mode=payload.mode)


def _add_incident_note(incident: Incident, text: str, at: datetime) -> Incident:
    line = TimelineLine(
        after_seconds=max(0.0, (at - incident.opened_at).total_seconds()), text=text
    )
    return replace(incident, timeline=(*incident.timeline[: MAX_LINES - 1], line))


def _put(state: GuardianState, incident: Incident) -> GuardianState:
    key = incident_key(incident.rule, incident.subject)
    return replace(state, incidents=state.incidents.set(key, incident))


_MEANING: Final[
    dict[type, Callable[[GuardianState, Any, datetime, GuardianLimits], GuardianState]]
] = {
    IncidentOpened: _on_opened,
    RecoveryAttempted: _on_attempted,
    IncidentEscalated: _on_escalated,
    IncidentClosed: _on_closed,
    CircuitOpened: _on_circuit_opened,
    SystemModeChanged: _on_mode_changed,
}
