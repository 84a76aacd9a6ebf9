"""How is a peer measured? The same way for each: a client submits, a worker of its own process
executes an empty function, and the peer's own store says what is left.

An order comes as JSON on the command line; what was found goes to stdout as one line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

MAX_SECONDS = 100.0
FILL_SECONDS = 280.0
FEW = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be done: `fill` the queue, or measure `rate` or `latency`."""

    what: str
    count: int
    at_once: int = 1  # so many clients submit at the same time


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """How one peer is used."""

    submit: Callable[[int, int], Awaitable[None]]  # so many empty tasks, so many at once
    submit_stamp: Callable[[], Awaitable[None]]  # one that calls `stamp`
    fill: Callable[[int], Awaitable[None]]  # as `submit`, by whatever way is fastest
    left: Callable[[], Awaitable[int]]  # tasks whose end is not recorded yet
    recorded: Callable[[], Awaitable[int]]  # results, or ends that are a success


def stamp() -> None:
    """When a worker began with a task, for the client on the same machine."""
    with Path(os.environ["PEER_STAMPS"]).open("a") as file:
        file.write(f"{time.monotonic()}\n")


def ready() -> None:
    """The worker can begin."""
    print(json.dumps({"begin": True}), flush=True)


def order() -> Order:
    """What the command line says."""
    return Order(**json.loads(sys.argv[1]))


async def run(peer: Peer, given: Order) -> None:
    """Do it, and say what was found."""
    async with asyncio.timeout(FILL_SECONDS if given.what == "fill" else MAX_SECONDS):
        if given.what == "fill":
            await peer.fill(given.count)
            found: dict[str, object] = {"left": await peer.left()}
        elif given.what == "latency":
            found = {"pickups": await _latency(peer, given.count)}
        else:
            found = await _rate(peer, given)
    print(json.dumps({"result": found}), flush=True)


async def _rate(peer: Peer, given: Order) -> dict[str, object]:
    waiting = await peer.left()
    if not waiting:  # every worker has done something once
        await peer.submit(2 * given.at_once, given.at_once)
        while await peer.left():  # noqa: ASYNC110 - a store that others write is asked
            await asyncio.sleep(0.01)
    recorded, before, began = await peer.recorded(), await peer.left(), time.monotonic()
    await peer.submit(given.count, given.at_once)
    while True:
        looked = time.monotonic()
        left = await peer.left()
        now = time.monotonic()
        done = before + given.count - left
        # A store may have a few keys of its own; what is just being taken is nowhere.
        proven = await peer.recorded() - recorded + given.at_once + FEW
        if given.count <= done <= proven:
            return {"done": done, "seconds": now - began}
        await asyncio.sleep(max(0.005, 2 * (now - looked)))


async def _latency(peer: Peer, count: int) -> list[float]:
    stamps = Path(os.environ["PEER_STAMPS"])
    stamps.write_text("")  # noqa: ASYNC240 - a moment, and nobody else waits
    submitted = []
    for number in range(1, count + 1):
        submitted.append(time.monotonic())
        await peer.submit_stamp()
        while len(_lines(stamps)) < number or await peer.left():  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.002)
    began = [float(line) for line in _lines(stamps)]
    return sorted(start - asked for start, asked in zip(began, submitted, strict=True))


def _lines(file: Path) -> list[str]:
    return file.read_text().splitlines()


async def concurrently(once: Callable[[], Awaitable[object]], count: int, at_once: int) -> None:
    """`count` times, so many at once."""
    left = iter(range(count))

    async def one_after_the_other() -> None:
        for _ in left:
            await once()

    await asyncio.gather(*(one_after_the_other() for _ in range(at_once)))
