"""How does code of a stranger's come to its end, whatever it does?

It may raise anything that Python has, ask its process to exit, cancel itself, or return what nobody
expected. It runs in an asyncio task of its own, and its end is a value. Where it is to end before
its time it is cancelled, once; where it has not ended some seconds later, nobody waits for it.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import Final

import structlog

from nervous_system.client.exits import FOREIGN, guard
from nervous_system.client.overdue import RUNS, Due, ended_within
from nervous_system.clock import stopwatch
from nervous_system.error_text import error_words
from nervous_system.errors import Permanent

_log = structlog.get_logger()

ENDS_WITHIN_SECONDS: Final = 10.0
"""So long it may take to clean up after it was cancelled."""

BLOCKS_SECONDS: Final = 5.0
"""So long it may keep the event loop from saying that its time is over."""

_MAY_GO_ON: Final = "what it began in threads or processes may go on"
"""Who awaits `asyncio.to_thread` ends at once when he is cancelled; the thread does not."""

_MAX_WORDS: Final = 200


@dataclass(frozen=True, slots=True)
class End:
    """What it returned or raised."""

    returned: object = None
    error: BaseException | None = None


class CancelledByOverseer(Permanent):
    """It was ended because nobody wants it any more."""


class TookTooLong(Permanent):
    """It was ended because its time was over."""


class Cancellation:
    """Whether code is to end before its time, and why. Said and heard on one event loop; the reason
    can be read in any thread."""

    def __init__(self) -> None:
        self.reason = ""  # empty: nobody has called it off
        self._called_off: asyncio.Future[None] | None = None

    def say(self, reason: str) -> None:
        """From now on it is not wanted; what is said first counts."""
        self.reason = self.reason or reason or "no reason was given"
        if self._called_off is not None and not self._called_off.done():
            self._called_off.set_result(None)

    def said(self) -> asyncio.Future[None]:
        """Done when it was called off. For one who waits."""
        self._called_off = asyncio.get_running_loop().create_future()
        if self.reason:
            self._called_off.set_result(None)
        return self._called_off


async def end_of(
    call: Callable[[], object], *, off: Cancellation | None = None, max_seconds: float = 0.0
) -> End:
    """Of a function, or a coroutine function; `max_seconds`, where it is not 0, is its time.
    Cancelled, this cancels it, and waits for it; what cancels itself has a CancelledError."""
    if off is not None and off.reason:
        return End(error=CancelledByOverseer(f"{off.reason}; its code had not begun"))
    guard(asyncio.get_running_loop())
    ends: list[End] = []  # not its task's result: what has cancelled itself has none
    with ExitStack() as stack:
        due = stack.enter_context(_due(max_seconds)) if max_seconds else None
        running = asyncio.create_task(_run(call, ends, due))
        waits = {running} if off is None else {running, off.said()}
        try:
            await asyncio.wait(
                waits, timeout=max_seconds or None, return_when=asyncio.FIRST_COMPLETED
            )
            if not running.done():
                stack.close()  # the loop ends it, and its clean-up is not cut
                early = await _end_early(running, ends, off, max_seconds)
                if due is None or not due.raised or early.error is not None:
                    return early
        except asyncio.CancelledError:
            running.cancel()
            await asyncio.wait({running})
            raise
    end = ends[0] if ends else End(error=asyncio.CancelledError())
    if due is None or not due.raised:
        return end
    # Also where it returned: something of it was cut, such as a child whose group is silent on it.
    raised = _words(end.error) if end.error is not None else ""
    how = f"blocked the event loop, and was ended there{raised}"
    return End(error=TookTooLong(f"{due.why}; its code {how}"))


def _due(max_seconds: float) -> AbstractContextManager[Due]:
    return ended_within(max_seconds + BLOCKS_SECONDS, _took_too_long(max_seconds))


def _took_too_long(max_seconds: float) -> str:
    return f"it took longer than {max_seconds:g} s, the limit of its attempts"


async def _run(call: Callable[[], object], ends: list[End], due: Due | None) -> None:
    FOREIGN.set(True)  # in the context of this task alone
    RUNS.set(due)
    try:
        returned = call()
        ends.append(End(await returned if inspect.isawaitable(returned) else returned))
    except BaseException as error:  # noqa: BLE001 - also what would end the event loop
        ends.append(End(error=error))


async def _end_early(
    running: asyncio.Task[None], ends: list[End], off: Cancellation | None, max_seconds: float
) -> End:
    """Of what is called off, or takes too long. What was done all the same was done."""
    kind: type[Permanent] = TookTooLong
    why = _took_too_long(max_seconds)
    if off is not None and off.reason:
        kind, why = CancelledByOverseer, off.reason
    started = stopwatch()
    running.cancel(why)
    await asyncio.wait({running}, timeout=ENDS_WITHIN_SECONDS)
    if not running.done():
        _log.warning("worker.code_goes_on", reason=why, seconds=ENDS_WITHIN_SECONDS)
        running.cancel(why)
        how = f"goes on {ENDS_WITHIN_SECONDS:g} s after it was cancelled: nobody waits for it"
        return End(error=kind(f"{why}; its code {how}"))
    if ends and ends[0].error is None:
        return ends[0]
    raised = ends[0].error if ends else asyncio.CancelledError()
    assert raised is not None
    how = f"ended {stopwatch() - started:.1f} s after it was cancelled{_words(raised)}"
    return End(error=kind(f"{why}; its coroutine {how}; {_MAY_GO_ON}"))


def _words(raised: BaseException) -> str:
    """What it raised when it was cancelled, where that is something else."""
    if isinstance(raised, asyncio.CancelledError):
        return ""
    return f", and raised {error_words(raised)[:_MAX_WORDS]}"
