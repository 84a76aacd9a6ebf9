"""What is handed to the log?

An event's bytes with its subject, its id and what it expects of its aggregate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from nervous_system import names
from nervous_system.contract.codec import encode, without_trace
from nervous_system.contract.event import Event
from nervous_system.contract.redaction import Redactor
from nervous_system.contract.subjects import subject_for


@dataclass(frozen=True, slots=True)
class Expectation:
    """Store only if `sequence` is still the last position on `subject_filter` (0: nothing is there
    yet)."""

    subject_filter: str
    sequence: int


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An event on its way to the log, with the aggregate's key in its subject and what it expects
    there."""

    event: Event
    key: str | None = None
    expectation: Expectation | None = None
    data: bytes | None = None  # the event's bytes, where somebody else has encoded it
    trace_is_new: bool = False  # a trace was made for this try; another try gets another
    message_id: str = ""  # what the log knows it by; the event's id, unless a stranger took that

    @cached_property
    def subject(self) -> str:
        """Where it goes."""
        return subject_for(self.event, key=self.key)


Vouch = Callable[[str, str, bytes], Mapping[str, str]]
"""The headers that vouch for a subject, a message id and bytes."""


def encode_message(
    entry: Entry, redactor: Redactor, *, traceparent: str | None, vouch: Vouch | None = None
) -> tuple[Message, int]:
    """The entry as a message, and how many secrets were taken out.

    Raises InvalidEvent.     `traceparent` None stands for the span that the envelope names.
    """
    event = entry.event
    data = entry.data or encode(event)
    redacted = 0
    if redactor.suspects(event.payload, event.attribution):
        event, redacted = redactor.event(event)
        if redacted:
            entry = replace(entry, event=event)
        data = encode(event)  # without what stands in the bytes and not in the event
    if traceparent is None:
        traceparent = event.traceparent or None
    message_id = entry.message_id or event.event_id
    message = Message(
        subject=entry.subject,
        message_id=message_id,
        data=data,
        signature=vouch(entry.subject, message_id, data) if vouch is not None else {},
        expectation=entry.expectation,
        traceparent=traceparent,
        trace_is_new=entry.trace_is_new,
    )
    return message, redacted


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One encoded event, ready to be stored."""

    subject: str
    message_id: str
    data: bytes
    expectation: Expectation | None = None
    traceparent: str | None = None
    signature: Mapping[str, str] = field(default_factory=dict)  # its headers
    trace_is_new: bool = False  # as of an entry
    republished_from: str = ""  # epoch and sequence that it comes back from

    def is_stored_as(self, subject: str, data: bytes) -> bool:
        """Whether this is what stands on the log. Of an event that came without a trace, the trace
        that each try is given does not count; nor do headers, which are made anew, too."""
        if subject != self.subject:
            return False
        return data == self.data or (
            self.trace_is_new and without_trace(data) == without_trace(self.data)
        )

    def headers(self) -> dict[str, str]:
        """A fresh dictionary of the message's headers."""
        headers = {names.MESSAGE_ID: self.message_id, **self.signature}
        if self.republished_from:
            headers[names.REPUBLISHED_FROM] = self.republished_from
        if self.traceparent is not None:
            headers[names.TRACEPARENT] = self.traceparent
        if self.expectation is not None:
            headers[names.EXPECTED_LAST_SEQUENCE] = str(self.expectation.sequence)
            headers[names.EXPECTED_LAST_SUBJECT] = self.expectation.subject_filter
        return headers


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The log's word that everything up to here is on disk."""

    first_sequence: int
    last_sequence: int
    duplicate: bool = False  # an earlier try stored it: the same bytes, they were compared
    redacted: int = 0  # secrets that were taken out before it was sent
    redacted_at: tuple[int, ...] = ()  # of a batch: which of its entries they were in
