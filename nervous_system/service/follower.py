"""What is a leader's state, to one who only follows? The same fold by the same rules, but nothing
is decided: what follows from a cause is what the log says followed from it.

What a leader decides is folded in right behind its cause and bears that cause's place and time,
wherever on the log it stands. So own events are to be recalled before what they follow from is
taken; one that is not is taken where it stands.
"""

from __future__ import annotations

from typing import TypeVar

from enchanted.events.v1.swarm_event_pb2 import TYPE_REQUEST
from enchanted.events.v1.task_request_pb2 import ResultReported
from nervous_system.contract.event import Event, Recorded
from nervous_system.contract.message import Entry
from nervous_system.contract.subjects import on_any
from nervous_system.service.changed import changed
from nervous_system.service.fold import MAX_CAUSE_ID_CHARACTERS, Fold, trace_of
from nervous_system.service.packing import Snapshot
from nervous_system.service.role import Role

State = TypeVar("State")


class Follower(Fold[State]):
    """The fold of a role, from a state of it on or from the beginning."""

    def __init__(self, role: Role[State], base: Snapshot[State] | None = None) -> None:
        super().__init__(
            role.core,
            service=role.service,
            scope=role.scope,
            role=role.agent_role,
            state=base.state if base is not None else None,
            sequence=base.sequence if base is not None else 0,
            ahead=base.ahead if base is not None else frozenset(),
            hears=on_any(role.hears),
        )
        self._leader = f"{role.service}/{role.scope}"
        self.awaited: dict[str, int] = {}  # what was recalled and is not folded in yet: where it is
        self._following: dict[str, list[Recorded]] = {}  # of these, by the id of their cause

    def recall(self, own: Recorded) -> bool:
        """As a leader's; of each that it decided, what it follows from is kept, too."""
        event = own.event
        if not super().recall(own):
            return False
        if event.event_id in self.ahead:
            return True
        if event.causation_id and self._is_decided(event):
            self.awaited[event.event_id] = own.sequence
            self._following.setdefault(event.causation_id, []).append(own)
        elif event.event_type == TYPE_REQUEST:
            self.awaited[event.event_id] = own.sequence
        return True

    def _is_decided(self, event: Event) -> bool:
        return event.agent_role == self._role and event.agent_id == self._leader

    def take(self, recorded: Recorded) -> list[Entry]:
        """Fold one event of the log in. Nothing is ever to be written."""
        event = recorded.event
        if self.awaited.get(event.event_id) == recorded.sequence:
            del self.awaited[event.event_id]  # its cause did not come: it counts where it stands
            behind = self._following.pop(event.causation_id, [])
            if left := [each for each in behind if each.sequence != recorded.sequence]:
                self._following[event.causation_id] = left
        super().take(recorded)
        return []

    def settle(self, position: int) -> None:
        """The turns that had seen a position and nothing behind it, once all up to it was taken."""
        if self._seen_at is not None:
            self._go_on_to(position + 1, self._seen_at)
        self.sequence = position

    def strike(self, event: Event) -> list[Entry]:
        """A tick that is on the log, and what followed."""
        cause, entries = self._struck(event)
        self._conclude(cause, entries)
        return []

    def _conclude_request(self, cause: Recorded, entry: Entry, entries: list[Entry]) -> None:
        self._request_counts(cause, entry, entries)
        self._conclude(cause, entries)

    def _conclude(self, cause: Recorded, entries: list[Entry]) -> None:
        causes = {cause.event.event_id[:MAX_CAUSE_ID_CHARACTERS]: cause.event}
        for own in self._all_behind(cause):
            event = own.event
            if event.event_id in self.ahead:
                continue
            event = _as_decided(event, causes[event.causation_id])
            causes[event.event_id] = event
            entries.append(Entry(event=event))
            self.ahead.add(event.event_id)
            self._evolve(
                changed(own, event=event, sequence=cause.sequence, recorded_at=cause.recorded_at)
            )

    def _all_behind(self, cause: Recorded) -> list[Recorded]:
        """What follows from it, and from that, in the order in which it was decided."""
        found: list[Recorded] = []
        waiting = [cause.event]
        while waiting:
            event_id = waiting.pop().event_id[:MAX_CAUSE_ID_CHARACTERS]
            for own in self._following.pop(event_id, ()):
                if own.event.timestamp == cause.recorded_at:  # a decision bears its cause's time
                    found.append(own)
                    waiting.append(own.event)
        return sorted(found, key=lambda each: each.sequence)

    def _evolve(self, recorded: Recorded) -> None:
        self.awaited.pop(recorded.event.event_id, None)
        super()._evolve(recorded)


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
            return changed(event, trace_id=trace_id, span_id=span_id)
    return event
