"""Where does Jaeger show a span?"""

from __future__ import annotations

from nervous_system.contract.event import Recorded


def span_address(jaeger_url: str, *, trace_id: str, span_id: str) -> str:
    """The page of the trace, with that very span found and in view."""
    address = f"{jaeger_url.rstrip('/')}/trace/{trace_id}"
    return f"{address}?uiFind={span_id}" if span_id else address


def span_page(recorded: Recorded, jaeger_url: str) -> str:
    """The page of the event's span, in its own trace."""
    event = recorded.event
    return span_address(jaeger_url, trace_id=event.trace_id, span_id=event.span_id)
