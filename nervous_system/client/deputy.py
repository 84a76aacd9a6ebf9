"""Who speaks for a worker while its own process cannot? A small process beside it.

Code that holds the interpreter's lock in a thread, or blocks the event loop, silences the
heartbeat, too: its task went to another, ran twice, and its result was thrown away. The deputy
shares no lock with it. It hears of each heartbeat, and what is held; where it hears nothing for too
long and the process lives, it says the heartbeat in its place. Where the process dies, it says at
once that the worker is gone, and how it ended (`deputy_process.py`).

There is one for all workers of a process, as long as one of them runs.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

import structlog

from nervous_system.client.deputy_process import LAST_STANDARD
from nervous_system.clock import stopwatch

_log = structlog.get_logger()

PROGRAM: Final = "nervous_system.client.deputy_process"

BEGIN: Final = f"import json, sys; sys.path += json.loads(sys.argv.pop()); import {PROGRAM} as it; \
sys.exit(it.main())"
"""It finds what its worker finds: a program may have said itself where its packages are. Behind
what every program finds, so no file beside the worker's program takes the place of one of those."""

MIN_SECONDS: Final = 0.01
"""Between two words to it: a worker may begin thousands of tasks a second."""

NOBODY_LEFT: Final = b"null\n"
"""The last word. That nothing comes any more would say nothing: code closes files."""

SHORT_SECONDS: Final = 60.0
"""Whose life was shorter has failed."""

PAUSES: Final = (1.0, 5.0, 300.0)
"""Seconds without one after the first, second and third failure in a row, and each further one."""

NOT_FOR_IT: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""Who ends a service often tells all its processes to end, and this one has a last word to say: it
ends with its worker."""

Word = dict[str, Any]
"""What it is told of one worker, as `deputy_process.Ward` takes it."""


class Deputy:
    """The process, as this one sees it. It may end at any time: then there is none until the next
    word, and the worker itself is all there is."""

    def __init__(self) -> None:
        self._words: dict[int, Callable[[], Word]] = {}  # by a number: two may have one id
        self._untold: set[int] = set()
        self._numbers = itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self._pid = os.getpid()  # whose deputy it is: a fork has none yet
        self._rest = b""  # of what the pipe had no room for
        self._told_at = 0.0
        self._begun_at = 0.0
        self._failures = 0  # in a row
        self._not_before = 0.0  # it is begun again
        self._later: asyncio.TimerHandle | None = None

    @contextmanager
    def of(self, word: Callable[[], Word]) -> Iterator[Callable[[], None]]:
        """While the block runs, what it yields tells the deputy how the worker stands."""
        number = next(self._numbers)
        self._words[number] = word
        try:
            yield lambda: self._tell(number)
        finally:
            del self._words[number]
            self._untold.discard(number)
            self._write({"number": number}) if self._words else self._end()

    def _tell(self, number: int) -> None:
        self._untold.add(number)
        left = self._told_at + MIN_SECONDS - stopwatch()
        if left <= 0:
            self._tell_all()
        elif self._later is None:
            self._later = asyncio.get_running_loop().call_later(left, self._tell_all)

    def _tell_all(self) -> None:
        if self._pid != os.getpid():
            self._process, self._pid = None, os.getpid()
        self._cancel_later()
        self._told_at = stopwatch()
        untold, self._untold = self._untold, set()
        for number in untold:
            if self._process is None and stopwatch() >= self._not_before:
                self._begin()
            self._write({"number": number, **self._words[number]()})

    def _cancel_later(self) -> None:
        if self._later is not None:
            self._later.cancel()
            self._later = None

    def _begin(self) -> None:
        with _standard_ones_taken():
            self._begin_process()

    def _begin_process(self) -> None:
        descriptors = _of_this_process()
        told = [str(each) for each in (os.getpid(), *descriptors)]
        found = json.dumps([each for each in sys.path if isinstance(each, str)])
        self._begun_at = stopwatch()
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, NOT_FOR_IT)  # which it inherits
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", BEGIN, *told, found],  # -P: no working folder first
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                pass_fds=descriptors,
                start_new_session=True,  # Ctrl-C is for its worker
            )
        except OSError as error:
            self._count_failure(f"it cannot be begun ({error})")
            return
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            for each in descriptors:
                os.close(each)
        assert self._process.stdin is not None
        os.set_blocking(self._process.stdin.fileno(), False)
        # What was begun leaves the deputy behind, as nobody's child, and ends; who waits in a task
        # for all children is to see neither.
        threading.Thread(target=self._process.wait, name="deputy-begun", daemon=True).start()

    def _write(self, word: Word) -> None:
        if self._process is None or self._process.stdin is None:
            return
        line = self._rest + json.dumps(word).encode() + b"\n"
        try:
            written = os.write(self._process.stdin.fileno(), line)
        except BlockingIOError:
            return  # it is busy in somebody's place; the next word says what this one does
        except OSError as error:
            self._end()
            self._count_failure(f"it has ended ({error})")
        else:
            self._rest = line[written:]

    def _count_failure(self, reason: str) -> None:
        """Begun again at once and for ever, one that cannot run would cost more than it is for."""
        if stopwatch() - self._begun_at > SHORT_SECONDS:
            self._failures = 0
        pause = PAUSES[min(self._failures, len(PAUSES) - 1)]
        self._failures += 1
        self._not_before = stopwatch() + pause
        if self._failures <= len(PAUSES):
            reason = f"{reason}; another is begun after {pause:.0f} s"
            _log.warning("worker.no_deputy", reason=reason)

    def _end(self) -> None:
        self._cancel_later()
        process, self._process = self._process, None
        rest, self._rest = self._rest, b""
        if process is not None and process.stdin is not None and self._pid == os.getpid():
            with suppress(OSError):
                os.write(process.stdin.fileno(), rest + NOBODY_LEFT)
            with suppress(OSError):
                process.stdin.close()


@contextmanager
def _standard_ones_taken() -> Iterator[None]:
    """While the block runs, no descriptor that it opens is 0, 1 or 2, as one is where the program
    has closed those: in the deputy they are others, and a print of this process would reach it."""
    taken: list[int] = []
    try:
        while (each := os.open(os.devnull, os.O_RDWR)) <= LAST_STANDARD:
            os.set_inheritable(each, True)  # the deputy has a standard error
            taken.append(each)
        os.close(each)
        yield
    finally:
        for each in taken:
            os.close(each)


def _of_this_process() -> tuple[int, ...]:
    """A descriptor of it, where the system has such: nobody else has its number later."""
    try:
        return (os.pidfd_open(os.getpid()),)
    except (AttributeError, OSError):
        return ()


DEPUTY: Final = Deputy()
"""That of this process, as the lock is the process's; made when there is something to keep."""
