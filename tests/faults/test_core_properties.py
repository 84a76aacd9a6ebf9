"""Whatever comes: does a batch keep the order, count right and find the repeats?"""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ingestor.core import cut, examine, identities, prepare
from ingestor.model import Identity, partition_of
from ingestor.row_encoder import RowEncoder
from nervous_system.contract.codec import encode
from nervous_system.contract.stored import Stored
from tests.events_under_test import SUBJECT, event

FRAMER = RowEncoder(epoch=3, writer=7)
MONTH_NANOSECONDS = 31 * 24 * 3600 * 1_000_000_000
START = 1_790_000_000_000_000_000
EVENTS = {label: encode(event(label)) for label in "abcdef"}
SAID = {
    label: Identity.on(SUBJECT, event_id=event(label).event_id, agent_id=event(label).agent_id)
    for label in EVENTS
}

contents = st.sampled_from([*EVENTS.values(), b"", b"\xff", b"poison"])
steps = st.sampled_from([0, 1, 1_000_000_000, MONTH_NANOSECONDS // 3, MONTH_NANOSECONDS])


@st.composite
def logs(draw: st.DrawFn) -> list[Stored]:
    """Consecutive positions whose time never goes back."""
    first = draw(st.integers(1, 2**40))
    time = START
    positions = []
    for number, data in enumerate(draw(st.lists(contents, min_size=1, max_size=30))):
        time += draw(steps)
        positions.append(Stored(first + number, SUBJECT, time, data))
    return positions


@given(positions=logs())
def test_runs_are_all_positions_in_order_each_in_one_partition(positions: list[Stored]) -> None:
    runs = list(cut(examine(positions, FRAMER)))
    assert [each.stored for run in runs for each in run] == positions
    partitions = [{partition_of(each.stored.recorded_at_ns) for each in run} for run in runs]
    assert all(len(found) == 1 for found in partitions)
    assert all(before != after for before, after in pairwise(partitions))


@given(positions=logs(), stored_before=st.sets(st.sampled_from(sorted(SAID.values()))))
def test_a_batch_counts_every_position_once(
    positions: list[Stored], stored_before: set[Identity]
) -> None:
    examined = examine(positions, FRAMER)
    prepared = prepare(examined, FRAMER, known=stored_before)
    said = identities(examined)
    assert prepared.new == set(said) - stored_before
    assert prepared.parked == len(positions) - len(said)
    assert prepared.duplicates == len(said) - len(prepared.new)
    batch = prepared.batch
    assert (batch.epoch, batch.writer, batch.rows) == (3, 7, len(positions))
    assert (batch.first_seq, batch.last_seq) == (positions[0].sequence, positions[-1].sequence)


@given(positions=logs(), at=st.integers(0, 30))
def test_two_batches_find_the_same_repeats_as_one(positions: list[Stored], at: int) -> None:
    """Wherever a batch is cut, the frames are the same, byte for byte."""
    examined = examine(positions, FRAMER)
    whole = prepare(examined, FRAMER, known=frozenset())
    frames = b""
    known: frozenset[Identity] = frozenset()
    for part in (examined[:at], examined[at:]):
        if part:
            prepared = prepare(part, FRAMER, known=known)
            known |= prepared.new
            frames += prepared.batch.frames
    assert frames == whole.batch.frames
