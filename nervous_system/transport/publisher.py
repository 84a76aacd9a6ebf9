"""How does an event get onto the log, acknowledged, once?

Single appends and atomic batches with one deadline.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from nervous_system import names
from nervous_system.clock import Stopwatch, stopwatch
from nervous_system.contract.message import Acknowledgement, Expectation, Message
from nervous_system.errors import (
    Conflict,
    Crowded,
    Duplicate,
    Fenced,
    GanglionError,
    IdTaken,
    NotAcknowledged,
    Permanent,
    Transient,
    Unavailable,
)
from nervous_system.failpoint import failpoint
from nervous_system.ids import new_event_id
from nervous_system.retry import RetryPolicy
from nervous_system.telemetry.metric_catalogue import (
    EVENTS_PUBLISHED,
    PUBLISH_RETRIES,
    PUBLISH_SECONDS,
)
from nervous_system.telemetry.metrics import Metrics
from nervous_system.transport.connection import Connection, translate_errors
from nervous_system.transport.frame import frame
from nervous_system.transport.insisting import OF_A_LEADER, OF_MANY, Insistence, insist
from nervous_system.transport.refusals import refusal
from nervous_system.transport.stored_messages import StoredMessages, id_taken, is_at
from nervous_system.transport.stream import Stream

TRY_SECONDS = 2.0
"""How long one try waits for the server's acknowledgement."""

SMALL_BATCH_BYTES = 32 * 1024
"""What is sent again and again where the log is crowded."""


class Publisher:
    """Appends to the log.

    Returns only after the server said that the event is on disk.
    """

    def __init__(
        self,
        connection: Connection,
        stream: Stream,
        *,
        retry: RetryPolicy | None = None,
        metrics: Metrics | None = None,
        watch: Stopwatch = stopwatch,
    ) -> None:
        metrics = metrics or Metrics()
        self._connection = connection
        self._stream = stream
        self._retry = retry or RetryPolicy()
        self._watch = watch
        self._stored_messages = StoredMessages(connection, stream)
        self._published = metrics.counter(EVENTS_PUBLISHED)
        self._seconds = metrics.histogram(PUBLISH_SECONDS)
        self._retries = metrics.counter(PUBLISH_RETRIES)
        # The last position we know of: what is tried from now on will stand behind it.
        self._floor: int | None = None

    async def append(self, message: Message) -> Acknowledgement:
        """Store one message.

        Tried again under the same id until the deadline. Raises Conflict when its expectation does
        not hold and what stands there is not its own earlier try, IdTaken when other bytes stand
        under its id; NotAcknowledged or Unavailable when the deadline passed; LogFull, TooLarge,
        Forbidden at once.
        """
        return await self._measure(self._append(message), shape="event", events=1)

    async def append_batch(
        self, messages: Sequence[Message], *, fence: Expectation | None = None
    ) -> Acknowledgement:
        """Store all of them or none, one after the other, at most 1000.

        `fence` is expected on the first message, which then can have no expectation of its own.
        Raises Fenced when it does not hold, Conflict when a message's expectation does not,
        Duplicate when the log already has one of these messages but not this batch, IdTaken when
        it has other bytes under one of the ids, and as `append`.
        """
        return await self._measure(
            self._append_batch(messages, fence), shape="batch", events=len(messages)
        )

    async def _measure(
        self, appending: Awaitable[Acknowledgement], *, shape: str, events: int
    ) -> Acknowledgement:
        started = self._watch()
        try:
            acknowledgement = await appending
        except GanglionError as error:
            self._published.labels(_outcome(error)).inc(events)
            raise
        self._seconds.labels(shape).observe(self._watch() - started)
        outcome = "duplicate" if acknowledgement.duplicate else "acknowledged"
        self._published.labels(outcome).inc(events)
        return acknowledgement

    async def _append(self, message: Message) -> Acknowledgement:
        async def once(timeout_seconds: float) -> Acknowledgement:
            failpoint("publish.before_send")
            reply = await self._connection.request(
                message.subject,
                message.data,
                headers=message.headers(),
                timeout_seconds=timeout_seconds,
            )
            failpoint("publish.after_ack")
            answer = _acknowledgement(reply.data, what=f"the publish to {message.subject}")
            if answer.duplicate:
                await self._stored_messages.confirm(message, answer.last_sequence)
            return answer

        try:
            return await self._persist(once)
        except IdTaken:
            raise
        except Conflict:
            expectation = message.expectation
            if expectation is None:
                raise
            own = await self._stored_messages.earlier_try(
                message, expectation.subject_filter, at_least=expectation.sequence + 1
            )
            if own is None:
                raise
            return Acknowledgement(own, own, duplicate=True)

    async def _append_batch(
        self, messages: Sequence[Message], fence: Expectation | None
    ) -> Acknowledgement:
        if not messages:
            raise ValueError("an empty batch was appended")
        if len(messages) > names.MAX_BATCH_MESSAGES:
            raise Permanent(
                f"a batch of {len(messages)} messages is more than the {names.MAX_BATCH_MESSAGES}"
                " that the server stores at once; cut it"
            )
        if fence is not None:
            if messages[0].expectation is not None:
                raise ValueError("the first message of a fenced batch cannot have an expectation")
            messages = [replace(messages[0], expectation=fence), *messages[1:]]
        behind: int | None = None  # where the first try could have been stored at the earliest

        async def once(timeout_seconds: float) -> Acknowledgement:
            nonlocal behind
            if behind is None:
                behind = await self._known_end(timeout_seconds) + 1
            return await self._send_batch(messages, timeout_seconds)

        try:
            return await self._persist(once, OF_MANY if fence is None else OF_A_LEADER)
        except (Conflict, Duplicate) as error:
            # An earlier try of ours may have been stored though its acknowledgement was lost.
            assert behind is not None
            own = await self._stored_messages.earlier_batch(messages, at_least=behind)
            if own is not None:
                return Acknowledgement(own, own + len(messages) - 1, duplicate=True)
            if isinstance(error, Duplicate):
                await self._refuse_other_bytes(messages)
            if fence is not None and isinstance(error, Conflict):
                present = await self._stream.last_on(fence.subject_filter)
                if present is None or present.sequence != fence.sequence:
                    raise Fenced(
                        f"a newer leader holds {fence.subject_filter}; this one stops writing"
                    ) from error
            raise

    async def _send_batch(
        self, messages: Sequence[Message], timeout_seconds: float
    ) -> Acknowledgement:
        batch_id = new_event_id()
        *body, last = messages
        generation = self._connection.generation
        frames = []
        for number, message in enumerate(body, 1):
            headers = message.headers()
            headers[names.BATCH_ID] = batch_id
            headers[names.BATCH_SEQUENCE] = str(number)
            framed = frame(message.subject, message.data, headers=headers)
            if len(framed) > self._connection.client.max_payload:
                self._connection.check_size(message.subject, message.data, headers)
            frames.append(framed)
        with translate_errors("an atomic batch"):
            # They go with the request that ends the batch.
            self._connection.client.send(frames, flush=False)
        headers = last.headers()
        headers[names.BATCH_ID] = batch_id
        headers[names.BATCH_SEQUENCE] = str(len(messages))
        headers[names.BATCH_COMMIT] = "1"
        failpoint("publish.before_commit")
        if self._connection.generation != generation:
            raise Unavailable("an atomic batch was cut off: the connection to NATS was lost")
        reply = await self._connection.request(
            last.subject,
            last.data,
            headers=headers,
            timeout_seconds=timeout_seconds,
            also=tuple({message.subject for message in body}),
        )
        failpoint("publish.after_ack")
        try:
            return _acknowledgement(reply.data, what="the atomic batch", messages=len(messages))
        except Crowded as error:
            if sum(map(len, frames)) > SMALL_BATCH_BYTES:
                raise Unavailable(str(error)) from error  # not to be sent hundreds of times
            raise

    async def _once_or_insist(
        self,
        once: Callable[[float], Awaitable[Acknowledgement]],
        insistence: Insistence,
        *,
        seconds: float,
    ) -> Acknowledgement:
        try:
            return await once(max(0.05, min(TRY_SECONDS, seconds)))
        except Crowded:
            return await insist(
                once, insistence, seconds=seconds, watch=self._watch, copied=self._retries.inc
            )

    async def _persist(
        self,
        once: Callable[[float], Awaitable[Acknowledgement]],
        insistence: Insistence = OF_MANY,
    ) -> Acknowledgement:
        started = self._watch()
        attempt = 0
        while True:
            attempt += 1
            left = self._retry.deadline_seconds - (self._watch() - started)
            try:
                acknowledgement = await self._once_or_insist(once, insistence, seconds=left)
            except Transient as error:
                wait = self._retry.wait(
                    error, attempt=attempt, elapsed_seconds=self._watch() - started
                )
                if wait is None:
                    if isinstance(error, (NotAcknowledged, Unavailable)):
                        raise type(error)(
                            f"{error}; gave up after {attempt} tries in"
                            f" {self._watch() - started:.1f} s (the same event may be sent again)"
                        ) from error
                    raise
                self._retries.inc()
                await asyncio.sleep(wait)
                left = self._retry.deadline_seconds - (self._watch() - started)
                await self._connection.wait_connected(timeout_seconds=max(0.0, left))
            else:
                self._floor = max(self._floor or 0, acknowledgement.last_sequence)
                return acknowledgement

    async def _known_end(self, timeout_seconds: float) -> int:
        """A position that the log has reached; asked for once, as acknowledgements tell later."""
        if self._floor is None:
            state = await self._stream.state(timeout_seconds=timeout_seconds)
            self._floor = max(self._floor or 0, state.last_sequence)
        return self._floor

    async def _refuse_other_bytes(self, messages: Sequence[Message]) -> None:
        """Raises IdTaken where other bytes stand under an id of a batch; else it is repeated."""
        known = await self._stored_messages.stored_by_id(messages)
        other = {
            message.message_id: known[message.message_id]
            for message in messages
            if message.message_id in known and not is_at(message, known[message.message_id])
        }
        if other:
            raise id_taken(other)


def _acknowledgement(data: bytes, *, what: str, messages: int = 1) -> Acknowledgement:
    answer = json.loads(data)
    if "error" in answer:
        raise refusal(answer["error"], what=what, publishing=True)
    last = answer["seq"]
    return Acknowledgement(last - messages + 1, last, duplicate=answer.get("duplicate", False))


def _outcome(error: GanglionError) -> str:
    match error:
        case Duplicate():
            return "duplicate"
        case Conflict() | Fenced():
            return "conflict"
        case Transient():
            return "unconfirmed"
    return "refused"
