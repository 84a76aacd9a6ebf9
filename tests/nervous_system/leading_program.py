"""One who wants to lead: `leading_program.py URL HOLDER`. Says that it leads, and why no longer.

Its leases are short, so that a test need not wait long for one to run out.
"""

from __future__ import annotations

import asyncio
import sys

from nervous_system.bus import open_bus
from nervous_system.errors import Fenced
from nervous_system.service import lease
from nervous_system.service.lease import hold_lease, open_leases
from nervous_system.settings import MeshSettings

SHORT_LEASE = {"LEASE_SECONDS": 3.0, "RENEW_SECONDS": 0.2, "POLL_SECONDS": 0.1}
"""Not shorter: who leads on a machine with much else to do must come to renew it."""


async def main(url: str, holder: str) -> None:
    async with open_bus(MeshSettings(nats_url=url), name=holder) as bus:
        leases = await open_leases(bus.connection)
        try:
            async with hold_lease(leases, "test.main", holder=holder, stop=asyncio.Event()):
                print("leading", flush=True)
                await asyncio.Event().wait()
        except Fenced as error:
            print(f"fenced: {error}", flush=True)


if __name__ == "__main__":
    vars(lease).update(SHORT_LEASE)
    asyncio.run(main(sys.argv[1], sys.argv[2]))
