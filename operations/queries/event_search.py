"""Which events were recorded of an id, an agent, a resource, a time, or with some words? ClickHouse
says so, from the exact bytes it holds, also of those that are no longer on the log."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from nervous_system.contract.codec import decode
from nervous_system.contract.event import RecordedEvent
from nervous_system.errors import MalformedEvent, NoSuch
from operations.descriptions.table import describe, is_failure
from operations.queries.event_json import event_document
from operations.queries.record import EARLIEST, EPOCH, LATEST, Record, Row

MAX_PAGE_BYTES: Final = 8 * 1024**2
"""Of the events' own bytes; a page has one event at least."""
MAX_EFFECTS: Final = 100

Document = dict[str, Any]
"""An event as `event_document` has it, with its epoch, a sentence and whether it is a failure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Which are wanted; what is empty leaves none out."""

    event_id: str = ""
    trace_id: str = ""
    agent_id: str = ""
    agent_role: str = ""
    kinds: tuple[str, ...] = ()
    resource: str = ""
    failed: bool = False
    text: str = ""  # words, each of which stands somewhere in the event, in any case
    since: datetime = EARLIEST
    until: datetime = LATEST


@dataclass(frozen=True, slots=True)
class FoundEvents:
    """A page, the last recorded first."""

    events: list[Document]
    last: tuple[int, int] | None  # epoch and position of the last, if there are more
    as_of: int  # the position up to which ClickHouse has the log


@dataclass(frozen=True, slots=True, kw_only=True)
class OneEvent:
    """An event with what led to it and what it led to."""

    event: Document
    cause: Document | None
    effects: list[Document]  # the first
    effects_left_out: bool  # whether there are more
    cost_usd: float | None  # its own, or that of its outcome
    as_of: int


def find_events(
    record: Record, wanted: Search, *, before: tuple[int, int] = (0, 0), limit: int
) -> FoundEvents:
    """Those before the epoch and position `before`, which a page said; by itself the last ones.
    Raises NotRunning, QueryRefused."""
    as_of = record.as_of()
    rows = record.rows(
        "events",
        event_id=wanted.event_id,
        trace_id=wanted.trace_id,
        agent_id=wanted.agent_id,
        agent_role=wanted.agent_role,
        kinds=wanted.kinds,
        resource=wanted.resource,
        failed=wanted.failed,
        words=wanted.text.split(),
        since=wanted.since,
        until=wanted.until,
        before_epoch=before[0],
        before_seq=before[1],
        most=limit + 1,
        max_bytes=MAX_PAGE_BYTES,
    )
    page = rows[:limit]
    is_more = bool(page) and page[0]["found"] > len(page)
    last = (page[-1]["epoch"], page[-1]["seq"]) if is_more else None
    return FoundEvents([recorded_document(each) for each in page], last, as_of)


def one_event(record: Record, event_id: str) -> OneEvent:
    """Raises NoSuch if ClickHouse does not have it (yet); NotRunning, QueryRefused."""
    found = find_events(record, Search(event_id=event_id), limit=1)
    if not found.events:
        raise NoSuch(
            f"no event {event_id} is on record up to position {found.as_of}; what was said just now"
            " may not be there yet"
        )
    (event,) = found.events
    cause = None
    if event["causation_id"]:
        causes = find_events(record, Search(event_id=event["causation_id"]), limit=1)
        cause = next(iter(causes.events), None)
    rows = record.rows("effects", event_id=event_id, most=MAX_EFFECTS + 1)
    effects = [recorded_document(each) for each in rows[:MAX_EFFECTS]]
    return OneEvent(
        event=event,
        cause=cause,
        effects=effects,
        effects_left_out=len(rows) > MAX_EFFECTS,
        cost_usd=_cost(event, effects),
        as_of=found.as_of,
    )


def recorded_document(row: Row) -> Document:
    """Of a row with `epoch`, `seq`, `subject`, `microseconds` and `raw`."""
    try:
        recorded = decoded_row(row)
    except MalformedEvent as error:  # of a version that we do not know
        return {
            "epoch": row["epoch"],
            "sequence": row["seq"],
            "subject": row["subject"],
            "recorded_at": _recorded_at(row).isoformat(),
            "payload_kind": None,
            "unreadable": str(error),
            "sentence": f"it cannot be read: {error}",
            "is_failure": True,
        }
    payload = recorded.event.payload
    return {
        "epoch": row["epoch"],
        **event_document(recorded),
        "sentence": describe(payload),
        "is_failure": is_failure(payload),
    }


def decoded_row(row: Row) -> RecordedEvent:
    """The event of such a row. Raises MalformedEvent."""
    return RecordedEvent(
        event=decode(base64.b64decode(row["raw"])),
        sequence=row["seq"],
        subject=row["subject"],
        recorded_at=_recorded_at(row),
    )


def _recorded_at(row: Row) -> datetime:
    return EPOCH + timedelta(microseconds=row["microseconds"])


def _cost(event: Document, effects: list[Document]) -> float | None:
    own = (
        effect
        for effect in effects
        if _outcome(effect).get("decision_event_id") == event["event_id"]
    )
    costs = [_outcome(each).get("cost_usd") for each in (event, *own)]
    found = [each for each in costs if each is not None]
    return sum(found) if found else None


def _outcome(event: Document) -> Document:
    found: Document = event.get("action_outcome", {})
    return found
