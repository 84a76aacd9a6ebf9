"""When is a snapshot due, and is one of the log that is there?

It is written beside the leading: states are never changed in place, so the one it began with stays
as it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Final, Generic, TypeVar

import nats.js.errors
import structlog

from enchanted.events.v1.alarm_pb2 import (
    ALARM_UNAUTHENTIC_SNAPSHOT,
    SEVERITY_CRITICAL,
    AlarmName,
    AlarmRaised,
)
from nervous_system.alarm import raise_alarm
from nervous_system.bus import Bus
from nervous_system.clock import Stopwatch
from nervous_system.contract.words import word
from nervous_system.errors import Transient, Unauthentic
from nervous_system.service.fold import Fold
from nervous_system.service.packing import Snapshot
from nervous_system.service.service_spec import ServiceSpec
from nervous_system.service.snapshots import Snapshots, fingerprint_at, foreign
from nervous_system.telemetry.metric_catalogue import SNAPSHOTS

State = TypeVar("State")

_log = structlog.get_logger()

SAVING_RESTS: Final = 20
"""Behind a snapshot none is written for so many times as long as that took: it takes a processor,
and from time to time some milliseconds of the leader's."""


class SnapshotKeeper(Generic[State]):
    """The snapshots of one role, for as long as one process leads it."""

    def __init__(
        self, bus: Bus, role: ServiceSpec[State], snapshots: Snapshots[State], *, watch: Stopwatch
    ) -> None:
        self._bus = bus
        self._spec = role
        self._snapshots = snapshots
        self._watch = watch
        self._outcomes = bus.metrics.counter(SNAPSHOTS)
        self._saved_folded = 0  # how many events were in the one that was written last
        self._saved_at = watch()
        self._saving_seconds = 0.0  # how long that took
        self._saving: asyncio.Task[None] | None = None

    async def load(self) -> Snapshot[State] | None:
        """The last one that can be read and is the mesh's. Raises what is transient."""
        try:
            return await self._snapshots.load()
        except Unauthentic as error:
            self._outcomes.labels("refused").inc()
            await raise_alarm(
                self._bus,
                AlarmRaised(
                    name=word(AlarmName, ALARM_UNAUTHENTIC_SNAPSHOT),
                    severity=SEVERITY_CRITICAL,
                    message=f"{error}; it is not believed, and the state is folded from the log",
                    action="find out who may write to the bucket of snapshots, if the mesh is not"
                    " new to its key",
                ),
                role=self._spec.agent_role,
                agent_id=f"{self._spec.service}/{self._spec.scope}",
            )
            return None

    async def belongs(self, snapshot: Snapshot[State], *, missing: int) -> bool:
        """Whether it was folded from the log that is there; if not, it is said why.

        `missing`: how many of the role's own events it counts on and the log does not have.
        """
        reason = await foreign(self._bus.stream, snapshot, missing=missing)
        self._outcomes.labels("refused" if reason else "loaded").inc()
        if reason:
            _log.error(
                "snapshot.foreign",
                role=self._spec.key,
                sequence=snapshot.sequence,
                reason=reason,
                remedy="none needed: the state is folded from the log again",
            )
        return not reason

    def save_when_due(self, fold: Fold[State]) -> None:
        """Begin one, where enough was folded and the last did not cost too much.

        Raises what the last one ended with, where that was not foreseen.
        """
        if self._saving is not None:
            if not self._saving.done():
                return
            self._saving.result()
            self._saving = None
        age_seconds = self._watch() - self._saved_at
        rested = age_seconds >= SAVING_RESTS * self._saving_seconds
        unsaved = fold.folded - self._saved_folded
        enough = unsaved >= self._spec.snapshot_events and rested
        if unsaved and (enough or age_seconds >= self._spec.snapshot_seconds):
            self._saving = asyncio.create_task(
                self._save_as_it_is(fold), name=f"snapshot {self._spec.key}"
            )

    @asynccontextmanager
    async def saving(self, fold: Fold[State]) -> AsyncIterator[None]:
        """One more at the end of a block that ends well; else what is being written is left."""
        try:
            yield
            if self._saving is not None:
                await self._saving
            if fold.folded > self._saved_folded:
                await self._save_as_it_is(fold)
        finally:
            if self._saving is not None:
                self._saving.cancel()
                await asyncio.gather(self._saving, return_exceptions=True)

    def _save_as_it_is(self, fold: Fold[State]) -> Coroutine[None, None, None]:
        """What is folded later, while it is written, is not in it."""
        self._saved_folded = fold.folded
        return self._save(fold.state, fold.sequence, frozenset(fold.pending_ids))

    async def _save(self, state: State, sequence: int, ahead: frozenset[str]) -> None:
        """One that cannot be written costs time later; leading goes on."""
        began = self._watch()
        try:
            await self._snapshots.save(
                Snapshot(
                    state=state,
                    sequence=sequence,
                    stream_created=(await self._bus.stream.state()).created,
                    fingerprint=await fingerprint_at(self._bus.stream, sequence),
                    pending_ids=ahead,
                )
            )
        except (Transient, nats.js.errors.Error) as error:
            _log.warning("snapshot.not_written", role=self._spec.key, reason=str(error))
            self._outcomes.labels("not_written").inc()
        else:
            self._outcomes.labels("written").inc()
        finally:
            self._saved_at = self._watch()
            self._saving_seconds = self._saved_at - began
