"""Does code end that blocks the event loop for longer than its attempt may take, and no other?"""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import Callable

import pytest
import uvloop

from nervous_system.client import end, overdue
from nervous_system.client.end import Cancellation, End, TookTooLong, end_of

LIMIT_SECONDS = 0.05


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(end, "BLOCKS_SECONDS", LIMIT_SECONDS)
    monkeypatch.setattr(overdue, "ANSWER_SECONDS", LIMIT_SECONDS)


def limited(call: Callable[[], object]) -> End:
    async def main() -> End:
        return await end_of(call, max_seconds=LIMIT_SECONDS)

    return uvloop.run(main())


async def sleeps() -> None:
    time.sleep(600)  # noqa: ASYNC251 - it blocks


async def computes() -> None:
    while True:
        pass


async def blocks_below() -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(sleeps())


async def cleans_up() -> None:
    try:
        time.sleep(600)  # noqa: ASYNC251 - it blocks
    finally:
        raise ValueError("no room")


@pytest.mark.parametrize("call", [sleeps, computes, blocks_below, lambda: time.sleep(600)])
def test_what_blocks_is_ended(call: Callable[[], object]) -> None:
    error = limited(call).error
    assert isinstance(error, TookTooLong)
    assert str(error).startswith("it took longer than 0.05 s, the limit of its attempts; its ")


def test_it_may_clean_up_and_what_that_raises_is_said() -> None:
    error = limited(cleans_up).error
    assert str(error).endswith(
        "blocked the event loop, and was ended there, and raised ValueError: no room"
    )


async def test_on_the_loop_of_asyncio_too() -> None:
    error = (await end_of(sleeps, max_seconds=LIMIT_SECONDS)).error
    assert isinstance(error, TookTooLong)


def test_who_swallows_it_has_failed_all_the_same() -> None:
    """A group of tasks is silent on a child that was cancelled; half of the work is no work."""

    async def goes_on() -> str:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(sleeps())
        return "both steps are done"

    async def calls_soon() -> str:
        asyncio.get_running_loop().call_soon(time.sleep, 600)
        await asyncio.sleep(0)
        return "done"

    async def swallows() -> str:
        try:
            time.sleep(600)  # noqa: ASYNC251 - it blocks
        except asyncio.CancelledError:
            return "done"
        return "never cancelled"

    assert isinstance(limited(calls_soon).error, TookTooLong)
    assert isinstance(limited(goes_on).error, TookTooLong)
    error = limited(swallows).error
    assert isinstance(error, TookTooLong)
    assert str(error).endswith("blocked the event loop, and was ended there")


def test_clean_up_of_what_the_loop_ended_is_not_cut() -> None:
    cleaned: list[str] = []

    async def cleans_up_long() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            time.sleep(10 * LIMIT_SECONDS)  # noqa: ASYNC251 - it blocks
            cleaned.append("whole")

    assert isinstance(limited(cleans_up_long).error, TookTooLong)
    assert cleaned == ["whole"]


def test_what_it_left_behind_is_let_be() -> None:
    """A pool that a task has begun for the whole program outlives the task's limit."""

    async def main() -> str:
        pool: list[asyncio.Task[str]] = []

        async def serves_all() -> str:
            await asyncio.sleep(2 * LIMIT_SECONDS)
            time.sleep(10 * LIMIT_SECONDS)  # noqa: ASYNC251 - it blocks
            return "alive"

        async def begins_it() -> None:
            pool.append(asyncio.create_task(serves_all()))
            await asyncio.Event().wait()

        assert isinstance((await end_of(begins_it, max_seconds=LIMIT_SECONDS)).error, TookTooLong)
        return await pool[0]

    assert uvloop.run(main()) == "alive"


async def test_what_is_said_of_it_too_late_ends_nothing() -> None:
    with overdue.ended_within(3_600.0, "its time is over") as due:
        pass
    due.is_over = True  # by the thread, which had asked the loop before

    async def left_behind() -> str:
        overdue.RUNS.set(due)
        signal.raise_signal(overdue.SIGNAL)
        return "alive"

    assert await asyncio.create_task(left_behind()) == "alive"


def test_without_a_thread_limits_hold_for_what_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    assert isinstance(limited(asyncio.Event().wait).error, TookTooLong)
    assert limited(lambda: "done") == End(returned="done")


async def test_another_that_blocks_meanwhile_is_let_be() -> None:
    """The one whose time is over only waits, so it is cancelled when the loop goes on."""
    over = threading.Event()
    watch = threading.Timer(20 * LIMIT_SECONDS, over.set)

    async def blocks() -> str:
        watch.start()
        over.wait()
        return "done"

    waits, other = await asyncio.gather(
        end_of(asyncio.Event().wait, max_seconds=LIMIT_SECONDS), end_of(blocks)
    )
    assert isinstance(waits.error, TookTooLong)
    assert "after it was cancelled" in str(waits.error)
    assert other == End(returned="done")


async def test_of_what_goes_on_in_a_thread_no_end_is_said() -> None:
    off, over, loop = Cancellation(), threading.Event(), asyncio.get_running_loop()
    threads: list[threading.Thread] = []

    def works() -> None:
        threads.append(threading.current_thread())
        loop.call_soon_threadsafe(off.say, "not needed")
        over.wait()

    try:
        ended = await end_of(lambda: asyncio.to_thread(works), off=off)
        assert threads[0].is_alive()
    finally:
        over.set()
    assert str(ended.error).startswith("not needed; its coroutine ended ")
    assert str(ended.error).endswith("; what it began in threads or processes may go on")


def test_on_a_loop_in_another_thread_limits_hold_for_what_waits() -> None:
    found: list[End] = []
    thread = threading.Thread(target=lambda: found.append(limited(asyncio.Event().wait)))
    thread.start()
    thread.join()
    assert isinstance(found[0].error, TookTooLong)


async def test_no_thread_is_left_of_what_ended_in_time() -> None:
    before = threading.active_count()
    assert await end_of(lambda: "done", max_seconds=3_600.0) == End(returned="done")
    async with asyncio.timeout(60):
        while threading.active_count() > before:  # noqa: ASYNC110 - a thread ends when it can
            await asyncio.sleep(0.01)
