"""What does one system make of one situation? It is staged with real workers, and looked at."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

from bench.candidates.order import BEGIN
from bench.child import Child
from bench.outcomes.situation import NEXT_SECONDS, Kind, Situation, StagedOutcome
from bench.outcomes.systems import START_SECONDS, System
from bench.processes import processes_of
from nervous_system.clock import stopwatch
from nervous_system.errors import StartFailed

_LOOK_SECONDS: Final = 0.05
_INTO_IT_SECONDS: Final = 1.0
_RESTART_SECONDS: Final = 0.5
_MAX_SECONDS: Final = 600.0  # that a worker is needed
_OCCUPIES: Final = "works a while"
"""What keeps the worker busy while a task waits: for less than a lease."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the system showed last, and since when by the stopwatch; None: no end came in time."""

    kind: Kind = "unknown"
    state: str = "nothing"
    reason: str = ""
    ended_at: float | None = None


async def stage(system: System, situation: Situation) -> StagedOutcome:
    """What became of one task, and of the next. Raises StartFailed where a worker or a client does
    not start."""
    key = situation.key
    again = situation.act not in ("stop its worker", "kill all of its worker")
    async with Workers.of(system, key, situation.workers, again=again) as workers:
        async with AsyncExitStack() as stack:
            if situation.waits:
                await stack.enter_async_context(submitted(system, key, _OCCUPIES, f"{key}-before"))
                await begun(system, f"{key}-before", within_seconds=situation.max_seconds)
            client = await stack.enter_async_context(
                submitted(
                    system,
                    key,
                    situation.deed,
                    key,
                    seconds=situation.max_seconds,
                    limit_seconds=situation.limit_seconds,
                )
            )
            until = stopwatch() + situation.max_seconds
            since = stopwatch()
            if not situation.waits:
                with suppress(TimeoutError):
                    await begun(system, key, within_seconds=situation.max_seconds)
                since = stopwatch()
            if situation.act != "nothing":
                await asyncio.sleep(_INTO_IT_SECONDS)
                since = await act(situation, system, client, workers)
            shown = await last_shown(client.child, until=until)
            if situation.waits:  # would it still be run afterwards?
                await come_to_its_end(system, f"{key}-before", within_seconds=situation.max_seconds)
        next_seconds = await the_next(system, key)
        return StagedOutcome(
            kind=shown.kind,
            state=shown.state,
            seconds=None if shown.ended_at is None else max(0.0, shown.ended_at - since),
            reason=shown.reason,
            runs=stamps(system, f"begin {key} "),
            came_to_its_end=stamps(system, f"end {key} "),
            next_seconds=next_seconds,
            restarts=workers.ended,
        )


async def act(situation: Situation, system: System, client: Client, workers: Workers) -> float:
    """Do to the task what is done to it from outside; when that was, by the stopwatch."""
    if situation.act.startswith("cancel"):
        await client.child.line_with('"watching"', within_seconds=START_SECONDS)
        os.kill(client.child.pid, signal.SIGUSR1)
        moment, _ = await client.child.line_with('"cancelling"', within_seconds=START_SECONDS)
        return moment
    moment = stopwatch()
    if situation.act == "stop its worker":
        os.kill(workers.who_runs(situation.key), signal.SIGTERM)
    elif situation.act == "kill all of its worker":
        kill_all(workers.who_runs(situation.key))
    else:
        await system.restart_broker(kill=situation.act != "restart the broker")
    return moment


def kill_all(pid: int) -> None:
    """A process and what it has begun, at one moment, as when their machine goes: nobody of them
    sees that another is gone."""
    processes = processes_of(pid)
    for each in processes:
        each.suspend()
    for each in processes:
        each.kill()


async def the_next(system: System, queue: str) -> float | None:
    """Seconds until an empty task was begun; None: not in time."""
    key = f"{queue}-next"
    async with submitted(system, queue, "nothing", key, seconds=NEXT_SECONDS) as client:
        try:
            await begun(system, key, within_seconds=NEXT_SECONDS)
        except TimeoutError:
            return None
        return stopwatch() - client.submitted_at


@dataclass(frozen=True, slots=True)
class Client:
    """A process that shows what becomes of a task."""

    child: Child
    submitted_at: float  # by the stopwatch


@asynccontextmanager
async def submitted(
    system: System,
    queue: str,
    deed: str,
    key: str,
    *,
    seconds: float = NEXT_SECONDS,
    limit_seconds: float = 0.0,
) -> AsyncIterator[Client]:
    """While the block runs, a client looks at a task, which is accepted."""
    order = {"deed": deed, "key": key, "queue": queue, "seconds": seconds}
    words = ("watch", json.dumps({**order, "limit_seconds": limit_seconds}))
    async with system.client(*words) as child:
        moment, _ = await child.line_with('"submitted"', within_seconds=START_SECONDS)
        yield Client(child, moment)


async def last_shown(client: Child, *, until: float) -> Shown:
    """The end, or what is shown when it is enough."""
    shown = Shown()
    with suppress(StartFailed):  # it says no more: it is enough
        while (left := until - stopwatch()) > 0:
            moment, line = await client.line_with('"seen"', within_seconds=left)
            seen: dict[str, Any] = json.loads(line)["seen"]
            ended = seen["kind"] in ("done", "failed", "cancelled")
            shown = Shown(**seen, ended_at=moment if ended else None)
            if ended:
                break
    return shown


async def begun(system: System, key: str, *, within_seconds: float) -> None:
    """Returns when a task has begun. Raises TimeoutError."""
    await _wait_for_stamp(system, f"begin {key} ", within_seconds=within_seconds)


async def come_to_its_end(system: System, key: str, *, within_seconds: float) -> None:
    """Returns when the code of a task has come to its end, or has not in time."""
    with suppress(TimeoutError):
        await _wait_for_stamp(system, f"end {key} ", within_seconds=within_seconds)


async def _wait_for_stamp(system: System, words: str, *, within_seconds: float) -> None:
    async with asyncio.timeout(within_seconds):
        while not stamps(system, words):  # noqa: ASYNC110 - a file that others write is read
            await asyncio.sleep(_LOOK_SECONDS)


def stamps(system: System, words: str) -> int:
    """How many of these the code of tasks has left."""
    return system.stamps.read_text().count(words)


class Workers:
    """Those of one queue; one that ends is started again, as a service manager would, or not."""

    def __init__(self, system: System, queue: str, *, again: bool) -> None:
        self._system, self._queue, self._again = system, queue, again
        self.ended = 0  # so many have, and were started again

    @classmethod
    @asynccontextmanager
    async def of(
        cls, system: System, queue: str, count: int, *, again: bool
    ) -> AsyncIterator[Workers]:
        """So many while the block runs. Raises StartFailed where the first do not start."""
        workers = cls(system, queue, again=again)
        ready = [asyncio.Event() for _ in range(count)]
        names = [f"{queue}-{number}" for number in range(count)]
        keeping = [
            asyncio.create_task(workers._keep(*each)) for each in zip(names, ready, strict=True)
        ]
        try:
            while not all(each.is_set() for each in ready):
                for task in keeping:
                    if task.done():
                        task.result()
                await asyncio.sleep(_LOOK_SECONDS)
            yield workers
        finally:
            for task in keeping:
                task.cancel()
            await asyncio.gather(*keeping, return_exceptions=True)

    def who_runs(self, key: str) -> int:
        """The pid of the worker that has begun this task; its processes are a group."""
        lines = self._system.stamps.read_text().splitlines()
        (pid,) = (line.split()[2] for line in lines if line.startswith(f"begin {key} "))
        return os.getpgid(int(pid))

    async def _keep(self, name: str, ready: asyncio.Event) -> None:
        while True:
            async with self._system.started(self._system.worker(self._queue, name)) as child:
                try:
                    await child.line_with(BEGIN, within_seconds=START_SECONDS)
                    ready.set()
                    await child.output(within_seconds=_MAX_SECONDS, check=False)
                except StartFailed:
                    if not ready.is_set():
                        raise  # what never began cannot be looked at
                finally:
                    with suppress(ProcessLookupError):
                        os.killpg(child.pid, signal.SIGKILL)  # what it left, too
            if not self._again:
                return
            self.ended += 1
            await asyncio.sleep(_RESTART_SECONDS)
