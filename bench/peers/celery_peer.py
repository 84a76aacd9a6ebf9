"""Celery on Redis. Worker: `celery -A celery_peer worker --concurrency N`; client: this program.

Late acknowledgement and a prefetch of one, as its documentation has it for tasks that must not get
lost with their worker; results in Redis, too. Over when the queue is empty and nothing is
unacknowledged: with late acknowledgement the result was stored before.
"""

from __future__ import annotations

import asyncio
import json
import os
import threading
import uuid

import measuring
import redis
from celery import Celery
from celery.signals import worker_ready

URL = os.environ["PEER_URL"]
QUEUE = "celery"

app = Celery("celery_peer", broker=URL, backend=URL)
app.conf.update(
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    broker_pool_limit=64,
    broker_connection_retry_on_startup=True,
)


@app.task
def nothing() -> None:
    """The measured task."""


@app.task
def stamped() -> None:
    """Says when it began."""
    measuring.stamp()


@worker_ready.connect
def _ready(**_: object) -> None:
    measuring.ready()


async def submit(count: int, at_once: int) -> None:
    left = iter(range(count))
    lock = threading.Lock()

    def one_after_the_other() -> None:
        while True:
            with lock:
                if next(left, None) is None:
                    return
            nothing.delay()

    await asyncio.gather(*(asyncio.to_thread(one_after_the_other) for _ in range(at_once)))


async def submit_stamp() -> None:
    stamped.delay()


async def fill(count: int) -> None:
    """The message of one task, under other ids: Celery's own client takes a minute for so many."""
    nothing.delay()
    sample = store.lindex(QUEUE, 0)
    assert sample is not None
    task_id = json.loads(sample)["headers"]["id"].encode()
    tag = json.loads(sample)["properties"]["delivery_tag"].encode()
    for first in range(1, count, 1000):
        messages = [
            sample.replace(task_id, str(uuid.UUID(bytes=os.urandom(16))).encode()).replace(
                tag, str(uuid.UUID(bytes=os.urandom(16))).encode()
            )
            for _ in range(first, min(count, first + 1000))
        ]
        store.lpush(QUEUE, *messages)


async def left() -> int:
    with store.pipeline() as both:
        return sum(both.llen(QUEUE).hlen("unacked").execute())


async def recorded() -> int:
    return int(store.dbsize())  # a key each, and a few more


if __name__ == "__main__":
    store = redis.Redis.from_url(URL)
    peer = measuring.Peer(
        submit=submit, submit_stamp=submit_stamp, fill=fill, left=left, recorded=recorded
    )
    asyncio.run(measuring.run(peer, measuring.order()))
