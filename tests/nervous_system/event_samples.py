"""Which events do the tests of the nervous system publish?"""

from __future__ import annotations

from datetime import UTC, datetime

from enchanted.events.v1.agent_decision_pb2 import AgentDecision
from enchanted.events.v1.swarm_event_pb2 import ROLE_CODER
from nervous_system.contract.event import Event
from nervous_system.contract.message import Entry, Expectation
from nervous_system.contract.payload import Payload
from nervous_system.ids import child_id

MOMENT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def decision(label: str, payload: Payload | None = None) -> Event:
    """A decision whose id derives from the label."""
    return Event(
        event_id=child_id("tests", label),
        timestamp=MOMENT,
        agent_role=ROLE_CODER,
        agent_id="coder-1",
        payload=payload or AgentDecision(rationale=f"because of {label}", chosen_action="go"),
    )


def entry(label: str, *, key: str | None = None, expect: Expectation | None = None) -> Entry:
    """The same, on its way."""
    return Entry(event=decision(label), key=key, expectation=expect)
