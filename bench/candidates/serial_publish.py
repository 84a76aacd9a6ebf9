"""How fast is nats-py's own `js.publish`, one after the other, with the same bytes?

Without headers and without checks: it is given every advantage.
"""

from __future__ import annotations

import nats

from bench.candidates.order import Order, result
from bench.events import entries, payloads
from nervous_system.bus import open_bus
from nervous_system.clock import stopwatch
from nervous_system.contract.message import encode_message
from nervous_system.contract.redaction import Redactor
from nervous_system.settings import MeshSettings


async def run(order: Order) -> None:
    """Publish `order.count` messages made before; the stream is made first."""
    settings = MeshSettings(nats_url=order.nats_url)
    async with open_bus(settings, name="bench") as bus:
        await bus.stream.ensure(settings)
    redactor = Redactor.of()
    messages = [
        encode_message(entry, redactor, traceparent=None)[0]
        for entry in entries(payloads(order.count))
    ]
    client = await nats.connect(order.nats_url)
    stream = client.jetstream()
    started = stopwatch()
    for message in messages:
        await stream.publish(message.subject, message.data)
    result({"seconds": stopwatch() - started})
    await client.close()
