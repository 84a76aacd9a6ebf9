"""A service that counts: `counting_program.py URL HOLDER [FAILPOINT]`, until SIGTERM.

Its leases are short, so that a test need not wait for one to run out.
"""

from __future__ import annotations

import asyncio
import sys

from nervous_system.bus import open_bus
from nervous_system.failpoint import arm
from nervous_system.host.process import main
from nervous_system.service import lease
from nervous_system.service.runner import Runner
from nervous_system.settings import MeshSettings
from tests.nervous_system.counting import role
from tests.nervous_system.leading_program import SHORT_LEASE


async def run(stop: asyncio.Event) -> None:
    url, holder, *points = sys.argv[1:]
    async with open_bus(MeshSettings(nats_url=url), name=holder) as bus:
        for point in points:
            arm(point)
        await Runner(bus, role(tick_seconds=0.2), holder=holder).run(stop)


if __name__ == "__main__":
    vars(lease).update(SHORT_LEASE)
    sys.exit(main(run))
