"""How does what an agent says in JSON get onto the log? As proto3 JSON of a SwarmEvent, by whoever
speaks no Protobuf.

What is strict in the library is strict here: a decision says why, ids and times are what they claim
to be, and nobody speaks as a service, or as an agent that signs what it says.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from google.protobuf.json_format import ParseDict, ParseError

from enchanted.events.v1.agent_decision_pb2 import AgentDecision
from enchanted.events.v1.swarm_event_pb2 import ROLE_OPERATOR, SwarmEvent
from nervous_system.bus import Bus
from nervous_system.client.agent import AGENT_ROLES
from nervous_system.contract.codec import decode_strictly
from nervous_system.contract.event import Event
from nervous_system.contract.given import Given, half_character
from nervous_system.contract.message import Entry
from nervous_system.contract.subjects import source_of
from nervous_system.errors import Duplicate, IdTaken, InvalidEvent, MalformedEvent
from nervous_system.ids import child_id
from nervous_system.names import MAX_BATCH_MESSAGES
from operations.actions.on_record import OnRecord, record_once

KINDS: Final = ("decision", "state_change", "system_signal", "action_outcome")
"""What agents say of themselves. Anything else is asked for, or said by a service."""

MAX_PROBLEMS: Final = 100


async def record_events(
    bus: Bus, documents: Sequence[dict[str, Any]], *, person: str, request_id: str
) -> list[OnRecord]:
    """All of them, in this order, together: each is on disk when this returns. Sent again, they are
    on record once.

    Raises InvalidEvent with everything that is wrong, and then none is on record; IdTaken if
    something else is known by the id of one; NotAcknowledged, LogFull, TooLarge.
    """
    now = bus.clock()
    events, found = [], []
    if not 1 <= len(documents) <= MAX_BATCH_MESSAGES:
        found.append(f"1 to {MAX_BATCH_MESSAGES} events are recorded at once")
        documents = ()
    for number, document in enumerate(documents):
        try:
            own_id = child_id(request_id, str(number))
            event = _event(document, person=person, own_id=own_id, now=now)
            _check_speaker(bus, event, person=person, now=now)
            events.append(event)
        except InvalidEvent as error:
            found += [f"events[{number}]: {each}" for each in error.problems]
    if len({each.event_id for each in events}) < len(events):
        found.append("two of the events have the same event_id")
    if found:
        raise InvalidEvent(found[:MAX_PROBLEMS])
    if len(events) == 1:
        return [await record_once(bus, events[0])]
    try:
        done = await bus.append([Entry(event=each) for each in events])
    except (Duplicate, IdTaken):  # some of it was sent before
        return [await record_once(bus, each) for each in events]
    return [
        OnRecord(each.event_id, done.first_sequence + number, redacted=number in done.redacted_at)
        for number, each in enumerate(events)
    ]


def _event(document: dict[str, Any], *, person: str, own_id: str, now: datetime) -> Event:
    """What the document says; what it leaves out of the envelope is filled in. Raises
    InvalidEvent."""
    message = SwarmEvent()
    try:
        # Protobuf fails at it in a way of its own, if it is in a name.
        if half_character(json.dumps(document, ensure_ascii=False)) is not None:
            raise ValueError("it spells half a character (a surrogate), which is no text")
        ParseDict(document, message)
    except (ParseError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise InvalidEvent([f"it is no SwarmEvent in proto3 JSON: {str(error)[:300]}"]) from error
    message.event_id = message.event_id or own_id
    message.agent_role = message.agent_role or ROLE_OPERATOR
    if message.agent_role == ROLE_OPERATOR:
        message.agent_id = message.agent_id or person
    if not message.HasField("timestamp"):
        message.timestamp.FromDatetime(now)
    try:
        event, _ = decode_strictly(message.SerializeToString(deterministic=True))
    except MalformedEvent as error:
        raise InvalidEvent([str(error)]) from error
    if event.kind.field not in KINDS:
        raise InvalidEvent([f"{event.kind.field} is not said here: {', '.join(KINDS)} are"])
    if isinstance(event.payload, AgentDecision):
        given = Given()
        given.text("rationale", event.payload.rationale, say="say why")
        given.text("chosen_action", event.payload.chosen_action, say="say what")
        given.check()
    return event


def _check_speaker(bus: Bus, event: Event, *, person: str, now: datetime) -> None:
    """Raises InvalidEvent if nobody may speak as this one here."""
    role, agent_id = event.agent_role, event.agent_id
    if role not in AGENT_ROLES:
        names = ", ".join(source_of(each) for each in AGENT_ROLES)
        raise InvalidEvent([f"it is said by a service; agents are {names}"])
    if role == ROLE_OPERATOR and agent_id != person:
        raise InvalidEvent([f"a person speaks in their own name: leave agent_id out, or {person}"])
    if agent_id != person and bus.trusted.must_sign(agent_id, at=now):
        raise InvalidEvent(["this agent signs what it says, so nobody says it for it"])
