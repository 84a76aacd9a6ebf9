"""What happened in one trace, one thing below the other: spans, and the events that were said in
them?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal

from enchanted.events.v1.swarm_event_pb2 import AgentRole
from nervous_system.contract.subjects import AGENTS, source_of
from nervous_system.errors import NoSuch, NotRunning
from operations.queries.event_search import Document, recorded_document
from operations.queries.record import Record

MAX_EVENTS: Final = 10_000
MAX_SPANS: Final = 20_000
ROOT: Final = -1
_SERVICES: Final = frozenset(map(source_of, AgentRole.values())).difference(AGENTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanOfTrace:
    """What a service or an agent did, as it said itself."""

    span_id: str
    parent_span_id: str
    source: str  # its role
    service: str
    name: str
    kind: str
    started_at: datetime
    seconds: float
    status: str
    status_message: str
    attributes: dict[str, str]

    @property
    def who(self) -> str:
        """The name that it gives itself, and the source if an agent gives itself a service's."""
        named = self.service.strip().casefold()
        if self.source in AGENTS and named in _SERVICES:
            return f"{self.source} as {self.service}"
        return self.service


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceNode:
    """A span, or an event."""

    kind: Literal["span", "event"]
    id: str  # of the span, or of the event
    parent: int  # its place in the list; -1: it has none
    depth: int
    name: str
    who: str
    started_at: datetime
    seconds: float  # of an event 0
    is_failure: bool
    cost_usd: float | None
    span: SpanOfTrace | None
    event: Document | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waterfall:
    """A trace: each node behind its parent, children in the order in which they began."""

    trace_id: str
    nodes: list[TraceNode]
    events_left_out: bool  # whether there are more than are shown
    spans_left_out: bool
    without_spans: str  # why no spans are there; empty: they are, or nobody made any
    as_of: int


def waterfall(record: Record, trace_id: str) -> Waterfall:
    """Raises NoSuch, NotRunning, QueryRefused."""
    as_of = record.as_of()
    events = [
        recorded_document(each)
        for each in record.rows("trace_events", trace_id=trace_id, most=MAX_EVENTS + 1)
    ]
    spans, why = spans_of(record, trace_id)
    if not events and not spans:
        raise NoSuch(f"no event and no span of trace {trace_id} is on record up to {as_of}")
    return Waterfall(
        trace_id=trace_id,
        nodes=in_order(spans[:MAX_SPANS], events[:MAX_EVENTS]),
        events_left_out=len(events) > MAX_EVENTS,
        spans_left_out=len(spans) > MAX_SPANS,
        without_spans=why,
        as_of=as_of,
    )


def in_order(spans: Sequence[SpanOfTrace], events: Sequence[Document]) -> list[TraceNode]:
    """An event is below the span that it was said in, or else below the event that caused it; a
    span below its parent, or else below the event that was said in that."""
    nodes = [*map(_of_span, spans), *map(_of_event, events)]
    by_span = {each.span_id: row for row, each in enumerate(spans)}
    by_event = {each.id: row for row, each in enumerate(nodes) if each.kind == "event"}
    said = {each.get("span_id", ""): row for row, each in enumerate(events, len(spans))}
    below: defaultdict[int, list[int]] = defaultdict(list)
    for row, node in enumerate(nodes):
        parent = ROOT
        if node.span is not None:
            above = node.span.parent_span_id
            parent = by_span.get(above, said.get(above, ROOT)) if above else ROOT
        elif node.event is not None:
            said_in = by_span.get(node.event.get("span_id", ""), ROOT)
            cause = by_event.get(node.event.get("causation_id", ""), ROOT)
            parent = said_in if said_in != ROOT else cause
        below[parent if parent != row else ROOT].append(row)
    for rows in below.values():
        rows.sort(key=lambda row: nodes[row].started_at)
    found: list[TraceNode] = []
    placed: set[int] = set()

    def place(start: int) -> None:
        # A stack of its own: a chain may be longer than Python may call.
        waiting = [(start, ROOT, 0)]
        while waiting:
            row, parent, depth = waiting.pop()
            if row in placed:
                continue
            placed.add(row)
            own = len(found)
            found.append(replace(nodes[row], parent=parent, depth=depth))
            waiting += [(each, own, depth + 1) for each in reversed(below[row])]

    for row in below[ROOT]:
        place(row)
    for row in range(len(nodes)):  # what goes round in a circle
        place(row)
    return found


def spans_of(record: Record, trace_id: str) -> tuple[list[SpanOfTrace], str]:
    """Its spans, one more than are shown at most, and why there are none. Raises NotRunning,
    QueryRefused."""
    try:
        rows = record.rows("trace_spans", trace_id=trace_id, most=MAX_SPANS + 1)
    except NotRunning as error:  # its table is not there
        return [], str(error)
    return [SpanOfTrace(**each) for each in rows], ""


def _of_span(span: SpanOfTrace) -> TraceNode:
    return TraceNode(
        kind="span",
        id=span.span_id,
        parent=ROOT,
        depth=0,
        name=span.name,
        who=span.who,
        started_at=span.started_at,
        seconds=span.seconds,
        is_failure=span.status == "error",
        cost_usd=None,
        span=span,
        event=None,
    )


def _of_event(event: Document) -> TraceNode:
    return TraceNode(
        kind="event",
        id=event.get("event_id", ""),
        parent=ROOT,
        depth=0,
        name=event["sentence"],
        who=event.get("agent_id", ""),
        started_at=datetime.fromisoformat(event["recorded_at"]),
        seconds=0.0,
        is_failure=event["is_failure"],
        cost_usd=event.get("action_outcome", {}).get("cost_usd"),
        span=None,
        event=event,
    )
