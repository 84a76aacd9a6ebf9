"""What stood on a stretch of the log, as columns that a browser draws without reading each row?

Little-endian: the letters `GWC1`; four bytes, how long the head is; the head, JSON; zeros up to a
multiple of 8, and from there the columns, each at its offset. A column of type u32 with a
dictionary of its name holds places in that.
"""

from __future__ import annotations

import json
import struct
import sys
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from nervous_system.errors import NoSuch
from operations.queries.record import Record
from operations.queries.state.recorded_moment import RecordedMoment, recorded_moment

MAGIC: Final = b"GWC1"
MAX_POSITIONS: Final = 100_000
NO_CAUSE: Final = 2**32 - 1
"""In the column `cause`: it has none in this window; else the number of its row."""
FLAGS: Final = {"failure": 1, "waits_for_approval": 2, "unreadable": 4, "external": 8}

_CODED: Final = ("kind", "agent", "role", "trace", "resource", "title")
_TYPES: Final = {"f64": "d", "f32": "f", "u32": "I", "u8": "B"}
_ALIGNED: Final = 8


@dataclass(frozen=True, slots=True)
class Column:
    """One column, packed."""

    name: str
    type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class FoundRows:
    """Rows of a stretch of one life of the log, column by column; one more than was asked for if
    there are more."""

    first: RecordedMoment
    columns: dict[str, list[Any]]


def rows_between(record: Record, *, begin: str, end: str, limit: int) -> FoundRows:
    """From one moment to another, both included. Raises as `window`."""
    last = recorded_moment(record, end or "now")
    first = recorded_moment(record, begin) if begin else _before(last, limit)
    if (first.epoch, first.position) > (last.epoch, last.position):
        raise NoSuch(f"{begin} is behind {end or 'the end of the record'}")
    up_to = last.position if last.epoch == first.epoch else 2**63
    found = record.columns(
        "window", epoch=first.epoch, first=first.position, last=up_to, most=limit + 1
    )
    return FoundRows(first, found)


def window(record: Record, *, begin: str, end: str, limit: int) -> bytes:
    """From one moment to another, both included, as many positions as asked for; `next` in the head
    says where it goes on. Without a beginning it is the last so many. Raises NoSuch, UnknownMoment,
    NotRunning, QueryRefused."""
    as_of = record.as_of()
    rows = rows_between(record, begin=begin, end=end, limit=limit)
    first, found = rows.first, rows.columns
    following = found["position"][limit:]
    by_name = {name: values[:limit] for name, values in found.items()}
    positions = by_name["position"]
    dictionaries: dict[str, list[str]] = {}
    packed = [
        _packed("time", "f64", by_name["time"]),
        _packed("position", "f64", positions),
        *(_coded(name, by_name[name], dictionaries) for name in _CODED),
        _packed(
            "cost", "f32", [float("nan") if each is None else each for each in by_name["cost"]]
        ),
        _packed("flags", "u8", by_name["flags"]),
        _packed("cause", "u32", _causes(by_name["event_id"], by_name["causation_id"])),
    ]
    head = {
        "epoch": first.epoch,
        "from": positions[0] if positions else first.position,
        "to": positions[-1] if positions else first.position,
        "rows": len(positions),
        "next": f"{first.epoch}/{following[0]}" if following else None,
        "as_of": as_of,
        "flags": FLAGS,
    }
    return _whole(head, packed, dictionaries)


def _before(last: RecordedMoment, limit: int) -> RecordedMoment:
    return RecordedMoment(last.epoch, max(1, last.position - limit + 1), last.recorded_at)


def _coded(name: str, values: Sequence[str], dictionaries: dict[str, list[str]]) -> Column:
    places: dict[str, int] = {}
    coded = [places.setdefault(each, len(places)) for each in values]
    dictionaries[name] = list(places)
    return _packed(name, "u32", coded)


def _causes(ids: Sequence[str], causes: Sequence[str]) -> list[int]:
    rows = {event_id: row for row, event_id in enumerate(ids) if event_id}
    return [rows.get(each, NO_CAUSE) for each in causes]


def _packed(name: str, type_: str, values: Sequence[Any]) -> Column:
    packed = array(_TYPES[type_], values)
    if sys.byteorder == "big":
        packed.byteswap()
    return Column(name, type_, packed.tobytes())


def _whole(
    head: dict[str, Any], columns: Sequence[Column], dictionaries: dict[str, list[str]]
) -> bytes:
    body = bytearray()
    described = []
    for each in columns:
        described.append(
            {"name": each.name, "type": each.type, "offset": len(body), "length": len(each.data)}
        )
        body += each.data + bytes(-len(each.data) % _ALIGNED)
    text = json.dumps(
        {**head, "columns": described, "dictionaries": dictionaries}, ensure_ascii=False
    ).encode(errors="replace")
    text += b" " * (-(len(text) + len(MAGIC) + 4) % _ALIGNED)
    return MAGIC + struct.pack("<I", len(text)) + text + bytes(body)
