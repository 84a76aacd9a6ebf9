"""What is a rule of the guardian? Data, and one pure function over a look at what was seen.

The function says what holds at this moment, with a measure. An incident opens where the measure
reaches the first grade, gets worse with the grades, and ends when the function says nothing more
of it or the measure is below `clears_below`: the distance between the two is the hysteresis.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final

from enchanted.events.v1.incident_pb2 import INCIDENT_UNSPECIFIED, IncidentClass
from guardian.blame import Blame
from guardian.model import GuardianLimits
from guardian.observations import Observations
from nervous_system.contract.payload import Payload

PROCESS: Final = "process"
"""A process that its parent starts again by itself."""
SERVICE: Final = "service"
WORKER: Final = "worker"
TASK: Final = "task"
OBJECTIVE: Final = "objective"
ACTION: Final = "action"
MACHINE: Final = "machine"
MESH: Final = "mesh"
"""Something that nobody can be told to mend: the log, a disk, many workers at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFinding:
    """Something that does not look well at this moment."""

    subject: str  # the name of the process, service, worker, task, host …
    measure: float
    summary: str
    cause_event_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How something that was wrong ended."""

    recovered: bool
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """From which measure on it is how bad."""

    at_least: float
    incident_class: IncidentClass.ValueType


@dataclass(frozen=True)  # without slots: whom to blame is found once, if at all
class Look:
    """What every rule is asked about at one moment."""

    watched: Observations
    limits: GuardianLimits
    now: datetime

    @cached_property
    def blame(self) -> Blame:
        """Who or what is to blame for tasks that fail."""
        return Blame.of(self.watched, self.now)


Find = Callable[[Look], Iterator[RuleFinding]]
End = Callable[[Observations, str], Ending]


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardianRule:
    """One entry of the guardian's list."""

    name: str
    question: str
    unit: str  # of the measure
    kind: str  # of what it is about: what can be done about it depends on that
    grades: tuple[Grade, ...]  # the lowest first
    clears_below: float
    find: Find
    end: End
    at_once: tuple[type[Payload], ...] = ()  # asked right after these; at each tick in any case

    def classify(self, measure: float) -> IncidentClass.ValueType:
        """How bad that is; unspecified where it is not bad at all."""
        reached = [each.incident_class for each in self.grades if measure >= each.at_least]
        return reached[-1] if reached else INCIDENT_UNSPECIFIED


def end_with(sentence: str, *, recovered: bool = True) -> End:
    """For what ends in one way only."""
    return lambda watched, subject: Ending(recovered=recovered, sentence=sentence)
