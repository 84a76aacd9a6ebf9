"""How long does the ingestor wait for ClickHouse, if that does not answer, or not well?"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import structlog

from nervous_system.clickhouse.error_families import TooLargeNow
from nervous_system.errors import Transient
from nervous_system.remedies import what_helps
from nervous_system.retry import RetryPolicy
from nervous_system.telemetry.health import Work
from nervous_system.telemetry.metric_catalogue import INSERT_FAILURES
from nervous_system.telemetry.metrics import Metrics
from nervous_system.waiting import pause

_log = structlog.get_logger()

Answer = TypeVar("Answer")

DRAINING_WAIT_SECONDS: Final = 0.2
"""Between two tries after the stop."""


class Patience:
    """For as long as it takes; the drain's deadline is `Ingestor.run`'s."""

    def __init__(
        self, *, work: Work, metrics: Metrics, stop: asyncio.Event, retry: RetryPolicy | None
    ) -> None:
        self._work = work
        self._metrics = metrics
        self._stop = stop
        self._retry = retry or RetryPolicy(first_seconds=0.1, max_seconds=5.0)

    async def with_retries(
        self, doing: str, call: Callable[[], Awaitable[Answer]], *, cuttable: bool = False
    ) -> Answer:
        """The answer of `call`, tried again while the failure is transient.

        What can be cut is not tried again as a whole where it is too large: TooLargeNow.
        """
        attempt = 0
        while True:
            attempt += 1
            try:
                answer = await call()
            except Transient as error:
                self._metrics.counter(INSERT_FAILURES).inc()
                if cuttable and isinstance(error, TooLargeNow):
                    raise
                self._work.held_up(
                    f"{doing} fails: {error}",
                    remedy=what_helps(error, server="clickhouse"),
                )
                _log.warning("ingestor.waiting", doing=doing, attempt=attempt, reason=str(error))
                wait = self._retry.wait(error, attempt=attempt, elapsed_seconds=0.0) or 1.0
                await pause(wait, unless=self._stop)
                if self._stop.is_set():
                    await asyncio.sleep(DRAINING_WAIT_SECONDS)
            else:
                self._work.goes_on()
                return answer
