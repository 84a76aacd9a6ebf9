"""How does a service start, stop and fail?

One frame around every service's `run`.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import structlog

from nervous_system import failpoint
from nervous_system.errors import GanglionError, Transient
from nervous_system.retry import RetryPolicy
from nervous_system.visible import visible
from nervous_system.waiting import pause

_log = structlog.get_logger()

Built = TypeVar("Built")

DRAIN_SECONDS = 15.0
"""From the stop to the moment at which what is still running is cancelled."""

CANCEL_SECONDS = 2.0
"""What is cancelled then has so long to let go."""

FAILED = 1
"""Exit code of a service that could not go on; its last line on stderr says why."""


def main(run: Callable[[asyncio.Event], Coroutine[None, None, None]]) -> int:
    """Run a service until SIGTERM or SIGINT; the exit code."""
    armed = os.environ.get(failpoint.VARIABLE)
    if armed:
        failpoint.arm(armed)
    _collect_rarely()
    import uvloop  # only here: who has no service has no uvloop

    return uvloop.run(_run_supervised(run))


def _collect_rarely() -> None:
    """Events, positions and states come and go by the thousand and hold no cycles: to look for
    those as often as Python does by itself takes a tenth of a busy service's time."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


async def _run_supervised(run: Callable[[asyncio.Event], Coroutine[None, None, None]]) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    running = asyncio.create_task(run(stop), name="service")
    stopping = asyncio.create_task(stop.wait(), name="stop")
    await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    await asyncio.wait({running}, timeout=DRAIN_SECONDS)
    if not running.done():
        doing = _doing()
        running.cancel()
        await asyncio.wait({running}, timeout=CANCEL_SECONDS)
        sentence = f"it did not stop within {DRAIN_SECONDS:g} s; what it was doing was given up"
        _log.error("service.drain_timed_out", reason=sentence, doing=doing)
        _complain(sentence)
        return FAILED
    try:
        await running
    except GanglionError as error:
        sentence = str(error)
    else:
        return 0
    _log.error("service.failed", reason=sentence)
    _complain(sentence)
    return FAILED


def _complain(sentence: str) -> None:
    """The last line, for whoever started it."""
    sys.stderr.write(visible(sentence, keep="\n") + "\n")  # noqa: TID251 - a service has no other


def _doing() -> list[str]:
    """What each task waits in: its name, and the innermost line of ours or of a library."""
    found = []
    for task in asyncio.all_tasks():
        where: Any = task.get_coro()
        while inner := _waits_for(where):
            where = inner
        frame = _frame(where)
        place = f"{frame.f_code.co_filename}:{frame.f_lineno}" if frame is not None else "nowhere"
        found.append(f"{task.get_name()} in {place}")
    return sorted(found)


def _frame(where: Any) -> Any:
    kinds = ("cr_frame", "gi_frame", "ag_frame")
    return next((frame for each in kinds if (frame := getattr(where, each, None))), None)


def _waits_for(where: Any) -> Any:
    """The coroutine or generator of ours or of a library that another one waits for."""
    kinds = ("cr_await", "gi_yieldfrom", "ag_await")
    inner = next((found for each in kinds if (found := getattr(where, each, None))), None)
    if inner is not None and _frame(inner) is None:
        # `@asynccontextmanager` waits for its generator through an object that does not show it.
        frame = _frame(where)
        inner = getattr(frame.f_locals.get("self"), "gen", None) if frame is not None else None
    return inner if inner is not None and _frame(inner) is not None else None


async def retry_until_available(
    what: str, build: Callable[[], Awaitable[Built]], *, stop: asyncio.Event
) -> Built | None:
    """Build what may not be there yet, trying until it is; None when `stop` came first."""
    retry = RetryPolicy(first_seconds=0.1, max_seconds=2.0)
    attempt = 0
    while not stop.is_set():
        attempt += 1
        try:
            return await build()
        except Transient as error:
            _log.warning("service.waiting", waiting_for=what, attempt=attempt, reason=str(error))
            wait = retry.wait(error, attempt=attempt, elapsed_seconds=0.0)
            await pause(wait if wait is not None else retry.max_seconds, unless=stop)
    return None
