"""What does the guardian know: of the mesh, of what is wrong with it, and of what helps?"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from enchanted.events.v1.alarm_pb2 import ALARM_PARKED_EVENTS, AlarmName
from enchanted.events.v1.incident_pb2 import INCIDENT_MAJOR, IncidentClass
from guardian.breaker import BreakerPolicy, Circuit
from guardian.observations import Observations
from nervous_system.contract.words import (
    DEGRADED,
    HALTED,
    LOG_FULL,
    LOG_NEARLY_FULL,
    OPERATIONAL,
    POSITIONS_LOST,
    STREAM_TRUNCATED,
    word,
)
from nervous_system.service.persistent import EMPTY, PersistentMap

SERVICE: Final = "guardian"

BY_FLAG: Final = "flag"
BY_PERSON: Final = "person"
"""Whose halt it is: each is lifted by whoever ordered it."""

PARKED_EVENTS: Final = word(AlarmName, ALARM_PARKED_EVENTS)
"""Alarm by which it says that more events were parked: its positions are theirs."""
REGRESSIONS: Final = frozenset({STREAM_TRUNCATED, POSITIONS_LOST})
"""Alarms of the ingestor: the log is not what it was."""
FULL_LOG: Final = frozenset({LOG_NEARLY_FULL, LOG_FULL})
"""Alarms that the log soon takes no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardianLimits:
    """What the guardian goes by; part of its core, not of its state."""

    lag_positions: int = 50_000
    no_progress_seconds: float = 600.0
    breaker: BreakerPolicy = field(default_factory=BreakerPolicy)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineLine:
    """What happened in an incident, and when."""

    after_seconds: float  # since it was opened
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Something that is wrong and has not ended."""

    incident_id: str
    rule: str
    subject: str
    incident_class: IncidentClass.ValueType
    summary: str
    cause_event_id: str
    opened_at: datetime
    due_at: datetime  # when it is looked at again
    step: int = 0  # of the playbook of its class
    attempts: int = 0  # of that step
    paused: bool = False  # it holds dispatch
    quarantined: bool = False
    asleep: PersistentMap[str, str] = EMPTY  # by worker: the command by which it is quarantined
    timeline: tuple[TimelineLine, ...] = ()


@dataclass(frozen=True, kw_only=True)  # without slots: it is copied all the time
class GuardianState:
    """Everything that is folded."""

    observations: Observations = field(default_factory=Observations)
    incidents: PersistentMap[str, Incident] = EMPTY  # those that are open, by rule and subject
    circuits: PersistentMap[str, Circuit] = EMPTY  # by playbook, rule and subject
    swept_at: datetime | None = None  # when circuits that count no more were last forgotten
    halts: PersistentMap[str, str] = EMPTY  # by whom: why
    mode: str = ""  # empty before the first word

    @property
    def mode_due(self) -> tuple[str, str]:
        """What the mode should be, and why."""
        if self.halts:
            return HALTED, "; ".join(f"by {by}: {why}" for by, why in sorted(self.halts.items()))
        by_class = sorted(
            self.incidents.values(),
            key=lambda each: (-each.incident_class, each.opened_at, each.incident_id),
        )
        for incident in by_class:
            if incident.paused:
                return HALTED, f"{incident.rule} of {incident.subject}: {incident.summary}"
        if by_class and by_class[0].incident_class >= INCIDENT_MAJOR:
            worst = by_class[0]
            return DEGRADED, f"{worst.rule} of {worst.subject}: {worst.summary}"
        return OPERATIONAL, "no major or critical incident is open"


def incident_key(rule: str, subject: str) -> str:
    """The key of an incident: what is wrong with what."""
    return f"{rule}\n{subject}"
