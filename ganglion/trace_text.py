"""How does a trace read, line by line?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from ganglion.event_line import MOST_CHARACTERS, one_line
from ganglion.widths import cut
from nervous_system.contract.event import Recorded
from nervous_system.contract.payload import Payload
from nervous_system.phrases import counted, moment
from nervous_system.visible import visible
from operations.descriptions.table import in_words, is_failure, kind_in_words
from operations.queries.trace.elsewhere import Cause, Further, Onward
from operations.queries.trace.jaeger import span_page
from operations.queries.trace.tree import Line, Trace

_NO_POSITION: Final = " " * 22
"""As wide as position and time of an event of the trace."""

_MOST_OF_A_NAME: Final = 20
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
    cut = ", the first of more" if trace.cut else ""
    hidden = (
        f"; --all shows {counted(trace.hidden, 'event')} more, of how it came about"
        if trace.hidden
        else ""
    )
    yield TraceLine(
        f"trace {trace.trace_id}: {counted(len(trace.events), 'event')}{cut}"
        f" in {trace.seconds:.3f} s, by {counted(agents, 'agent')}, from"
        f" {moment(trace.events[0].recorded_at)} on{hidden}"
    )
    yield TraceLine(f"{'position':>8} {'after':>11}  what, who, and what it says")
    for line in trace.lines():
        before, said = _line(line, trace, whole=whole)
        hang = f"{_NO_POSITION}{_beside(line.drawing)}  "
        yield TraceLine(f"{before}{line.drawing}{said}", hang)
    for task_id in trace.tasks_from_elsewhere:
        yield TraceLine(f"What came before of task {task_id}: `ganglion tasks show {task_id}`")
    if page := span_page(trace.focus, jaeger_url):
        yield TraceLine(f"Jaeger: {page}", exact=True)


def _beside(drawing: str) -> str:
    """How the drawing goes on beside further lines of the same event."""
    return drawing.replace("├─", "│ ").replace("└─", "  ").replace("↓", "│")


def _line(line: Line, trace: Trace, *, whole: bool) -> tuple[str, str]:
    match line.shown:
        case Recorded() as recorded:
            return _event(recorded, trace, whole=whole)
        case Cause() as cause:
            said = _caused_by(cause, whole=whole)
        case Onward() as onward:
            said = _led_to(onward)
        case Further() as further:
            said = f"led to events in {counted(further.traces, 'more trace')}"
    return _NO_POSITION, said


def _event(recorded: Recorded, trace: Trace, *, whole: bool) -> tuple[str, str]:
    event = recorded.event
    after = (recorded.recorded_at - trace.events[0].recorded_at).total_seconds()
    here = "◀ " if event.event_id == trace.asked else ""
    who = event.agent_id if whole else cut(visible(event.agent_id), _MOST_OF_A_NAME)
    return (
        f"{recorded.sequence:>8} {after:>+9.3f} s  ",
        f"{here}{event.kind.subject_word}  {who}  {_words(event.payload, whole=whole)}",
    )


def _words(payload: Payload, *, whole: bool) -> str:
    """Why something failed is never cut."""
    most = None if whole or is_failure(payload) else MOST_CHARACTERS
    return one_line(in_words(payload), most=most)


def _caused_by(cause: Cause, *, whole: bool) -> str:
    if cause.recorded is None:
        return f"caused by event {cause.event_id}, which ClickHouse does not have"
    event = cause.recorded.event
    where = f"trace {event.trace_id}" if event.trace_id else "without a trace"
    return (
        f"caused by {kind_in_words(event.kind)} of {event.agent_id}"
        f" at {moment(cause.recorded.recorded_at)}, {where}: {_words(event.payload, whole=whole)}"
    )


def _led_to(onward: Onward) -> str:
    where = f"in trace {onward.trace_id}" if onward.trace_id else "without a trace"
    return f"led to {counted(onward.events, 'event')} {where}"
