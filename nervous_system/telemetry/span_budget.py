"""Of which traces does a process keep spans when there are more than it may spend time on?

Of those whose id ends in enough zero bits: one more for each time that they were too many. So all
processes keep the same traces, as far as they are as busy, and keep them whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import Link, SpanKind, TraceState, get_current_span
from opentelemetry.util.types import Attributes

from nervous_system.clock import Stopwatch, stopwatch

MAX_SPANS_PER_SECOND: Final = 200
"""Of one process, but for its first second of work. Each costs it about 50 µs, so this is a
hundredth of a processor; an agent that talks to a model makes ten in a second."""

MAX_BITS: Final = 20


class SpanBudget:
    """What a process may spend on spans."""

    def __init__(self, *, watch: Stopwatch = stopwatch) -> None:
        self._watch = watch
        self._bits = 0
        self._spans = 0  # since `_since`
        self._since = watch()

    def keeps(self, trace_id: int) -> bool:
        """Whether spans of this trace are kept now."""
        if self._bits:
            self._relax()
        return not trace_id & ((1 << self._bits) - 1)

    def spend(self) -> None:
        """One more span was made."""
        self._relax()
        self._spans += 1
        if self._spans > MAX_SPANS_PER_SECOND:
            self._bits = min(MAX_BITS, self._bits + 1)
            self._begin_second()

    def _relax(self) -> None:
        """Each second in which there was room for twice as many makes it one bit less."""
        seconds = int(self._watch() - self._since)
        if seconds:
            if self._spans <= MAX_SPANS_PER_SECOND // 4 * seconds:
                self._bits = max(0, self._bits - seconds)
            self._begin_second()

    def _begin_second(self) -> None:
        self._spans = 0
        self._since = self._watch()


OF_THE_PROCESS: Final = SpanBudget()
"""One for all agents in it: they share its time."""


class BudgetSampler(Sampler):
    """Has no span made for which there is no budget; calls `left_out` instead."""

    def __init__(self, budget: SpanBudget, *, left_out: Callable[[], None]) -> None:
        self._budget = budget
        self._left_out = left_out

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        above = get_current_span(parent_context).get_span_context()
        if above.is_valid and not above.trace_flags.sampled:
            return SamplingResult(Decision.DROP)
        if self._budget.keeps(trace_id):
            return SamplingResult(Decision.RECORD_AND_SAMPLE, attributes, trace_state)
        self._left_out()
        return SamplingResult(Decision.DROP)

    def get_description(self) -> str:
        return type(self).__name__
