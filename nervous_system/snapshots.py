"""From where can a fold go on without reading the whole log? States with their position, in an
Object Store bucket.

Deleting them costs time, never truth. One that cannot be read counts as none, and is said to be
so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import nats.js.errors
import structlog
from nats.js.object_store import ObjectStore
from pydantic import TypeAdapter, ValidationError

from nervous_system import names
from nervous_system.connection import Connection, translated

_log = structlog.get_logger()

State = TypeVar("State")


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot(Generic[State]):
    """A folded state and the position up to which the log is in it."""

    state: State
    sequence: int
    stream_created: str  # a position means nothing on another stream
    event_id: str  # of the event at the position: what tells a truncated log from the one we knew
    ahead: frozenset[str]  # ids of own events behind the position that are in the state already


class Snapshots(Generic[State]):
    """The snapshots of one service, as JSON that pydantic makes from the frozen state type."""

    def __init__(self, bucket: ObjectStore, key: str, state_type: type[State]) -> None:
        self._bucket = bucket
        self._key = key
        self._adapter: TypeAdapter[Any] = TypeAdapter(Snapshot[state_type])  # type: ignore[valid-type]

    async def load(self) -> Snapshot[State] | None:
        """The last snapshot; None where there is none that this version can read."""
        try:
            with translated("reading a snapshot"):
                found = await self._bucket.get(self._key)
            snapshot: Snapshot[State] = self._adapter.validate_json(found.data or b"")
        except nats.js.errors.ObjectNotFoundError:
            return None
        except (nats.js.errors.Error, ValidationError) as error:
            _log.error(
                "snapshot.unreadable",
                snapshot=self._key,
                reason=str(error)[:500],
                remedy="none needed: the state is folded from the log again",
            )
            return None
        return snapshot

    async def save(self, snapshot: Snapshot[State]) -> None:
        """Replace the snapshot."""
        with translated("writing a snapshot"):
            await self._bucket.put(self._key, self._adapter.dump_json(snapshot))


async def open_snapshots(connection: Connection, *, replicas: int = 1) -> ObjectStore:
    """The bucket of snapshots, made if it is missing."""
    jetstream = connection.client.jetstream(timeout=5)
    with translated("opening the bucket of snapshots"):
        try:
            return await jetstream.object_store(names.SNAPSHOTS)
        except nats.js.errors.NotFoundError:
            return await jetstream.create_object_store(names.SNAPSHOTS, replicas=replicas)
