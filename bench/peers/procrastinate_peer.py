"""procrastinate on PostgreSQL. Worker: `procrastinate_peer.py worker N`, its own asynchronous
worker with that concurrency; client: this program with an order.

Over when no job is to do or being done: it records the end of each in the jobs' table.
"""

from __future__ import annotations

import asyncio
import os
import sys

import measuring
import procrastinate

MAX_CONNECTIONS = 20

app = procrastinate.App(
    connector=procrastinate.PsycopgConnector(
        conninfo=os.environ["PEER_URL"], min_size=4, max_size=MAX_CONNECTIONS
    )
)


@app.task
async def nothing() -> None:
    """The measured task."""


@app.task
async def stamped() -> None:
    """Says when it began."""
    measuring.stamp()


async def submit(count: int, at_once: int) -> None:
    await measuring.concurrently(nothing.defer_async, count, at_once)


async def submit_stamp() -> None:
    await stamped.defer_async()


async def fill(count: int) -> None:
    for first in range(0, count, 1000):
        jobs: list[dict[str, object]] = [{} for _ in range(first, min(count, first + 1000))]
        await nothing.batch_defer_async(*jobs)
    await app.connector.execute_query_async("ANALYZE procrastinate_jobs")


async def left() -> int:
    return await _count("status IN ('todo', 'doing')")


async def recorded() -> int:
    return await _count("status = 'succeeded'")


async def _count(which: str) -> int:
    query = f"SELECT count(*) AS jobs FROM procrastinate_jobs WHERE {which}"
    return int((await app.connector.execute_query_one_async(query))["jobs"])


async def main() -> None:
    async with app.open_async():
        if sys.argv[1] == "schema":
            await app.schema_manager.apply_schema_async()
            measuring.ready()
        elif sys.argv[1] == "worker":
            measuring.ready()
            await app.run_worker_async(concurrency=int(sys.argv[2]))
        else:
            peer = measuring.Peer(
                submit=submit, submit_stamp=submit_stamp, fill=fill, left=left, recorded=recorded
            )
            await measuring.run(peer, measuring.order())


if __name__ == "__main__":
    asyncio.run(main())
