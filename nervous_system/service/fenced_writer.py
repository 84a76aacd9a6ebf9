"""How does what a leader decided get onto the log, all of it or nothing, and only while it leads?

Every batch stands behind the fence of the term, and every aggregate in it behind that aggregate's
last event: two conditions that the server checks, whatever this process believes.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, Protocol

import structlog

from enchanted.events.v1.alarm_pb2 import AlarmRaised
from enchanted.events.v1.leadership_pb2 import RequestsTaken
from enchanted.events.v1.swarm_event_pb2 import TYPE_REQUEST
from nervous_system import names
from nervous_system.bus import Bus, log_id_taken
from nervous_system.contract.message import Acknowledgement, Entry, Expectation
from nervous_system.contract.payload import Payload
from nervous_system.contract.subjects import aggregate_filter, aggregate_of
from nervous_system.errors import Duplicate, Fenced, IdTaken
from nervous_system.failpoint import failpoint
from nervous_system.ids import new_event_id
from nervous_system.service.fast_replace import replace
from nervous_system.service.leadership import Fence
from nervous_system.telemetry.metric_catalogue import ALARMS, EVENTS_DECIDED, EVENTS_SKIPPED
from nervous_system.telemetry.task_attributes import task_attributes
from nervous_system.telemetry.tracing import AttributeValue

_log = structlog.get_logger()

MAX_AGGREGATES: Final = 200_000
"""How many last positions are remembered; others are looked up."""


class PendingDecisions(Protocol):
    """Whoever decided what is written, and is told what became of it."""

    def mark_committed(self, entries: Sequence[Entry], first_sequence: int) -> None:
        """The log has these, one behind the other."""

    def discard(self, event_id: str) -> None:
        """The log had this one already."""


class FencedWriter:
    """Appends as the leader of one term."""

    def __init__(
        self,
        bus: Bus,
        fence: Fence,
        decided: PendingDecisions,
        *,
        now: Callable[[], datetime],
        committed: Callable[[Payload], None] = lambda _: None,  # told of what the log has now
    ) -> None:
        self._bus = bus
        self._now = now  # by the log's clock: a machine's can be set back while it leads
        self._fence = fence
        self._term = fence.term
        self._committed = committed
        self._decided = decided
        self._last_positions: OrderedDict[str, int] = OrderedDict()  # of each filter

    def saw(self, subject: str, sequence: int) -> None:
        """An event on the log, whoever wrote it."""
        aggregate = aggregate_of(subject)
        if aggregate is not None and sequence > self._last_positions.get(aggregate, 0):
            self._remember(aggregate, sequence)

    async def begun_before(self, entries: Sequence[Entry]) -> set[str]:
        """After a Conflict: the causes of what would begin an aggregate that the log has already.

        They can lead to nothing, however often they are decided on.
        """
        by_id = {entry.event.event_id: entry.event for entry in entries}
        causes: set[str] = set()
        for entry in entries:
            if entry.expectation is None or entry.expectation.sequence:
                continue
            if await self._bus.stream.last_on(entry.expectation.subject_filter) is None:
                continue
            event = entry.event
            while event.causation_id in by_id and event.event_type != TYPE_REQUEST:
                event = by_id[event.causation_id]
            causes.add(event.event_id if event.event_type == TYPE_REQUEST else event.causation_id)
        return causes

    async def append(self, entries: Sequence[Entry]) -> None:
        """Store them in order, in as few batches as the server takes.

        Raises Fenced, Conflict, Duplicate where a request was decided on before, and as
        `Bus.append`.
        """
        asked = bool(entries) and isinstance(entries[0].event.payload, RequestsTaken)
        for start in range(0, len(entries), names.MAX_BATCH_MESSAGES):
            batch = entries[start : start + names.MAX_BATCH_MESSAGES]
            traces = list(dict.fromkeys(filter(None, (each.event.traceparent for each in batch))))
            # One request may have two: that of its task, and of the one that is claimed with it.
            requests = sum(each.event.event_type == TYPE_REQUEST for each in batch)
            parent = traces[0] if traces and (len(traces) == 1 or requests == 1) else None
            with self._bus.tracer.span(
                "decide",
                f"{names.EVENTS}.{self._term.service}",
                kind="server" if asked else "consumer",
                attributes=self._attributes(batch, parent),
                parent=parent,
                links=[each for each in traces if each != parent],
            ) as span:
                if parent:
                    batch = [
                        replace(each, event=replace(each.event, span_id=span.span_id))
                        if each.data is None
                        and each.event.causation_id
                        and each.event.trace_id == span.trace_id
                        else each
                        for each in batch
                    ]
                failpoint("runner.before_append")
                await self._append(batch, asked=asked)
                failpoint("runner.after_append")

    def _attributes(
        self, batch: Sequence[Entry], parent: str | None
    ) -> dict[str, AttributeValue] | None:
        """Of the task that its trace is about."""
        if not self._bus.tracer.recording:
            return None
        events = (each.event for each in batch)
        return task_attributes(
            *(each.payload for each in events if parent in (None, each.traceparent))
        )

    async def on_observed(self, entry: Entry) -> None:
        """Append what nobody decided: a measurement that comes back through the log. Raises as
        `append`."""
        await self._append_batch([entry])

    async def _append(self, batch: Sequence[Entry], *, asked: bool) -> None:
        aggregates = [aggregate_filter(entry.event) for entry in batch]
        expecting = await self._expecting(batch, aggregates)
        try:
            acknowledgement = await self._append_batch(expecting)
        except Duplicate as error:
            if asked and any(each.event.event_type == TYPE_REQUEST for each in batch):
                raise  # one by one, what a request leads to would be there without the request
            # A cause stands on the log twice, and what follows from it is there already.
            if len(batch) > 1:
                for each in batch:
                    await self._append([each], asked=asked)
                return
            self._decided.discard(batch[0].event.event_id)
            self._bus.metrics.counter(EVENTS_SKIPPED).labels("repeated").inc()
            _log.warning("runner.repeated", role=self._term.service, reason=str(error))
            return
        self._bus.metrics.counter(EVENTS_DECIDED).inc(len(batch))
        self._decided.mark_committed(batch, acknowledgement.first_sequence)
        for each in batch:
            if isinstance(each.event.payload, AlarmRaised):
                self._bus.metrics.counter(ALARMS).labels(each.event.payload.name).inc()
            self._committed(each.event.payload)
        for sequence, aggregate in enumerate(aggregates, acknowledgement.first_sequence):
            if aggregate is not None:
                self._remember(aggregate, sequence)

    async def _append_batch(self, batch: list[Entry]) -> Acknowledgement:
        """Append as the leader. Ids of decisions can be foreseen: what a stranger put under one
        blocks nobody, as the log then knows the event by another. Raises as `append`."""
        while True:
            try:
                return await self._bus.append(batch, fence=self._fence.expectation, now=self._now())
            except Fenced:
                if not await self._fence.put_back(self._bus):
                    raise
            except IdTaken as error:
                entries = {each.message_id or each.event.event_id: each for each in batch}
                strangers: dict[str, Entry] = {}
                for message_id, sequence in error.positions.items():
                    entry = entries[message_id]
                    if not await self._bus.is_of(entry.event, sequence, key=entry.key):
                        log_id_taken(entry.event, sequence)
                        strangers[entry.event.event_id] = replace(entry, message_id=new_event_id())
                if not strangers:  # this service has said so before, in other words
                    raise Duplicate(str(error)) from error
                batch = [strangers.get(each.event.event_id, each) for each in batch]

    async def _expecting(
        self, batch: Sequence[Entry], aggregates: Sequence[str | None]
    ) -> list[Entry]:
        """The batch with what it expects of each aggregate, on that aggregate's first event.

        The first message cannot say it: it carries the fence, which alone is enough.
        """
        expecting: list[Entry] = []
        seen: set[str] = set()
        for number, (entry, aggregate) in enumerate(zip(batch, aggregates, strict=True)):
            if number == 0 or aggregate is None or aggregate in seen:
                expecting.append(replace(entry, expectation=None) if entry.expectation else entry)
            elif entry.expectation is not None:
                expecting.append(entry)
            else:
                last = await self._last_position_of(aggregate)
                expecting.append(replace(entry, expectation=Expectation(aggregate, last)))
            if aggregate is not None:
                seen.add(aggregate)
        return expecting

    async def _last_position_of(self, aggregate: str) -> int:
        if aggregate not in self._last_positions:
            stored = await self._bus.stream.last_on(aggregate)
            self._remember(aggregate, stored.sequence if stored is not None else 0)
        return self._last_positions[aggregate]

    def _remember(self, aggregate: str, sequence: int) -> None:
        self._last_positions[aggregate] = sequence
        self._last_positions.move_to_end(aggregate)
        if len(self._last_positions) > MAX_AGGREGATES:
            self._last_positions.popitem(last=False)
