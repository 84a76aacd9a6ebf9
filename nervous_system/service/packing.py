"""How does a state become bytes from which a fold can go on, and how are they believed again?

Lines of JSON that pydantic makes from the frozen state type, packed. Those that this version cannot
read count as none. Where the mesh has a key, so do those that do not bear its seal: whose state it
is, of which stream and up to which position, stands within what is sealed.
"""

from __future__ import annotations

import gc
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any, Final, Generic, TypeVar

import lz4.frame
from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaWarningKind

from nervous_system.contract.seal import Seal
from nervous_system.errors import Unauthentic
from nervous_system.ids import content_hash
from nervous_system.service.persistent import ChunkedTables

State = TypeVar("State")

_SNAPSHOT: Final = b"snapshot"
_SHAPE: Final = re.compile(rb"[0-9a-f]{64}( [a-z0-9]{1,20}){0,8}\n").match
"""How a snapshot of any version begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot(Generic[State]):
    """A folded state and the position up to which the log is in it."""

    state: State
    sequence: int
    stream_created: str  # a position means nothing on another stream
    fingerprint: str  # SHA-256 of what stands at the position: it tells a truncated log
    pending_ids: frozenset[str]  # of own events behind the position, which are in the state already
    last_applied: int = 0  # the last position whose event is in it; 0: it is not said


class Packing(Generic[State]):
    """The bytes of one service's states."""

    def __init__(
        self,
        key: str,
        state_type: type[State],
        *,
        seal: Seal | None = None,
        progress: Callable[[], None] = lambda: None,  # called again and again while one is read
    ) -> None:
        self._key = key
        self._seal = seal
        self._progress = progress
        self._adapter = adapter_of(state_type)
        self._shape = f"{shape_of(self._adapter)} lines lz4 seal\n".encode()

    def packed(self, snapshot: Snapshot[State]) -> bytes:
        """Of the same state in the same process the same."""
        slices = ChunkedTables()
        rest = self._adapter.dump_json(snapshot, context=slices)
        packed: bytes = lz4.frame.compress(b"\n".join((*slices.lines, rest)))
        seal = self._sealed(packed) if self._seal is not None else b""
        return b"".join((self._shape, seal, b"\n", packed))

    def _sealed(self, packed: bytes) -> bytes:
        assert self._seal is not None
        return self._seal.of(_SNAPSHOT, self._key.encode(), self._shape, packed).encode()

    def unpacked(self, data: bytes) -> Snapshot[State]:
        """Raises ValueError, RuntimeError where it cannot be read, OfAnotherVersion where it needs
        not be; Unauthentic."""
        if not data.startswith(self._shape):
            if _SHAPE(data):
                raise OfAnotherVersion
            raise ValueError("it does not begin as a snapshot does")
        seal, _, packed = data[len(self._shape) :].partition(b"\n")
        if self._seal is not None and not compare_digest(seal, self._sealed(packed)):
            raise Unauthentic(
                f"the snapshot {self._key} does not bear the mesh's seal: it was put there by a"
                " stranger, or made before the mesh had its key"
            )
        with nothing_collected():
            *lines, rest = lz4.frame.decompress(packed).split(b"\n")
            slices = ChunkedTables(lines, progress=self._progress)
            snapshot: Snapshot[State] = self._adapter.validate_json(rest, context=slices)
        return snapshot


def adapter_of(state_type: type[State]) -> TypeAdapter[Any]:
    """Makes JSON of snapshots of such states, and reads it."""
    return TypeAdapter(Snapshot[state_type])  # type: ignore[valid-type]


def shape_of(adapter: TypeAdapter[Any]) -> str:
    """A hash of what such a snapshot has: of another shape, a state would be read with defaults for
    what it never counted."""
    return content_hash(json.dumps(adapter.json_schema(schema_generator=_Shape), sort_keys=True))


class OfAnotherVersion(Exception):
    """The state had another shape when it was written: so it is after every upgrade."""


class _Shape(GenerateJsonSchema):
    """Of a state whose defaults need not be JSON: nobody is warned of those."""

    ignored_warning_kinds: set[JsonSchemaWarningKind] = {  # noqa: RUF012 - as it is declared there
        "skipped-choice",
        "non-serializable-default",
    }


@contextmanager
def nothing_collected() -> Iterator[None]:
    """While a million objects are made, none of which goes: each look for garbage among them would
    find nothing, and together they take longer than the making. Later looks pass them by, too."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_on:
            gc.enable()
