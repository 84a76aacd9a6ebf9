"""`python -m bench.candidates NAME ORDER`: one contender in a process of its own."""

from __future__ import annotations

import asyncio
import importlib
import sys
from typing import Final

import uvloop

from bench.candidates.order import Order

ON_UVLOOP: Final = ("our_reader", "raw_pull", "task_worker")
"""As our services run; the others run as an agent's own code does, on asyncio's loop."""


def main() -> None:
    """Run it."""
    _, name, argument = sys.argv
    run = importlib.import_module(f"bench.candidates.{name}").run
    start = uvloop.run if name in ON_UVLOOP else asyncio.run
    start(run(Order.from_argument(argument)))


if __name__ == "__main__":
    main()
