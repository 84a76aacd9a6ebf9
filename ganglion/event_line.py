"""How does one event read in one line, and as one JSON object?"""

from __future__ import annotations

import json
from datetime import datetime

from google.protobuf.json_format import MessageToDict

from ganglion.in_words.table import in_words
from nervous_system.contract.event import Recorded
from nervous_system.contract.subjects import source_of
from nervous_system.transport.stream import Stored
from nervous_system.visible import visible

MOST_CHARACTERS = 160


def readable_line(recorded: Recorded) -> str:
    """Position, the log's time, who, what and what it says, on one line."""
    event = recorded.event
    return (
        f"{recorded.sequence:>8}  {recorded.recorded_at.astimezone():%H:%M:%S.%f}  "
        f"{source_of(event.agent_role):<10} {event.agent_id:<20} "
        f"{event.kind.subject_word:<16} {one_line(in_words(event.payload))}"
    )


def unreadable_line(stored: Stored, *, reason: str) -> str:
    """The same for a position that holds no event we can read."""
    return (
        f"{stored.sequence:>8}  {stored.recorded_at.astimezone():%H:%M:%S.%f}  "
        f"{'?':<10} {'?':<20} {'unreadable':<16} {one_line(reason)}"
    )


def json_line(recorded: Recorded) -> str:
    """Everything the event says, with its place on the log, as one JSON object."""
    event = recorded.event
    return json.dumps(
        {
            "sequence": recorded.sequence,
            "subject": recorded.subject,
            "recorded_at": _text(recorded.recorded_at),
            "event_id": event.event_id,
            "timestamp": _text(event.timestamp),
            "agent_role": source_of(event.agent_role),
            "agent_id": event.agent_id,
            "trace_id": event.trace_id,
            "span_id": event.span_id,
            "causation_id": event.causation_id,
            "correlation_id": event.correlation_id,
            "payload_kind": event.kind.field,
            event.kind.field: MessageToDict(event.payload, preserving_proto_field_name=True),
        },
        ensure_ascii=False,
    )


def unreadable_json(stored: Stored, *, reason: str) -> str:
    """A position that holds no event we can read, as one JSON object."""
    return json.dumps(
        {
            "sequence": stored.sequence,
            "subject": stored.subject,
            "recorded_at": _text(stored.recorded_at),
            "payload_kind": None,
            "unreadable": reason,
            "bytes": len(stored.data),
        },
        ensure_ascii=False,
    )


def one_line(text: str) -> str:
    """The text without line breaks, cut between two words where it gets long."""
    words = " ".join(visible(text[:4000], keep="\r\n\t").split())
    if len(words) <= MOST_CHARACTERS:
        return words
    whole = words[:MOST_CHARACTERS].rpartition(" ")[0]
    if len(whole) < MOST_CHARACTERS // 2:  # it ends in one long word: a path, a hash
        whole = words[: MOST_CHARACTERS - 1]
    return f"{whole}…"


def _text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
