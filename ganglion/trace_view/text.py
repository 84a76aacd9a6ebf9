"""How does a trace read, line by line?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ganglion.event_line import one_line
from ganglion.in_words.phrases import counted
from ganglion.in_words.table import in_words, kind_in_words
from ganglion.trace_view.elsewhere import Cause, Further, Onward
from ganglion.trace_view.jaeger import span_page
from ganglion.trace_view.tree import Line, Trace
from nervous_system.contract.event import Recorded

_NO_POSITION: Final = " " * 22
"""As wide as position and time of an event of the trace."""


def trace_text(trace: Trace, jaeger_url: str | None) -> Iterator[str]:
    """What it is, its tree, where its tasks come from, and the page of its span in Jaeger where
    there is one."""
    agents = len({each.event.agent_id for each in trace.events})
    cut = ", the first of more" if trace.cut else ""
    yield (
        f"trace {trace.trace_id}: {counted(len(trace.events), 'event')}{cut}"
        f" in {trace.seconds:.3f} s, by {counted(agents, 'agent')}"
    )
    for line in trace.lines():
        yield _line(line, trace)
    for task_id in trace.tasks_from_elsewhere:
        yield f"What came before of task {task_id}: ganglion tasks show {task_id}"
    if page := span_page(trace.focus, jaeger_url):
        yield f"Jaeger: {page}"


def _line(line: Line, trace: Trace) -> str:
    match line.shown:
        case Recorded() as recorded:
            return _event(recorded, line.drawing, trace)
        case Cause() as cause:
            said = _caused_by(cause)
        case Onward() as onward:
            said = _led_to(onward)
        case Further() as further:
            said = f"led to events in {counted(further.traces, 'more trace')}"
    return f"{_NO_POSITION}{line.drawing}{said}"


def _event(recorded: Recorded, drawing: str, trace: Trace) -> str:
    event = recorded.event
    after = (recorded.recorded_at - trace.events[0].recorded_at).total_seconds()
    here = "◀ " if event.event_id == trace.asked else ""
    return (
        f"{recorded.sequence:>8} {after:>+9.3f} s  {drawing}{here}{event.kind.subject_word}"
        f"  {event.agent_id}  {one_line(in_words(event.payload))}"
    )


def _caused_by(cause: Cause) -> str:
    if cause.recorded is None:
        return f"caused by event {cause.event_id}, which ClickHouse does not have"
    event, moment = cause.recorded.event, cause.recorded.recorded_at.astimezone()
    where = f"trace {event.trace_id}" if event.trace_id else "without a trace"
    return (
        f"caused by {kind_in_words(event.kind)} of {event.agent_id}"
        f" at {moment:%Y-%m-%d %H:%M:%S}, {where}: {one_line(in_words(event.payload))}"
    )


def _led_to(onward: Onward) -> str:
    where = f"in trace {onward.trace_id}" if onward.trace_id else "without a trace"
    return f"led to {counted(onward.events, 'event')} {where}"
