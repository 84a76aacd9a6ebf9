"""Where does Jaeger show a span?"""

from __future__ import annotations


def span_address(jaeger_url: str, *, trace_id: str, span_id: str) -> str:
    """The page of the trace, with that very span found and in view."""
    address = f"{jaeger_url.rstrip('/')}/trace/{trace_id}"
    return f"{address}?uiFind={span_id}" if span_id else address
