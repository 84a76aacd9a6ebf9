"""What led to what within one trace? Its events as a tree, each below the event that caused it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nervous_system.contract.event import Recorded


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One event at its place in the drawing."""

    recorded: Recorded
    drawing: str  # what stands left of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """The events of one trace, in the order of the log."""

    trace_id: str
    events: tuple[Recorded, ...]
    asked: str  # the event that was asked for; empty where it was the trace
    cut: bool  # whether more belong to it

    @classmethod
    def of(
        cls, trace_id: str, events: Sequence[Recorded], *, asked: str = "", cut: bool = False
    ) -> Trace:
        """From events in the order of the log. Later ones of an id that came before are left out.

        An id comes again where a stream was made anew and its events were published again.
        """
        first: dict[str, Recorded] = {}
        for each in events:
            first.setdefault(each.event.event_id, each)
        return cls(trace_id=trace_id, events=tuple(first.values()), asked=asked, cut=cut)

    @property
    def focus(self) -> Recorded:
        """The event that was asked for, or the first one."""
        wanted = (each for each in self.events if each.event.event_id == self.asked)
        return next(wanted, self.events[0])

    @property
    def seconds(self) -> float:
        """From the first event to the last, by the stream's clock."""
        moments = [each.recorded_at for each in self.events]
        return (max(moments) - min(moments)).total_seconds()

    def lines(self) -> Iterator[Line]:
        """Each event once, causes above their effects.

        A chain goes straight down (`↓`); only where one event led to several, a branch is drawn.
        """
        effects = self._effects()
        reached: set[str] = set()

        def below(start: Recorded) -> Iterator[Line]:
            # A stack of its own: a chain may be longer than Python may call.
            waiting: list[tuple[Recorded, str, str]] = [(start, "", "")]
            while waiting:
                recorded, mark, margin = waiting.pop()
                event_id = recorded.event.event_id
                if event_id in reached:
                    continue
                reached.add(event_id)
                yield Line(recorded=recorded, drawing=mark)
                caused = effects[event_id]
                if len(caused) == 1:
                    waiting.append((caused[0], f"{margin}↓ ", margin))
                    continue
                for number, each in enumerate(reversed(caused)):
                    corner, beside = ("└─ ", "   ") if number == 0 else ("├─ ", "│  ")
                    waiting.append((each, margin + corner, margin + beside))

        known = {each.event.event_id for each in self.events}
        for each in self.events:
            if each.event.causation_id not in known:
                yield from below(each)
        for each in self.events:  # the log takes causes that go round in a circle, too
            yield from below(each)

    def _effects(self) -> defaultdict[str, list[Recorded]]:
        effects: defaultdict[str, list[Recorded]] = defaultdict(list)
        for each in self.events:
            effects[each.event.causation_id].append(each)
        return effects
