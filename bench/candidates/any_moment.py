"""How soon is the state at a random position there: to a process that has just started, and to one
that was asked before? And what do keyframes take?

The log is one that an overseer decided; keyframes, folds and answers are real.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random  # noqa: TID251 - the seed is given
from typing import Final

from bench.candidates.order import Order, result
from bench.decided_history import DecidedHistory
from nervous_system.bus import Bus, open_bus
from nervous_system.clock import stopwatch
from nervous_system.settings import MeshSettings
from operations.queries.state.kept import KeptStates, keep_now
from operations.queries.state.past import PastStates

_MEGABYTE: Final = 1e6
STARTS: Final = 20
SEED: Final = 15


async def run(order: Order) -> None:
    """Ask `order.ended` times on a log of `order.count` tasks."""
    settings = MeshSettings(nats_url=order.nats_url)
    chance = Random(SEED)
    folder = Path("keyframes")  # in that of the measurement
    async with open_bus(settings, name="bench") as bus:
        await bus.stream.ensure(settings)
        last = await DecidedHistory(bus).write(order.count)
        began = stopwatch()
        await keep_now(bus, KeptStates.of(bus, folder))
        keeping_seconds = stopwatch() - began
        started: list[float] = []
        for _ in range(min(STARTS, order.ended)):
            past = PastStates(bus, KeptStates.of(bus, folder))
            started += await _ask(past, [chance.randint(1, last)])
        kept = KeptStates.of(bus, folder)
        await kept.set_milestones()
        positions = [chance.randint(1, last) for _ in range(order.ended)]
        warm = await _ask(PastStates(bus, kept), positions)
        await _check(bus, kept, positions[0])
    result(
        {
            "positions": last,
            "started": sorted(started),
            "warm": sorted(warm),
            "keeping_seconds": keeping_seconds,
            "megabytes": _size_bytes(folder) / _MEGABYTE,
        }
    )


async def _ask(past: PastStates, positions: Sequence[int]) -> list[float]:
    took: list[float] = []
    for position in positions:
        began = stopwatch()
        await past.at(str(position))
        took.append(stopwatch() - began)
    return took


async def _check(bus: Bus, kept: KeptStates, position: int) -> None:
    """What is fast is also right."""
    found = await PastStates(bus, kept).at(str(position))
    first = await PastStates(bus, KeptStates.of(bus, None)).at(str(position))
    assert found.document() == first.document()


def _size_bytes(folder: Path) -> int:
    return sum(each.stat().st_size for each in folder.rglob("*") if each.is_file())
