"""What is a leader's state, to one who only follows? The same fold by the same rules, but nothing
is decided: what follows from a cause is what the log says followed from it.

What a leader decides is folded in right behind its cause and bears that cause's place and time,
wherever on the log it stands. So own events are to be recalled before what they follow from is
taken; one that is not is taken where it stands.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from enchanted.events.v1.swarm_event_pb2 import TYPE_REQUEST
from enchanted.events.v1.task_request_pb2 import ResultReported
from nervous_system.contract.event import Event, RecordedEvent
from nervous_system.contract.message import Entry
from nervous_system.contract.subjects import on_any
from nervous_system.service.fast_replace import replace
from nervous_system.service.fold import MAX_CAUSE_ID_CHARACTERS, Fold, trace_of
from nervous_system.service.packing import Snapshot
from nervous_system.service.service_spec import ServiceSpec

State = TypeVar("State")

Observer = Callable[[State, State, RecordedEvent], None]
"""Told the state before and after an event that changed it, and the event, with the place where it
stands on the log."""


class Follower(Fold[State]):
    """The fold of a role, from a state of it on or from the beginning."""

    def __init__(self, role: ServiceSpec[State], base: Snapshot[State] | None = None) -> None:
        super().__init__(
            role.core,
            service=role.service,
            scope=role.scope,
            role=role.agent_role,
            state=base.state if base is not None else None,
            sequence=base.sequence if base is not None else 0,
            pending_ids=base.pending_ids if base is not None else frozenset(),
            hears=on_any(role.live_filters),
        )
        self._leader = f"{role.service}/{role.scope}"
        self.observer: Observer[State] | None = None
        self.last_applied = base.last_applied if base is not None else 0
        self.awaited: dict[str, int] = {}  # what was recalled and is not folded in yet: where it is
        self._following: dict[str, list[RecordedEvent]] = {}  # of these, by the id of their cause

    def preload_own(self, own: RecordedEvent) -> bool:
        """As a leader's; of each that it decided, what it follows from is kept, too."""
        event = own.event
        if not super().preload_own(own):
            return False
        if event.event_id in self.pending_ids:
            return True
        if event.causation_id and self.is_decided(event):
            self.awaited[event.event_id] = own.sequence
            self._following.setdefault(event.causation_id, []).append(own)
        elif event.event_type == TYPE_REQUEST:
            self.awaited[event.event_id] = own.sequence
        return True

    def is_decided(self, event: Event) -> bool:
        """Whether its leader says so."""
        return event.agent_role == self._role and event.agent_id == self._leader

    def apply(self, recorded: RecordedEvent) -> list[Entry]:
        """Fold one event of the log in. Nothing is ever to be written."""
        event = recorded.event
        if self.awaited.get(event.event_id) == recorded.sequence:
            del self.awaited[event.event_id]  # its cause did not come: it counts where it stands
            behind = self._following.pop(event.causation_id, [])
            if left := [each for each in behind if each.sequence != recorded.sequence]:
                self._following[event.causation_id] = left
        super().apply(recorded)
        return []

    def _advance_to(self, sequence: int, recorded_at: datetime) -> list[Entry]:
        entries = super()._advance_to(sequence, recorded_at)
        self.last_applied = sequence
        return entries

    def settle(self, position: int) -> None:
        """All up to a position was taken. A turn that stands behind it does not count yet, whatever
        it had seen: it may have come much later."""
        self.sequence = position

    def apply_tick(self, event: Event) -> list[Entry]:
        """A tick that is on the log, and what followed."""
        cause, entries = self._struck(event)
        self._conclude(cause, entries)
        return []

    def _conclude_request(self, cause: RecordedEvent, entry: Entry, entries: list[Entry]) -> None:
        self._request_counts(cause, entry, entries)
        self._conclude(cause, entries)

    def _conclude(self, cause: RecordedEvent, entries: list[Entry]) -> None:
        causes = {cause.event.event_id[:MAX_CAUSE_ID_CHARACTERS]: cause.event}
        for own in self._all_behind(cause):
            event = own.event
            if event.event_id in self.pending_ids:
                continue
            event = _as_decided(event, causes[event.causation_id])
            causes[event.event_id] = event
            entries.append(Entry(event=event))
            self.pending_ids.add(event.event_id)
            self._evolve(
                replace(own, event=event, sequence=cause.sequence, recorded_at=cause.recorded_at)
            )

    def _all_behind(self, cause: RecordedEvent) -> list[RecordedEvent]:
        """What follows from it, and from that, in the order in which it was decided."""
        found: list[RecordedEvent] = []
        waiting = [cause.event]
        while waiting:
            event_id = waiting.pop().event_id[:MAX_CAUSE_ID_CHARACTERS]
            for own in self._following.pop(event_id, ()):
                if own.event.timestamp == cause.recorded_at:  # a decision bears its cause's time
                    found.append(own)
                    waiting.append(own.event)
        return sorted(found, key=lambda each: each.sequence)

    def _evolve(self, recorded: RecordedEvent) -> None:
        stands_at = self.awaited.pop(recorded.event.event_id, recorded.sequence)
        before = self.state
        super()._evolve(recorded)
        if self.observer is not None and self.state is not before:
            self.observer(before, self.state, replace(recorded, sequence=stands_at))


def _as_decided(event: Event, cause: Event) -> Event:
    """As its leader folded it in, before it had the span in which it was written: with the span for
    which it was asked, or that of its cause."""
    payload = cause.payload
    asked = [getattr(payload, "traceparent", "")]
    if isinstance(payload, ResultReported):
        asked.append(payload.next.traceparent)
    for traceparent in (*filter(None, asked), ""):
        trace_id, span_id = trace_of(traceparent, cause)
        if trace_id in (event.trace_id, ""):
            return replace(event, trace_id=trace_id, span_id=span_id)
    return event
