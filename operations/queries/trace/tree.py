"""What led to what? The events and spans of one trace as a tree: each event below the span in which
it was said, or else below the event that caused it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from enchanted.events.v1.leadership_pb2 import LeadershipTaken, RequestsTaken, TickObserved
from enchanted.events.v1.task_pb2 import TaskClaimed, TaskSubmitted
from enchanted.events.v1.task_request_pb2 import (
    ClaimRequested,
    ProgressReported,
    ReleaseRequested,
    ResultReported,
)
from nervous_system.contract.event import RecordedEvent
from operations.queries.trace.cross_trace_links import (
    Cause,
    CrossTraceLinks,
    DownstreamTrace,
    MoreTraces,
)
from operations.queries.trace.jaeger import span_address, span_page
from operations.queries.trace.waterfall import SpanOfTrace

PLUMBING: Final = (
    ClaimRequested,
    LeadershipTaken,
    ProgressReported,
    ReleaseRequested,
    RequestsTaken,
    ResultReported,
    TickObserved,
)
"""How services come to decide. What they decided, and what that led to, is the work."""

TraceItem = RecordedEvent | SpanOfTrace | Cause | DownstreamTrace | MoreTraces
"""An event or a span of the trace, or what stands for those of other traces above and below."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnEvent:
    """One of them at its place in the drawing."""

    shown: TraceItem
    drawing: str  # what stands left of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """The events of one trace, in the order of the log."""

    trace_id: str
    events: tuple[RecordedEvent, ...]
    asked: str  # the event that was asked for; empty where it was the trace
    cut: bool  # whether more belong to it
    causes: tuple[Cause, ...]  # of other traces
    onward: tuple[DownstreamTrace, ...]  # to other traces
    hidden: int = 0  # events that are left out
    spans: tuple[SpanOfTrace, ...] = ()  # in the order in which they began

    @classmethod
    def of(
        cls,
        trace_id: str,
        events: Sequence[RecordedEvent],
        *,
        elsewhere: CrossTraceLinks,
        asked: str = "",
        cut: bool = False,
        spans: Sequence[SpanOfTrace] = (),
    ) -> Trace:
        """From events in the order of the log. Later ones of an id that came before are left out.

        An id comes again where a stream was made anew and its events were published again.
        """
        first: dict[str, RecordedEvent] = {}
        for each in events:
            first.setdefault(each.event.event_id, each)
        found: dict[str, RecordedEvent] = {}
        for each in elsewhere.causes:
            found.setdefault(each.event.event_id, each)
        named = dict.fromkeys(each.event.causation_id for each in first.values())
        return cls(
            trace_id=trace_id,
            events=tuple(first.values()),
            asked=asked,
            cut=cut,
            causes=tuple(
                Cause(event_id=event_id, recorded=found.get(event_id))
                for event_id in named
                if event_id and event_id not in first
            ),
            onward=elsewhere.onward,
            spans=tuple(spans),
        )

    def work(self) -> Trace:
        """
        The same without plumbing, but for the event that was asked for.

        What plumbing led to stands below what led to the plumbing. A trace of nothing else stays as
        it is.
        """
        plumbing = {
            each.event.event_id: each.event.causation_id
            for each in self.events
            if isinstance(each.event.payload, PLUMBING) and each.event.event_id != self.asked
        }
        kept = [each for each in self.events if each.event.event_id not in plumbing]
        if not kept:
            return self
        foreign = {
            each.event_id
            for each in self.causes
            if each.recorded is not None and isinstance(each.recorded.event.payload, PLUMBING)
        }

        def cause_of(event_id: str) -> str:
            passed: set[str] = set()  # causes may go round in a circle
            while event_id in plumbing and event_id not in passed:
                passed.add(event_id)
                event_id = plumbing[event_id]
            return "" if event_id in foreign or event_id in passed else event_id

        events = tuple(
            replace(each, event=replace(each.event, causation_id=cause_of(each.event.causation_id)))
            for each in kept
        )
        first = kept[0].event.event_id
        onward = tuple(
            replace(each, causation_id=cause_of(each.causation_id) or first) for each in self.onward
        )
        named = {each.event.causation_id for each in events}
        return replace(
            self,
            events=events,
            causes=tuple(each for each in self.causes if each.event_id in named),
            onward=onward,
            hidden=len(self.events) - len(events),
        )

    @property
    def focus(self) -> RecordedEvent | None:
        """The event that was asked for, or the first one; None where there are spans only."""
        wanted = (each for each in self.events if each.event.event_id == self.asked)
        return next(wanted, self.events[0] if self.events else None)

    @property
    def began_at(self) -> datetime:
        """The first event, by the stream's clock, or else the first span, by whoever made it."""
        return self.events[0].recorded_at if self.events else self.spans[0].started_at

    @property
    def seconds(self) -> float:
        """From the first event to the last, by the stream's clock."""
        moments = [each.recorded_at for each in self.events]
        return (max(moments) - min(moments)).total_seconds() if moments else 0.0

    @property
    def tasks_from_elsewhere(self) -> tuple[str, ...]:
        """Tasks that were claimed in this trace and submitted in another: a claim is caused by who
        asked for work."""
        payloads = [each.event.payload for each in self.events]
        claimed = dict.fromkeys(each.task_id for each in payloads if isinstance(each, TaskClaimed))
        here = {each.manifest.task_id for each in payloads if isinstance(each, TaskSubmitted)}
        return tuple(task_id for task_id in claimed if task_id not in here)

    @property
    def further(self) -> tuple[MoreTraces, ...]:
        """How many traces each event led to that are not named, where there are any."""
        named = Counter(each.causation_id for each in self.onward)
        traces = {each.causation_id: each.traces for each in self.onward}
        return tuple(
            MoreTraces(causation_id=event_id, traces=traces[event_id] - number)
            for event_id, number in named.items()
            if traces[event_id] > number
        )

    def lines(self) -> Iterator[DrawnEvent]:
        """Each event once, causes above their effects.

        A chain goes straight down (`↓`); only where one event led to several, a branch is drawn.
        """
        effects = self._effects()
        reached: set[str] = set()

        def below(start: TraceItem) -> Iterator[DrawnEvent]:
            # A stack of its own: a chain may be longer than Python may call.
            waiting: list[tuple[TraceItem, str, str]] = [(start, "", "")]
            while waiting:
                shown, mark, margin = waiting.pop()
                key = _key(shown)
                if key in reached:
                    continue
                yield DrawnEvent(shown=shown, drawing=mark)
                if key is None:
                    continue
                reached.add(key)
                caused = effects[key]
                if len(caused) == 1:
                    waiting.append((caused[0], f"{margin}↓ ", margin))
                    continue
                for number, each in enumerate(reversed(caused)):
                    corner, beside = ("└─ ", "   ") if number == 0 else ("├─ ", "│  ")
                    waiting.append((each, margin + corner, margin + beside))

        for root in effects[""]:
            yield from below(root)
        left: tuple[TraceItem, ...] = (*self.events, *self.spans)
        for each in left:  # what goes round in a circle
            yield from below(each)

    def _effects(self) -> defaultdict[str, list[TraceItem]]:
        """What stands below what, by key; at the top below nothing."""
        items: dict[str, RecordedEvent | SpanOfTrace] = {
            _key_of_span(each): each for each in self.spans
        }
        items |= {each.event.event_id: each for each in self.events}
        parents = self._parents()
        foreign = {each.event_id: each for each in self.causes}
        effects: defaultdict[str, list[TraceItem]] = defaultdict(list)
        for key, each in sorted(items.items(), key=lambda item: _moment(item[1])):
            above = parents[key]
            if above in foreign and not effects[above]:
                effects[""].append(foreign[above])
            effects[above if above in items or above in foreign else ""].append(each)
        for onward in self.onward:
            effects[onward.causation_id].append(onward)
        for further in self.further:
            effects[further.causation_id].append(further)
        return effects

    def _parents(self) -> dict[str, str]:
        """By key, the key of what it stands below. What another trace caused stands below that,
        with the spans around it."""
        keys = {each.span_id: _key_of_span(each) for each in reversed(self.spans)}
        said = {each.event.span_id: each.event.event_id for each in reversed(self.events)}
        parents = {
            _key_of_span(each): keys.get(each.parent_span_id)
            or (said.get(each.parent_span_id, "") if each.parent_span_id else "")
            for each in self.spans
        }
        for recorded in self.events:
            event = recorded.event
            parents[event.event_id] = keys.get(event.span_id) or event.causation_id
        foreign = {each.event_id for each in self.causes}
        for recorded in self.events:
            event = recorded.event
            if event.causation_id in foreign and event.span_id in keys:
                top = _top(keys[event.span_id], parents)
                if top is not None:
                    parents[top] = event.causation_id
        return parents


def trace_page(trace: Trace, jaeger_url: str | None) -> str | None:
    """The page of the event that was asked for; None where there is no Jaeger."""
    if trace.focus is not None:
        return span_page(trace.focus, jaeger_url)
    return span_address(jaeger_url, trace_id=trace.trace_id, span_id="") if jaeger_url else None


def _top(key: str, parents: Mapping[str, str]) -> str | None:
    """What stands at the top above it; None where that is of another trace, or in a circle."""
    passed: set[str] = set()
    while parents[key]:
        passed.add(key)
        key = parents[key]
        if key in passed or key not in parents:
            return None
    return key


def _key_of_span(span: SpanOfTrace) -> str:
    """Another source may say a span of the same id: that is another one."""
    return f"span {span.span_id} {span.source}"


def _moment(item: RecordedEvent | SpanOfTrace) -> datetime:
    return item.recorded_at if isinstance(item, RecordedEvent) else item.started_at


def _key(shown: TraceItem) -> str | None:
    match shown:
        case RecordedEvent():
            return shown.event.event_id
        case SpanOfTrace():
            return _key_of_span(shown)
        case Cause():
            return shown.event_id
        case DownstreamTrace() | MoreTraces():
            return None
