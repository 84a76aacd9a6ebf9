"""How fast are many events published by our library: ids, checks, redaction, encoding, headers?"""

from __future__ import annotations

from bench.candidates.order import Order, result
from bench.events import entries, payloads
from nervous_system.bus import open_bus
from nervous_system.clock import stopwatch
from nervous_system.settings import MeshSettings
from nervous_system.telemetry.tracing import Tracer

SLICE = 10_000


async def run(order: Order) -> None:
    """Publish `order.count` events; the stream is made first, payloads before the clock starts."""
    settings = MeshSettings(nats_url=order.nats_url, publish_deadline_seconds=60.0)
    made = payloads(order.count)
    tracer = Tracer.start(service_name="bench", endpoint=order.otlp_endpoint)
    async with open_bus(settings, name="bench", tracer=tracer) as bus:
        await bus.stream.ensure(settings)
        started = stopwatch()
        for first in range(0, len(made), SLICE):
            await bus.publish_all(list(entries(made[first : first + SLICE], first=first)))
        seconds = stopwatch() - started
    await tracer.close()
    result({"seconds": seconds})
