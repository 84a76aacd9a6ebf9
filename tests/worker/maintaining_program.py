"""What does a worker do that a test kills in the middle? `maintaining_program.py URL HOME`."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from mesh_of_worker import NOW, do, job

from nervous_system import failpoint
from nervous_system.bus import open_bus
from nervous_system.settings import MeshSettings
from worker.action import Place


async def main(url: str, home: Path) -> None:
    """One run of maintenance."""
    async with open_bus(MeshSettings(nats_url=url), name="maintaining") as bus:
        place = Place(home=home, bus=bus, clickhouse=None, clock=lambda: NOW)
        await do(job("maintain.logs", key="k"), place)


if __name__ == "__main__":
    failpoint.arm(os.environ[failpoint.VARIABLE])
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
