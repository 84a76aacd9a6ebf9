"""How does a history become a state and its decisions, the same way every time?

Causes are taken in the order of the log, ticks and requests at the position they had seen. What a
cause leads to is folded at once, and what follows from that follows too, before the next cause is
looked at; where the log delivers it later, it is skipped. Live, after a crash and in a replay, this
is the one way.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Generic, TypeVar, cast

import structlog

from enchanted.events.v1.leadership_pb2 import RequestsTaken, TickObserved
from enchanted.events.v1.state_change_pb2 import StateChange
from enchanted.events.v1.swarm_event_pb2 import TYPE_REQUEST, AgentRole
from nervous_system import names
from nervous_system.contract.authority import is_by_who_may
from nervous_system.contract.event import Event, RecordedEvent
from nervous_system.contract.message import Entry, Expectation
from nervous_system.contract.subjects import aggregate_filter, is_named_by
from nervous_system.error_text import error_text
from nervous_system.errors import Fatal, UnprocessableEvent
from nervous_system.ids import child_id
from nervous_system.service.decision import AnsweringCore, Core, Emit, Tick
from nervous_system.service.fast_replace import replace

State = TypeVar("State")

_log = structlog.get_logger()

MAIN: Final = "main"
"""The scope of what is led once for the whole mesh."""

MAX_PAYLOAD_BYTES: Final = 1_000_000
"""Of what is asked for, and of each event that it leads to: a message may have 48 KiB more."""

MAX_EFFECTS_BYTES: Final = 8_000_000
"""Of all that one cause leads to."""

_NOT_OF_THE_EVENT: Final = (Fatal, MemoryError, RecursionError)
"""Failures that another leader, or a replay, would not have on the same event."""

MAX_CAUSE_ID_CHARACTERS: Final = 200
"""What is copied of a cause's ids: the log is lenient, and a decision must stay publishable."""

_TRACEPARENT = re.compile(
    r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}"
).fullmatch


@dataclass(slots=True)
class _Turn:
    """A moment at which the core decided on something else than an event of others: on silence (a
    tick), or on requests."""

    event: Event  # of a TickObserved or a RequestsTaken
    as_of_sequence: int
    requests: list[Event] = field(default_factory=list)
    expected: int = 0  # how many requests follow it on the log


def _log_undecidable(error: UnprocessableEvent) -> None:
    _log.error(
        "fold.undecidable",
        reason=str(error),
        remedy="whoever published it can publish it anew, without what is odd",
        exception=error_text(error.__cause__ or error),
    )


def _everywhere(subject: str) -> bool:
    return True


class Fold(Generic[State]):
    """A core's state at a position, and what it wants on the log."""

    def __init__(
        self,
        core: Core[State],
        *,
        service: str,
        scope: str,
        role: AgentRole.ValueType,
        state: State | None = None,
        sequence: int = 0,
        pending_ids: frozenset[str] = frozenset(),
        refused: Container[str] = (),
        hears: Callable[[str], object] = _everywhere,
    ) -> None:
        self._core = core
        self._service = service
        self._scope = scope
        self._role = role
        self._refused = refused  # causes on which the log took nothing: they lead to nothing
        self._hears = hears  # on these subjects it counts what others write
        self.state: State = core.initial() if state is None else state
        self.sequence = sequence  # the last position taken
        self.folded = 0  # events taken into the state here
        self.pending_ids = set(
            pending_ids
        )  # ids that are in the state, though their position is yet to come
        self._committed: deque[tuple[int, str]] = deque()  # of these, where the log has them
        self._seen_at: datetime | None = None  # the stream's time of the last position taken
        self._written: set[str] = set()  # ids of own events behind the position
        self._turns: deque[_Turn] = deque()  # those among them that are to be taken again

    def preload_own(self, own: RecordedEvent) -> bool:
        """Take note of an event that stands on the log behind the position, in the order of the
        log; whether it is one of our own.

        All of them, before the first `apply`: what is written is not decided twice, and a tick
        strikes again where it struck.
        """
        event, payload = own.event, own.event.payload
        if not self._is_own(own):
            return False  # others may write there, too
        self._written.add(event.event_id)
        if event.event_id in self.pending_ids:
            return True
        if isinstance(payload, TickObserved | RequestsTaken):
            # Whoever took it knew no trace of it: it got one as it was written.
            taken = replace(event, trace_id="", span_id="")
            expected = payload.requests if isinstance(payload, RequestsTaken) else 0
            self._turns.append(_Turn(taken, payload.as_of_sequence, expected=expected))
        elif event.event_type == TYPE_REQUEST and self._turns:
            turn = self._turns[-1]
            if len(turn.requests) < turn.expected:
                turn.requests.append(event)
        return True

    @property
    def missing(self) -> set[str]:
        """After recalling: what the state contains and the log does not have.

        Such a state is of another log.
        """
        return self.pending_ids - self._written

    def apply(self, recorded: RecordedEvent) -> list[Entry]:
        """Fold one event of the log in; what follows from it and is not on the log yet."""
        if recorded.is_history:
            return self.skip(recorded.sequence, recorded.recorded_at)
        event_id = recorded.event.event_id
        entries = self._advance_to(recorded.sequence, recorded.recorded_at)
        own = self._is_own(recorded)
        if own and event_id in self.pending_ids:
            self.pending_ids.remove(event_id)
        elif self._is_heard(recorded):
            try:
                entries += self._fold_in(recorded)
            except UnprocessableEvent as error:
                _log_undecidable(error)
        return self._only_unwritten(entries, event_id if own else "")

    def skip_own(self, event_id: str, sequence: int, recorded_at: datetime) -> list[Entry]:
        """As `apply`, of an event that is known to be in the state already."""
        entries = self._advance_to(sequence, recorded_at)
        self.pending_ids.discard(event_id)
        return self._only_unwritten(entries, event_id)

    def committed_id_at(self, sequence: int) -> str:
        """The id of the own event that the log has confirmed at the next position to be taken;
        empty where it has confirmed none there."""
        for confirmed, event_id in self._committed:
            if confirmed >= sequence:
                return event_id if confirmed == sequence else ""
        return ""

    def skip(self, sequence: int, recorded_at: datetime) -> list[Entry]:
        """As `apply`, of what counts for nothing, such as history that was brought back."""
        return self._only_unwritten(self._advance_to(sequence, recorded_at), "")

    def mark_committed(self, entries: Sequence[Entry], first_sequence: int) -> None:
        """The log has these, one behind the other: they need not be delivered to be passed by."""
        for sequence, entry in enumerate(entries, first_sequence):
            self._committed.append((sequence, entry.event.event_id))
        self._discard_committed(self.sequence)

    def _fold_in(self, recorded: RecordedEvent) -> list[Entry]:
        """An event of others in the state, and what follows. Raises UnprocessableEvent."""
        before = self.state
        entries: list[Entry] = []
        try:
            self._evolve(recorded)
            self._conclude(recorded, entries)
        except _NOT_OF_THE_EVENT:
            raise
        except Exception as error:
            raise self._unprocessable(recorded.event, error, before, entries) from error
        return entries

    def _conclude(self, cause: RecordedEvent, entries: list[Entry]) -> None:
        """Fold in what follows from a cause that is folded in; all of it behind `entries`."""
        if cause.event.event_id not in self._refused:
            emits = self._core.decide(self.state, cause, cause.recorded_at)
            self._follow(cause, emits, entries)

    def _unprocessable(
        self, event: Event, error: Exception, before: State, entries: Sequence[Entry]
    ) -> UnprocessableEvent:
        """All is as before this event, which led to `entries` until the core failed on it."""
        self.state = before
        self.pending_ids.difference_update(each.event.event_id for each in entries)
        return UnprocessableEvent(
            f"the {self._service} fails on {event.kind.field}"
            f" {event.event_id[:MAX_CAUSE_ID_CHARACTERS]} ({type(error).__name__}: {error}):"
            " it counts for nothing; what is odd about it?"
        )

    def _is_heard(self, recorded: RecordedEvent) -> bool:
        """Whether an event that was not decided here counts. Its subject must name it, and it must
        be by one who may say it. On subjects that only a leader writes, and so does not read,
        only what another leader decided counts; requests were taken in that one's turns."""
        event = recorded.event
        named = is_named_by(recorded.subject, event) and is_by_who_may(event)
        return named and (
            bool(self._hears(recorded.subject))
            or (event.agent_role == self._role and event.event_type != TYPE_REQUEST)
        )

    def _is_own(self, recorded: RecordedEvent) -> bool:
        """Whether this service put it on the log, in this life; a stranger's event can bear any id,
        and on a stranger's subject any role."""
        event = recorded.event
        return (
            (event.agent_role == self._role or event.event_type == TYPE_REQUEST)
            and not recorded.is_history
            and is_named_by(recorded.subject, event)
        )

    def _evolve(self, recorded: RecordedEvent) -> None:
        self.state = self._core.evolve(self.state, recorded)
        self.folded += 1

    def _discard_committed(self, sequence: int) -> None:
        while self._committed and self._committed[0][0] <= sequence:
            self.pending_ids.discard(self._committed.popleft()[1])

    def _advance_to(self, sequence: int, recorded_at: datetime) -> list[Entry]:
        """What follows from the turns that had not seen this position: they come before it."""
        entries: list[Entry] = []
        while self._turns and self._turns[0].as_of_sequence < sequence:
            turn = self._turns.popleft()
            if isinstance(turn.event.payload, TickObserved):
                entries += self.apply_tick(turn.event)
            else:
                entries += self.decide_requests(turn.event, turn.requests)
        self._discard_committed(sequence - 1)
        self.sequence, self._seen_at = sequence, recorded_at
        return entries

    def _only_unwritten(self, entries: list[Entry], event_id: str) -> list[Entry]:
        new = [entry for entry in entries if entry.event.event_id not in self._written]
        self._written.discard(event_id)
        return new

    def tick(self, *, term: int, term_id: str, number: int, now: datetime) -> Event:
        """The tick that strikes now, behind the last position taken.

        Its time is `now`, but never before that position's: the stream's time does not run back.
        """
        payload = TickObserved(
            service=self._service,
            scope=self._scope,
            term=term,
            number=number,
            as_of_sequence=self.sequence,
        )
        return self._turn_event(child_id(term_id, f"tick {number}"), now, payload)

    def requests_taken(self, *, term: int, term_id: str, number: int, now: datetime) -> Event:
        """What stands before requests that are decided now; as `tick`."""
        payload = RequestsTaken(
            service=self._service,
            scope=self._scope,
            term=term,
            number=number,
            as_of_sequence=self.sequence,
        )
        return self._turn_event(child_id(term_id, f"requests {number}"), now, payload)

    def _turn_event(
        self, event_id: str, now: datetime, payload: TickObserved | RequestsTaken
    ) -> Event:
        return Event(
            event_id=event_id,
            timestamp=max(now, self._seen_at or now),
            agent_role=self._role,
            agent_id=f"{self._service}/{self._scope}",
            payload=payload,
        )

    def apply_tick(self, event: Event) -> list[Entry]:
        """Nothing, or the tick itself followed by what was decided on it: one batch."""
        tick = _tick_of(event)
        emits = self._core.decide(self.state, tick, event.timestamp)
        if not emits:
            return []
        cause, entries = self._struck(event)
        self._follow(cause, emits, entries)
        return entries

    def _struck(self, event: Event) -> tuple[RecordedEvent, list[Entry]]:
        """Fold in a tick that leads to something: the cause, and the entry that stands first."""
        entry = Entry(event=event, key=scope_key(self._scope))
        cause = RecordedEvent(
            event=event,
            sequence=_tick_of(event).as_of_sequence,
            subject=entry.subject,
            recorded_at=event.timestamp,
        )
        self.pending_ids.add(event.event_id)
        self._evolve(cause)
        return cause, [entry]

    def decide_requests(self, taken: Event, requests: Sequence[Event]) -> list[Entry]:
        """A whole turn: nothing, or `taken` followed by each request that led to something and by
        that."""
        decided: list[Entry] = []
        for each in requests:
            try:
                decided += self.decide_request(taken, each)
            except UnprocessableEvent as error:
                _log_undecidable(error)
        return self.close_turn(taken, decided)

    def decide_request(
        self, taken: Event, request: Event, data: bytes | None = None
    ) -> list[Entry]:
        """Nothing, or the request followed by what it leads to, in the turn that `taken` begins;
        `data` is the request as its asker encoded it, and goes onto the log as it is.

        A request that leads to nothing leaves no trace: the state is as if it had never come, and
        so it is where the core fails on it. Raises UnprocessableEvent then.
        """
        if request.event_id in self.pending_ids or request.event_id in self._refused:
            return []  # it came twice before the log delivered it, or can lead to nothing
        payload = taken.payload
        assert isinstance(payload, RequestsTaken)
        entry = Entry(event=request, data=data)
        cause = RecordedEvent(
            event=request,
            sequence=payload.as_of_sequence,
            subject=entry.subject,
            recorded_at=taken.timestamp,
        )
        before = self.state
        entries: list[Entry] = []
        try:
            self._conclude_request(cause, entry, entries)
        except _NOT_OF_THE_EVENT:
            raise
        except Exception as error:
            raise self._unprocessable(request, error, before, entries) from error
        return entries

    def _conclude_request(self, cause: RecordedEvent, entry: Entry, entries: list[Entry]) -> None:
        """Where a request leads to something: fold it in, and that; all of it behind `entries`."""
        core = cast(AnsweringCore[State], self._core)
        emits = core.decide(self.state, cause, cause.recorded_at)
        if not emits:
            return
        self._request_counts(cause, entry, entries)
        self._follow(cause, emits, entries)
        emits = core.decide_followup(self.state, cause, cause.recorded_at)
        self._follow(cause, emits, entries)

    def _request_counts(self, cause: RecordedEvent, entry: Entry, entries: list[Entry]) -> None:
        entries.append(entry)
        self.pending_ids.add(cause.event.event_id)
        self._evolve(cause)

    def close_turn(self, taken: Event, decided: Sequence[Entry]) -> list[Entry]:
        """All that `decide_request` led to in one turn, behind `taken`; nothing for nothing."""
        if not decided:
            return []
        counted = RequestsTaken()
        counted.CopyFrom(taken.payload)  # type: ignore[arg-type]
        counted.requests = sum(each.event.event_type == TYPE_REQUEST for each in decided)
        self.pending_ids.add(taken.event_id)
        head = replace(taken, payload=counted)
        return [Entry(event=head, key=scope_key(self._scope)), *decided]

    def discard(self, event_id: str) -> None:
        """An event that was decided a second time will not come: the log refused the repetition."""
        self.pending_ids.discard(event_id)

    def _follow(self, cause: RecordedEvent, emits: tuple[Emit, ...], entries: list[Entry]) -> None:
        """Fold in what the cause leads to, and what follows from that; all of it behind
        `entries`."""
        all_bytes = 0
        waiting = deque((cause, emit) for emit in self._distinct(emits))
        while waiting:
            because, emit = waiting.popleft()
            entry = self._entry(because, emit)
            event = entry.event
            if event.event_id in self.pending_ids:
                continue  # its cause stands on the log twice
            entries.append(entry)
            size = emit.payload.ByteSize()
            all_bytes += size
            if size > MAX_PAYLOAD_BYTES or all_bytes > MAX_EFFECTS_BYTES:
                raise ValueError(
                    f"it leads to {all_bytes:,} bytes, more than the log takes at once"
                )
            if len(entries) >= names.MAX_BATCH_MESSAGES:  # one is the tick's
                raise Fatal(
                    f"{self._service}: event {cause.event.event_id} led to {len(entries)} others"
                    " and more; its core never comes to rest"
                )
            self.pending_ids.add(event.event_id)
            own = RecordedEvent(
                event=event,
                sequence=because.sequence,
                subject=entry.subject,
                recorded_at=because.recorded_at,
            )
            self._evolve(own)
            following = self._core.decide(self.state, own, because.recorded_at)
            waiting.extend((own, each) for each in self._distinct(following))

    def _distinct(self, emits: tuple[Emit, ...]) -> tuple[Emit, ...]:
        if len({emit.label for emit in emits}) != len(emits):
            labels = ", ".join(emit.label for emit in emits)
            raise Fatal(f"{self._service}: decisions on one cause share a label: {labels}")
        return emits

    def _entry(self, because: RecordedEvent, emit: Emit) -> Entry:
        if isinstance(emit.payload, StateChange):
            raise Fatal(f"{self._service}: a core decides; resources are changed by `Agent.change`")
        key = emit.key or scope_key(self._scope)
        if self._scope != MAIN and key != self._scope:
            raise Fatal(f"{self._service}: who leads {self._scope} cannot write for {key}")
        cause = because.event
        trace_id, span_id = trace_of(emit.traceparent, cause)
        event = Event(
            event_id=child_id(cause.event_id, f"{self._service}/{self._scope}/{emit.label}"),
            timestamp=because.recorded_at,
            agent_role=self._role,
            agent_id=f"{self._service}/{self._scope}",
            payload=emit.payload,
            trace_id=trace_id,
            span_id=span_id,
            causation_id=cause.event_id[:MAX_CAUSE_ID_CHARACTERS],
            correlation_id=(cause.correlation_id or cause.event_id)[:MAX_CAUSE_ID_CHARACTERS],
        )
        aggregate = aggregate_filter(event) if emit.creates_aggregate else None
        first = Expectation(aggregate, 0) if aggregate is not None else None
        return Entry(event=event, key=key, expectation=first)


def scope_key(scope: str) -> str | None:
    """The key of a role's own events: its scope, where there is more than the main one."""
    return None if scope == MAIN else scope


def trace_of(traceparent: str, cause: Event) -> tuple[str, str]:
    """Trace id and span id of what follows from a cause: those given, or else the cause's own;
    empty where the cause, which others wrote, has none that are valid."""
    own = _TRACEPARENT(traceparent) if traceparent else None
    found = own or _TRACEPARENT(f"00-{cause.trace_id}-{cause.span_id}-01")
    return (found[1], found[2]) if found is not None else ("", "")


def _tick_of(event: Event) -> Tick:
    tick = event.payload
    assert isinstance(tick, TickObserved)
    return Tick(
        event_id=event.event_id,
        term=tick.term,
        number=tick.number,
        as_of_sequence=tick.as_of_sequence,
    )
