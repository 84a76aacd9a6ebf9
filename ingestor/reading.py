"""Can these bytes be stored as an event, with which warnings, and what does it leave unsaid?

Total: every input has an answer. Producers of other languages may leave the envelope's `event_type`
out, which the payload implies, and name their trace in the header `traceparent` alone. The row has
both; `raw` stays as it came.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final, NamedTuple

from google.protobuf.message import DecodeError

from enchanted.events.v1.swarm_event_pb2 import (
    ROLE_UNSPECIFIED,
    TYPE_UNSPECIFIED,
    AgentRole,
    SwarmEvent,
)
from nervous_system.contract.check import OUT_OF_RANGE, problems
from nervous_system.contract.payload import KINDS_BY_FIELD
from nervous_system.contract.stored import Stored
from nervous_system.contract.subjects import template_for
from nervous_system.names import TRACEPARENT
from nervous_system.refusal import Refusal

WRONG_SUBJECT: Final = "its subject is not that of its kind and role, so it counts for nothing"

_ROLES: Final = frozenset(AgentRole.values()) - {ROLE_UNSPECIFIED}
_HEADER: Final = f"\r\n{TRACEPARENT}:".encode()
_TRACEPARENT: Final = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?"
).fullmatch


class Readable(NamedTuple):
    """An event that will be stored."""

    message: SwarmEvent
    payload_field: str
    warnings: list[str]


def read(data: bytes) -> Readable | Refusal:
    """The event in the bytes, or the reason why the position must be parked."""
    if not data:
        return Refusal.because("it is empty")
    try:
        message = SwarmEvent.FromString(data)
    except DecodeError:
        return Refusal.because("its bytes are not a SwarmEvent")
    if not message.event_id:
        return Refusal.because("it has no event_id")
    payload_field = message.WhichOneof("payload")
    if payload_field is None:
        return Refusal.because("it has no payload that this version knows")
    warnings = problems(message, payload_field)
    if warnings and OUT_OF_RANGE in warnings:
        return Refusal.because(f"its {OUT_OF_RANGE}")
    # As the constructor does, in half the time.
    return tuple.__new__(Readable, (message, payload_field, warnings))


def readable(stored: Stored) -> Readable | Refusal:
    """The event at a position with what it left unsaid, and with a warning where its subject is a
    wrong one; or why the position must be parked.
    """
    found = read(stored.data)
    if isinstance(found, Refusal):
        return found
    message, field, warnings = found
    kind = KINDS_BY_FIELD[field]
    if message.event_type == TYPE_UNSPECIFIED:
        message.event_type = kind.event_type
    if not message.trace_id and not message.span_id and _HEADER in stored.raw_headers:
        match = _TRACEPARENT(stored.headers.get(TRACEPARENT, "").strip())
        if match:
            message.trace_id, message.span_id = match[1], match[2]
    urgent = kind.lane and getattr(getattr(message, field), kind.lane)
    word = kind.lane if urgent else kind.subject_word
    if not f"{stored.subject}.".startswith(_beginning(field, message.agent_role, word)):
        warnings.append(WRONG_SUBJECT)
    return found


@cache
def _beginning(field: str, role: AgentRole.ValueType, word: str) -> str:
    """Of the subject and a dot. Empty where the role would say it and is not given or unknown: that
    has its own warning."""
    kind = KINDS_BY_FIELD[field]
    if not kind.source and role not in _ROLES:
        return ""
    return f"{template_for(kind, role=role, word=word)}."
