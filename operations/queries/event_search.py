"""Which events were recorded of an id, a trace, an agent, a resource, in a time? ClickHouse says
so, from the exact bytes it holds, also of those that are no longer on the log."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any, Final

from nervous_system.clickhouse.query import query_rows
from nervous_system.contract.codec import decode
from nervous_system.contract.event import RecordedEvent
from operations.descriptions.table import describe
from operations.queries.caught_up import watermark
from operations.queries.event_json import event_document

_SQL: Final = (files("operations.queries") / "sql" / "events.sql").read_text(encoding="utf-8")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
SILENT_SECONDS: Final = 10.0
"""Who asks holds a thread meanwhile, and there are not many."""
MAX_PAGE_BYTES: Final = 8 * 1024**2
"""Of the events' own bytes; a page has one event at least."""
EARLIEST: Final = datetime(1971, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Which are wanted; what is empty leaves none out."""

    event_id: str = ""
    trace_id: str = ""
    agent_id: str = ""
    kind: str = ""
    resource: str = ""
    since: datetime = EARLIEST
    until: datetime = LATEST


@dataclass(frozen=True, slots=True)
class FoundEvents:
    """A page, the last recorded first."""

    events: list[dict[str, Any]]
    last: tuple[int, int] | None  # epoch and position of the last, if there are more
    as_of: int  # the position up to which ClickHouse has the log


def find_events(
    clickhouse_url: str, wanted: Search, *, before: tuple[int, int] = (0, 0), limit: int
) -> FoundEvents:
    """Those before the epoch and position `before`, which a page said; by itself the last ones.
    Raises NotRunning, QueryRefused."""
    # First: what comes meanwhile is more than was promised.
    as_of = watermark(clickhouse_url, silent_seconds=SILENT_SECONDS)
    rows = query_rows(
        clickhouse_url,
        _SQL,
        silent_seconds=SILENT_SECONDS,
        parameters={
            "event_id": _escaped(wanted.event_id),
            "trace_id": _escaped(wanted.trace_id),
            "agent_id": _escaped(wanted.agent_id),
            "kind": _escaped(wanted.kind),
            "resource": _escaped(wanted.resource),
            "since": _microseconds(wanted.since),
            "until": _microseconds(wanted.until),
            "before_epoch": str(before[0]),
            "before_seq": str(before[1]),
            "most": str(limit + 1),
            "max_bytes": str(MAX_PAGE_BYTES),
        },
    )
    page = rows[:limit]
    is_more = bool(page) and int(page[0]["found"]) > len(page)
    last = (int(page[-1]["epoch"]), int(page[-1]["seq"])) if is_more else None
    return FoundEvents([_document(each) for each in page], last, as_of)


def _document(row: dict[str, Any]) -> dict[str, Any]:
    event = decode(base64.b64decode(row["raw"]))
    recorded = RecordedEvent(
        event=event,
        sequence=int(row["seq"]),
        subject=str(row["subject"]),
        recorded_at=_EPOCH + timedelta(microseconds=int(row["microseconds"])),
    )
    document = event_document(recorded)
    return {"epoch": int(row["epoch"]), **document, "sentence": describe(event.payload)}


def _escaped(text: str) -> str:
    """As ClickHouse reads the value of a parameter."""
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")


def _microseconds(moment: datetime) -> str:
    return str((moment - _EPOCH) // timedelta(microseconds=1))
