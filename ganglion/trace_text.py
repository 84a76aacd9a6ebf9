"""How does a trace read, line by line?"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Final, NamedTuple

from ganglion.event_line import MAX_CHARACTERS, one_line
from ganglion.widths import cut
from nervous_system.contract.event import RecordedEvent
from nervous_system.contract.payload import Payload
from nervous_system.phrases import moment, pluralize
from nervous_system.visible import visible
from operations.descriptions.table import describe, describe_kind, is_failure
from operations.queries.trace.cross_trace_links import Cause, DownstreamTrace, MoreTraces
from operations.queries.trace.tree import DrawnEvent, Trace, trace_page
from operations.queries.trace.waterfall import SpanOfTrace

_NO_POSITION: Final = " " * 22
"""As wide as position and time of an event of the trace."""

_MAX_NAME_CHARACTERS: Final = 20
"""Cells of who it was."""


class TraceLine(NamedTuple):
    """One line, and what those begin with onto which it is folded."""

    text: str
    hang: str = ""
    exact: bool = False  # it is copied, and never folded


def trace_text(trace: Trace, jaeger_url: str | None, *, whole: bool = True) -> Iterator[TraceLine]:
    """What it is, its tree, where its tasks come from, and the page of its span in Jaeger where
    there is one. Not `whole`: names, and words of what did not fail, are cut where they are long.
    """
    agents = len({each.event.agent_id for each in trace.events})
    spans = f" and {pluralize(len(trace.spans), 'span')}" if trace.spans else ""
    cut = ", the first of more" if trace.cut else ""
    hidden = (
        f"; --all shows {pluralize(trace.hidden, 'event')} more, of how it came about"
        if trace.hidden
        else ""
    )
    yield TraceLine(
        f"trace {trace.trace_id}: {pluralize(len(trace.events), 'event')}{cut}{spans}"
        f" in {trace.seconds:.3f} s, by {pluralize(agents, 'agent')}, from"
        f" {moment(trace.began_at)} on{hidden}"
    )
    yield TraceLine(f"{'position':>8} {'after':>11}  what, who, and what it says")
    for line in trace.lines():
        before, said = _line(line, trace, whole=whole)
        hang = f"{_NO_POSITION}{_continuation(line.drawing)}  "
        yield TraceLine(f"{before}{line.drawing}{said}", hang)
    for task_id in trace.tasks_from_elsewhere:
        typed = shlex.quote(task_id)
        yield TraceLine(f"What came before of task {task_id}: `ganglion tasks show {typed}`")
    if page := trace_page(trace, jaeger_url):
        yield TraceLine(f"Jaeger: {page}", exact=True)


def _continuation(drawing: str) -> str:
    """How the drawing goes on beside further lines of the same event."""
    return drawing.replace("├─", "│ ").replace("└─", "  ").replace("↓", "│")


def _line(line: DrawnEvent, trace: Trace, *, whole: bool) -> tuple[str, str]:
    match line.shown:
        case RecordedEvent() as recorded:
            return _event(recorded, trace, whole=whole)
        case SpanOfTrace() as span:
            return _span(span, trace, whole=whole)
        case Cause() as cause:
            said = _caused_by(cause, whole=whole)
        case DownstreamTrace() as onward:
            said = _led_to(onward)
        case MoreTraces() as further:
            said = f"led to events in {pluralize(further.traces, 'more trace')}"
    return _NO_POSITION, said


def _event(recorded: RecordedEvent, trace: Trace, *, whole: bool) -> tuple[str, str]:
    event = recorded.event
    after = (recorded.recorded_at - trace.events[0].recorded_at).total_seconds()
    here = "◀ " if event.event_id == trace.asked else ""
    who = event.agent_id if whole else cut(visible(event.agent_id), _MAX_NAME_CHARACTERS)
    return (
        f"{recorded.sequence:>8} {after:>+9.3f} s  ",
        f"{here}{event.kind.subject_word}  {who}  {_words(event.payload, whole=whole)}",
    )


def _span(span: SpanOfTrace, trace: Trace, *, whole: bool) -> tuple[str, str]:
    """A span has no position. Its texts are whatever somebody made of them."""
    after = (span.started_at - trace.began_at).total_seconds()
    who = visible(span.who) if whole else cut(visible(span.who), _MAX_NAME_CHARACTERS)
    failed = f", failed: {one_line(span.status_message)}" if span.status == "error" else ""
    return (
        f"{'·':>8} {after:>+9.3f} s  ",
        f"{one_line(span.name)}  {who}  {span.seconds * 1000:.1f} ms{failed}",
    )


def _words(payload: Payload, *, whole: bool) -> str:
    """Why something failed is never cut."""
    most = None if whole or is_failure(payload) else MAX_CHARACTERS
    return one_line(describe(payload), max_characters=most)


def _caused_by(cause: Cause, *, whole: bool) -> str:
    if cause.recorded is None:
        return f"caused by event {cause.event_id}, which ClickHouse does not have"
    event = cause.recorded.event
    where = f"trace {event.trace_id}" if event.trace_id else "without a trace"
    return (
        f"caused by {describe_kind(event.kind)} of {event.agent_id}"
        f" at {moment(cause.recorded.recorded_at)}, {where}: {_words(event.payload, whole=whole)}"
    )


def _led_to(onward: DownstreamTrace) -> str:
    where = f"in trace {onward.trace_id}" if onward.trace_id else "without a trace"
    return f"led to {pluralize(onward.events, 'event')} {where}"
