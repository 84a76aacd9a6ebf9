"""Does a history become the same state and decisions, however often it was interrupted?"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from structlog.testing import capture_logs

from enchanted.events.v1.state_change_pb2 import StateChange
from enchanted.events.v1.swarm_event_pb2 import ROLE_GUARDIAN
from enchanted.events.v1.system_signal_pb2 import SystemSignal
from enchanted.events.v1.task_request_pb2 import TasksProposed
from nervous_system.contract.codec import decode, encode
from nervous_system.contract.event import Event, RecordedEvent
from nervous_system.contract.message import Entry
from nervous_system.contract.payload import Payload
from nervous_system.contract.subjects import subject_for
from nervous_system.errors import Fatal, UnprocessableEvent
from nervous_system.service.decision import Emit, Tick
from nervous_system.service.fold import MAX_CAUSE_ID_CHARACTERS, Fold
from tests.nervous_system.counting import SERVICE, CountingCore, Counts, fold, rebuilt
from tests.nervous_system.event_samples import decision

START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def recorded(event: Event, sequence: int, *, key: str | None = None) -> RecordedEvent:
    return RecordedEvent(
        event=event,
        sequence=sequence,
        subject=subject_for(event, key=key),
        recorded_at=START + timedelta(seconds=sequence),
    )


class Interrupted(RuleBasedStateMachine):
    """A log, and a leader that falls behind, crashes and recovers at any point.

    What it writes stands behind whatever came in between, as on the real log.
    """

    unheard: tuple[type[Payload], ...] = ()  # of its own, what it does not read while it leads

    def __init__(self) -> None:
        super().__init__()
        self.log: list[RecordedEvent] = []
        self.inherited = 0  # up to here the log was written before this leader began
        self.fold = fold()
        self.unwritten: list[list[Entry]] = []  # batches, each stored whole or not at all
        self.snapshot: tuple[Counts, int, frozenset[str]] | None = None
        self.term = 1
        self.ticks = 0
        self.agents = 0

    def _store(self, event: Event, key: str | None = None) -> None:
        self.log.append(recorded(event, len(self.log) + 1, key=key))

    def _write(self, batches: int) -> None:
        for batch in self.unwritten[:batches]:
            first = len(self.log) + 1
            for entry in batch:
                self._store(entry.event, entry.key)
            self.fold.mark_committed(batch, first)
        del self.unwritten[:batches]

    def _delivered(self) -> list[RecordedEvent]:
        """What the leader has yet to read."""
        return [
            each
            for each in self.log[self.fold.sequence :]
            if each.sequence <= self.inherited or not isinstance(each.event.payload, self.unheard)
        ]

    def _catch_up(self) -> None:
        while self._delivered() or self.unwritten:
            self.leader_reads(100)

    @rule(count=st.integers(1, 4))
    def agents_decide(self, count: int) -> None:
        for _ in range(count):
            self.agents += 1
            self._store(decision(f"agent {self.agents}"))

    @rule(limit=st.integers(1, 6))
    def leader_reads(self, limit: int) -> None:
        """What follows is appended before anything else is done, as the runner does."""
        self._write(len(self.unwritten))
        entries = []
        for each in self._delivered()[:limit]:
            entries += self.fold.apply(each)
        if entries:
            self.unwritten.append(entries)

    @rule(seconds=st.integers(0, 1000))
    def tick_strikes(self, seconds: int) -> None:
        self._catch_up()  # only at the end
        self.ticks += 1
        tick = self.fold.tick(
            term=self.term,
            term_id=f"term {self.term}",
            number=self.ticks,
            now=START + timedelta(seconds=seconds),
        )
        entries = self.fold.apply_tick(tick)
        if entries:
            self.unwritten.append(entries)

    @rule()
    def events_arrive_while_the_tick_is_on_its_way(self) -> None:
        self.agents += 1
        self._store(decision(f"agent {self.agents}"))
        self._write(len(self.unwritten))

    @rule()
    def snapshot_is_saved(self) -> None:
        self._write(len(self.unwritten))
        self.snapshot = (self.fold.state, self.fold.sequence, frozenset(self.fold.pending_ids))

    @rule(written=st.integers(0, 3), forget=st.sampled_from([False, False, True]))
    def leader_crashes(self, written: int, forget: bool) -> None:
        """Any prefix of its batches is on the log; a snapshot may be lost too."""
        self._write(written)
        self.unwritten.clear()
        self.inherited = len(self.log)
        self.term += 1
        if self.snapshot is None or forget:
            self.fold = fold()
        else:
            state, sequence, ahead = self.snapshot
            self.fold = Fold(
                CountingCore(),
                service=SERVICE,
                scope="main",
                role=ROLE_GUARDIAN,
                state=state,
                sequence=sequence,
                pending_ids=ahead,
            )
        for each in self.log[self.fold.sequence :]:
            if each.event.agent_role == ROLE_GUARDIAN:
                self.fold.preload_own(each)
        assert not self.fold.missing

    @invariant()
    def nothing_is_on_the_log_twice(self) -> None:
        ids = [each.event.event_id for each in self.log]
        assert len(ids) == len(set(ids))

    def teardown(self) -> None:
        self._catch_up()
        again, missing = rebuilt(self.log)
        assert missing == []
        assert again.state == self.fold.state
        assert not again.pending_ids
        unread = self.log[self.fold.sequence :]
        assert self.fold.pending_ids == {each.event.event_id for each in unread}
        # And what was decided is what an uninterrupted leader would have decided on these causes.
        own = {each.event.event_id for each in self.log if each.event.agent_role == ROLE_GUARDIAN}
        causes = [each for each in self.log if each.event.agent_role != ROLE_GUARDIAN]
        untroubled = fold()
        decided = {e.event.event_id for each in causes for e in untroubled.apply(each)}
        assert decided <= own
        assert again.state.counted == len(causes)


class InterruptedUnheard(Interrupted):
    """A leader that does not read what it alone writes: it knows that before the log does."""

    unheard = (SystemSignal,)


TestInterrupted = Interrupted.TestCase
TestInterrupted.pytestmark = pytest.mark.heavy  # type: ignore[attr-defined]
TestInterrupted.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestInterruptedUnheard = InterruptedUnheard.TestCase
TestInterruptedUnheard.pytestmark = pytest.mark.heavy  # type: ignore[attr-defined]
TestInterruptedUnheard.settings = TestInterrupted.settings


def test_a_tick_replays_at_the_position_it_had_seen() -> None:
    live = fold()
    first, late = recorded(decision("1"), 1), recorded(decision("2"), 2)
    live.apply(first)
    tick = live.tick(term=1, term_id="t", number=1, now=START + timedelta(hours=1))
    entries = live.apply_tick(tick)
    assert [entry.event.kind.subject_word for entry in entries] == ["tick_observed", "alarm_raised"]
    own = [recorded(entry.event, 3 + n) for n, entry in enumerate(entries)]
    history = [first, late, *own]  # 2 came in between
    for each in history[1:]:
        assert live.apply(each) == []
    again, missing = rebuilt(history)
    assert missing == []
    assert again.state == live.state
    assert again.state.reported == 1


def test_stream_time_does_not_run_back() -> None:
    live = fold()
    live.apply(recorded(decision("1"), 100))
    tick = live.tick(term=1, term_id="t", number=1, now=START)
    assert tick.timestamp == START + timedelta(seconds=100)


def test_a_cause_that_stands_there_twice_is_answered_once_while_the_answer_is_on_its_way() -> None:
    class Echo(Once):
        def decide(
            self, state: int, cause: RecordedEvent | Tick, now: datetime, /
        ) -> tuple[Emit, ...]:
            foreign = isinstance(cause, RecordedEvent) and cause.event.agent_role != ROLE_GUARDIAN
            return (Emit(label="echo", payload=SystemSignal(status="echo")),) if foreign else ()

    echo = Fold(Echo(), service=SERVICE, scope="main", role=ROLE_GUARDIAN)
    assert len(echo.apply(recorded(decision("1"), 1))) == 1
    assert echo.apply(recorded(decision("1"), 2)) == []


class Once:
    """Decides nothing; others override."""

    def initial(self) -> int:
        return 0

    def evolve(self, state: int, recorded: RecordedEvent, /) -> int:
        return state + 1

    def decide(self, state: int, cause: RecordedEvent | Tick, now: datetime, /) -> tuple[Emit, ...]:
        return ()


class Failing(Once):
    """Decides something, and fails on what follows from that."""

    def decide(self, state: int, cause: RecordedEvent | Tick, now: datetime, /) -> tuple[Emit, ...]:
        assert isinstance(cause, RecordedEvent)
        if cause.event.agent_role == ROLE_GUARDIAN:
            raise OverflowError("too large")
        return (Emit(label="first", payload=SIGNAL),)

    def afterwards(self, state: int, cause: RecordedEvent, now: datetime, /) -> tuple[Emit, ...]:
        return ()


def test_an_event_on_which_the_core_fails_counts_for_nothing() -> None:
    fold = Fold(Failing(), service=SERVICE, scope="main", role=ROLE_GUARDIAN)
    with capture_logs() as logs:
        assert fold.apply(recorded(decision("1"), 1)) == []
    assert (fold.state, fold.pending_ids, fold.sequence) == (0, set(), 1)
    (line,) = [each for each in logs if each["event"] == "fold.undecidable"]
    assert "the guardian fails on decision" in line["reason"]
    assert "OverflowError: too large" in line["reason"]


def test_a_request_on_which_the_core_fails_is_refused_and_leaves_no_trace() -> None:
    fold = Fold(Failing(), service=SERVICE, scope="main", role=ROLE_GUARDIAN)
    request = replace(decision("1"), payload=TasksProposed())
    taken = fold.requests_taken(term=1, term_id="t", number=1, now=START)
    with pytest.raises(UnprocessableEvent, match="fails on tasks_proposed"):
        fold.decide_request(taken, request)
    assert (fold.state, fold.pending_ids) == (0, set())
    with capture_logs() as logs:  # as it is decided on again after a crash
        assert fold.decide_requests(taken, [request]) == []
    assert [each["event"] for each in logs] == ["fold.undecidable"]


def _emitting(*emits: Emit, scope: str = "main") -> Fold[int]:
    class Emitting(Once):
        def decide(
            self, state: int, cause: RecordedEvent | Tick, now: datetime, /
        ) -> tuple[Emit, ...]:
            return emits if state == 1 else ()

    return Fold(Emitting(), service=SERVICE, scope=scope, role=ROLE_GUARDIAN)


SIGNAL = SystemSignal(status="x")


@pytest.mark.parametrize(
    ("folded", "sentence"),
    [
        (_emitting(Emit(label="a", payload=SIGNAL), Emit(label="a", payload=SIGNAL)), "share"),
        (_emitting(Emit(label="a", payload=StateChange(target_type="FILE_SYSTEM"))), "change"),
        (_emitting(Emit(label="a", payload=SIGNAL, key="node-2"), scope="node-1"), "node-2"),
    ],
)
def test_what_a_core_may_not_emit_is_said(folded: Fold[int], sentence: str) -> None:
    with pytest.raises(Fatal, match=sentence):
        folded.apply(recorded(decision("1"), 1))


def test_a_core_that_never_comes_to_rest_is_a_defect() -> None:
    class Restless(Once):
        def decide(
            self, state: int, cause: RecordedEvent | Tick, now: datetime, /
        ) -> tuple[Emit, ...]:
            return (Emit(label="again", payload=SIGNAL),)

    with pytest.raises(Fatal, match="never comes to rest"):
        Fold(Restless(), service=SERVICE, scope="main", role=ROLE_GUARDIAN).apply(
            recorded(decision("1"), 1)
        )


def test_two_services_and_two_machines_that_decide_alike_have_different_ids() -> None:
    emit = Emit(label="a", payload=SIGNAL)
    cause = recorded(decision("1"), 1)
    (one,) = _emitting(emit, scope="node-1").apply(cause)
    (other,) = _emitting(emit, scope="node-2").apply(cause)
    assert one.event.event_id != other.event.event_id


@pytest.mark.parametrize(
    "strange",
    [
        {"trace_id": "z" * 32, "span_id": "b" * 16},
        {"trace_id": "0" * 32, "span_id": "b" * 16},
        {"trace_id": "A" * 32, "span_id": "span-xyz-123"},
        {"trace_id": "a" * 32, "span_id": ""},
        {"event_id": "not a uuid \0 " * 50_000, "correlation_id": "c" * 900_000},
    ],
)
def test_what_follows_from_a_strange_event_can_be_published(strange: dict[str, str]) -> None:
    """Failure mode 9: the log is lenient, the library is strict; a leader must not choke on it."""
    cause = recorded(replace(decision("1"), **strange), 1)  # type: ignore[arg-type]
    (entry,) = _emitting(Emit(label="a", payload=SIGNAL)).apply(cause)
    event = decode(encode(entry.event))
    assert len(event.causation_id) <= MAX_CAUSE_ID_CHARACTERS
    assert event.trace_id == ""


def test_what_follows_belongs_to_its_causes_trace() -> None:
    cause = recorded(replace(decision("1"), trace_id="a" * 32, span_id="b" * 16), 1)
    (entry,) = _emitting(Emit(label="a", payload=SIGNAL)).apply(cause)
    assert (entry.event.trace_id, entry.event.span_id) == ("a" * 32, "b" * 16)
    assert entry.event.causation_id == cause.event.event_id
    assert entry.event.correlation_id == cause.event.event_id
