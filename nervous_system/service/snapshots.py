"""From where can a fold go on without reading the whole log? States with their position, in an
Object Store bucket.

Deleting them costs time, never truth. One that cannot be read counts as none, and is said to be so.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Callable
from typing import Final, Generic, TypeVar

import nats.js.errors
import structlog
from nats.js.api import ObjectInfo
from nats.js.object_store import ObjectStore

from nervous_system import names
from nervous_system.contract.seal import Seal
from nervous_system.ids import content_hash
from nervous_system.service.packing import OfAnotherVersion, Packing, Snapshot
from nervous_system.transport.connection import Connection, translate_errors
from nervous_system.transport.making import found_or_made, made
from nervous_system.transport.reader import Reader
from nervous_system.transport.stream import Stream

_log = structlog.get_logger()

State = TypeVar("State")

READ_SECONDS: Final = 5.0
"""How long one wait for more of a snapshot lasts; then the next one begins."""


class Snapshots(Generic[State]):
    """The snapshots of one service. Packed and unpacked in a thread of its own: the loop goes on
    meanwhile."""

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
        self._packing = Packing(key, state_type, seal=seal, progress=progress)

    async def load(self) -> Snapshot[State] | None:
        """The last snapshot; None where there is none that this version can read.

        Raises Unauthentic for one that is not the mesh's; Unavailable, NotAcknowledged,
        Interrupted.
        """
        try:
            data = await self._last_saved()
            snapshot = await asyncio.to_thread(self._packing.unpacked, data)
        except nats.js.errors.NotFoundError:
            return None
        except OfAnotherVersion:
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

    async def _last_saved(self) -> bytes:
        """The bytes of the last one: as the leader saves another, the parts of the one before go,
        also while they are read. Raises ValueError if parts are missing."""
        nuid: str | None = None
        while True:
            with translate_errors("reading a snapshot"):
                info = await self._bucket.get_info(self._key)
            data = await self._parts(info)
            if _digest(data) == info.digest:
                return data
            if info.nuid == nuid:
                raise ValueError(
                    f"parts of it are missing: {len(data)} of {info.size} bytes are there"
                )
            nuid = info.nuid

    async def _parts(self, info: ObjectInfo) -> bytes:
        """What there is of the object's bytes, by our reader: `ObjectStore.get` takes seven times
        as long, waiting for the server again and again, and for ever if a part is gone."""
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
                found = await reader.batch(max_messages=1000, within_seconds=READ_SECONDS)
                parts += [stored.data for stored in found]
        return b"".join(parts)

    async def save(self, snapshot: Snapshot[State]) -> None:
        """Replace the snapshot.

        Raises Transient, and what JetStream answers where the bucket is gone or full.
        """
        packed = await asyncio.to_thread(self._packing.packed, snapshot)
        with translate_errors("writing a snapshot"):
            await self._bucket.put(self._key, packed)


def _digest(data: bytes) -> str:
    """As the Object Store writes it."""
    return f"SHA-256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode()}"


async def fingerprint_at(stream: Stream, sequence: int) -> str:
    """Of what stands at a position of the log."""
    stored = await stream.at(sequence)
    return content_hash(stored.data if stored is not None else None)


async def foreign(stream: Stream, snapshot: Snapshot[State], *, missing: int) -> str:
    """Why a snapshot was not folded from the log that is there; empty where it was.

    `missing`: how many of the role's own events it counts on and the log does not have.
    """
    state = await stream.state()
    if snapshot.stream_created != state.created:
        return f"the stream was made anew at {state.created}"
    if snapshot.sequence > state.last_sequence:
        return f"the stream ends at {state.last_sequence}: it was truncated"
    if missing:
        return f"{missing} events that it counts on are gone: the log was truncated"
    if (
        snapshot.sequence >= state.first_sequence
        and await fingerprint_at(stream, snapshot.sequence) != snapshot.fingerprint
    ):
        return "another event stands at its position: the stream was truncated"
    return ""


async def open_snapshots(connection: Connection, *, replicas: int = 1) -> ObjectStore:
    """The bucket of snapshots, made if it is missing."""
    jetstream = connection.client.jetstream(timeout=5)

    async def find() -> ObjectStore | None:
        with translate_errors("opening the bucket of snapshots"):
            try:
                return await jetstream.object_store(names.SNAPSHOTS)
            except nats.js.errors.NotFoundError:
                return None

    async def make() -> ObjectStore:
        with made("the bucket of snapshots"):
            return await jetstream.create_object_store(names.SNAPSHOTS, replicas=replicas)

    return await found_or_made(find, make, what=names.SNAPSHOTS)
