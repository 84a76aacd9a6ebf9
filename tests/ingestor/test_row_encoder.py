"""Are frames what the ingest schema says, for any bytes?"""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from enchanted.events.v1.swarm_event_pb2 import SwarmEvent
from ingestor.ingest_schema import EXTRA_COLUMNS
from ingestor.model import partition_end, partition_of
from ingestor.row_encoder import RowEncoder, varint
from tests.ingestor.ingestor_samples import event, stored

NAMES = {extra.number: extra.name for extra in EXTRA_COLUMNS}
FRAMER = RowEncoder(epoch=3, writer=4)


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at += 1
        shift += 7
        if byte < 0x80:
            return value, at


def fields(frame: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Field numbers and values of one frame, read by hand."""
    length, at = read_varint(frame, 0)
    assert length == len(frame) - at
    while at < len(frame):
        tag, at = read_varint(frame, at)
        match tag & 7:
            case 0:
                value: int | bytes
                value, at = read_varint(frame, at)
            case 1:
                value, at = int.from_bytes(frame[at : at + 8], "little"), at + 8
            case 2:
                size, at = read_varint(frame, at)
                value, at = frame[at : at + size], at + size
            case other:
                raise AssertionError(f"wire type {other}")
        yield tag >> 3, value


def ours(frame: bytes) -> dict[str, int | bytes]:
    return {NAMES[number]: value for number, value in fields(frame) if number in NAMES}


@given(st.integers(0, 2**64 - 1))
def test_varints(value: int) -> None:
    assert read_varint(varint(value), 0) == (value, len(varint(value)))


@given(st.binary(max_size=20_000), st.text(), st.integers(1, 2**62), st.text())
def test_any_bytes_can_be_parked(raw: bytes, subject: str, seq: int, reason: str) -> None:
    frame = FRAMER.encode_parked(stored(seq, raw, subject=subject), reason=reason)
    assert ours(frame) == {
        "epoch": 3,
        "writer": 4,
        "disposition": 2,
        "seq": seq,
        "recorded_at_nanoseconds": stored(seq, b"").recorded_at_ns,
        "subject": subject.encode(errors="replace"),
        "reason": reason.encode(errors="replace"),
        "raw": raw,
    }


@given(st.binary(max_size=200))
def test_an_event_with_any_tail_keeps_its_fields_and_loses_strangers(tail: bytes) -> None:
    stranger = varint(1001 << 3 | 2) + varint(len(tail)) + tail
    raw = event(1).SerializeToString() + stranger
    frame = FRAMER.event(SwarmEvent.FromString(raw), stored(9, raw), payload_field="decision")
    own = ours(frame)
    assert own["epoch"] == 3
    assert own["raw"] == raw
    assert own["payload_kind"] == b"decision"
    _, start = read_varint(frame, 0)
    again = SwarmEvent.FromString(frame[start:])
    again.DiscardUnknownFields()
    assert again == event(1)


def test_partitions_end_where_the_next_begins() -> None:
    last = 1_798_761_599_999_999_999  # 31 December 2026, the last nanosecond
    assert partition_of(last) == 202612
    assert partition_end(last) == last + 1
    assert partition_of(last + 1) == 202701
    assert partition_of(0) == 197001
