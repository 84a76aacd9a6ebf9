"""How does one position of the log become the bytes that ClickHouse decodes? Pure functions,
nothing else.

A frame is a varint length and a message of `ingest_schema`: the event re-serialised, then what the
ingestor adds. Appending encoded fields to a serialised message is how Protobuf merges, so nothing
is copied field by field. Re-serialising matters: ClickHouse stores a string field that occurs twice
as empty, and unknown fields could pose as ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from struct import Struct
from typing import Final

from enchanted.events.v1.swarm_event_pb2 import SwarmEvent
from ingestor.ingest_schema import ATTRIBUTION, EXTRA_COLUMNS
from ingestor.model import SUBJECTS, Batch, Disposition
from nervous_system.contract.payload import KINDS_BY_FIELD
from nervous_system.contract.stored import Stored

DISPOSITION_NUMBERS: Final[dict[Disposition, int]] = {"stored": 1, "parked": 2, "duplicate": 3}
"""As in the Enum8 of `swarm.events`."""

_NUMBERS: Final = {extra.name: extra.number for extra in EXTRA_COLUMNS}
_FIXED64: Final = 1
_LENGTH_DELIMITED: Final = 2
_VARINT: Final = 0


def varint(value: int) -> bytes:
    """`value`, not negative, as Protobuf's varint."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _tag(name: str, wire_type: int) -> bytes:
    return varint(_NUMBERS[name] << 3 | wire_type)


def _text(name: str, value: bytes) -> bytes:
    return _tag(name, _LENGTH_DELIMITED) + varint(len(value)) + value


_LENGTHS: Final = tuple(varint(length) for length in range(8192))
"""The lengths that occur: a table is three times as fast as counting bits."""

_ATTRIBUTION_TAG: Final = varint(SwarmEvent.ATTRIBUTION_FIELD_NUMBER << 3 | _LENGTH_DELIMITED)
_SEQ_TAG: Final = _tag("seq", _FIXED64)
_RECORDED_AT_TAG: Final = _tag("recorded_at_nanoseconds", _FIXED64)
_SUBJECT_TAG: Final = _tag("subject", _LENGTH_DELIMITED)
_RAW_TAG: Final = _tag("raw", _LENGTH_DELIMITED)
_POSITION: Final = Struct(f"<{len(_SEQ_TAG)}sQ{len(_RECORDED_AT_TAG)}sq").pack
_KINDS: Final = {field: _text("payload_kind", field.encode()) for field in KINDS_BY_FIELD}


class RowEncoder:
    """Encodes positions of one epoch for one writer. Holds constants only."""

    __slots__ = ("_constant", "epoch", "writer")

    def __init__(self, *, epoch: int, writer: int) -> None:
        self.epoch: Final = epoch
        self.writer: Final = writer
        head = Struct("<Q").pack
        self._constant: Final = {
            disposition: _tag("epoch", _FIXED64)
            + head(epoch)
            + _tag("writer", _FIXED64)
            + head(writer)
            + _tag("disposition", _VARINT)
            + varint(number)
            for disposition, number in DISPOSITION_NUMBERS.items()
        }

    def event(
        self,
        message: SwarmEvent,
        stored: Stored,
        *,
        payload_field: str,
        warnings: Sequence[str] = (),
        duplicate_of: str = "",
        reason: str = "",
    ) -> bytes:
        """The frame of an event that could be read. `message` is what `stored` parsed to, and loses
        its unknown fields here.

        `duplicate_of` is the reason that makes it a repeat; empty for an event seen for the first
        time. `reason` is what was done to it.
        """
        message.DiscardUnknownFields()
        added = _KINDS[payload_field]
        if warnings:
            added += _warnings(warnings)
        if duplicate_of or reason:
            why = "; ".join(filter(None, (duplicate_of, reason)))
            added += _text("reason", _utf8(why))
        disposition: Disposition = "duplicate" if duplicate_of else "stored"
        data = message.SerializeToString(deterministic=True)  # of a map no other order
        return self._frame(disposition, stored, data, added)

    def with_warning(self, frame: bytes, warning: str) -> bytes:
        """The frame of an event with one more warning."""
        start = next(place for place, byte in enumerate(frame) if byte < 0x80) + 1  # of its length
        body = frame[start:] + _warnings([warning])
        return varint(len(body)) + body

    def encode_parked(self, stored: Stored, *, reason: str) -> bytes:
        """The frame of bytes that are not an event we can read: position, reason and the bytes,
        nothing of the event.
        """
        return self._frame("parked", stored, b"", _text("reason", _utf8(reason)))

    def batch(
        self,
        frames: Sequence[bytes],
        *,
        first_seq: int,
        last_seq: int,
        kinds: frozenset[str] | None = None,
    ) -> Batch:
        """These frames, in the order of their sequences, as the unit of an insert."""
        joined = b"".join(frames)
        if kinds is not None and _ATTRIBUTION_TAG in joined:  # a payload may hold these bytes, too
            kinds |= {ATTRIBUTION}
        return Batch(
            epoch=self.epoch,
            writer=self.writer,
            first_seq=first_seq,
            last_seq=last_seq,
            rows=len(frames),
            frames=joined,
            kinds=kinds,
        )

    def _frame(self, disposition: Disposition, stored: Stored, event: bytes, added: bytes) -> bytes:
        sequence, subject, recorded_at_ns, raw, _ = stored
        raw_length = len(raw)
        body = b"".join(
            (
                event,
                added,
                self._constant[disposition],
                _POSITION(_SEQ_TAG, sequence, _RECORDED_AT_TAG, recorded_at_ns),
                _subject(subject),
                _RAW_TAG,
                _LENGTHS[raw_length] if raw_length < 8192 else varint(raw_length),
                raw,
            )
        )
        length = len(body)
        return (_LENGTHS[length] if length < 8192 else varint(length)) + body


@lru_cache(maxsize=SUBJECTS)
def _subject(text: str) -> bytes:
    subject = _utf8(text)
    return _SUBJECT_TAG + varint(len(subject)) + subject


def _warnings(warnings: Iterable[str]) -> bytes:
    return b"".join(_text("warnings", _utf8(warning)) for warning in warnings)


def _utf8(text: str) -> bytes:
    """Subjects and reasons can carry bytes that were never text; what cannot be encoded becomes
    `?`.
    """
    return text.encode(errors="replace")
