"""How fast does nats-py pull, with nothing done to what comes? `fetch(500)`, as its users do."""

from __future__ import annotations

import nats
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from bench.candidates.order import Order, begin, end
from nervous_system.names import ALL_EVENTS, STREAM


async def run(order: Order) -> None:
    """Pull `order.count` events; none needs an acknowledgement."""
    client = await nats.connect(order.nats_url)
    subscription = await client.jetstream().pull_subscribe(
        ALL_EVENTS,
        stream=STREAM,
        config=ConsumerConfig(deliver_policy=DeliverPolicy.ALL, ack_policy=AckPolicy.NONE),
    )
    begin()
    left = order.count
    while left > 0:
        left -= len(await subscription.fetch(min(500, left)))
    end()
    await client.close()
