"""taskiq on NATS JetStream. Worker: `taskiq worker taskiq_peer:broker --workers 1
--max-async-tasks N`; client: this program.

A pulled durable consumer, results in the object store, acknowledged after the result is saved.
Over when nothing is to be delivered and nothing unacknowledged. Stream and consumer are as it
makes them, others for each run.
"""

from __future__ import annotations

import asyncio
import os

import measuring
from taskiq import TaskiqEvents, TaskiqState
from taskiq_nats import NATSObjectStoreResultBackend, PullBasedJetStreamBroker

URL = os.environ["PEER_URL"]

RUN = os.environ["PEER_RUN"]
"""What a worker that stopped had asked for is delivered again half a minute later: not in the next
measurement."""

BATCH = int(os.environ["PEER_BATCH"])
"""Ten at once for a rate, one for how soon one is begun: the better setting for each."""

broker = PullBasedJetStreamBroker(
    servers=[URL],
    subject=f"taskiq_tasks_{RUN}",
    stream_name=f"taskiq_jetstream_{RUN}",
    durable=f"taskiq_durable_{RUN}",
    pull_consume_batch=BATCH,
    pull_consume_timeout=0.05 if BATCH > 1 else None,  # it waits for a whole batch otherwise
).with_result_backend(NATSObjectStoreResultBackend(servers=[URL]))


@broker.task(task_name="nothing")
async def nothing() -> None:
    """The measured task."""


@broker.task(task_name="stamped")
async def stamped() -> None:
    """Says when it began."""
    measuring.stamp()


@broker.on_event(TaskiqEvents.WORKER_STARTUP)
async def _ready(_: TaskiqState) -> None:
    measuring.ready()


async def submit(count: int, at_once: int) -> None:
    await measuring.concurrently(nothing.kiq, count, at_once)


async def submit_stamp() -> None:
    await stamped.kiq()


async def fill(count: int) -> None:
    """A thousand at once, without waiting for each acknowledgement: the server drops some of more,
    so what the consumer has is waited for instead."""

    async def publish(subject: str, payload: bytes, headers: dict[str, str]) -> None:
        await broker.client.publish(subject, payload, headers=headers)

    vars(broker.js)["publish"] = publish
    for first in range(0, count, 1000):
        last = min(count, first + 1000)
        await measuring.concurrently(nothing.kiq, last - first, 1)
        while await left() < last:  # noqa: ASYNC110 - the server is asked
            await asyncio.sleep(0.02)


async def left() -> int:
    consumer = await broker.js.consumer_info(broker.stream_name, broker.durable)
    return (consumer.num_pending or 0) + (consumer.num_ack_pending or 0)


async def recorded() -> int:
    store = await broker.js.stream_info("OBJ_taskiq_results")
    return store.state.messages // 2  # the result, and what is said of it


async def main() -> None:
    await broker.startup()
    try:
        peer = measuring.Peer(
            submit=submit, submit_stamp=submit_stamp, fill=fill, left=left, recorded=recorded
        )
        await measuring.run(peer, measuring.order())
    finally:
        await broker.shutdown()


if __name__ == "__main__":
    asyncio.run(main())
