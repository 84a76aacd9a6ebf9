"""What is wrong with an event? One list of sentences; the library refuses on it, the ingestor
stores it beside the row.

The sentences hold no values, so that they can be counted and filtered; the value is in the event.
"""

from __future__ import annotations

import re

from enchanted.events.v1.attribution_pb2 import Attribution
from enchanted.events.v1.swarm_event_pb2 import TYPE_UNSPECIFIED, AgentRole, SwarmEvent
from nervous_system.contract.payload import KINDS_BY_FIELD
from nervous_system.ids import UUID, is_uuid

_TRACE = r"(?!0{32})[0-9a-f]{32}"
_SPAN = r"(?!0{16})[0-9a-f]{16}"
_TRACE_ID = re.compile(_TRACE).fullmatch
_SPAN_ID = re.compile(_SPAN).fullmatch
_IDS = re.compile(f"{UUID} (?:{_TRACE})? (?:{_SPAN})?").fullmatch
_ROLES = frozenset(AgentRole.values())
_EVENT_TYPES = {field: kind.event_type for field, kind in KINDS_BY_FIELD.items()}
_INFINITY = float("inf")

OUT_OF_RANGE = "timestamp is not between the years 1900 and 2261"
"""The one problem that no column can hold: the ingestor parks such an event."""

MAX_TEXT_BYTES = 256
"""Of a model's name, an id, a label's value: eight such texts and all labels fit into what is kept
free for the envelope."""

MAX_LABELS = 16
MAX_LABEL_NAME_BYTES = 64
MAX_WORKSPACE_BYTES = 1_024

EARLIEST_SECONDS = -2208988800
"""1900-01-01, the first moment ClickHouse's DateTime64 can hold."""

LATEST_SECONDS = 9183110400
"""2261-01-01, just below the last moment DateTime64(9) can hold."""


def problems(message: SwarmEvent, payload_field: str) -> list[str]:
    """Everything that breaks the contracts in an event whose payload is `payload_field`; empty
    when all is well."""
    found: list[str] = []
    event_id, trace_id, span_id = message.event_id, message.trace_id, message.span_id
    ids_are_right = _IDS(f"{event_id} {trace_id} {span_id}")  # one look, for nearly all are
    if not ids_are_right and not is_uuid(event_id):
        found.append("event_id is not a UUID")
    stamp = message.timestamp
    seconds = stamp.seconds
    if not seconds and not message.HasField("timestamp"):
        found.append("timestamp is missing")
    elif not _fits(seconds, stamp.nanos):
        found.append(OUT_OF_RANGE)
    if not ids_are_right:
        if trace_id and not _TRACE_ID(trace_id):
            found.append("trace_id is not 32 lower-case hex digits")
        if span_id and not _SPAN_ID(span_id):
            found.append("span_id is not 16 lower-case hex digits")
    agent_role = message.agent_role
    if not agent_role:
        found.append("agent_role is not given")
    elif agent_role not in _ROLES:
        found.append("agent_role has a number this version does not know")
    if not message.agent_id:
        found.append("agent_id is empty")
    event_type = message.event_type
    if event_type != TYPE_UNSPECIFIED and event_type != _EVENT_TYPES[payload_field]:
        found.append("event_type contradicts the payload")
    if message.HasField("attribution"):
        _check_attribution(message.attribution, found)
    check = _PAYLOAD_CHECKS.get(payload_field)
    if check is not None:
        check(message, found)
    return found


def timestamp_fits(message: SwarmEvent) -> bool:
    """Whether the event's timestamp is a moment that a DateTime64 column can hold."""
    return _fits(message.timestamp.seconds, message.timestamp.nanos)


def _fits(seconds: int, nanos: int) -> bool:
    return EARLIEST_SECONDS <= seconds < LATEST_SECONDS and 0 <= nanos < 1_000_000_000


def _check_attribution(attribution: Attribution, found: list[str]) -> None:
    labels = attribution.labels
    for field, value in attribution.ListFields():
        if field.name != "labels" and len(value.encode()) > MAX_TEXT_BYTES:
            found.append(f"attribution.{field.name} has more than {MAX_TEXT_BYTES} bytes")
    if len(labels) > MAX_LABELS:
        found.append(f"attribution has more than {MAX_LABELS} labels")
    for name, value in labels.items():
        if len(name.encode()) > MAX_LABEL_NAME_BYTES or len(value.encode()) > MAX_TEXT_BYTES:
            found.append(
                f"a label's name has more than {MAX_LABEL_NAME_BYTES} bytes, or its value more than"
                f" {MAX_TEXT_BYTES}"
            )
            break
    if "" in labels:
        found.append("a label has no name")


def _check_decision(message: SwarmEvent, found: list[str]) -> None:
    if not 0.0 <= message.decision.confidence_score <= 1.0:  # 0 where it is not given
        found.append("confidence_score is not between 0 and 1")


def _check_outcome(message: SwarmEvent, found: list[str]) -> None:
    outcome = message.action_outcome
    if not outcome.decision_event_id:
        found.append("decision_event_id is empty")
    if not 0.0 <= outcome.duration_seconds < _INFINITY:  # 0 where it is not given, as below
        found.append("duration_seconds is not a length of time")
    if not 0.0 <= outcome.cost_usd < _INFINITY:
        found.append("cost_usd is not a sum of money")
    if len(outcome.price_table.encode()) > MAX_TEXT_BYTES:
        found.append(f"price_table has more than {MAX_TEXT_BYTES} bytes")


def _check_state_change(message: SwarmEvent, found: list[str]) -> None:
    change = message.state_change
    if not change.target_type or not change.target_resource:
        found.append("target_type or target_resource is empty")
    if len(change.workspace.encode()) > MAX_WORKSPACE_BYTES:
        found.append(f"workspace has more than {MAX_WORKSPACE_BYTES} bytes")
    if not change.workspace.isprintable():
        found.append("workspace has a control character")
    if change.truncated and change.is_reversible:
        found.append("a truncated diff cannot be reversible")


def _check_signal(message: SwarmEvent, found: list[str]) -> None:
    if not message.system_signal.status:
        found.append("status is empty")


_PAYLOAD_CHECKS = {
    "decision": _check_decision,
    "action_outcome": _check_outcome,
    "state_change": _check_state_change,
    "system_signal": _check_signal,
}
