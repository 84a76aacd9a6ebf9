"""What comes onto the log now, to many who listen at once? It is read and described once for all of
them.

Who begins further back reads the log by itself, as slowly as it likes, until it has caught up. What
came last is kept, within bounds; who is slower than that is told which positions it missed, and
goes on with what is kept.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, NamedTuple

import structlog

from nervous_system.bus import Bus
from nervous_system.cancelling import cancel
from nervous_system.contract.stored import Stored
from nervous_system.errors import MalformedEvent, NoSuch, Transient
from nervous_system.waiting import pause
from operations.descriptions.table import describe, is_failure
from operations.queries.event_json import event_document, unreadable_document

_log = structlog.get_logger()

MAX_KEPT: Final = 5_000
MAX_KEPT_BYTES: Final = 16 * 1024**2
"""Of JSON."""
MAX_BATCH: Final = 200
MAX_BATCH_BYTES: Final = 1024**2
"""So much is handed to a listener at once."""
READ_SECONDS: Final = 3600.0
AGAIN_SECONDS: Final = 0.5


class LivePosition(NamedTuple):
    """One position of the log."""

    sequence: int
    kind: str  # `payload_kind`; empty if no event can be read there
    agent_id: str
    document: dict[str, Any]
    text: str  # the document as JSON, in one line


class MissedPositions(NamedTuple):
    """What somebody was too slow for, or came too late for: the log or GET /api/events has it."""

    first: int
    last: int


class NothingNew(NamedTuple):
    """Nothing came for a while."""

    sequence: int  # the last position that is known


@dataclass(slots=True)
class _Kept:
    """The last positions, none left out."""

    positions: deque[LivePosition]
    start: int  # the first that is kept, or will be
    size_bytes: int = 0

    @property
    def end(self) -> int:
        """The last."""
        return self.start + len(self.positions) - 1

    def behind(self, position: int) -> list[LivePosition]:
        """The next after a position that is not before `start - 1`."""
        begin = position + 1 - self.start
        batch: list[LivePosition] = []
        size = 0
        for each in islice(self.positions, begin, begin + MAX_BATCH):
            size += len(each.text)
            if batch and size > MAX_BATCH_BYTES:
                break
            batch.append(each)
        return batch

    def add(self, position: LivePosition) -> None:
        if position.sequence != self.end + 1:  # those between are no longer on the log
            self.positions.clear()
            self.start, self.size_bytes = position.sequence, 0
        self.positions.append(position)
        self.size_bytes += len(position.text)
        while len(self.positions) > MAX_KEPT or (
            self.size_bytes > MAX_KEPT_BYTES and len(self.positions) > 1
        ):
            self.size_bytes -= len(self.positions.popleft().text)
            self.start += 1


class LiveFeed:
    """Of one log. Nothing is read while nobody listens."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._listeners = 0
        self._reading: asyncio.Task[None] | None = None
        self._kept: _Kept | None = None
        self._more = asyncio.Event()  # another one each time that something came
        self._is_closed = False

    def close(self) -> None:
        """Whoever listens has heard everything."""
        self._is_closed = True
        self._more.set()

    async def place(self, after: int | None) -> int:
        """The position behind which somebody begins: `after`, or the end of the log. Raises NoSuch
        for one behind the end; Unavailable."""
        last = (await self._bus.stream.state()).last_sequence
        if after is not None and after > last:
            raise NoSuch(f"the log ends at position {last}, before {after}")
        return last if after is None else after

    async def follow(
        self, position: int, *, quiet_seconds: float
    ) -> AsyncGenerator[Sequence[LivePosition] | MissedPositions | NothingNew, None]:
        """Every position behind this one, in order, until it is closed; NothingNew whenever nothing
        came for so long. Raises Unavailable, Interrupted."""
        log = await self._bus.stream.state()
        if position + 1 < log.first_sequence:
            yield MissedPositions(position + 1, log.first_sequence - 1)
            position = log.first_sequence - 1
        kept = self._listen(log.last_sequence)
        try:
            async with aclosing(self._history(position, kept)) as history:
                async for batch in history:
                    position = batch[-1].sequence
                    yield batch
            while not self._is_closed:
                more = self._more
                if position + 1 < kept.start:
                    yield MissedPositions(position + 1, kept.start - 1)
                    position = kept.start - 1
                elif batch := kept.behind(position):
                    position = batch[-1].sequence
                    yield batch
                elif not await _is_set(more, within_seconds=quiet_seconds):
                    yield NothingNew(position)
                elif self._reading is not None and self._reading.done():
                    await self._reading  # raises what ended it
        finally:
            await self._leave()

    async def _history(
        self, position: int, kept: _Kept
    ) -> AsyncGenerator[list[LivePosition], None]:
        """What is behind a position and not kept, until the rest is."""
        while position + 1 < kept.start:
            began = position
            replay = self._bus.replay(start_sequence=position + 1)
            batch: list[LivePosition] = []
            size = 0
            async with aclosing(replay):
                async for stored in replay:
                    if stored.sequence >= kept.start:
                        break
                    batch.append(self._read(stored))
                    size += len(batch[-1].text)
                    position = stored.sequence
                    if len(batch) >= MAX_BATCH or size > MAX_BATCH_BYTES:
                        yield batch
                        batch, size = [], 0
            if batch:
                yield batch
            if position == began:  # what was between is no longer on the log
                return

    def _listen(self, end: int) -> _Kept:
        self._listeners += 1
        if self._kept is None:
            self._kept = _Kept(deque(), start=end + 1)
            self._reading = asyncio.create_task(self._read_on(self._kept), name="live feed")
            self._reading.add_done_callback(self._tell_end)
        return self._kept

    def _tell_end(self, reading: asyncio.Task[None]) -> None:
        # One that was ended, as nobody listened any more, is nothing to those who came since.
        if reading is self._reading:
            self._more.set()

    async def _leave(self) -> None:
        self._listeners -= 1
        if self._listeners or self._reading is None:
            return
        reading, self._reading, self._kept = self._reading, None, None
        await cancel(reading)

    async def _read_on(self, kept: _Kept) -> None:
        """Take in what comes. After an interruption it goes on at the same place."""
        while True:
            try:
                async with self._bus.reader(start_sequence=kept.end + 1) as reader:
                    while True:
                        for stored in await reader.batch(
                            max_messages=500, within_seconds=READ_SECONDS
                        ):
                            kept.add(self._read(stored))
                        more, self._more = self._more, asyncio.Event()
                        more.set()
                        await asyncio.sleep(0)  # who listens gets a turn before the next ones
            except Transient as error:
                _log.debug("feed.interrupted", reason=str(error))
                await self._bus.connection.wait_connected(timeout_seconds=READ_SECONDS)
                await asyncio.sleep(AGAIN_SECONDS)

    def _read(self, stored: Stored) -> LivePosition:
        try:
            recorded = self._bus.decode_stored(stored)
        except MalformedEvent as error:
            document = unreadable_document(stored, reason=str(error))
            return LivePosition(stored.sequence, "", "", document, _text(document))
        event = recorded.event
        document = {
            **event_document(recorded),
            "sentence": describe(event.payload),
            "is_failure": is_failure(event.payload),
        }
        return LivePosition(
            stored.sequence, event.kind.field, event.agent_id, document, _text(document)
        )


async def _is_set(event: asyncio.Event, *, within_seconds: float) -> bool:
    await pause(within_seconds, unless=event)
    return event.is_set()


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
