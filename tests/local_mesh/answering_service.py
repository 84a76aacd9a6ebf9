"""A service that does nothing but say how it is, until SIGTERM."""

from __future__ import annotations

import asyncio
import sys

from nervous_system.host.process import main
from nervous_system.settings import MeshSettings
from nervous_system.telemetry.service import telemetry


async def run(stop: asyncio.Event) -> None:
    async with telemetry(MeshSettings(), service="answering"):
        await stop.wait()


if __name__ == "__main__":
    sys.exit(main(run))
