"""How long does the overseer's core fold a history of so many tasks, and how does it grow by it?

The bytes of the events are made slice by slice and not counted; decoding them is.
"""

from __future__ import annotations

import gc
from itertools import islice

import psutil

from bench.candidates.order import Order, result
from bench.task_history import history
from nervous_system.bus import decode_stored
from nervous_system.clock import stopwatch
from overseer.core import OverseerCore
from overseer.plan import Catalogue, CataloguePlanner

SLICE = 10_000
_MEGABYTE = 1e6


async def run(order: Order) -> None:
    """Fold it."""
    core = OverseerCore(planner=CataloguePlanner(Catalogue.load_shipped()))
    process = psutil.Process()
    log = history(order.count)
    state = core.initial()
    gc.collect()
    before = process.memory_info().rss
    events, decoding, seconds = 0, 0.0, 0.0
    while stored := list(islice(log, SLICE)):
        began = stopwatch()
        decoded = [decode_stored(each) for each in stored]
        between = stopwatch()
        for each in decoded:
            state = core.evolve(state, each)
        decoding += between - began
        seconds += stopwatch() - began
        events += len(stored)
        del stored, decoded
    gc.collect()
    result(
        {
            "events": events,
            "seconds": seconds,
            "decoding": decoding,
            "megabytes": (process.memory_info().rss - before) / _MEGABYTE,
            "open": len(state.kernel.tasks),
            "ended": len(state.kernel.ended),
        }
    )
