"""How does the log itself know who leads?

A change of term is an event, and every append expects its own to be last.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

import structlog

from enchanted.events.v1.leadership_pb2 import LeadershipTaken
from enchanted.events.v1.swarm_event_pb2 import AgentRole
from nervous_system.bus import Bus
from nervous_system.clock import Clock, Stopwatch
from nervous_system.contract.event import Event
from nervous_system.contract.message import Expectation
from nervous_system.contract.stored import Stored
from nervous_system.contract.subjects import leadership_subject
from nervous_system.errors import Conflict, Fenced, MalformedEvent, Unavailable
from nervous_system.ids import child_id

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One leader's time, and the fence its writes stand behind."""

    service: str
    scope: str
    number: int
    holder: str
    event_id: str  # of its LeadershipTaken
    sequence: int  # where that stands
    taken_at: datetime  # the stream's time of it
    taken_seconds: float  # by the stopwatch, when the log had confirmed it

    @property
    def subject(self) -> str:
        """Where the next term would stand."""
        return leadership_subject(service=self.service, scope=self.scope)

    def now(self, seconds: float) -> datetime:
        """The stream's time when the stopwatch shows `seconds`; no machine's clock has a say."""
        return self.taken_at + timedelta(seconds=seconds - self.taken_seconds)


@dataclass(slots=True)
class Fence:
    """What every batch of a leader stands behind: that its term is the last one.

    What is no term, as one of the past that was brought back, or a stranger's, deposes nobody,
    though it stands where terms do: the fence is put behind it.
    """

    term: Term
    sequence: int  # the last position on the term's subject that is known

    @classmethod
    def of(cls, term: Term) -> Self:
        """Behind the term itself."""
        return cls(term, term.sequence)

    @property
    def expectation(self) -> Expectation:
        """As the log checks it."""
        return Expectation(self.term.subject, self.sequence)

    async def put_back(self, bus: Bus) -> bool:
        """After the log said that it moved: whether that was no term, so that it stands again."""
        at_least = self.sequence + 1
        while (found := await bus.stream.next_on(self.term.subject, at_least=at_least)) is not None:
            if is_live_term(bus, found):
                return False
            at_least = found.sequence + 1
        moved, self.sequence = self.sequence < at_least - 1, at_least - 1
        return moved


def is_live_term(bus: Bus, stored: Stored) -> bool:
    """Whether somebody may have taken the lead there, and not long ago in a past that was brought
    back. Where nobody vouches for anything, that is the case for whatever cannot be read, too."""
    try:
        return not bus.decode_stored(stored).is_history
    except MalformedEvent as error:
        _log.warning("leadership.unreadable", reason=str(error))
        return not bus.trusted.checks


async def take_term(
    bus: Bus,
    *,
    service: str,
    scope: str,
    role: AgentRole.ValueType,
    holder: str,
    clock: Clock,
    watch: Stopwatch,
) -> Term:
    """Open the next term on the log.

    Raises Fenced when another process did so at the same moment, and as `Bus.publish`.
    """
    subject = leadership_subject(service=service, scope=scope)
    number, last = await _last_term(bus, subject)
    number += 1
    event = Event(
        event_id=child_id(f"{service}/{scope}/{holder}/{last}", f"term {number}"),
        timestamp=clock(),
        agent_role=role,
        agent_id=f"{service}/{scope}",
        payload=LeadershipTaken(service=service, scope=scope, term=number, holder=holder),
    )
    try:
        taken = await bus.publish_derived(event, key=scope, expectation=Expectation(subject, last))
    except Conflict as error:
        raise Fenced(f"another process took term {number} of {service}/{scope}") from error
    taken_seconds = watch()
    stored = await bus.stream.at(taken.last_sequence)
    if stored is None:
        raise Unavailable(f"term {number} of {service}/{scope} is no longer on the log")
    return Term(
        service=service,
        scope=scope,
        number=number,
        holder=holder,
        event_id=event.event_id,
        sequence=stored.sequence,
        taken_at=stored.recorded_at,
        taken_seconds=taken_seconds,
    )


async def _last_term(bus: Bus, subject: str) -> tuple[int, int]:
    """The highest term on the log, and the last position on its subject, whatever stands there."""
    number = sequence = 0
    async for stored in bus.replay(subjects=[subject]):
        sequence = stored.sequence
        try:
            payload = bus.decode_stored(stored).event.payload
        except MalformedEvent as error:
            _log.warning("leadership.unreadable", reason=str(error))
            continue
        if isinstance(payload, LeadershipTaken):
            number = max(number, payload.term)
    return number, sequence
