"""The log in memory: what JetStream does with one stream, as far as `transport/` relies on it.

No bytes of a socket, no clock of its own. What it answers is held against a real nats-server by
`tests/nervous_system/test_memory_log.py`, request for request.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from nervous_system import names
from nervous_system.clock import Clock
from nervous_system.contract.header_block import parse_headers
from nervous_system.contract.stored import EPOCH, Stored
from nervous_system.contract.subjects import covers

_NANOSECONDS: Final = 1_000_000_000
_RECORD_BYTES: Final = 30
"""What the server counts for a message besides its subject, headers and data."""

_HEADER_LENGTH_BYTES: Final = 4

ERROR_BAD_REQUEST: Final = 10003


class LogError(Exception):
    """The log refuses, with the status and the number that JetStream has for it."""

    def __init__(self, code: int, err_code: int, description: str) -> None:
        super().__init__(description)
        self.answer = {
            "error": {"code": code, "err_code": err_code, "description": description},
        }


@dataclass(slots=True)
class LogMessage:
    """On its way."""

    subject: str
    headers: bytes
    data: bytes
    fields: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.fields = parse_headers(self.headers)

    @property
    def size(self) -> int:
        headers = len(self.headers) + _HEADER_LENGTH_BYTES if self.headers else 0
        return _RECORD_BYTES + len(self.subject) + headers + len(self.data)


@dataclass(slots=True)
class LogConsumer:
    """Positions that somebody has yet to get."""

    filters: Collection[str]
    headers_only: bool
    waiting: deque[Stored]
    delivered: int = 0


class MemoryLog:
    """One stream: append once, read by position, subject or time, follow."""

    def __init__(self, configuration: dict[str, Any], clock: Clock) -> None:
        self.configuration = configuration
        self.clock = clock
        self.created = clock()
        self.consumers: dict[str, LogConsumer] = {}
        self._messages: dict[int, Stored] = {}
        self._bytes = 0
        self._last = 0
        self._ids: dict[str, tuple[int, int]] = {}  # position and time in ns, the oldest first
        self._batches: dict[str, list[LogMessage]] = {}

    def append(self, message: LogMessage) -> dict[str, Any] | None:
        """Store a message, or hold it until its batch is committed. The acknowledgement; None for a
        part of a batch. Raises LogError."""
        if names.BATCH_ID in message.fields:
            return self._append_to_batch(message)
        self._expire()
        self._check_sequence(message)  # before it looks at the id, as the server does
        known = self._ids.get(message.fields.get(names.MESSAGE_ID, ""))
        if known is not None:
            return self._acknowledgement(known[0]) | {"duplicate": True}
        self._check_last_id(message)
        self._check_room([message])
        return self._acknowledgement(self._store(message))

    def _append_to_batch(self, message: LogMessage) -> dict[str, Any] | None:
        batch_id = message.fields[names.BATCH_ID]
        batch = self._batches.setdefault(batch_id, [])
        batch.append(message)
        if names.BATCH_COMMIT not in message.fields:
            return None
        del self._batches[batch_id]
        numbers = [int(each.fields[names.BATCH_SEQUENCE]) for each in batch]
        if numbers != list(range(1, len(batch) + 1)):
            raise LogError(400, names.ERROR_BATCH_INCOMPLETE, "atomic publish batch is incomplete")
        self._expire()
        ids = [each.fields[names.MESSAGE_ID] for each in batch if names.MESSAGE_ID in each.fields]
        if len(set(ids)) < len(ids) or any(each in self._ids for each in ids):
            raise LogError(
                400,
                names.ERROR_BATCH_DUPLICATE,
                "atomic publish batch contains duplicate message id",
            )
        for number, each in enumerate(batch):
            self._check_sequence(each, batch[:number])
        self._check_room(batch)
        for each in batch:
            last = self._store(each)
        return self._acknowledgement(last) | {"batch": batch_id, "count": len(batch)}

    def _check_last_id(self, message: LogMessage) -> None:
        expected = message.fields.get(names.EXPECTED_LAST_MESSAGE_ID)
        last = self._messages.get(self._last)
        present = (last.message_id if last is not None else None) or ""
        if expected is not None and expected != present:
            raise LogError(400, names.ERROR_WRONG_LAST_MESSAGE_ID, f"wrong last msg ID: {present}")

    def _check_sequence(self, message: LogMessage, before: Iterable[LogMessage] = ()) -> None:
        """The last position on a filter is as expected; `before` are those of its own batch."""
        expected = message.fields.get(names.EXPECTED_LAST_SEQUENCE)
        if expected is None:
            return
        filter_ = message.fields.get(names.EXPECTED_LAST_SUBJECT, message.subject)
        if any(covers(filter_, each.subject) for each in before):
            raise LogError(400, names.ERROR_WRONG_LAST_SEQUENCE_CONSTANT, "wrong last sequence")
        found = self.last_on(filter_)
        sequence = found.sequence if found is not None else 0
        if sequence != int(expected):
            raise LogError(400, names.ERROR_WRONG_LAST_SEQUENCE, f"wrong last sequence: {sequence}")

    def _check_room(self, messages: Iterable[LogMessage]) -> None:
        limit = self.configuration["max_bytes"]
        if limit > 0 and self._bytes + sum(each.size for each in messages) > limit:
            raise LogError(503, names.ERROR_STREAM_FULL, "maximum bytes exceeded")

    def _store(self, message: LogMessage) -> int:
        self._last += 1
        now_ns = self._now_ns()
        stored = Stored(self._last, message.subject, now_ns, message.data, message.headers)
        self._messages[self._last] = stored
        self._bytes += message.size
        if message_id := message.fields.get(names.MESSAGE_ID):
            self._ids[message_id] = (self._last, now_ns)
        for consumer in self.consumers.values():
            if _is_wanted(stored.subject, consumer.filters):
                consumer.waiting.append(stored)
        return self._last

    def _acknowledgement(self, sequence: int) -> dict[str, Any]:
        return {"stream": self.configuration["name"], "seq": sequence}

    def _now_ns(self) -> int:
        return _nanoseconds(self.clock())

    def _expire(self) -> None:
        """Forget what is older than the log keeps, and ids that are older than the window."""
        now_ns = self._now_ns()
        window, age = self.configuration["duplicate_window"], self.configuration["max_age"]
        while self._ids and next(iter(self._ids.values()))[1] + window <= now_ns:
            del self._ids[next(iter(self._ids))]
        while age and self._messages:
            oldest = next(iter(self._messages.values()))
            if oldest.recorded_at_ns + age > now_ns:
                break
            del self._messages[oldest.sequence]
            self._bytes -= LogMessage(oldest.subject, oldest.raw_headers, oldest.data).size

    def information(self) -> dict[str, Any]:
        """As the API tells of a stream."""
        self._expire()
        return {
            "config": self.configuration,
            "created": moment(_nanoseconds(self.created)),
            "ts": moment(self._now_ns()),
            "state": {
                "messages": len(self._messages),
                "bytes": self._bytes,
                "first_seq": next(iter(self._messages), self._last + 1 if self._last else 0),
                "last_seq": self._last,
            },
        }

    def messages(self, *, at_least: int = 0) -> Iterator[Stored]:
        """From a position on, in order."""
        self._expire()
        return (each for each in list(self._messages.values()) if each.sequence >= at_least)

    def last_on(self, subject: str) -> Stored | None:
        """The last message on a subject or filter."""
        self._expire()
        found = (each for each in reversed(self._messages.values()))
        return next((each for each in found if covers(subject, each.subject)), None)

    def read(self, question: dict[str, Any]) -> Stored:
        """One message, as the API is asked for it. Raises LogError where there is none."""
        found: Stored | None
        if (last_by := question.get("last_by_subj")) is not None:
            found = self.last_on(last_by)
        elif (next_by := question.get("next_by_subj")) is not None:
            since_ns = _since_ns(question.get("start_time"))
            candidates = self.messages(at_least=question.get("seq", 0))
            found = next(
                (
                    each
                    for each in candidates
                    if each.recorded_at_ns >= since_ns and covers(next_by, each.subject)
                ),
                None,
            )
        else:
            self._expire()
            found = self._messages.get(question["seq"])
        if found is None:
            raise LogError(404, names.ERROR_NO_MESSAGE_FOUND, "no message found")
        return found

    def consume(self, name: str, configuration: dict[str, Any]) -> LogConsumer:
        """A consumer that acknowledges nothing. Raises LogError for any other."""
        policy = configuration.get("deliver_policy", "all")
        if configuration.get("ack_policy") != "none" or "durable_name" in configuration:
            raise refuse_call("a consumer that acknowledges")
        filters = configuration.get("filter_subjects") or [configuration.get("filter_subject", ">")]
        first = configuration.get("opt_start_seq", 0) if policy != "new" else self._last + 1
        since_ns = _since_ns(configuration.get("opt_start_time"))
        waiting = deque(
            each
            for each in self.messages(at_least=first)
            if each.recorded_at_ns >= since_ns and _is_wanted(each.subject, filters)
        )
        consumer = LogConsumer(filters, configuration.get("headers_only", False), waiting)
        self.consumers[name] = consumer
        return consumer


def refuse_call(what: str) -> LogError:
    """What only a server has."""
    return LogError(
        400,
        ERROR_BAD_REQUEST,
        f"{what} is not in the log in memory; take nervous_system.testing.full_mesh()",
    )


def moment(nanoseconds: int) -> str:
    """RFC 3339, UTC, to the nanosecond."""
    when = EPOCH + timedelta(microseconds=nanoseconds // 1000)
    return f"{when:%Y-%m-%dT%H:%M:%S}.{nanoseconds % _NANOSECONDS:09d}Z"


def _since_ns(start: str | None) -> int:
    if start is None:
        return 0
    return _nanoseconds(datetime.fromisoformat(start).astimezone(UTC))


def _nanoseconds(when: datetime) -> int:
    return (when - EPOCH) // timedelta(microseconds=1) * 1000


def _is_wanted(subject: str, filters: Collection[str]) -> bool:
    return any(covers(each, subject) for each in filters)
