"""How does a service get work delivered at least once? A durable pull consumer, acknowledged after
the work is done.

Not for agents: where the NATS server has users, those of agents and of people make no durables, as
whoever makes one could have the server say things in its name (decisions 16, 21). An agent follows
what it may hear with `Bus.feed`; who reads the whole log comes as an operator, takes `Bus.reader`,
and keeps its position itself.

The position is the server's; its acknowledgements can be lost in a crash, so a handler must bear
seeing an event again (`RecordedEvent.event.event_id` tells).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final

import nats.errors
import nats.js.errors
import structlog
from nats.aio.msg import Msg
from nats.js.client import JetStreamContext

from nervous_system import names
from nervous_system.bus import Bus
from nervous_system.cancelling import cancel, heeding
from nervous_system.contract.event import RecordedEvent
from nervous_system.contract.stored import Stored
from nervous_system.errors import Forbidden, Permanent, Transient, Unavailable
from nervous_system.telemetry import semantic_names as attribute
from nervous_system.telemetry.metric_catalogue import EVENTS_HANDLED
from nervous_system.telemetry.tracing import extract
from nervous_system.transport.connection import translate_errors
from nervous_system.waiting import pause

_log = structlog.get_logger()

Handler = Callable[[RecordedEvent], Awaitable[None]]
"""Does the work.

Transient: deliver again later. Permanent: give up on this event, named and counted. Anything else
ends `run`, and the event comes again.
"""

ACKNOWLEDGE_SECONDS: Final = 30.0
"""After so long without a word from us the server delivers again; a handler may take longer."""

MAX_DELIVERIES: Final = 20
"""Tries before an event that keeps failing is given up."""

FIRST_DELAY_SECONDS: Final = 1.0
MAX_DELAY_SECONDS: Final = 60.0
FETCH_SECONDS: Final = 1.0
"""How long one fetch waits, and so how late a stop can be noticed."""

REBIND_SECONDS: Final = 0.5


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
        max_in_flight: int = 100,
        acknowledge_seconds: float = ACKNOWLEDGE_SECONDS,
        first_delay_seconds: float = FIRST_DELAY_SECONDS,
    ) -> None:
        self._bus = bus
        self._durable = durable
        self._subjects = list(subjects)
        self._max_in_flight = max_in_flight
        self._acknowledge_seconds = acknowledge_seconds
        self._first_delay_seconds = first_delay_seconds
        self._outcomes = bus.metrics.counter(EVENTS_HANDLED)

    async def ensure(self) -> None:
        """Make the durable if it is missing; a new one begins where the log begins.

        Raises Forbidden, which says what to use instead, Unavailable, NotAcknowledged.
        """
        subject = f"$JS.API.CONSUMER.DURABLE.CREATE.{names.STREAM}.{self._durable}"
        asked = {
            "stream_name": names.STREAM,
            "config": {
                "durable_name": self._durable,
                "ack_policy": "explicit",
                "ack_wait": int(self._acknowledge_seconds * 1_000_000_000),
                "max_deliver": -1,  # we give up, with a word, before the server would skip
                "max_ack_pending": self._max_in_flight,
                "deliver_policy": "all",
                "filter_subjects": self._subjects,
            },
        }
        try:
            await self._bus.connection.request_json(subject, asked)
        except Forbidden as error:
            raise Forbidden(
                f"the durable consumer {self._durable} is refused: {error}. Agents and people make"
                " none: an agent follows what it may hear with `bus.feed(subjects, since=…)`; to"
                " read the whole log come as an operator (`ganglion keys new NAME --role"
                " operator`), take `bus.reader(start_sequence=…)`, and keep the position yourself"
            ) from error

    async def run(self, handler: Handler, stop: asyncio.Event) -> None:
        """Hand every event to `handler`, in order of delivery, until `stop` is set.

        A durable that was deleted is made again and begins anew: everything is delivered once more.
        """
        while not stop.is_set():
            try:
                await self._run_bound(handler, stop)
            except Transient as error:
                _log.warning("consumer.interrupted", durable=self._durable, reason=str(error))
                await pause(REBIND_SECONDS, unless=stop)

    async def _run_bound(self, handler: Handler, stop: asyncio.Event) -> None:
        await self.ensure()
        jetstream = self._bus.connection.client.jetstream()
        with translate_errors(f"binding to {self._durable}"):
            subscription = await jetstream.pull_subscribe_bind(
                durable=self._durable, stream=names.STREAM
            )
        try:
            while not stop.is_set():
                waiting = deque(await self._fetch(subscription))
                async with self._keep_in_progress(waiting):
                    while waiting and not stop.is_set():
                        await self._settle(waiting[0], handler)
                        waiting.popleft()
                for message in waiting:
                    await self._answer(message.nak())  # for those who go on
        finally:
            # Also while the connection is down: what is left to nats-py there is waited for in its
            # drain, and nobody would ever read it.
            if not self._bus.connection.client.is_closed:
                with translate_errors(f"leaving {self._durable}"):
                    await subscription.unsubscribe()

    async def _fetch(self, subscription: JetStreamContext.PullSubscription) -> list[Msg]:
        try:
            with translate_errors(f"fetching for {self._durable}"):
                try:
                    fetching = subscription.fetch(self._max_in_flight, timeout=FETCH_SECONDS)
                    return await heeding(fetching)
                except nats.errors.TimeoutError:
                    return []
        except nats.js.errors.APIError as error:
            raise Unavailable(f"fetching for {self._durable} failed: {error}") from error

    @asynccontextmanager
    async def _keep_in_progress(self, waiting: Sequence[Msg]) -> AsyncIterator[None]:
        """Meanwhile the server is told that what waits here is being worked on."""

        async def keep() -> None:
            while True:
                await asyncio.sleep(self._acknowledge_seconds / 3)
                for message in list(waiting):
                    with suppress(Transient):  # then it is delivered again
                        await self._answer(message.in_progress())

        keeper = asyncio.create_task(keep(), name=f"keep {self._durable}")
        try:
            yield
        finally:
            await cancel(keeper)

    async def _settle(self, message: Msg, handler: Handler) -> None:
        sequence = _sequence(message)
        attempt = message.metadata.num_delivered or 1
        template = ".".join(message.subject.split(".")[:4])
        try:
            with self._bus.tracer.span(
                "process",
                template,
                kind="consumer",
                parent=extract(message.headers),
                attributes={
                    attribute.MESSAGING_SYSTEM: attribute.NATS_SYSTEM,
                    attribute.MESSAGING_OPERATION_NAME: "process",
                    attribute.MESSAGING_OPERATION_TYPE: attribute.OPERATION_PROCESS,
                    attribute.MESSAGING_DESTINATION_NAME: message.subject,
                    attribute.MESSAGING_DESTINATION_TEMPLATE: template,
                    attribute.MESSAGING_CONSUMER_GROUP: self._durable,
                },
            ):
                await handler(self._bus.decode_stored(await self._read(sequence)))
        except Transient as error:
            if attempt >= MAX_DELIVERIES:
                await self._give_up(message, sequence, error)
                return
            wait = min(MAX_DELAY_SECONDS, self._first_delay_seconds * 2.0 ** (attempt - 1))
            self._outcomes.labels("delayed").inc()
            await self._answer(message.nak(delay=wait))
        except Permanent as error:
            await self._give_up(message, sequence, error)
        else:
            await self._answer(message.ack())
            self._outcomes.labels("handled").inc()

    async def _read(self, sequence: int) -> Stored:
        """The position as the log has it: of the headers, which vouch for it, nats-py hands over
        what it took for them. Raises Unavailable, also for one that a replica has not heard of."""
        stored = await self._bus.stream.at(sequence)
        if stored is None:
            raise Unavailable(f"position {sequence} cannot be read")
        return stored

    async def _give_up(self, message: Msg, sequence: int, error: Exception) -> None:
        self._outcomes.labels("given_up").inc()
        _log.error(
            "consumer.gave_up",
            durable=self._durable,
            sequence=sequence,
            subject=message.subject,
            reason=str(error),
            remedy="the event is still on the log; handle it by its sequence",
        )
        await self._answer(message.term())

    async def _answer(self, answering: Awaitable[None]) -> None:
        with translate_errors(f"acknowledging for {self._durable}"):
            await answering


def _sequence(message: Msg) -> int:
    tokens = message.reply.split(".")
    return int(tokens[7 if len(tokens) > 9 else 5])
