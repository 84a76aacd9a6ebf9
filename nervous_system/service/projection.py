"""What is the state of a service, to whoever is not its leader: now, and at any position?

It goes by what the leader goes by (`ServiceSpec`), believes whom the leader believes, and folds as
the leader folds (`Follower`). The state at a position is that of a leader that had read so far:
with what followed from all that, also if that stands further behind; but a request or a tick counts
from where it stands on the log, as it may have come hours after the position that it had seen. So
it is the same from wherever the folding begins: the first position, the leader's last snapshot, or
any state that was kept.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Final, Generic, NamedTuple, TypeVar

import structlog

from enchanted.events.v1.leadership_pb2 import RequestsTaken, TickObserved
from nervous_system.bus import Bus
from nervous_system.contract.event import RecordedEvent
from nervous_system.contract.stored import Stored
from nervous_system.contract.subjects import on_any
from nervous_system.errors import MalformedEvent, Permanent, Unauthentic
from nervous_system.names import MAX_BATCH_MESSAGES
from nervous_system.service.follower import Follower, Observer
from nervous_system.service.packing import Snapshot
from nervous_system.service.service_spec import ServiceSpec, separate
from nervous_system.service.snapshots import (
    Snapshots,
    fingerprint_at,
    foreign,
    open_snapshots,
)

State = TypeVar("State")

_log = structlog.get_logger()

MIN_AWAITED: Final = 2 * MAX_BATCH_MESSAGES
"""So many own events are known before others are taken: what follows from one cause stands in one
batch, or two."""

BUFFER_MESSAGES: Final = MAX_BATCH_MESSAGES
"""So many are sent ahead: what is sent and not needed takes longer than the folding of a short
way."""

TURN_EVENTS: Final = 200
"""After so many others get a turn."""


class _Own(NamedTuple):
    """What stands on a subject of the role's own."""

    recorded: RecordedEvent
    recalled: bool  # it is its own word, and not a stranger's


class Projection(Generic[State]):
    """The fold of one role, from `base` on, or from the first position if that is None or of
    another log. It goes forwards only.

    A base that a leader wrote (`by_leader`) has decisions in it that stand behind its position; it
    serves from where they all are on.
    """

    def __init__(
        self,
        bus: Bus,
        role: ServiceSpec[State],
        *,
        base: Snapshot[State] | None = None,
        by_leader: bool = False,
    ) -> None:
        self._bus = bus
        self.role = role
        self._base = base
        self._by_leader = by_leader
        self._fold = Follower(role, base)
        self._read_ahead_to = self._fold.sequence
        self._own: deque[_Own] = deque()  # read ahead, and not taken
        self._is_read, self._is_of_own = on_any(role.replay_filters), on_any(role.own_filters)

    @classmethod
    async def from_snapshot(cls, bus: Bus, role: ServiceSpec[State]) -> Projection[State]:
        """From the leader's last snapshot on, where that is the mesh's own.

        Raises Unavailable, NotAcknowledged.
        """
        bucket = await open_snapshots(bus.connection)
        kept = Snapshots(bus.connection, bucket, role.key, role.state_type, seal=bus.trusted.seal)
        base = None
        with suppress(Unauthentic):  # the leader says so
            base = await kept.load()
        return cls(bus, role, base=base, by_leader=True)

    @property
    def state(self) -> State:
        """At `sequence`."""
        return self._fold.state

    @property
    def sequence(self) -> int:
        """The position up to which all is in the state."""
        return self._fold.sequence

    async def state_at_end(self) -> State:
        """At what was the last position of the log when this was called. Raises as `state_at`."""
        return await self._go_on_to((await self._bus.stream.state()).last_sequence)

    async def state_at(self, position: int) -> State:
        """At a position: this one's own, or one behind it.

        Raises Permanent where it lies before that, or behind the end of the log; Unavailable,
        Interrupted.
        """
        last = (await self._bus.stream.state()).last_sequence
        if not self.sequence <= position <= last:
            raise Permanent(
                f"there is no state at position {position}: it is folded up to {self.sequence},"
                f" and the log ends at {last}"
            )
        return await self._go_on_to(position)

    def observe(self, observer: Observer[State]) -> None:
        """From now on `observer` is told of each event that changes the state."""
        self._fold.observer = observer

    def take(self, stored: Stored) -> None:
        """One more position, as it arrives. What is decided counts where it stands, so that the
        state is only nearly what `state_at_end` would say."""
        if stored.sequence <= self._fold.sequence or not self._is_read(stored.subject):
            return
        try:
            if stored.is_history(self._bus.trusted):
                self._fold.skip(stored.sequence, stored.recorded_at)
            else:
                self._fold.apply(self._bus.decode_stored(stored))
        except MalformedEvent as error:
            self._skipped(error)

    def _skipped(self, error: MalformedEvent) -> None:
        _log.debug("projection.skipped", role=self.role.key, reason=str(error))

    async def kept(self) -> Snapshot[State]:
        """The state with all that is needed to go on from it."""
        return Snapshot(
            state=self._fold.state,
            sequence=self._fold.sequence,
            stream_created=(await self._bus.stream.state()).created,
            fingerprint=await fingerprint_at(self._bus.stream, self._fold.sequence),
            pending_ids=frozenset(self._fold.pending_ids),
            last_applied=self._fold.last_applied,
        )

    async def is_sound(self, position: int) -> bool:
        """Whether the base may be folded on to this position; without one there is nothing wrong
        with it. Raises Unavailable, Interrupted."""
        if self._base is None:
            return True
        async with aclosing(self._own_events()) as own:
            sound = await self._serves(self._base, position, own)
        if sound:
            self._base = None
        return sound

    async def _go_on_to(self, position: int) -> State:
        async with aclosing(self._own_events()) as own:
            if self._base is not None and not await self._serves(self._base, position, own):
                self._base, self._read_ahead_to = None, 0
                self._fold = Follower(self.role)
                self._own.clear()
                return await self._go_on_to(position)
            self._base = None
            if position > self._fold.sequence:
                await self._take_up_to(position, own)
        self._fold.settle(position)
        return self._fold.state

    def _own_events(self) -> AsyncGenerator[Stored, None]:
        return self._bus.replay(
            start_sequence=self._read_ahead_to + 1,
            subjects=list(self.role.own_filters),
            buffer_messages=BUFFER_MESSAGES,
        )

    async def _take_up_to(self, position: int, own: AsyncGenerator[Stored, None]) -> None:
        """Two streams become one again: what the role writes, and what others do."""
        others = self._bus.replay(
            start_sequence=self._fold.sequence + 1,
            subjects=separate(self.role.others),
            buffer_messages=BUFFER_MESSAGES,
        )
        taken = 0
        async with aclosing(others):
            async for stored in others:
                if stored.sequence > position:
                    break
                await self._take_own(stored.sequence - 1, own)
                if not self._is_of_own(stored.subject):
                    self.take(stored)
                taken += 1
                if taken % TURN_EVENTS == 0:
                    await asyncio.sleep(0)
        await self._take_own(position, own)

    async def _take_own(self, up_to: int, own: AsyncGenerator[Stored, None]) -> None:
        """Own events up to a position; behind it, too, so many are known as can follow from one."""
        fold, queue = self._fold, self._own
        while True:
            while (not queue or len(fold.awaited) < MIN_AWAITED) and await self._read_ahead(own):
                pass
            if not queue or queue[0].recorded.sequence > up_to:
                return
            recorded, recalled = queue.popleft()
            event_id = recorded.event.event_id
            if recalled and event_id in fold.pending_ids:  # as most are
                fold.skip_own(event_id, recorded.sequence, recorded.recorded_at)
            else:
                fold.apply(recorded)

    async def _read_ahead(self, own: AsyncGenerator[Stored, None]) -> bool:
        """One own event further; False where there are no more."""
        stored = await anext(own, None)
        if stored is None:
            return False
        self._read_ahead_to = stored.sequence
        try:
            recorded = self._bus.decode_stored(stored)
        except MalformedEvent as error:
            self._skipped(error)
        else:
            self._own.append(_Own(recorded, self._fold.preload_own(recorded)))
        return True

    async def _serves(
        self, base: Snapshot[State], position: int, own: AsyncGenerator[Stored, None]
    ) -> bool:
        """Whether a base is of this log, has nothing in it that stands behind the position, and all
        that followed from what is in it."""
        while self._fold.missing and await self._read_ahead(own):
            pass
        reason = await foreign(self._bus.stream, base, missing=len(self._fold.missing))
        if not reason and not self._by_leader and await self._came_too_early(base, own):
            reason = "its leader had not decided yet on what is in it"
        if reason:
            _log.debug("projection.foreign_snapshot", role=self.role.key, reason=reason)
        return not reason and not (self._by_leader and self._read_ahead_to > position)

    async def _came_too_early(
        self, base: Snapshot[State], own: AsyncGenerator[Stored, None]
    ) -> bool:
        """Whether something that was decided later belongs into the base. A leader that was away
        decides on all in its order when it is back, so the next thing that it wrote tells."""
        at = await self._bus.stream.at(base.sequence)
        while self._own or await self._read_ahead(own):
            for recorded, recalled in self._own:
                event, payload = recorded.event, recorded.event.payload
                if not recalled or event.event_id in base.pending_ids:
                    continue
                if isinstance(payload, TickObserved | RequestsTaken):
                    return payload.as_of_sequence < base.last_applied
                if event.causation_id and self._fold.is_decided(event):
                    # It bears its cause's time, which is the log's.
                    return at is not None and event.timestamp <= at.recorded_at
            if not await self._read_ahead(own):
                break
        return False
