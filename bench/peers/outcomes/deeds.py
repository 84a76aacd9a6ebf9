"""What does the code of a task do in each situation? The same for every system, in plain Python.

Each run of it leaves a line when it begins, and one when it comes to its end: so whoever watches
knows how often it ran, whatever the system says.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

WAITS = {"works": 6.0, "works a while": 12.0, "works long": 30.0}
"""Seconds that it waits as its system likes it: asynchronously where code is asynchronous."""


def do(deed: str, key: str) -> object:
    """In a system whose tasks are functions."""
    stamp("begin", key)
    if deed in WAITS:
        time.sleep(WAITS[deed])
        returned: object = None
    else:
        returned = DEEDS[deed](key)
    stamp("end", key)
    return returned


async def do_async(deed: str, key: str) -> object:
    """In a system whose tasks are coroutines."""
    if deed not in WAITS:
        return do(deed, key)
    stamp("begin", key)
    await asyncio.sleep(WAITS[deed])
    stamp("end", key)
    return None


def stamp(word: str, key: str) -> None:
    """One line, in one write."""
    with Path(os.environ["OUTCOMES_STAMPS"]).open("a") as file:
        file.write(f"{word} {key} {os.getpid()}\n")


def _runs(key: str) -> int:
    return Path(os.environ["OUTCOMES_STAMPS"]).read_text().count(f"begin {key} ")


def _raise(error: BaseException) -> object:
    raise error


def _signal(number: signal.Signals) -> object:
    os.kill(os.getpid(), number)
    time.sleep(60)  # it does not come back
    return None


def _once(key: str, act: Callable[[], object]) -> object:
    return act() if _runs(key) == 1 else None


def _hold(seconds: int) -> object:
    """The C library's own sleep, called without letting go of the interpreter's lock."""
    return ctypes.PyDLL(None).sleep(seconds)


DEEDS: dict[str, Callable[[str], object]] = {
    "nothing": lambda key: None,
    "raises": lambda key: _raise(ValueError("no such thing")),
    "raises half a character": lambda key: _raise(ValueError("caf\udce9")),
    "raises 66 kB": lambda key: _raise(ValueError("x" * 66_000)),
    "exits": lambda key: sys.exit("no more of this"),
    "leaks a cancellation": lambda key: _raise(asyncio.CancelledError()),
    "returns what is no JSON": lambda key: object(),
    "ends its process once": lambda key: _once(key, lambda: os._exit(3)),
    "is killed once": lambda key: _once(key, lambda: _signal(signal.SIGKILL)),
    "crashes once": lambda key: _once(key, lambda: _signal(signal.SIGSEGV)),
    "is killed each time": lambda key: _signal(signal.SIGKILL),
    "blocks": lambda key: time.sleep(30),
    "holds the lock": lambda key: _hold(30),
}
