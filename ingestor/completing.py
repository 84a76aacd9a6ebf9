"""What does an event leave unsaid that its payload, its headers or its subject say? Pure.

Producers of other languages may leave the envelope's `event_type` out, which the payload implies,
and name their trace in the header `traceparent` alone. The row has both; `raw` stays as it came.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from enchanted.events.v1.swarm_event_pb2 import (
    ROLE_UNSPECIFIED,
    TYPE_UNSPECIFIED,
    AgentRole,
)
from ingestor.reading import Readable, read
from nervous_system.contract.payload import KINDS_BY_FIELD
from nervous_system.contract.stored import Stored
from nervous_system.contract.subjects import template_for
from nervous_system.names import TRACEPARENT

WRONG_SUBJECT: Final = "its subject is not that of its kind and role, so it counts for nothing"

_ROLES: Final = frozenset(AgentRole.values()) - {ROLE_UNSPECIFIED}
_HEADER: Final = f"\r\n{TRACEPARENT}:".encode()
_TRACEPARENT: Final = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?"
).fullmatch


def readable(stored: Stored) -> Readable | str:
    """The event at a position with what it left unsaid, and with a warning where its subject is a
    wrong one; or why the position must be parked.
    """
    found = read(stored.data)
    if isinstance(found, str):
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
