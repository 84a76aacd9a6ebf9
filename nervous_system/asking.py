"""How is a service asked to decide something? By an event, answered after the log confirmed it.

Whoever leads the service answers. A request that is not answered in time is sent again under the
same id, so it is decided on once, whoever leads by then.
"""

from __future__ import annotations

import asyncio

from enchanted.events.v1.answer_pb2 import Answer
from nervous_system import names
from nervous_system.bus import Bus
from nervous_system.clock import Stopwatch, stopwatch
from nervous_system.codec import encode
from nervous_system.errors import NotAcknowledged, Transient
from nervous_system.event import Event
from nervous_system.subjects import template_of

TRY_SECONDS = 2.0
FIRST_PAUSE_SECONDS = 0.02
LONGEST_PAUSE_SECONDS = 0.5


async def ask(
    bus: Bus,
    event: Event,
    *,
    service: str,
    deadline_seconds: float = 15.0,
    watch: Stopwatch = stopwatch,
) -> Answer:
    """The answer of the service's leader to this request.

    Raises NotAcknowledged when nobody answered within the deadline: it may have been decided on or
    not, and may be asked again as it is. Raises as `Connection.request` otherwise.
    """
    subject = f"{names.REQUESTS}.{service}"
    deadline = watch() + deadline_seconds
    pause_seconds = FIRST_PAUSE_SECONDS
    reason = ""
    with bus.tracer.span("ask", template_of(event), kind="client"):
        data = encode(event)
        while (left := deadline - watch()) > 0:
            try:
                reply = await bus.connection.request(
                    subject, data, timeout_seconds=min(left, TRY_SECONDS)
                )
            except Transient as error:
                reason = str(error)
            else:
                answer = Answer.FromString(reply.data)
                if not answer.again:
                    return answer
                reason = "; ".join(answer.reasons)
            await asyncio.sleep(min(pause_seconds, max(0.0, deadline - watch())))
            pause_seconds = min(LONGEST_PAUSE_SECONDS, pause_seconds * 2)
    raise NotAcknowledged(
        f"{service} did not answer within {deadline_seconds:g} s ({reason});"
        " see `ganglion status` whether it runs, and ask again"
    )
