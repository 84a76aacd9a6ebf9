"""How does code end that blocks the event loop for longer than its attempt may take?

While it blocks, no timer of the loop comes to its turn. So a thread waits for the moment and sends
a signal to the process. Python runs its handler in the main thread, in the middle of what blocks
there, a sleep of the system's included; the handler raises there what a cancellation would, if what
blocks is the code whose time is over. What holds the interpreter's lock cannot be reached so, nor
can a loop in another thread.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType
from typing import Final

SIGNAL: Final = signal.SIGRTMIN + 5
"""One that nobody else uses, we hope; it is never sent from outside."""


class Due:
    """The moment at which code has to end from within, if it is still running then."""

    def __init__(self, why: str) -> None:
        self.why = why
        self.is_over = False
        self.raised = False  # it has blocked, and was ended


RUNS: Final[ContextVar[Due | None]] = ContextVar("ganglion_due", default=None)
"""Of what runs just now; tasks inherit it from where they are begun."""


@contextmanager
def ended_within(seconds: float, why: str) -> Iterator[Due]:
    """While the block runs, code that has it in `RUNS` is ended when it blocks after so long."""
    due = Due(why)
    if threading.current_thread() is not threading.main_thread():
        yield due
        return
    if signal.getsignal(SIGNAL) is not _end:
        signal.signal(SIGNAL, _end)
    timer = threading.Timer(seconds, _say, (due,))
    timer.daemon = True
    timer.start()
    try:
        yield due
    finally:
        timer.cancel()


def _say(due: Due) -> None:
    due.is_over = True
    signal.pthread_kill(threading.main_thread().ident or 0, SIGNAL)


def _end(number: int, frame: FrameType | None) -> None:
    due = RUNS.get()
    if due is not None and due.is_over and not due.raised:
        due.raised = True
        raise asyncio.CancelledError(due.why)
