"""How is one process started, watched for a line, and never left behind?

Its output is read here line by line: the moment at which a line comes is the measurement.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import json
import os
import signal
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from nervous_system.clock import stopwatch
from nervous_system.errors import StartFailed

_PR_SET_PDEATHSIG: Final = 1
_STOP_SECONDS: Final = 30.0
_LAST_WORDS: Final = 5


class Child:
    """A process in a session of its own (Ctrl-C does not reach it), killed when we die."""

    def __init__(
        self, name: str, process: asyncio.subprocess.Process, *, stop_signal: signal.Signals
    ) -> None:
        self.name = name
        self._process = process
        self._stop_signal = stop_signal
        self._pidfd = os.pidfd_open(process.pid)  # it never becomes somebody else's
        self._last: deque[str] = deque(maxlen=_LAST_WORDS)
        self._lines: asyncio.Queue[tuple[float, str] | None] = asyncio.Queue()
        self._reading = asyncio.create_task(self._read(), name=f"output of {name}")

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.returncode is None

    async def line_with(self, word: str, *, within_seconds: float) -> tuple[float, str]:
        """When the next line that holds `word` came, by the stopwatch, and the line.

        Raises StartFailed where the process ended before, or nothing came in time.
        """
        try:
            async with asyncio.timeout(within_seconds):
                while True:
                    found = await self._lines.get()
                    if found is None:
                        raise StartFailed(self._sentence(f"ended before it said '{word}'"))
                    if word in found[1]:
                        return found
        except TimeoutError as error:
            sentence = self._sentence(f"did not say '{word}' within {within_seconds:g} s")
            raise StartFailed(sentence) from error

    async def answer(self, *, within_seconds: float) -> dict[str, Any]:
        """The next line that is a JSON object with a `result`, which is returned."""
        _, line = await self.line_with('"result"', within_seconds=within_seconds)
        found: dict[str, Any] = json.loads(line)["result"]
        return found

    async def output(self, *, within_seconds: float, check: bool = True) -> str:
        """All it prints until it ends. Raises StartFailed where it fails, or takes too long."""
        lines: list[str] = []
        try:
            async with asyncio.timeout(within_seconds):
                while (found := await self._lines.get()) is not None:
                    lines.append(found[1])
                code = await self._process.wait()
        except TimeoutError as error:
            raise StartFailed(self._sentence(f"took longer than {within_seconds:g} s")) from error
        if check and code:
            raise StartFailed(self._sentence(f"failed with exit code {code}"))
        return "\n".join(lines)

    def terminate(self) -> None:
        """Ask it to end. asyncio's own way to do so reaps the process behind asyncio's back."""
        with contextlib.suppress(ProcessLookupError):  # it ended just now
            signal.pidfd_send_signal(self._pidfd, self._stop_signal)

    async def stop(self) -> None:
        """Ask it to end, at last kill it; returns when it is gone."""
        self.terminate()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await self._process.wait()
        except TimeoutError:
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
            await self._process.wait()
        os.close(self._pidfd)
        self._reading.cancel()

    async def _read(self) -> None:
        output = self._process.stdout
        assert output is not None
        while raw := await output.readline():
            moment, line = stopwatch(), raw.decode(errors="replace").rstrip()
            self._last.append(line)
            self._lines.put_nowait((moment, line))
        self._lines.put_nowait(None)

    def _sentence(self, what: str) -> str:
        return f"{self.name} {what}; its last words: {' | '.join(self._last) or 'none'}"


@asynccontextmanager
async def started(
    name: str,
    argv: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str] | None = None,
    stop_signal: signal.Signals = signal.SIGTERM,
) -> AsyncIterator[Child]:
    """The process while the block runs, in `folder`, where no `.env` of ours is read."""
    process = await asyncio.create_subprocess_exec(
        *argv,
        cwd=folder,
        env={**bare_environment(), **(environment or {})},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=_die_with(os.getpid()),
        limit=1024**2,
    )
    child = Child(name, process, stop_signal=stop_signal)
    try:
        yield child
    finally:
        await asyncio.shield(child.stop())


def python(module: str, *arguments: str) -> tuple[str, ...]:
    """The command line of one of our modules, whatever lies in the current folder."""
    return (sys.executable, "-P", "-m", module, *arguments)


def bare_environment() -> dict[str, str]:
    """The environment without anything that would configure a mesh."""
    foreign = ("GANGLION_", "NATS_", "CLICKHOUSE_", "OTEL_")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)}


def _die_with(parent: int) -> Callable[[], None]:
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def bind_to_parent() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it died before prctl: the signal will never come
            os._exit(1)

    return bind_to_parent
