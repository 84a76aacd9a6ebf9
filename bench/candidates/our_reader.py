"""How fast does our reader pull, with nothing done to what comes?"""

from __future__ import annotations

from bench.candidates.order import Order, begin, end
from nervous_system.bus import open_bus
from nervous_system.settings import MeshSettings


async def run(order: Order) -> None:
    """Read `order.count` events."""
    async with open_bus(MeshSettings(nats_url=order.nats_url), name="bench") as bus:
        begin()
        left = order.count
        async with bus.reader(start_sequence=1) as reader:
            while left > 0:
                left -= len(await reader.batch(max_messages=min(left, 20_000), within_seconds=10.0))
        end()
