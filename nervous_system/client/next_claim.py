"""What does a worker claim with the result of a task, in one request?

The overseer decides on it when the result is in its state, so what the result made ready can be
claimed. It begins a trace of its own: the next task has nothing to do with the one before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from enchanted.events.v1.answer_pb2 import Answer, TaskGrant
from enchanted.events.v1.task_request_pb2 import ClaimRequested
from nervous_system.client.request_client import RequestClient, show_grant
from nervous_system.telemetry.tracing import Span


class NextClaim:
    """A claim on its way. Made on an event loop."""

    def __init__(self, request: ClaimRequested, asker: RequestClient) -> None:
        self._request = request
        self._asker = asker
        self._span: Span | None = None  # that begins its trace
        self.grant: asyncio.Future[TaskGrant | None] = asyncio.get_running_loop().create_future()
        """What came of it; None: nothing."""

    @contextmanager
    def request(self) -> Iterator[ClaimRequested]:
        """The claim, inside the span that begins its trace."""
        with self._asker.beginning(self._request) as span:
            self._request.traceparent = span.traceparent
            self._span = span
            yield self._request

    def heard(self, answer: Answer) -> None:
        """The answer, before its span ends."""
        if self._span is not None:
            show_grant(self._span, answer)

    def take_answer(self, answer: Answer | None) -> None:
        """The answer to the result it went with; None where there is none."""
        if self.grant.done():
            return  # whoever claimed has gone
        if answer is not None and answer.HasField("grant"):
            self.grant.set_result(answer.grant)
        else:
            self.grant.set_result(None)
