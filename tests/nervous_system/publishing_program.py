"""A publisher that is killed: `publishing_program.py URL FAILPOINT`."""

from __future__ import annotations

import asyncio
import sys

from nervous_system.bus import open_bus
from nervous_system.contract.message import Expectation
from nervous_system.failpoint import arm
from nervous_system.settings import MeshSettings
from tests.nervous_system.event_samples import decision


async def main(url: str, point: str) -> None:
    async with open_bus(MeshSettings(nats_url=url), name="doomed") as bus:
        arm(point)
        expectation = Expectation("swarm.events.*.decision.k", 0)
        await bus.publish(decision("once"), key="k", expectation=expectation)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
