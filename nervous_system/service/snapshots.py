"""From where can a fold go on without reading the whole log? States with their position, in an
Object Store bucket.

Deleting them costs time, never truth. One that cannot be read counts as none, and is said to be
so. Where the mesh has a key, so does one that does not bear its seal: whose it is, of which stream
and up to which position, stands within what is sealed.
"""

from __future__ import annotations

import asyncio
import base64
import gc
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any, Final, Generic, TypeVar

import lz4.frame
import nats.js.errors
import structlog
from nats.js.api import ObjectInfo
from nats.js.object_store import ObjectStore
from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaWarningKind

from nervous_system import names
from nervous_system.contract.seal import Seal
from nervous_system.errors import Unauthentic
from nervous_system.ids import content_hash
from nervous_system.service.persistent import Slices
from nervous_system.transport.connection import Connection, translated
from nervous_system.transport.making import found_or_made, made
from nervous_system.transport.reader import Reader

_log = structlog.get_logger()

State = TypeVar("State")

_SNAPSHOT: Final = b"snapshot"
_SHAPE: Final = re.compile(rb"[0-9a-f]{64}( [a-z0-9]{1,20}){0,8}\n").match
"""How a snapshot of any version begins."""
READ_SECONDS: Final = 5.0
"""How long one wait for more of a snapshot lasts; then the next one begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot(Generic[State]):
    """A folded state and the position up to which the log is in it."""

    state: State
    sequence: int
    stream_created: str  # a position means nothing on another stream
    fingerprint: str  # SHA-256 of what stands at the position: it tells a truncated log
    ahead: frozenset[str]  # ids of own events behind the position that are in the state already


class Snapshots(Generic[State]):
    """The snapshots of one service, as lines of JSON that pydantic makes from the frozen state
    type, packed. Made and read in a thread of its own: the loop goes on meanwhile."""

    def __init__(
        self,
        connection: Connection,
        bucket: ObjectStore,
        key: str,
        state_type: type[State],
        *,
        progress: Callable[[], None] = lambda: None,  # called again and again while one is read
        seal: Seal | None = None,
    ) -> None:
        self._connection = connection
        self._bucket = bucket
        self._key = key
        self._progress = progress
        self._seal = seal
        self._adapter: TypeAdapter[Any] = TypeAdapter(Snapshot[state_type])  # type: ignore[valid-type]
        # Of another shape, a state would be read with defaults for what it never counted.
        shape = json.dumps(self._adapter.json_schema(schema_generator=_Shape), sort_keys=True)
        self._shape = f"{content_hash(shape)} lines lz4 seal\n".encode()

    async def load(self) -> Snapshot[State] | None:
        """The last snapshot; None where there is none that this version can read.

        Raises Unauthentic for one that is not the mesh's; Unavailable, NotAcknowledged,
        Interrupted.
        """
        try:
            with translated("reading a snapshot"):
                info = await self._bucket.get_info(self._key)
            data = await self._parts(info)
            snapshot = await asyncio.to_thread(self._unpacked, data)
        except nats.js.errors.NotFoundError:
            return None
        except _OfAnotherVersion:
            _log.warning(
                "snapshot.outdated",
                snapshot=self._key,
                remedy="none needed: the state is folded from the log again",
            )
            return None
        except (nats.js.errors.Error, ValueError, RuntimeError) as error:
            _log.error(
                "snapshot.unreadable",
                snapshot=self._key,
                reason=str(error)[:500],
                remedy="none needed: the state is folded from the log again",
            )
            return None
        return snapshot

    async def _parts(self, info: ObjectInfo) -> bytes:
        """The object's bytes, by our reader: `ObjectStore.get` takes seven times as long, waiting
        for the server again and again, and for ever where a part is gone. Raises ValueError there.
        """
        parts: list[bytes] = []
        reader = Reader(
            self._connection,
            stream=f"OBJ_{names.SNAPSHOTS}",
            start_sequence=1,
            subjects=[f"$O.{names.SNAPSHOTS}.C.{info.nuid}"],
        )
        async with reader:
            while not reader.at_end:
                self._progress()
                found = await reader.batch(most=1000, within_seconds=READ_SECONDS)
                parts += [stored.data for stored in found]
        data = b"".join(parts)
        if _digest(data) != info.digest:
            raise ValueError(f"parts of it are missing: {len(data)} of {info.size} bytes are there")
        return data

    async def save(self, snapshot: Snapshot[State]) -> None:
        """Replace the snapshot.

        Raises Transient, and what JetStream answers where the bucket is gone or full.
        """
        packed = await asyncio.to_thread(self._packed, snapshot)
        with translated("writing a snapshot"):
            await self._bucket.put(self._key, packed)

    def _packed(self, snapshot: Snapshot[State]) -> bytes:
        slices = Slices()
        rest = self._adapter.dump_json(snapshot, context=slices)
        packed: bytes = lz4.frame.compress(b"\n".join((*slices.lines, rest)))
        seal = self._sealed(packed) if self._seal is not None else b""
        return b"".join((self._shape, seal, b"\n", packed))

    def _sealed(self, packed: bytes) -> bytes:
        assert self._seal is not None
        return self._seal.of(_SNAPSHOT, self._key.encode(), self._shape, packed).encode()

    def _unpacked(self, data: bytes) -> Snapshot[State]:
        """Raises ValueError, RuntimeError where it cannot be read, _OfAnotherVersion where it needs
        not be; Unauthentic."""
        if not data.startswith(self._shape):
            if _SHAPE(data):
                raise _OfAnotherVersion
            raise ValueError("it does not begin as a snapshot does")
        seal, _, packed = data[len(self._shape) :].partition(b"\n")
        if self._seal is not None and not compare_digest(seal, self._sealed(packed)):
            raise Unauthentic(
                f"the snapshot {self._key} does not bear the mesh's seal: it was put there by a"
                " stranger, or made before the mesh had its key"
            )
        with _nothing_collected():
            *lines, rest = lz4.frame.decompress(packed).split(b"\n")
            slices = Slices(lines, progress=self._progress)
            snapshot: Snapshot[State] = self._adapter.validate_json(rest, context=slices)
        return snapshot


def _digest(data: bytes) -> str:
    """As the Object Store writes it."""
    return f"SHA-256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode()}"


class _OfAnotherVersion(Exception):
    """The state had another shape when it was written: so it is after every upgrade."""


class _Shape(GenerateJsonSchema):
    """Of a state whose defaults need not be JSON: nobody is warned of those."""

    ignored_warning_kinds: set[JsonSchemaWarningKind] = {  # noqa: RUF012 - as it is declared there
        "skipped-choice",
        "non-serializable-default",
    }


@contextmanager
def _nothing_collected() -> Iterator[None]:
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


async def open_snapshots(connection: Connection, *, replicas: int = 1) -> ObjectStore:
    """The bucket of snapshots, made if it is missing."""
    jetstream = connection.client.jetstream(timeout=5)

    async def find() -> ObjectStore | None:
        with translated("opening the bucket of snapshots"):
            try:
                return await jetstream.object_store(names.SNAPSHOTS)
            except nats.js.errors.NotFoundError:
                return None

    async def make() -> ObjectStore:
        with made("the bucket of snapshots"):
            return await jetstream.create_object_store(names.SNAPSHOTS, replicas=replicas)

    return await found_or_made(find, make, what=names.SNAPSHOTS)
