"""What can a process do with the log?

Publish, append atomically, read; everything else is built on these.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, suppress
from dataclasses import replace
from datetime import datetime
from functools import partial

import structlog

from nervous_system import names
from nervous_system.clock import Clock, system_clock
from nervous_system.contract.authority import is_by_who_may
from nervous_system.contract.codec import decode
from nervous_system.contract.event import Event, RecordedEvent
from nervous_system.contract.live_keys import LiveKeys
from nervous_system.contract.message import (
    Acknowledgement,
    Entry,
    Expectation,
    Message,
    Vouch,
    encode_message,
)
from nervous_system.contract.payload import worker_of
from nervous_system.contract.redaction import Redactor
from nervous_system.contract.signature import Signer, TrustedKeys
from nervous_system.contract.stored import Stored
from nervous_system.contract.subjects import is_named_by, subject_for, template_of
from nervous_system.contract.vouching import Vouching
from nervous_system.errors import IdTaken, MalformedEvent, Permanent, Unavailable, Untrusted
from nervous_system.ids import new_event_id
from nervous_system.nobody_there import nobody_there
from nervous_system.retry import RetryPolicy
from nervous_system.settings import TRUSTED_KEYS, MeshSettings
from nervous_system.telemetry import semantic_names as attribute
from nervous_system.telemetry.metric_catalogue import DISCONNECTS, SECRETS_REDACTED
from nervous_system.telemetry.metrics import Metrics
from nervous_system.telemetry.tracing import AttributeValue, Span, Tracer
from nervous_system.transport.connection import Connection
from nervous_system.transport.publisher import Publisher
from nervous_system.transport.reader import BUFFER_MESSAGES, Reader
from nervous_system.transport.stream import Stream
from nervous_system.transport.subject_feed import SubjectFeed
from nervous_system.transport.telemetry_stream import send_spans
from nervous_system.users import OPERATOR, SERVICES, with_user

_log = structlog.get_logger()

MAX_BATCH_BYTES = 8 * 1024**2
"""Where a bulk publish is cut, besides the server's limit in messages."""


class Bus:
    """The log as one process uses it.

    Open it with `open_bus`.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        redactor: Redactor,
        tracer: Tracer,
        retry: RetryPolicy | None = None,
        metrics: Metrics | None = None,
        signer: Signer | None = None,
        keys: LiveKeys | None = None,
        signs_all: bool = True,
        clock: Clock = system_clock,
        directly: bool = False,
    ) -> None:
        self.connection = connection
        self.keys = keys or LiveKeys.none()
        self.clock = clock
        self.vouching = Vouching(self.keys, signer, signs_all=signs_all)
        self.stream = Stream(connection, directly=directly)
        self.tracer = tracer
        self.metrics = metrics or Metrics()
        self.publisher = Publisher(connection, self.stream, retry=retry, metrics=self.metrics)
        self.redactor = redactor
        self.metrics.gauge(DISCONNECTS).set_function(lambda: connection.generation)

    @property
    def trusted(self) -> TrustedKeys:
        """Whose signatures count now: not to be kept, as somebody may be let in or revoked."""
        return self.keys.in_force

    async def publish(
        self,
        event: Event,
        *,
        key: str | None = None,
        expectation: Expectation | None = None,
        message_id: str = "",
    ) -> Acknowledgement:
        """Store one event; returns after it is on disk.

        Its trace and span become those of the publishing span where the event names none. The log
        knows it by `message_id`, its own id where none is given. Raises InvalidEvent, Conflict,
        IdTaken, NotAcknowledged, Unavailable, LogFull, TooLarge, Forbidden.
        """
        template = template_of(event)
        with self.tracer.span(
            "publish",
            template,
            kind="producer",
            attributes=self._attributes(template, event_id=event.event_id),
            detail=True,
        ) as span:
            entry = Entry(event=event, key=key, expectation=expectation, message_id=message_id)
            entry = self._with_trace(entry, span.trace_id, span.span_id)
            message, redacted = self._seal(entry, traceparent=span.traceparent)
            if message.subject != template and span.recorded:
                span.set(
                    {
                        attribute.MESSAGING_DESTINATION_NAME: message.subject,
                        attribute.MESSAGING_DESTINATION_TEMPLATE: template,
                    }
                )
            acknowledgement = await self.publisher.append(message)
        return self._count_publish(acknowledgement, redacted)

    async def publish_derived(
        self, event: Event, *, key: str | None = None, expectation: Expectation | None = None
    ) -> Acknowledgement:
        """As `publish`, of an event whose id others can foresee, as it derives from what they know.

        What a stranger put under that id counts for nothing: the log then knows the event by
        another. Where this very producer was the first, that is the event on record.
        """
        try:
            return await self.publish(event, key=key, expectation=expectation)
        except IdTaken as error:
            (sequence,) = error.positions.values()
            if await self.is_of(event, sequence, key=key):
                return Acknowledgement(sequence, sequence, duplicate=True)
            log_id_taken(event, sequence)
        return await self.publish(
            event, key=key, expectation=expectation, message_id=new_event_id()
        )

    async def is_of(self, event: Event, sequence: int, *, key: str | None = None) -> bool:
        """Whether this event's producer said something under its id at a position, be it in other
        words; a stranger may have."""
        return await self._of_its_producer(event, sequence, key=key) is not None

    async def said_before(self, event: Event, error: IdTaken) -> RecordedEvent | None:
        """What stands in the way of an event, where its producer said the very same there, be it at
        another time and in another trace."""
        position = error.positions.get(event.event_id)
        found = await self._of_its_producer(event, position) if position is not None else None
        if found is None:
            return None
        payload = event.payload
        if self.redactor.suspects(payload):
            payload, _ = self.redactor.payload(payload)
        return found if found.event.payload == payload else None

    async def _of_its_producer(
        self, event: Event, sequence: int, *, key: str | None = None
    ) -> RecordedEvent | None:
        stored = await self.stream.at(sequence)
        if stored is None or stored.subject != subject_for(event, key=key):
            return None
        try:
            found = self.decode_stored(stored)
        except MalformedEvent:
            return None
        known = found.event
        ours = (event.event_id, event.agent_role, event.agent_id)
        return found if (known.event_id, known.agent_role, known.agent_id) == ours else None

    async def append(
        self,
        entries: Sequence[Entry],
        *,
        fence: Expectation | None = None,
        now: datetime | None = None,
    ) -> Acknowledgement:
        """Store up to 1000 events together or not at all; `fence` guards the whole batch. Where
        they must be vouched for, that was done at `now`, by the log's clock if that is known.

        Raises as `publish`, Duplicate when the log has one of the events already, Fenced when the
        fence has moved.
        """
        with self._batch_span(len(entries)) as span:
            sealed = [
                self._seal(
                    self._with_trace(entry, span.trace_id, span.span_id), traceparent=None, now=now
                )
                for entry in entries
            ]
            acknowledgement = await self.publisher.append_batch(
                [message for message, _ in sealed], fence=fence
            )
        taken = [redacted for _, redacted in sealed]
        acknowledgement = self._count_publish(acknowledgement, sum(taken))
        if not acknowledgement.redacted:
            return acknowledgement
        return replace(
            acknowledgement, redacted_at=tuple(place for place, each in enumerate(taken) if each)
        )

    async def publish_all(self, entries: Sequence[Entry]) -> list[Acknowledgement]:
        """Store any number of events in order, in as few atomic batches as the limits allow."""
        acknowledgements = []
        batch: list[Message] = []
        size = redacted = 0

        async def store() -> None:
            nonlocal size, redacted
            with self._batch_span(len(batch)):
                acknowledgement = await self.publisher.append_batch(batch)
            acknowledgements.append(self._count_publish(acknowledgement, redacted))
            batch.clear()
            size = redacted = 0

        with self.tracer.span("publish_all") as span:
            for entry in entries:
                traced = self._with_trace(entry, span.trace_id, span.span_id)
                message, taken = self._seal(traced, traceparent=None)
                full = len(batch) >= names.MAX_BATCH_MESSAGES
                if batch and (full or size + len(message.data) > MAX_BATCH_BYTES):
                    await store()
                batch.append(message)
                size += len(message.data)
                redacted += taken
            if batch:
                await store()
        return acknowledgements

    def vouched_history(self, message: Message, republished_from: str) -> Message:
        """The message as one that comes back from a position of the past: nobody acts on it. Raises
        Permanent where others would not believe that of this process."""
        message = replace(message, republished_from=republished_from)
        if not self.trusted.checks:
            return message
        signer = self.vouching.signer
        if signer is None or signer.key_id not in self.trusted.of_mesh:
            raise Permanent(
                "what is brought back must be signed by the mesh's own key, and this process has"
                " none: run it with the home in which `keys/mesh` is"
            )
        signature = signer.headers(
            message.subject, message.data, now=self.clock(), republished_from=republished_from
        )
        return replace(message, signature=signature)

    def check_clock(self, stream_time: datetime) -> None:
        """Raises Unavailable where what this process signs now would be stale."""
        off_seconds = (self.clock() - stream_time).total_seconds()
        if self.vouching.signer is not None and abs(off_seconds) > self.trusted.max_seconds:
            raise Unavailable(
                f"the clock of this machine is {off_seconds:+.0f} s off that of the log, so what it"
                " signs would be stale: set it right"
            )

    def decode_stored(self, stored: Stored) -> RecordedEvent:
        """The event at a position, if it is to be believed. Raises MalformedEvent, Untrusted."""
        found = decode_stored(stored)
        trusted = self.trusted
        event = found.event
        problem = stored.problem(
            trusted,
            event_id=event.event_id,
            agent_id=event.agent_id,
            of_worker=worker_of(event.kind.field, event.payload),
        )
        if problem:
            raise Untrusted(f"position {stored.sequence} on {stored.subject}: its {problem}")
        return replace(found, is_history=True) if stored.is_history(trusted) else found

    def believed(self, stored: Stored) -> RecordedEvent | None:
        """The event at a position, if it is of this life, its subject says of which kind it is, and
        whose, and it is by who may say that; None for what nobody goes by."""
        with suppress(MalformedEvent):
            found = self.decode_stored(stored)
            named = is_named_by(stored.subject, found.event) and is_by_who_may(found.event)
            if named and not found.is_history:
                return found
        return None

    def _seal(
        self, entry: Entry, *, traceparent: str | None, now: datetime | None = None
    ) -> tuple[Message, int]:
        vouch: Vouch | None = None
        if self.vouching.signer is not None:
            vouch = partial(
                self.vouching.for_message,
                event_id=entry.event.event_id,
                agent_id=entry.event.agent_id,
                now=now or self.clock(),
            )
        return encode_message(entry, self.redactor, traceparent=traceparent, vouch=vouch)

    def reader(
        self,
        *,
        start_sequence: int | None = None,
        start_time: datetime | None = None,
        subjects: Sequence[str] = (),
        headers_only: bool = False,
        filled: asyncio.Event | None = None,
        buffer_messages: int = BUFFER_MESSAGES,
    ) -> Reader:
        """Positions in order from a sequence, from a time, or (with neither) from now on; stays
        live. So many are sent ahead of what is taken."""
        return Reader(
            self.connection,
            start_sequence=start_sequence,
            start_time=start_time,
            subjects=subjects,
            headers_only=headers_only,
            filled=filled,
            buffer_messages=buffer_messages,
        )

    def feed(self, subjects: Sequence[str], *, since: datetime) -> SubjectFeed:
        """What is stored on a few subjects, without a consumer; stays live."""
        return SubjectFeed(self.connection, self.stream, subjects, since=since)

    async def replay(
        self,
        *,
        start_sequence: int = 1,
        start_time: datetime | None = None,
        subjects: Sequence[str] = (),
        headers_only: bool = False,
        buffer_messages: int = BUFFER_MESSAGES,
    ) -> AsyncGenerator[Stored, None]:
        """Every position up to what was the end when this began, then stops; `buffer_messages` as
        in `reader`."""
        end = (await self.stream.state()).last_sequence
        async with self.reader(
            start_sequence=None if start_time else start_sequence,
            start_time=start_time,
            subjects=subjects,
            headers_only=headers_only,
            buffer_messages=buffer_messages,
        ) as reader:
            while not reader.at_end:
                for stored in await reader.batch(max_messages=1000, within_seconds=5.0):
                    if stored.sequence > end:
                        return
                    yield stored

    async def last_live(self, subject: str) -> RecordedEvent | None:
        """The last event on a subject that is to be believed, and of this life. Raises
        Unavailable."""
        last = await self.stream.last_on(subject)
        found = self.believed(last) if last is not None else None
        if found is None and last is not None:
            async for stored in self.replay(subjects=[subject]):
                found = self.believed(stored) or found
        return found

    async def event_ids(self, subjects: Sequence[str]) -> set[str]:
        """The ids of all events on these filters, as they say themselves: a message id is only what
        its publisher put there."""
        found: set[str] = set()
        async for stored in self.replay(subjects=subjects):
            with suppress(MalformedEvent):
                event = decode_stored(stored).event
                if is_named_by(stored.subject, event):
                    found.add(event.event_id)
        return found

    def _with_trace(self, entry: Entry, trace_id: str, span_id: str) -> Entry:
        if entry.event.trace_id:
            return entry
        event = replace(entry.event, trace_id=trace_id, span_id=span_id)
        return replace(entry, event=event, data=None, trace_is_new=True)

    def _batch_span(self, count: int) -> AbstractContextManager[Span]:
        return self.tracer.span(
            "publish",
            names.ALL_EVENTS,
            kind="producer",
            attributes=self._attributes(names.ALL_EVENTS, count=count),
            detail=True,
        )

    def _attributes(
        self, template: str, *, event_id: str = "", count: int = 0
    ) -> dict[str, AttributeValue] | None:
        """Of one event, or of a batch of so many; None where nobody sees them. Each costs time: a
        subject without a key is its own template, and is said once."""
        if not self.tracer.collects:
            return None
        attributes: dict[str, AttributeValue] = {
            attribute.MESSAGING_SYSTEM: attribute.NATS_SYSTEM,
            attribute.MESSAGING_OPERATION_NAME: "publish",
            attribute.MESSAGING_OPERATION_TYPE: attribute.OPERATION_SEND,
        }
        if event_id:
            attributes[attribute.MESSAGING_DESTINATION_NAME] = template
            attributes[attribute.MESSAGING_MESSAGE_ID] = event_id
        else:
            attributes[attribute.MESSAGING_DESTINATION_TEMPLATE] = template
            attributes[attribute.MESSAGING_BATCH_COUNT] = count
        return attributes

    def _count_publish(self, acknowledgement: Acknowledgement, redacted: int) -> Acknowledgement:
        if not redacted:
            return acknowledgement
        self.metrics.counter(SECRETS_REDACTED).inc(redacted)
        _log.warning(
            "publish.redacted", secrets=redacted, last_sequence=acknowledgement.last_sequence
        )
        return replace(acknowledgement, redacted=redacted)


def log_id_taken(event: Event, sequence: int) -> None:
    """That a stranger's bytes stand under the id of an event, which is stored all the same."""
    _log.error(
        "publish.id_taken",
        event_id=event.event_id,
        sequence=sequence,
        reason="somebody put other bytes under an id that could be foreseen",
        remedy="none needed: the event is on the log under another message id; see who did it",
    )


def decode_stored(stored: Stored) -> RecordedEvent:
    """The event at a position.

    Raises MalformedEvent.
    """
    try:
        event = decode(stored.data)
    except MalformedEvent as error:
        raise MalformedEvent(f"position {stored.sequence} on {stored.subject}: {error}") from error
    return RecordedEvent(
        event=event,
        sequence=stored.sequence,
        subject=stored.subject,
        recorded_at=stored.recorded_at,
    )


@asynccontextmanager
async def open_bus(
    settings: MeshSettings,
    *,
    name: str,
    user: str = OPERATOR,
    tracer: Tracer | None = None,
    metrics: Metrics | None = None,
    clock: Clock = system_clock,
) -> AsyncIterator[Bus]:
    """A bus on its own connection, closed at the end of the block.

    `user` is who it is to the server of a home's own, where the settings do not say (`users.py`).
    What it does is counted in `metrics`; `clock` says when its signatures were made. Raises
    Unavailable, Forbidden, Fatal for keys that cannot be read.
    """
    signer = Signer.read(path) if (path := settings.signing_key_in_force) is not None else None
    keys = LiveKeys.read(
        settings.home / TRUSTED_KEYS,
        required=settings.signatures_required,
        max_seconds=settings.signature_max_age_seconds,
    )
    try:
        connection = await Connection.open(with_user(settings, user), name=name)
    except Unavailable as error:
        raise Unavailable(f"{error}; {nobody_there(settings.nats_url)}") from error
    redactor, tracer = Redactor.of(settings.redact_patterns), tracer or Tracer()
    try:
        async with tracer.on_the_bus(partial(send_spans, connection, tracer.source), redactor):
            yield Bus(
                connection,
                redactor=redactor,
                tracer=tracer,
                retry=RetryPolicy(deadline_seconds=settings.publish_deadline_seconds),
                metrics=metrics,
                signer=signer,
                keys=keys,
                signs_all=settings.signing_key is not None,
                clock=clock,
                directly=user in SERVICES,
            )
    finally:
        await connection.close()
