"""How does a worker spend its day? It looks for work, does as much at once as it may, and winds up.

It claims the next task with the result of the one before, in one request, and begins it when the
code of the one before has returned.

Told to drain, it finishes what it has; stopped, it gives back what it has; killed, its deputy says
so, and others get it. Told to sleep, it takes nothing new, and what it does pauses at its next
checkpoint (`ClaimedTask.progress`).
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from enum import Enum, auto
from typing import Any, Final

import nats.errors
import structlog

from nervous_system.client.attempt import Do, Table, attempt, by_action
from nervous_system.client.claimed_task import ClaimedTask
from nervous_system.client.idleness import Hints, Idleness
from nervous_system.client.next_claim import NextClaim
from nervous_system.client.worker import Worker
from nervous_system.errors import GanglionError, InvalidEvent, Permanent, Transient
from nervous_system.telemetry.health import Work

_log = structlog.get_logger()

FIRST_LOOK_SECONDS: Final = 0.05
MAX_LOOK_SECONDS: Final = 2.0
"""The first and the longest pause between two claims, if it hears of no new task meanwhile."""


class State(Enum):
    """What a worker is at; each leads to the next one, from `LOOKING` to `GONE`."""

    LOOKING = auto()  # for a task, which it begins
    RESTING = auto()  # nothing to be had, or no room: until something is heard, or for a while
    FINISHING = auto()  # it takes nothing new; what it does it does to the end
    GIVING_BACK = auto()  # what is not done by now
    GONE = auto()


async def serve(
    worker: Worker,
    do: Do | Table,
    stop: asyncio.Event,
    *,
    progress: Callable[[], None] = lambda: None,
    work: Work | None = None,
) -> None:
    """Do tasks until `stop`, or until the worker is told to drain or to stop.

    `do` is a table, `{action: function}`, and no task of another action is taken; or one function
    for every action that the worker was opened with, or for whatever is asked where it named none.
    A function need not finish its task itself: see `attempt.Do`.

    `progress` is called at every look for work; `work` is told whether anybody gives some. Raises
    what is permanent or fatal, and at once if the worker is not running; InvalidEvent for what
    is no table.
    """
    if not worker.is_running:
        raise Permanent(f"{worker.worker_id} is not running: open it with `open_worker`")
    if isinstance(do, Mapping):
        table, do = do, by_action(do)
        await worker.does_only(tuple(table))
    elif not callable(do):
        raise InvalidEvent(
            [f"do is of type {type(do).__name__}: it has to be a function, or a table"]
        )
    await _Serving(worker, do, stop, progress=progress, work=work or Work()).run()


class _Serving:
    """One day of a worker."""

    def __init__(
        self,
        worker: Worker,
        do: Do,
        stop: asyncio.Event,
        *,
        progress: Callable[[], None],
        work: Work,
    ) -> None:
        self._worker = worker
        self._do = do
        self._progress = progress
        self._work = work
        self._at_once = (stop, worker.orders.stopping)
        self._ends = (*self._at_once, worker.orders.draining)
        self._wakeup = asyncio.Event()  # there may be something to look for
        self._watching_orders = asyncio.create_task(self._watch_orders(), name="told")
        self._hints = Hints(worker.bus.connection.client, worker.worker_id, self._wakeup.set)
        self._pause_seconds = FIRST_LOOK_SECONDS
        self._slots = asyncio.Semaphore(worker.max_concurrent_tasks)
        self._idleness = Idleness()
        self._doing: dict[asyncio.Task[None], ClaimedTask] = {}
        self._claiming: asyncio.Task[ClaimedTask | None] | None = None  # a claim on its way
        self._outer_context = contextvars.copy_context()

    async def run(self) -> None:
        """From the first look to the end."""
        steps = {
            State.LOOKING: self._look,
            State.RESTING: self._rest,
            State.FINISHING: self._finish,
            State.GIVING_BACK: self._give_back,
        }
        self._worker.when_free = self._claim_ahead
        self._worker.following = self._claim_with_result
        state = State.LOOKING
        try:
            while state is not State.GONE:
                state = await steps[state]()
        finally:
            await self._clean_up()

    async def _look(self) -> State:
        """Begin the task that was claimed ahead, or, if there is room, one that is claimed now."""
        if _any_is_set(self._ends):
            return State.FINISHING
        self._progress()
        self._worker.check()
        if self._watching_orders.done():
            self._watching_orders.result()
        self._wakeup.clear()
        # Cleared before it looks: a task that ends from here on sets it again.
        if self._claiming is None and self._worker.has_room:
            self._claiming = asyncio.create_task(self._worker.claim())
        return State.LOOKING if await self._begin_claimed() else State.RESTING

    async def _rest(self) -> State:
        """Longer and longer, while there is nothing."""
        self._idleness.look(self._worker.waits_because)
        with suppress(nats.errors.Error):  # while there is no connection, it asks by itself
            await (self._hints.listen() if self._worker.has_room else self._hints.leave())
        wakers = (*self._ends, self._wakeup)
        await _first_of(wakers, list(self._doing), within_seconds=self._pause_seconds)
        self._pause_seconds = min(MAX_LOOK_SECONDS, self._pause_seconds * 2)
        self._doing = {each: held for each, held in self._doing.items() if not each.done()}
        return State.LOOKING

    async def _finish(self) -> State:
        """What is being done, and what was granted by now; unless it is to stop at once."""
        await self._begin_claimed()
        doing = list(self._doing)
        while any(not each.done() for each in doing) and not _any_is_set(self._at_once):
            self._progress()
            await _first_of(self._at_once, doing, within_seconds=MAX_LOOK_SECONDS)
        return State.GIVING_BACK

    async def _give_back(self) -> State:
        unfinished = {each: held for each, held in self._doing.items() if not each.done()}
        for each in unfinished:
            each.cancel()
        await asyncio.gather(*unfinished, return_exceptions=True)
        for held in unfinished.values():
            try:
                if held.pending_report is not None:
                    await held.report_again()
                elif not held.called_off:
                    await held.release("its worker stops")
            except GanglionError as error:  # its lease will run out
                _log.warning("worker.not_given_back", task_id=held.task_id, reason=str(error))
        return State.GONE

    async def _clean_up(self) -> None:
        """Whatever ended it."""
        self._worker.when_free, self._worker.following = lambda: None, lambda ended: None
        left = (
            self._watching_orders,
            *self._doing,
            *([self._claiming] if self._claiming is not None else []),
        )
        for each in left:
            each.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        with suppress(nats.errors.Error):
            await self._hints.leave()

    async def _begin_claimed(self) -> bool:
        """Begin the task that the claim on its way leads to; whether it leads to one."""
        claiming, self._claiming = self._claiming, None
        task = await self._wait_for_grant(claiming) if claiming is not None else None
        if task is None:
            return False
        self._pause_seconds = FIRST_LOOK_SECONDS
        begun = attempt(self._do, task, self._slots, self._worker.bus.tracer)
        self._doing[asyncio.create_task(begun, name=task.task_id)] = task
        return True

    async def _wait_for_grant(
        self, claiming: asyncio.Task[ClaimedTask | None]
    ) -> ClaimedTask | None:
        """None also when it is time to go: the overseer releases what it granted meanwhile, as this
        worker departs."""
        try:
            while not claiming.done():
                if _any_is_set(self._ends):
                    return None
                await _first_of(self._ends, [claiming], within_seconds=MAX_LOOK_SECONDS)
            granted = claiming.result()
        except Transient as error:
            _log.warning("worker.overseer_unavailable", reason=str(error))
            said = f"nobody hands out tasks: {error}"
            self._work.held_up(said, remedy="see what is said of the overseer")
            return None
        else:
            self._work.goes_on()
            return granted
        finally:
            claiming.cancel()

    def _wants_next(self) -> bool:
        """Whether the next task is wanted, and not claimed yet."""
        return self._claiming is None and not _any_is_set(self._ends)

    def _claim_ahead(self) -> None:
        """Claim when a task was dropped, and no result that claims the next one was sent."""
        if self._wants_next():
            self._follow_claim(self._worker.claim())

    def _claim_with_result(self, ended: ClaimedTask) -> NextClaim | None:
        """The claim that goes with a result; None if something is claimed ahead already."""
        claim = self._worker.next_claim(ended) if self._wants_next() else None
        if claim is not None:
            self._follow_claim(self._worker.next_granted(claim))
        return claim

    def _follow_claim(self, claiming: Coroutine[None, None, ClaimedTask | None]) -> None:
        """Outside the trace of the task before, which is the current one here."""
        self._claiming = asyncio.create_task(claiming, context=self._outer_context.copy())
        self._wakeup.set()

    async def _watch_orders(self) -> None:
        while True:
            await self._worker.orders.change()
            self._wakeup.set()


def _any_is_set(events: tuple[asyncio.Event, ...]) -> bool:
    return any(each.is_set() for each in events)


async def _first_of(
    events: tuple[asyncio.Event, ...],
    tasks: Sequence[asyncio.Task[Any]],
    *,
    within_seconds: float,
) -> None:
    waits = [asyncio.create_task(event.wait()) for event in events]
    running = [each for each in tasks if not each.done()]
    try:
        await asyncio.wait(
            [*waits, *running], timeout=within_seconds, return_when=asyncio.FIRST_COMPLETED
        )
    finally:
        for wait in waits:
            wait.cancel()
