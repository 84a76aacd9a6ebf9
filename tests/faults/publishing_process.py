"""A publisher that a test kills: `publishing_process.py URL COUNT BULK [FAILPOINT]`.

It publishes the events `killed-0` … in order, in bulk or one by one, and prints the number of those
that are acknowledged.
"""

from __future__ import annotations

import asyncio
import sys

from nervous_system.bus import open_bus
from nervous_system.contract.message import Entry
from nervous_system.failpoint import arm
from nervous_system.settings import MeshSettings
from tests.events_under_test import event, labels

BULK = 200


async def main(url: str, count: int, bulk: bool, point: str) -> None:
    async with open_bus(MeshSettings(nats_url=url), name="doomed") as bus:
        if point:
            arm(point)
        entries = [Entry(event=event(label)) for label in labels("killed", count)]
        if not bulk:
            for number, entry in enumerate(entries, 1):
                await bus.publish(entry.event)
                print(number, flush=True)
            return
        for start in range(0, count, BULK):
            await bus.publish_all(entries[start : start + BULK])
            print(min(start + BULK, count), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3] == "bulk", *sys.argv[4:5] or [""]))
