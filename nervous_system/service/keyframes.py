"""Where are the states kept from which the state at any position can be folded soon?

In files of the home, one folder a service: for every `SPACING` positions what changed since the
last keyframe, and a whole state as often as the changes behind the last whole one come to half its
size. Deleting them costs time, never truth. What cannot be read, is no keyframe of the mesh's own
or is of another log counts as none, and is removed.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, Generic, TypeVar

import structlog

from nervous_system.contract.stored import StreamState
from nervous_system.errors import Unauthentic
from nervous_system.host.files import make_private, write_atomically
from nervous_system.service.keyframe_format import Keyframe, KeyframeFormat, Place
from nervous_system.service.packing import Snapshot
from nervous_system.service.snapshots import fingerprint_at
from nervous_system.transport.stream import Stream

State = TypeVar("State")

_log = structlog.get_logger()

SPACING: Final = 1_000
"""Positions from one keyframe to the next."""

MAX_IN_MEMORY: Final = 8
"""States of one service that are kept unpacked, of those that were used last."""

MAX_MILESTONES: Final = 64
"""States of one service that are kept unpacked so that no way is long. Each is made from the one
before, so together they take little more than what was ever in one of them."""

WHOLE: Final = ".whole"
CHANGES: Final = ".changes"

_UNREADABLE: Final = (OSError, ValueError, RuntimeError, KeyError, IndexError, TypeError)


class Keyframes(Generic[State]):
    """Those of one service."""

    def __init__(
        self,
        folder: Path,
        format_: KeyframeFormat[State],
        stream: Stream,
        *,
        spacing: int = SPACING,
    ) -> None:
        self.spacing: Final = spacing
        self._folder = folder
        self._format = format_
        self._stream = stream
        self._in_memory: OrderedDict[int, Snapshot[State]] = OrderedDict()
        self._milestones: dict[int, Snapshot[State]] = {}
        self._apart = spacing  # positions from one of these to the next
        self._turn = asyncio.Lock()  # one at a time reads or writes them

    async def at_or_before(self, position: int) -> Snapshot[State] | None:
        """The last state at or before a position of the log that is there; None: there is none.

        Raises Unavailable.
        """
        state = await self._stream.state()
        async with self._turn:
            for sequence in self._sequences(up_to=position):
                found = await asyncio.to_thread(self._load, sequence)
                if found is None:
                    continue
                if await self._belongs(Place.of(found), state):
                    return found
                self.remove(sequence, reason="it is of another log")
        return None

    async def add(self, snapshot: Snapshot[State]) -> None:
        """Keep one more. Raises OSError."""
        async with self._turn:
            await asyncio.to_thread(self._write, snapshot)

    async def set_milestones(self) -> None:
        """From now on no way begins with a whole state: the longest leads past a sixty-fourth of
        what there is. Others get a turn between any two keyframes."""
        if self._milestones:
            return
        sequences = sorted(self._sequences())
        for sequence in sequences:
            async with self._turn:
                found = await asyncio.to_thread(self._load, sequence)
                if found is not None:
                    self._set_milestone(found)

    def _set_milestone(self, snapshot: Snapshot[State]) -> None:
        if snapshot.sequence % self._apart:
            return
        self._milestones[snapshot.sequence] = snapshot
        if len(self._milestones) > MAX_MILESTONES:
            self._apart *= 2
            for each in [each for each in self._milestones if each % self._apart]:
                del self._milestones[each]

    def forget_before(self, position: int) -> None:
        """Those of positions that the log has forgotten, but for what later ones build on."""
        forgotten = [each for each in self._sequences() if each < position]
        wholes = [each for each in forgotten if self._path(each, WHOLE).exists()]
        for sequence in forgotten:
            if wholes and sequence < wholes[0]:
                self.remove(sequence)

    def missing(self, *, first: int, up_to: int) -> list[int]:
        """The positions of the log, from its first on, that should have one and have none."""
        there = set(self._sequences())
        begin = -(-first // self.spacing) * self.spacing
        return [each for each in range(begin, up_to + 1, self.spacing) if each not in there]

    def _sequences(self, *, up_to: int | None = None) -> Iterator[int]:
        """Of which positions there are keyframes, the last first."""
        try:
            found = {
                int(each.stem)
                for each in self._folder.iterdir()
                if each.suffix in (WHOLE, CHANGES) and each.stem.isdecimal()
            }
        except OSError:  # none were made here, or they are somebody else's
            return
        yield from sorted((each for each in found if up_to is None or each <= up_to), reverse=True)

    async def _belongs(self, place: Place, state: StreamState) -> bool:
        return (
            place.stream_created == state.created
            and place.sequence <= state.last_sequence
            and (
                place.sequence < state.first_sequence
                or await fingerprint_at(self._stream, place.sequence) == place.fingerprint
            )
        )

    def _load(self, sequence: int) -> Snapshot[State] | None:
        """From a state that is in memory or whole, by the changes behind it."""
        base, chain = self._way_to(sequence)
        if base is None and not chain and self._path(sequence, CHANGES).exists():
            self.remove(sequence, reason="what it builds on is not there")
        for keyframe in reversed(chain):
            try:
                base = self._format.unpacked(keyframe, before=base)
            except _UNREADABLE as error:
                self.remove(keyframe.place.sequence, reason=str(error))
                return None
        if base is not None:
            self._remember(base)
        return base

    def _way_to(self, sequence: int) -> tuple[Snapshot[State] | None, list[Keyframe]]:
        """What to begin with, and the keyframes behind that, the last first; nothing: there is no
        way.

        What is in memory is better than what is whole, if there are fewer bytes on the way.
        """
        chain: list[Keyframe] = []
        whole: Keyframe | None = None
        to_whole = 0  # how many of the chain are behind it
        at, further_bytes = sequence, 0
        while True:
            known = self._in_memory.get(at) or self._milestones.get(at)
            if known is not None and (not chain or Place.of(known) == chain[-1].before):
                return known, chain
            if whole is None and (whole := self._read(at, WHOLE)) is not None:
                to_whole = len(chain)
            changes = self._read(at, CHANGES)
            if changes is None or changes.before is None:
                break
            chain.append(changes)
            at = changes.before.sequence
            further_bytes += len(changes.packed) if whole is not None else 0
            if whole is not None and further_bytes > len(whole.packed):
                break
        return None, [*chain[:to_whole], whole] if whole is not None else []

    def _read(self, sequence: int, suffix: str) -> Keyframe | None:
        path = self._path(sequence, suffix)
        try:
            keyframe = self._format.read(path.read_bytes())
            if keyframe.place.sequence != sequence:
                raise ValueError("it is of another position than its name says")
            if keyframe.before is not None and keyframe.before.sequence >= sequence:
                raise ValueError("it follows what comes behind it")
        except FileNotFoundError:
            return None
        except (*_UNREADABLE, Unauthentic) as error:
            self.remove(sequence, reason=str(error))
            return None
        return keyframe

    def _write(self, snapshot: Snapshot[State]) -> None:
        make_private(self._folder)
        sequence = snapshot.sequence
        before = self._in_memory.get(sequence - self.spacing)
        if before is not None:
            changes = self._format.changes(snapshot, since=before)
            write_atomically(self._path(sequence, CHANGES), changes)
        if before is None or self._whole_is_due(sequence):
            write_atomically(self._path(sequence, WHOLE), self._format.whole(snapshot))
        self._remember(snapshot)
        if self._milestones:
            self._set_milestone(snapshot)

    def _whole_is_due(self, sequence: int) -> bool:
        """Whether the changes up to here are half as large as the whole one they begin with."""
        changes = 0
        while True:
            try:
                changes += self._path(sequence, CHANGES).stat().st_size
                sequence -= self.spacing
                whole = self._path(sequence, WHOLE).stat().st_size
            except FileNotFoundError:
                if not self._path(sequence, CHANGES).exists():
                    return True
            else:
                return changes > whole // 2

    def _remember(self, snapshot: Snapshot[State]) -> None:
        self._in_memory[snapshot.sequence] = snapshot
        self._in_memory.move_to_end(snapshot.sequence)
        if len(self._in_memory) > MAX_IN_MEMORY:
            self._in_memory.popitem(last=False)

    def remove(self, sequence: int, *, reason: str = "") -> None:
        """The keyframe of this position; `reason`: what is wrong with it. One that is somebody
        else's to remove stays, and is no better for it."""
        if reason:
            _log.warning(
                "keyframe.removed",
                sequence=sequence,
                reason=reason[:500],
                remedy="none needed: the state is folded from an earlier one",
            )
        self._in_memory.pop(sequence, None)
        self._milestones.pop(sequence, None)
        for suffix in (WHOLE, CHANGES):
            with suppress(OSError):
                self._path(sequence, suffix).unlink()

    def _path(self, sequence: int, suffix: str) -> Path:
        return self._folder / f"{sequence:020d}{suffix}"
