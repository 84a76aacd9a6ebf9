"""How does one event read in one line, and as one JSON object?"""

from __future__ import annotations

import json
from datetime import datetime

from google.protobuf.json_format import MessageToDict

from enchanted.events.v1.action_outcome_pb2 import ActionOutcome, OutcomeStatus
from enchanted.events.v1.agent_decision_pb2 import AgentDecision
from enchanted.events.v1.process_pb2 import ProcessExited, ProcessStarted
from enchanted.events.v1.state_change_pb2 import StateChange
from enchanted.events.v1.system_signal_pb2 import SystemSignal
from nervous_system.contract.event import Recorded
from nervous_system.contract.payload import Payload
from nervous_system.contract.subjects import source_of
from nervous_system.transport.stream import Stored

MOST_CHARACTERS = 160


def readable_line(recorded: Recorded) -> str:
    """Position, the log's time, who, what and what it says, on one line."""
    event = recorded.event
    return (
        f"{recorded.sequence:>8}  {recorded.recorded_at.astimezone():%H:%M:%S.%f}  "
        f"{source_of(event.agent_role):<10} {event.agent_id:<20} "
        f"{event.kind.subject_word:<16} {one_line(summary(event.payload))}"
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


def summary(payload: Payload) -> str:
    """What a payload says, in the words a person looks for first."""
    match payload:
        case AgentDecision():
            return f"{payload.chosen_action}: {payload.rationale}".strip(": ")
        case ActionOutcome():
            status = OutcomeStatus.Name(payload.status) if payload.status in _STATUSES else "?"
            return f"{status.removeprefix('OUTCOME_').lower()} {payload.output}".strip()
        case StateChange():
            before = payload.previous_state_hash[:8] or "nothing"
            after = payload.new_state_hash[:8] or "nothing"
            return f"{payload.target_type} {payload.target_resource} {before} → {after}"
        case SystemSignal():
            return f"{payload.status} cpu {payload.cpu_load_percent} % {payload.memory_usage_mb} MB"
        case ProcessStarted():
            return f"{payload.name} started, pid {payload.pid}, attempt {payload.attempt}"
        case ProcessExited():
            return (
                f"{payload.name} ended with {payload.exit_code}, pid {payload.pid},"
                f" again in {payload.restart_in_seconds:g} s"
            )
        case _:
            return json.dumps(MessageToDict(payload, preserving_proto_field_name=True))


_STATUSES = frozenset(OutcomeStatus.values())


def one_line(text: str) -> str:
    """The text without line breaks and control characters, cut where it gets long."""
    words = " ".join("".join(c if c.isprintable() else " " for c in text[:4000]).split())
    return words if len(words) <= MOST_CHARACTERS else f"{words[: MOST_CHARACTERS - 1]}…"


def _text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
