"""Which incidents were there? Folded from their own events, open ones and those that are over."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from enchanted.events.v1.incident_pb2 import (
    IncidentClass,
    IncidentClosed,
    IncidentEscalated,
    IncidentOpened,
    RecoveryAttempted,
)
from enchanted.events.v1.swarm_event_pb2 import ROLE_GUARDIAN
from guardian.model import TimelineLine
from guardian.playbooks import PLAYBOOKS
from local_mesh.addresses import client_settings
from nervous_system.contract.event import RecordedEvent
from nervous_system.names import EVENTS
from operations.log_session import bus_session, said_by
from operations.queries.system_mode import last_mode

SUBJECTS: Final = (f"{EVENTS}.incident.>",)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastIncident:
    """One incident, as far as it is known."""

    incident_id: str
    rule: str
    subject: str
    incident_class: str  # minor, major, critical: the worst it came to
    summary: str
    cause_event_id: str
    opened_at: datetime
    closed_at: datetime | None = None  # None: it is open
    recovered: bool | None = None
    root_cause: str = ""
    timeline: tuple[TimelineLine, ...] = ()


def incidents_of(history: Iterable[RecordedEvent]) -> list[PastIncident]:
    """The incidents in a history, the oldest first."""
    found = IncidentHistory()
    for recorded in history:
        found.take(recorded)
    return list(found.incidents.values())


class IncidentHistory:
    """What became of incidents, event by event."""

    def __init__(self) -> None:
        self.incidents: dict[str, PastIncident] = {}  # the oldest first

    def take(self, recorded: RecordedEvent) -> None:
        """The next event of the history."""
        found, payload, at = self.incidents, recorded.event.payload, recorded.recorded_at
        if isinstance(payload, IncidentOpened):
            found.setdefault(payload.incident_id, _on_opened(payload, at))
        if not isinstance(payload, RecoveryAttempted | IncidentEscalated | IncidentClosed):
            return
        incident = found.get(payload.incident_id)
        if incident is None:
            return  # its beginning is no longer on the log
        if isinstance(payload, RecoveryAttempted):
            text = f"{payload.step}, attempt {payload.attempt}: {payload.detail}"
            found[payload.incident_id] = _add_note(incident, text, at)
        elif isinstance(payload, IncidentEscalated):
            name = class_name(payload.incident_class)
            worse = _add_note(incident, f"it counts as {name} from now on: {payload.reason}", at)
            found[payload.incident_id] = replace(worse, incident_class=name)
        else:
            found[payload.incident_id] = _on_closed(incident, payload, at)


def class_name(incident_class: IncidentClass.ValueType) -> str:
    """How people call it."""
    playbook = PLAYBOOKS.get(incident_class)
    return playbook.name if playbook is not None else "unknown"


def _on_opened(payload: IncidentOpened, at: datetime) -> PastIncident:
    return PastIncident(
        incident_id=payload.incident_id,
        rule=payload.rule,
        subject=payload.subject_of_concern,
        incident_class=class_name(payload.incident_class),
        summary=payload.summary,
        cause_event_id=payload.cause_event_id,
        opened_at=at,
        timeline=(TimelineLine(after_seconds=0.0, text=payload.summary),),
    )


def _add_note(incident: PastIncident, text: str, at: datetime) -> PastIncident:
    after_seconds = max(0.0, (at - incident.opened_at).total_seconds())
    line = TimelineLine(after_seconds=after_seconds, text=text)
    return replace(incident, timeline=(*incident.timeline, line))


def _on_closed(incident: PastIncident, payload: IncidentClosed, at: datetime) -> PastIncident:
    if incident.closed_at is not None:
        return incident
    return replace(
        incident,
        closed_at=at,
        recovered=payload.recovered,
        root_cause=payload.root_cause,
        timeline=tuple(
            TimelineLine(after_seconds=each.after_seconds, text=each.text)
            for each in payload.timeline
        ),
    )


async def mode_and_incidents() -> tuple[str, list[PastIncident]]:
    """The system's mode, and every incident that the log still tells of, the oldest first."""
    async with bus_session(client_settings()) as bus:
        history = await said_by(ROLE_GUARDIAN, bus, *SUBJECTS)
        mode = await last_mode(bus) or "unknown"
    return mode, incidents_of(history)
