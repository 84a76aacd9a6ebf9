"""How does a worker spend its day? It looks for work, does as much at once as it may, and winds up.

The next task is claimed with the result of the one before, in one request; it is begun when what
did the last one has returned.

Told to drain, it finishes what it has; stopped, it gives back what it has; killed, its deputy says
so, and others get it. Told to sleep, it takes nothing new, and what it does pauses at its next
checkpoint (`HeldTask.progress`).
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import nats.errors
import structlog

from nervous_system.client.attempt import Do, attempt
from nervous_system.client.by_action import Table, by_action
from nervous_system.client.held_task import HeldTask
from nervous_system.client.hints import Hints
from nervous_system.client.idleness import Idleness
from nervous_system.client.next_claim import NextClaim
from nervous_system.client.worker import Worker
from nervous_system.errors import GanglionError, InvalidEvent, Permanent, Transient
from nervous_system.telemetry.health import Work

_log = structlog.get_logger()

FIRST_LOOK_SECONDS: Final = 0.05
LONGEST_LOOK_SECONDS: Final = 2.0
"""Between two questions for work, where nothing is heard of new tasks meanwhile."""


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
    what is permanent or fatal, and at once where the worker is not on duty; InvalidEvent for what
    is no table.
    """
    if not worker.is_on_duty:
        raise Permanent(f"{worker.worker_id} is not on duty: open it with `open_worker`")
    if isinstance(do, Mapping):
        table, do = do, by_action(do)
        await worker.does_only(tuple(table))
    elif not callable(do):
        raise InvalidEvent(
            [f"do is of type {type(do).__name__}: it has to be a function, or a table"]
        )
    function = do
    looking = asyncio.Event()
    ends = (stop, worker.orders.draining, worker.orders.stopping)
    doing: dict[asyncio.Task[None], HeldTask] = {}
    told = asyncio.create_task(_look_when_told(worker, looking), name="told")
    hints = Hints(worker.bus.connection.client, worker.worker_id, looking.set)
    pause_seconds = FIRST_LOOK_SECONDS
    slots = asyncio.Semaphore(worker.max_concurrent_tasks)
    idleness = Idleness()
    ahead: asyncio.Task[HeldTask | None] | None = None
    work = work or Work()
    here = contextvars.copy_context()

    def nothing_ahead() -> bool:
        """Whether the next task is wanted, and not claimed yet."""
        return ahead is None and not any(end.is_set() for end in ends)

    def look_at(claiming: Coroutine[None, None, HeldTask | None]) -> None:
        """Not in the trace of the task before, which is the current one where this is called."""
        nonlocal ahead
        ahead = asyncio.create_task(claiming, context=here.copy())
        looking.set()

    def claim_ahead() -> None:
        """When a task was let go without a result that claims."""
        if nothing_ahead():
            look_at(worker.claim())

    def claim_with_result(ended: HeldTask) -> NextClaim | None:
        """In the same request, where nothing is claimed ahead already."""
        claim = worker.next_claim(ended) if nothing_ahead() else None
        if claim is not None:
            look_at(worker.granted(claim))
        return claim

    worker.when_free, worker.following = claim_ahead, claim_with_result

    def begin(task: HeldTask) -> None:
        begun = attempt(function, task, slots, worker.bus.tracer)
        doing[asyncio.create_task(begun, name=task.task_id)] = task

    try:
        while not any(end.is_set() for end in ends):
            progress()
            worker.check()
            if told.done():
                told.result()
            looking.clear()
            if ahead is None and worker.has_room:  # seen before what was just begun lets go of it
                ahead = asyncio.create_task(worker.claim())
            claiming, ahead = ahead, None
            if claiming is not None and (task := await _granted(claiming, ends, work)) is not None:
                pause_seconds = FIRST_LOOK_SECONDS
                begin(task)
                continue
            idleness.look(worker.waits_because)
            with suppress(nats.errors.Error):  # while there is no connection, it asks by itself
                await (hints.listen() if worker.has_room else hints.leave())
            await _first_of((*ends, looking), list(doing), within_seconds=pause_seconds)
            pause_seconds = min(LONGEST_LOOK_SECONDS, pause_seconds * 2)
            doing = {each: held for each, held in doing.items() if not each.done()}
        if ahead is not None and (task := await _granted(ahead, ends, work)) is not None:
            begin(task)
        if not stop.is_set() and not worker.orders.stopping.is_set():
            await _finish(worker, list(doing), stop, progress)
        await _give_back(doing)
    finally:
        worker.when_free, worker.following = lambda: None, lambda ended: None
        left = (told, *doing, *([ahead] if ahead is not None else []))
        for each in left:
            each.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        with suppress(nats.errors.Error):
            await hints.leave()


async def _look_when_told(worker: Worker, looking: asyncio.Event) -> None:
    while True:
        await worker.orders.change()
        looking.set()


async def _granted(
    claiming: asyncio.Task[HeldTask | None], ends: tuple[asyncio.Event, ...], work: Work
) -> HeldTask | None:
    """None also when it is time to go: what was granted unheard is released on departure."""
    try:
        while not claiming.done():
            if any(end.is_set() for end in ends):
                return None
            await _first_of(ends, [claiming], within_seconds=LONGEST_LOOK_SECONDS)
        granted = claiming.result()
    except Transient as error:
        _log.warning("worker.no_overseer", reason=str(error))
        work.held_up(f"nobody hands out tasks: {error}", remedy="see what is said of the overseer")
        return None
    else:
        work.goes_on()
        return granted
    finally:
        claiming.cancel()


async def _finish(
    worker: Worker,
    doing: list[asyncio.Task[None]],
    stop: asyncio.Event,
    progress: Callable[[], None],
) -> None:
    """Wait for what is being done, unless it is to stop at once after all."""
    while any(not each.done() for each in doing):
        if stop.is_set() or worker.orders.stopping.is_set():
            return
        progress()
        ends = (stop, worker.orders.stopping)
        await _first_of(ends, doing, within_seconds=LONGEST_LOOK_SECONDS)


async def _give_back(doing: dict[asyncio.Task[None], HeldTask]) -> None:
    unfinished = {each: held for each, held in doing.items() if not each.done()}
    for each in unfinished:
        each.cancel()
    await asyncio.gather(*unfinished, return_exceptions=True)
    for held in unfinished.values():
        try:
            if held.unsaid is not None:
                await held.say_again()
            elif not held.called_off:
                await held.give_back("its worker stops")
        except GanglionError as error:  # its lease will run out
            _log.warning("worker.not_given_back", task_id=held.task_id, reason=str(error))


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
