"""How many requests were there, how did they end, and how long did they take?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Final

from starlette.types import Message, Scope

from nervous_system.clock import Stopwatch, stopwatch
from nervous_system.telemetry.metric_catalogue import HTTP_REQUESTS, HTTP_SECONDS
from nervous_system.telemetry.metrics import Metrics

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_STREAM: Final = b"text/event-stream"
CLOSED: Final = "closed"
"""The status of what was not answered, as the client, or the server, had gone."""


class RequestMetrics:
    """Of one server. A label is a route's own path, never what somebody typed."""

    def __init__(self, metrics: Metrics, *, watch: Stopwatch = stopwatch) -> None:
        self._requests = metrics.counter(HTTP_REQUESTS)
        self._seconds = metrics.histogram(HTTP_SECONDS)
        self._watch = watch

    @contextmanager
    def one(self, scope: Scope) -> Iterator[Answer]:
        """While it is answered."""
        began, answer = self._watch(), Answer()
        try:
            yield answer
        finally:
            route = getattr(scope.get("route"), "path", "")
            method = scope.get("method", "WEBSOCKET")
            known = method if method in _METHODS or method == "WEBSOCKET" else "other"
            self._requests.labels(known, route, answer.status or CLOSED).inc()
            if answer.status and not answer.is_stream:
                self._seconds.labels(route).observe(self._watch() - began)


class Answer:
    """How one is answered."""

    def __init__(self) -> None:
        self.status = ""
        self.is_stream = False

    def see(self, message: Message) -> None:
        """What is sent."""
        if message["type"] in ("http.response.start", "websocket.http.response.start"):
            self.status = str(message["status"])
            kinds = [value for name, value in message.get("headers", ()) if name == b"content-type"]
            self.is_stream = any(each.startswith(_STREAM) for each in kinds)
        elif message["type"] == "websocket.accept":
            self.status, self.is_stream = str(HTTPStatus.SWITCHING_PROTOCOLS.value), True
