"""Stage one: how are positions read and examined ahead of what is being recorded?"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from itertools import count
from typing import Final

from ingestor.core import Examined, cut, examine
from ingestor.doubts import Doubts
from ingestor.row_encoder import RowEncoder
from ingestor.settings import IngestorSettings
from ingestor.turns import worked_on
from nervous_system.contract.live_keys import LiveKeys
from nervous_system.contract.stored import Stored
from nervous_system.telemetry.health import Progress
from nervous_system.transport.reader import Interrupted, Reader

Run = Sequence[Examined]
"""Consecutive positions of one partition."""

Runs = asyncio.Queue[Run | Exception | None]
"""Ends with None, or with what ended the reading."""

SLICE_EVENTS: Final = 200
"""What is examined in one go; in between, an insert under way goes on being sent."""

GROWTH: Final = 4
"""By how much a batch may be larger than the one before while there is a backlog: the engine is at
work long before the largest batch has been read."""


class ReadAhead:
    """What comes next on the log, in batches, without a hole."""

    def __init__(
        self,
        *,
        framer: RowEncoder,
        keys: LiveKeys,
        doubts: Doubts,
        next_sequence: int,
        settings: IngestorSettings,
        progress: Progress,
        stop: asyncio.Event,
    ) -> None:
        self._framer = framer
        self._keys = keys
        self._doubts = doubts
        self._next_sequence = next_sequence
        self._settings = settings
        self._progress = progress
        self._stop = stop
        self._gathered = 0  # positions of the last batch
        self._ceiling = settings.catch_up_events  # no batch is larger: memory may be short
        self.stalled = ""  # why it is to read anew, where somebody sees that nothing comes

    def fitted(self, positions: int, *, whole: bool) -> None:
        """So many were stored, `whole` or in parts. The next batches are as large as what fitted,
        and grow again by and by."""
        if not whole:
            self._ceiling = max(1, min(self._ceiling, positions) // 2)
        elif positions >= self._ceiling // 2:
            self._ceiling = min(
                self._settings.catch_up_events, self._ceiling + self._ceiling // 8 + 1
            )

    async def run(self, reader: Reader, runs: Runs) -> None:
        """Until the stop. Raises nothing: what ends it comes behind the last run."""
        try:
            while not self._stop.is_set():
                self._progress.mark("reading the log")
                if self.stalled:
                    raise Interrupted(f"the reader gives nothing: {self.stalled}")
                gathered = await self._gather(reader)
                positions = self._without_hole(gathered)
                for run in cut(await self._examine(positions)):
                    await runs.put(run)
                if len(positions) < len(gathered):
                    raise Interrupted(f"position {self._next_sequence} is not on the log")
            await runs.put(None)
        except Exception as error:  # noqa: BLE001 - it is raised where the runs are taken
            await runs.put(error)

    async def _gather(self, reader: Reader) -> list[Stored]:
        """The next batch: full, or old enough, or as large as the backlog allows."""
        loop = asyncio.get_running_loop()
        backlog = reader.backlog
        full = self._settings.batch_events
        if backlog > full:
            full = max(full, min(backlog, self._settings.catch_up_events, GROWTH * self._gathered))
        full = min(full, self._ceiling)
        room = self._settings.batch_bytes
        positions: list[Stored] = []
        deadline = loop.time() + self._settings.batch_seconds
        while len(positions) < full and room > 0:
            more = await reader.batch(
                max_messages=full - len(positions),
                within_seconds=max(0.0, deadline - loop.time()),
                max_bytes=room,
            )
            if not more:
                break
            room -= sum(len(stored.data) for stored in more)
            positions += more
            if self._stop.is_set():
                break
        self._gathered = len(positions)
        return positions

    def _without_hole(self, positions: Sequence[Stored]) -> Sequence[Stored]:
        """Those that follow without a hole on what was read before: none is skipped in silence."""
        first = self._next_sequence
        if positions and positions[-1].sequence - first + 1 != len(positions):
            expected = zip(positions, count(first), strict=False)
            whole = sum(1 for stored, sequence in expected if stored.sequence == sequence)
            positions = positions[:whole]
        self._next_sequence += len(positions)
        return positions

    async def _examine(self, positions: Sequence[Stored]) -> list[Examined]:
        examined: list[Examined] = []
        for start in range(0, len(positions), SLICE_EVENTS):
            some = positions[start : start + SLICE_EVENTS]
            look = partial(examine, some, self._framer, self._keys.in_force, self._doubts)
            examined += await worked_on(look, some)
        return examined
