"""Is there a Jaeger, and where does it show a span?"""

from __future__ import annotations

from typing import Final

from nervous_system.contract.event import RecordedEvent
from nervous_system.errors import NotRunning
from nervous_system.host.http_get import http_get

LOCAL: Final = "http://127.0.0.1:16686"
"""Where it is unless told otherwise; docker-compose.yml has it there, too."""


async def jaeger_address(given: str | None) -> str | None:
    """What is given, unasked: this machine may not be the one that reaches it. Without that, the
    local one if it answers.
    """
    if given is not None:
        return given
    try:
        answer = await http_get(LOCAL)
    except NotRunning:
        return None
    return LOCAL if answer.status == 200 else None


def span_address(jaeger_url: str, *, trace_id: str, span_id: str) -> str:
    """The page of the trace, with that very span found and in view."""
    address = f"{jaeger_url.rstrip('/')}/trace/{trace_id}"
    return f"{address}?uiFind={span_id}" if span_id else address


def span_page(recorded: RecordedEvent, jaeger_url: str | None) -> str | None:
    """The page of the event's span, in its own trace; None where there is no Jaeger."""
    if not jaeger_url:
        return None
    event = recorded.event
    return span_address(jaeger_url, trace_id=event.trace_id, span_id=event.span_id)
