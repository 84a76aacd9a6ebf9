"""What if code of a stranger's exits in an asyncio task that it has begun itself?

asyncio hands a SystemExit or a KeyboardInterrupt of any task to whoever runs the event loop, so one
call of `sys.exit` below a TaskGroup would end a worker with all that it does. In what a stranger
has begun it is an ordinary error instead: that task fails with it, and whoever awaits it hears so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Final

from nervous_system.error_text import error_words

FOREIGN: Final[ContextVar[bool]] = ContextVar("ganglion_foreign", default=False)
"""Whether what runs was begun by a stranger; tasks inherit it from where they are begun."""

_EXITS: Final = (SystemExit, KeyboardInterrupt)


class Exited(Exception):
    """A task within a task of the swarm wanted to end the process."""


def guard(loop: asyncio.AbstractEventLoop) -> None:
    """From now on nothing that a stranger begins on this loop ends it. Once will do."""
    make = loop.get_task_factory()
    if not isinstance(make, _Factory):
        loop.set_task_factory(_Factory(make))


class _Factory:
    """Makes tasks as before, and those of strangers so that they cannot exit."""

    def __init__(self, make: Callable[..., asyncio.Future[Any]] | None) -> None:
        self._make = make or _task

    def __call__(
        self, loop: asyncio.AbstractEventLoop, coro: Any, **more: Any
    ) -> asyncio.Future[Any]:
        context = more.get("context")
        foreign = FOREIGN.get() if context is None else context.get(FOREIGN, False)
        return self._make(
            loop, _Kept(coro) if foreign and asyncio.iscoroutine(coro) else coro, **more
        )


def _task(loop: asyncio.AbstractEventLoop, coro: Any, **more: Any) -> asyncio.Task[Any]:
    return asyncio.Task(coro, loop=loop, **more)


class _Kept(Coroutine[Any, Any, Any]):
    """A coroutine that raises what it raises, but for an exit."""

    def __init__(self, coro: Coroutine[Any, Any, Any]) -> None:
        self._coro = coro

    def send(self, value: Any) -> Any:
        try:
            return self._coro.send(value)
        except _EXITS as error:
            raise Exited(error_words(error)) from error

    def throw(  # type: ignore[override]  # as asyncio calls it: with an instance
        self, kind: Any, value: BaseException | None = None, trace: TracebackType | None = None
    ) -> Any:
        try:
            return self._coro.throw(kind if value is None else value)
        except _EXITS as error:
            raise Exited(error_words(error)) from error

    def close(self) -> None:
        self._coro.close()

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._coro.__await__()
