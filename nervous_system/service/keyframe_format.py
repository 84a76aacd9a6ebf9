"""How does the state at one position become bytes that are small, beside those of others?

As a whole, or as what is another than in the keyframe before. Where the mesh has a key, what does
not bear its seal is not believed: which service's state it is, by which version of it, of which
log, up to which position and behind which other keyframe stands within what is sealed.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Final, Generic, TypeVar

import lz4.frame

from nervous_system.contract.seal import Seal
from nervous_system.errors import Unauthentic
from nervous_system.service.packing import Snapshot, adapter_of, nothing_collected, shape_of
from nervous_system.service.persistent import ChangedTables, ChunkedTables, TablesAsTheyAre

State = TypeVar("State")

_PURPOSE: Final = b"keyframe"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A position of one log: what stands there tells it from that of another."""

    sequence: int
    stream_created: str
    fingerprint: str

    @classmethod
    def of(cls, snapshot: Snapshot[Any]) -> Place:
        """Where a state is that of."""
        return cls(
            sequence=snapshot.sequence,
            stream_created=snapshot.stream_created,
            fingerprint=snapshot.fingerprint,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyframe:
    """Bytes of a keyframe whose seal was found to be right, not unpacked yet."""

    place: Place
    before: Place | None  # the one that it tells the changes since; None: it is whole
    packed: bytes


class KeyframeFormat(Generic[State]):
    """The keyframes of one service; `key` says which, and which version of it."""

    def __init__(self, key: str, state_type: type[State], *, seal: Seal | None) -> None:
        self._adapter = adapter_of(state_type)
        self._key = key.encode()
        self._shape = f"{shape_of(self._adapter)} keyframe 1\n".encode()
        self._seal = seal

    def whole(self, snapshot: Snapshot[State]) -> bytes:
        """All of it."""
        return self._written(snapshot, None, ChunkedTables())

    def changes(self, snapshot: Snapshot[State], *, since: Snapshot[State]) -> bytes:
        """What is another than before."""
        tables = TablesAsTheyAre()
        self._adapter.dump_json(since, context=tables)
        return self._written(snapshot, Place.of(since), ChangedTables(tables.tables))

    def read(self, data: bytes) -> Keyframe:
        """Raises ValueError for what is none of these, such as another version's; Unauthentic."""
        if not data.startswith(self._shape):
            raise ValueError("it is not of this version")
        header, seal, packed = _three(data[len(self._shape) :])
        if self._seal is not None and not self._seal.is_of(
            seal.decode(errors="replace"), _PURPOSE, self._key, self._shape, header, packed
        ):
            raise Unauthentic("it does not bear the mesh's seal")
        said = json.loads(header)
        before = said["before"]
        return Keyframe(
            place=Place(**said["place"]),
            before=Place(**before) if before is not None else None,
            packed=packed,
        )

    def unpacked(
        self, keyframe: Keyframe, *, before: Snapshot[State] | None = None
    ) -> Snapshot[State]:
        """The state; `before`: that of the keyframe before, unless this one is whole.

        Raises ValueError, RuntimeError, KeyError, IndexError for bytes that cannot be read.
        """
        if keyframe.before is not None and (before is None or Place.of(before) != keyframe.before):
            raise ValueError("it does not follow the keyframe before it")
        with nothing_collected():
            *lines, rest = lz4.frame.decompress(keyframe.packed).split(b"\n")
            tables = ChunkedTables(lines)
            if keyframe.before is not None:
                known = TablesAsTheyAre()
                self._adapter.dump_json(before, context=known)
                tables = ChangedTables(known.tables, lines)
            snapshot: Snapshot[State] = self._adapter.validate_json(rest, context=tables)
        if Place.of(snapshot) != keyframe.place:
            raise ValueError("it is of another position than it says")
        return snapshot

    def _written(
        self, snapshot: Snapshot[State], before: Place | None, tables: ChunkedTables
    ) -> bytes:
        rest = self._adapter.dump_json(snapshot, context=tables)
        packed: bytes = lz4.frame.compress(b"\n".join((*tables.lines, rest)))
        said = {
            "place": asdict(Place.of(snapshot)),
            "before": asdict(before) if before is not None else None,
        }
        header = json.dumps(said).encode()
        seal = ""
        if self._seal is not None:
            seal = self._seal.of(_PURPOSE, self._key, self._shape, header, packed)
        return b"".join((self._shape, header, b"\n", seal.encode(), b"\n", packed))


def _three(rest: bytes) -> tuple[bytes, bytes, bytes]:
    header, _, behind = rest.partition(b"\n")
    seal, _, packed = behind.partition(b"\n")
    return header, seal, packed
