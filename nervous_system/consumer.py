"""How does an agent get work delivered at least once? A durable pull consumer, acknowledged after
the work is done.

The position is the server's; its acknowledgements can be lost in a crash, so a handler must bear
seeing an event again (`Recorded.event.event_id` tells).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import nats.errors
import structlog
from nats.aio.msg import Msg
from nats.js.client import JetStreamContext

from nervous_system import names
from nervous_system.bus import Bus, recorded
from nervous_system.connection import translated
from nervous_system.errors import Permanent, Transient, Unreadable
from nervous_system.event import Recorded
from nervous_system.retry import RetryPolicy
from nervous_system.stream import Stored

_log = structlog.get_logger()

Handler = Callable[[Recorded], Awaitable[None]]
"""Does the work.

Transient: deliver again later. Permanent: give up on this event, named and counted.
"""

ACK_WAIT_SECONDS = 30.0
MOST_DELIVERIES = 20
"""Tries before an event that keeps failing is given up."""

FETCH_SECONDS = 5.0
"""How long one fetch waits, and so how late a stop can be noticed."""


class Consumer:
    """One durable subscription.

    Any number of processes may share its name and so its work.
    """

    def __init__(
        self,
        bus: Bus,
        *,
        durable: str,
        subjects: Sequence[str],
        retry: RetryPolicy | None = None,
        most_in_flight: int = 100,
    ) -> None:
        self._bus = bus
        self._durable = durable
        self._subjects = list(subjects)
        self._retry = retry or RetryPolicy(
            first_seconds=1.0, longest_seconds=60.0, deadline_seconds=600.0
        )
        self._most_in_flight = most_in_flight
        self.given_up = 0

    async def ensure(self) -> None:
        """Make the durable if it is missing, from now on.

        Raises Forbidden, Unavailable.
        """
        await self._bus.connection.request_json(
            f"$JS.API.CONSUMER.DURABLE.CREATE.{names.STREAM}.{self._durable}",
            {
                "stream_name": names.STREAM,
                "config": {
                    "durable_name": self._durable,
                    "ack_policy": "explicit",
                    "ack_wait": int(ACK_WAIT_SECONDS * 1_000_000_000),
                    "max_deliver": -1,  # we park before the server would skip
                    "max_ack_pending": self._most_in_flight,
                    "deliver_policy": "all",
                    "filter_subjects": self._subjects,
                },
            },
        )

    async def run(self, handler: Handler, stop: asyncio.Event) -> None:
        """Hand every event to `handler`, in order of delivery, until `stop` is set."""
        jetstream = self._bus.connection.client.jetstream()
        failures = 0
        while not stop.is_set():
            try:
                with translated(f"fetching for {self._durable}"):
                    subscription = await jetstream.pull_subscribe_bind(
                        durable=self._durable, stream=names.STREAM
                    )
                try:
                    while not stop.is_set():
                        with translated(f"fetching for {self._durable}"):
                            messages = await _fetch(subscription, self._most_in_flight)
                        failures = 0
                        for message in messages:
                            await self._settle(message, handler)
                finally:
                    if self._bus.connection.client.is_connected:
                        await subscription.unsubscribe()
            except Transient as error:
                failures += 1
                _log.warning("consumer.interrupted", durable=self._durable, reason=str(error))
                await asyncio.sleep(min(5.0, 0.1 * 2 ** min(failures, 6)))
                await self.ensure()

    async def _settle(self, message: Msg, handler: Handler) -> None:
        metadata = message.metadata
        stored = Stored(
            metadata.sequence.stream,
            message.subject,
            int(metadata.timestamp.timestamp() * 1_000_000) * 1000,
            message.data,
        )
        try:
            await handler(recorded(stored))
        except Transient as error:
            attempt = metadata.num_delivered or 1
            wait = self._retry.wait(error, attempt=attempt, elapsed_seconds=0.0)
            if wait is None or attempt >= MOST_DELIVERIES:
                await self._give_up(message, stored, error)
            else:
                await message.nak(delay=wait)
        except (Unreadable, Permanent) as error:
            await self._give_up(message, stored, error)
        else:
            await message.ack()

    async def _give_up(self, message: Msg, stored: Stored, error: Exception) -> None:
        self.given_up += 1
        _log.error(
            "consumer.gave_up",
            durable=self._durable,
            sequence=stored.sequence,
            subject=stored.subject,
            reason=str(error),
            remedy="the event is still on the log; handle it by its sequence",
        )
        await message.term()


async def _fetch(subscription: JetStreamContext.PullSubscription, most: int) -> list[Msg]:
    try:
        return await subscription.fetch(most, timeout=FETCH_SECONDS)
    except nats.errors.TimeoutError:
        return []
