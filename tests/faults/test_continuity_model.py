"""Whatever happens to a stream between two looks at it: is everything on it recorded afterwards?

A model of both sides: the stream loses its end, is made anew, ages, loses a block in the middle, or
an older copy of it comes back; the ingestor looks, and reads on from where it is told.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ingestor.continuity import Continue, Fork, Gap, RecordedEpoch, compare, gap, history, owner
from ingestor.model import Epoch
from nervous_system.contract.stored import StreamState

MOMENT = datetime(2026, 11, 21, tzinfo=UTC)


class TwoHistories(RuleBasedStateMachine):
    """The stream as a mapping from sequence to event, and the rows by epoch and sequence."""

    def __init__(self) -> None:
        super().__init__()
        self.events = 0
        self.first, self.last = 1, 0
        self.stream: dict[int, int] = {}
        self.copies: list[tuple[int, int, dict[int, int]]] = []
        self.epochs = [self._epoch(1, first=1, agreed=0)]
        self.rows: dict[tuple[int, int], int] = {}

    @staticmethod
    def _epoch(number: int, *, first: int, agreed: int) -> Epoch:
        return Epoch(
            epoch=number,
            opened_at=MOMENT,
            reason="",
            stream_created=MOMENT,
            first_seq=first,
            forked_from_seq=agreed,
            holder="",
        )

    @rule(count=st.integers(1, 9))
    def publish(self, count: int) -> None:
        for _ in range(count):
            self.events += 1
            self.last += 1
            self.stream[self.last] = self.events

    @precondition(lambda self: self.stream)
    @rule(data=st.data())
    def truncate(self, data: st.DataObject) -> None:
        """One server loses the end of its log and uses the sequences again."""
        self.last = data.draw(st.integers(self.first - 1, self.last))
        self.stream = {s: e for s, e in self.stream.items() if s <= self.last}

    @rule()
    def make_anew(self) -> None:
        self.first, self.last, self.stream = 1, 0, {}

    @precondition(lambda self: self.stream)
    @rule(data=st.data())
    def age(self, data: st.DataObject) -> None:
        self.first = data.draw(st.integers(self.first, self.last + 1))
        self.stream = {s: e for s, e in self.stream.items() if s >= self.first}

    @precondition(lambda self: len(self.stream) > 2)
    @rule(data=st.data())
    def lose_a_block(self, data: st.DataObject) -> None:
        """Never the last: that is a truncation."""
        start = data.draw(st.integers(self.first + 1, self.last - 1))
        end = data.draw(st.integers(start, self.last - 1))
        self.stream = {s: e for s, e in self.stream.items() if not start <= s <= end}

    @rule()
    def copy_the_store(self) -> None:
        self.copies.append((self.first, self.last, dict(self.stream)))

    @precondition(lambda self: self.copies)
    @rule(data=st.data())
    def put_a_copy_back(self, data: st.DataObject) -> None:
        self.first, self.last, stream = data.draw(st.sampled_from(self.copies))
        self.stream = dict(stream)

    @rule(limit=st.integers(0, 20))
    def look_and_read(self, limit: int) -> None:
        """What one start of the ingestor does; it may die after any number of positions."""
        following = self._position()
        epoch = self.epochs[-1].epoch
        for sequence in range(following, self.last + 1):
            if limit == 0:
                return
            limit -= 1
            if sequence not in self.stream:
                return  # the reader is interrupted by the hole
            self.rows[epoch, sequence] = self.stream[sequence]

    def _position(self) -> int:
        number = self.epochs[-1].epoch
        watermark = max((seq for epoch, seq in self.rows if epoch == number), default=0)
        recorded = RecordedEpoch(
            epoch=number, first_sequence=self.epochs[-1].first_seq, watermark=watermark
        )
        verdict = _finished(compare(recorded, self._state(), self._agrees))
        if isinstance(verdict, Continue):
            expected = verdict.next_sequence
            present = min((s for s in self.stream if s >= expected), default=self.last + 1)
            if present > expected:
                verdict = gap(recorded, next_sequence=present)
        if isinstance(verdict, Fork | Gap):
            assert verdict.lost_first <= verdict.lost_last
            self.epochs.append(
                self._epoch(verdict.epoch, first=verdict.next_sequence, agreed=verdict.agreed)
            )
        if isinstance(verdict, Gap):
            self.copies.clear()  # what was lost for good comes back as publishes, not as a store
        if isinstance(verdict, Fork):
            self._the_tail_is_complete(verdict)
        return verdict.next_sequence  # type: ignore[no-any-return]

    def _the_tail_is_complete(self, fork: Fork) -> None:
        """What is to be published again has every event that was recorded and is now gone."""
        tail = {
            seq
            for part in history(self.epochs, until_epoch=fork.epoch - 1, after=fork.agreed)
            for epoch, seq in self.rows
            if epoch == part.epoch and seq > part.after and (part.last is None or seq <= part.last)
        }
        before = self.epochs[:-1]
        held = {
            seq
            for epoch, seq in self.rows
            if fork.lost_first <= seq <= fork.lost_last and owner(seq, before) == epoch
        }
        assert tail == held

    def _state(self) -> StreamState:
        return StreamState(
            created="",
            first_sequence=self.first if self.last or self.first > 1 else 0,
            last_sequence=self.last,
            messages=len(self.stream),
            bytes=0,
            max_bytes=0,
        )

    async def _agrees(self, sequence: int) -> bool:
        epoch = owner(sequence, self.epochs)
        if epoch is None:
            return False
        return self.stream.get(sequence) == self.rows.get((epoch, sequence))

    @rule()
    def settle(self) -> None:
        """Left alone, the ingestor records the whole stream; then each position has its row."""
        for _ in range(len(self.stream) + 2):
            before = len(self.rows), len(self.epochs)
            self.look_and_read(limit=1000)
            if before == (len(self.rows), len(self.epochs)):
                break  # and so would each look after it
        for sequence, event in self.stream.items():
            epoch = owner(sequence, self.epochs)
            assert epoch is not None
            assert self.rows.get((epoch, sequence)) == event, (
                f"position {sequence} is not recorded in epoch {epoch}"
            )

    @invariant()
    def an_epoch_has_no_holes(self) -> None:
        for epoch in self.epochs:
            seqs = sorted(seq for number, seq in self.rows if number == epoch.epoch)
            assert seqs == list(range(epoch.first_seq, epoch.first_seq + len(seqs)))


def _finished(coroutine):  # type: ignore[no-untyped-def]
    """The result of a coroutine that never waits."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    raise AssertionError("the comparison waited for something")


TestTwoHistories = TwoHistories.TestCase
TestTwoHistories.pytestmark = pytest.mark.heavy  # type: ignore[attr-defined]
TestTwoHistories.settings = settings(max_examples=300, stateful_step_count=25, deadline=None)
