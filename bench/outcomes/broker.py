"""How is the server of somebody else's broker started again in the middle of it all?"""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from bench.child import started
from bench.environment import listening


class Broker:
    """One server, with the same data in each of its lives."""

    def __init__(
        self, argv: Sequence[str], *, port: int, folder: Path, stop_signal: signal.Signals
    ) -> None:
        self._argv, self._port, self._folder = argv, port, folder
        self._stop_signal = stop_signal
        self._life = AsyncExitStack()
        self._pid = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """It listens, while the block runs. Raises StartFailed."""
        try:
            await self._begin()
            yield
        finally:
            await self._life.aclose()

    async def restart(self, *, kill: bool) -> None:
        """In good order, or by a kill of all its processes; it listens when this returns."""
        if kill:
            os.killpg(self._pid, signal.SIGKILL)
        await self._life.aclose()
        await self._begin()

    async def _begin(self) -> None:
        starting = started(
            Path(self._argv[0]).name, self._argv, folder=self._folder, stop_signal=self._stop_signal
        )
        child = await self._life.enter_async_context(starting)
        self._pid = child.pid
        await listening(child, self._port)
