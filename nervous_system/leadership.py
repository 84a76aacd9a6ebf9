"""How does the log itself know who leads?

A change of term is an event, and every append expects its own to be last.
"""

from __future__ import annotations

from dataclasses import dataclass

from enchanted.events.v1.leadership_pb2 import LeadershipTaken
from enchanted.events.v1.swarm_event_pb2 import AgentRole
from nervous_system.bus import Bus, recorded
from nervous_system.clock import Clock
from nervous_system.errors import Conflict, Fenced, Unreadable
from nervous_system.event import Event
from nervous_system.ids import child_id
from nervous_system.message import Expectation
from nervous_system.subjects import leadership_subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One leader's time, and the fence its writes stand behind."""

    service: str
    scope: str
    number: int
    holder: str
    sequence: int  # where its LeadershipTaken stands

    @property
    def fence(self) -> Expectation:
        """What every batch of this leader expects."""
        subject = leadership_subject(service=self.service, scope=self.scope)
        return Expectation(subject, self.sequence)


async def take_term(
    bus: Bus, *, service: str, scope: str, role: AgentRole.ValueType, holder: str, clock: Clock
) -> Term:
    """Open the next term on the log.

    Raises Fenced when another process did so at the same moment.
    """
    subject = leadership_subject(service=service, scope=scope)
    last = await bus.stream.last_on(subject)
    number, sequence = 1, 0
    if last is not None:
        sequence = last.sequence
        try:
            payload = recorded(last).event.payload
        except Unreadable as error:
            raise Fenced(
                f"{error}; nobody but a leader may publish there: the next term is not known"
            ) from error
        if isinstance(payload, LeadershipTaken):
            number = payload.term + 1
    event = Event(
        event_id=child_id(f"{service}/{scope}/{holder}/{sequence}", f"term {number}"),
        timestamp=clock(),
        agent_role=role,
        agent_id=f"{service}/{scope}",
        payload=LeadershipTaken(service=service, scope=scope, term=number, holder=holder),
    )
    try:
        taken = await bus.publish(event, key=scope, expectation=Expectation(subject, sequence))
    except Conflict as error:
        raise Fenced(f"another process took term {number} of {service}/{scope}") from error
    return Term(
        service=service,
        scope=scope,
        number=number,
        holder=holder,
        sequence=taken.last_sequence,
    )
