"""Which events and spans belong to a trace, and which others led to it or followed from it?
ClickHouse says so, events from the exact bytes that it holds.
"""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any, Final

from nervous_system.clickhouse.query import query_rows
from nervous_system.contract.codec import decode
from nervous_system.contract.event import RecordedEvent
from nervous_system.errors import BadSetting, QueryRefused
from operations.queries.meant import closest_id
from operations.queries.record import Record
from operations.queries.trace.cross_trace_links import CrossTraceLinks, DownstreamTrace
from operations.queries.trace.tree import Trace
from operations.queries.trace.waterfall import MAX_SPANS, spans_of

MAX_EVENTS: Final = 10_000
"""A longer trace is cut, and says so."""

MAX_TRACES: Final = 10
"""To so many other traces an event led by name; of the rest their number is said."""

MIN_BEGINNING: Final = 4
"""Characters of an id that must be typed, as with git."""

_WHOLE_ID: Final = re.compile(
    r"[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
)
_TRACE_ID: Final = re.compile(r"[0-9a-f]{32}")
_SQL: Final = files("operations.queries.trace") / "sql"


def find_trace(clickhouse_url: str, wanted: str) -> Trace:
    """The trace of that id, or of the event of that id; or of the one that begins so.

    Raises BadSetting where several begin so, or where ClickHouse has none (yet); QueryRefused where
    the event carries no trace; NotRunning where nobody answers.
    """
    wanted = meant_id(clickhouse_url, wanted.strip().lower())
    asked = ""
    trace_id = wanted
    if not _TRACE_ID.fullmatch(wanted):
        asked = wanted
        trace_id = _trace_of(clickhouse_url, wanted)
    events = _events_of(clickhouse_url, trace_id)
    spans, _ = spans_of(Record(clickhouse_url), trace_id)
    if not events and not spans:
        raise _unknown_id(wanted)
    return Trace.of(
        trace_id,
        events[:MAX_EVENTS],
        elsewhere=_elsewhere(clickhouse_url, trace_id),
        asked=asked,
        cut=len(events) > MAX_EVENTS,
        spans=spans[:MAX_SPANS],
    )


def meant_id(clickhouse_url: str, typed: str) -> str:
    """
    The id of an event or a trace that begins so; what begins none is handed on.

    A whole one is not looked for. Raises BadSetting where several begin so, NotRunning.
    """
    begin = typed.removesuffix("…")
    if _WHOLE_ID.fullmatch(begin):
        return begin
    if _rows(clickhouse_url, "trace_of_event.sql", event_id=begin):
        return begin  # the id of an event need not be a UUID
    if len(begin) < MIN_BEGINNING:
        return begin
    ids = [str(row["id"]) for row in _rows(clickhouse_url, "ids_that_begin.sql", begin=begin)]
    return closest_id(begin, ids, noun="id")


def _trace_of(clickhouse_url: str, event_id: str) -> str:
    rows = _rows(clickhouse_url, "trace_of_event.sql", event_id=event_id)
    if not rows:
        raise _unknown_id(event_id)
    trace_id = str(rows[0]["trace_id"])
    if not trace_id:
        raise QueryRefused(f"event {event_id} was published without a trace id")
    return trace_id


def _events_of(clickhouse_url: str, trace_id: str) -> list[RecordedEvent]:
    rows = _rows(clickhouse_url, "events_of_trace.sql", trace_id=trace_id, most=str(MAX_EVENTS + 1))
    return [_decode_row(row) for row in rows]


def _elsewhere(clickhouse_url: str, trace_id: str) -> CrossTraceLinks:
    shown = {"trace_id": trace_id, "most": str(MAX_EVENTS)}
    causes = _rows(clickhouse_url, "causes_of_trace.sql", **shown)
    onward = _rows(clickhouse_url, "onward_of_trace.sql", **shown, most_traces=str(MAX_TRACES))
    return CrossTraceLinks(
        causes=tuple(_decode_row(row) for row in causes),
        onward=tuple(
            DownstreamTrace(
                causation_id=row["causation_id"],
                trace_id=row["other"],
                events=int(row["events"]),
                traces=int(row["traces"]),
            )
            for row in onward
        ),
    )


def _decode_row(row: dict[str, Any]) -> RecordedEvent:
    return RecordedEvent(
        event=decode(base64.b64decode(row["raw"])),
        sequence=int(row["seq"]),
        subject=row["subject"],
        recorded_at=datetime.fromtimestamp(int(row["microseconds"]) / 1e6, UTC),
    )


def _rows(clickhouse_url: str, name: str, **parameters: str) -> list[dict[str, Any]]:
    query = (_SQL / name).read_text(encoding="utf-8")
    return query_rows(clickhouse_url, query, parameters=parameters)


def _unknown_id(wanted: str) -> BadSetting:
    return BadSetting(
        f"ClickHouse has no event and no trace {wanted}; where it was published just now,"
        " `ganglion status` shows how far behind the log ClickHouse is"
    )
