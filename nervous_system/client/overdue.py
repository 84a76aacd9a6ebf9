"""How does code end that blocks the event loop for longer than its attempt may take?

While it blocks, no timer of the loop comes to its turn. So one thread watches over all that has a
limit. When the time of one is over and the loop does not answer, it sends a signal to the process.
Python runs its handler in the main thread, in the middle of what blocks there, a sleep of the
system's included; the handler raises there what a cancellation would, if what blocks is the code
whose time is over. What holds the interpreter's lock cannot be reached so, nor can a loop in
another thread. A loop that answers ends the code itself: its clean-up is not cut.
"""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType
from typing import Final

import structlog

from nervous_system.clock import stopwatch

_log = structlog.get_logger()

SIGNAL: Final = signal.SIGRTMIN + 5
"""One that nobody else uses, we hope; it is never sent from outside."""


ANSWER_SECONDS: Final = 1.0
"""A loop that has not answered in that time is blocked."""

LOOK_SECONDS: Final = 0.5
"""Between two looks of the thread while something has a limit."""


class Due:
    """The moment at which code has to end from within, if it is still running then."""

    def __init__(self, why: str, *, at: float, loop: asyncio.AbstractEventLoop) -> None:
        self.why = why
        self.at = at  # by the stopwatch
        self.loop = loop
        self.is_over = False
        self.raised = False  # it has blocked, and was ended
        self.has_left = False  # what it leaves behind is nobody's attempt


RUNS: Final[ContextVar[Due | None]] = ContextVar("ganglion_due", default=None)
"""Of what runs just now; tasks inherit it from where they are begun."""


@contextmanager
def ended_within(seconds: float, why: str) -> Iterator[Due]:
    """While the block runs, code that has it in `RUNS` is ended when it blocks after so long."""
    due = Due(why, at=stopwatch() + seconds, loop=asyncio.get_running_loop())
    if threading.current_thread() is not threading.main_thread():
        yield due
        return
    if signal.getsignal(SIGNAL) is not _end:
        signal.signal(SIGNAL, _end)
    _WATCH.begin(due)
    try:
        yield due
    finally:
        _WATCH.end(due)
        due.has_left = True  # for good: the thread may be about to say that its time is over


class _OverdueWatch:
    """The thread, while there is something to watch over."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._dues: set[Due] = set()
        self._watching = False

    def begin(self, due: Due) -> None:
        with self._lock:
            self._dues.add(due)
            if self._watching:
                return
            try:
                threading.Thread(target=self._watch, name="limits", daemon=True).start()
            except RuntimeError as error:  # the system gives no more of them
                _log.warning("worker.limit_unwatched", reason=str(error))
            else:
                self._watching = True

    def end(self, due: Due) -> None:
        with self._lock:
            self._dues.discard(due)

    def _watch(self) -> None:
        while True:
            with self._lock:
                if not self._dues:
                    self._watching = False
                    return
                nearest = min(self._dues, key=lambda each: each.at)
                left = nearest.at - stopwatch()
                if left <= 0:
                    self._dues.discard(nearest)
            if left > 0:
                time.sleep(min(left, LOOK_SECONDS))
            elif not _answers(nearest.loop):
                nearest.is_over = True
                signal.pthread_kill(threading.main_thread().ident or 0, SIGNAL)


def _answers(loop: asyncio.AbstractEventLoop) -> bool:
    answered = threading.Event()
    try:
        loop.call_soon_threadsafe(answered.set)
    except RuntimeError:  # it is closed
        return True
    return answered.wait(ANSWER_SECONDS)


_WATCH: Final = _OverdueWatch()


def _end(number: int, frame: FrameType | None) -> None:
    due = RUNS.get()
    if due is not None and due.is_over and not due.raised and not due.has_left:
        due.raised = True
        raise asyncio.CancelledError(due.why)
