"""How does an `Event` become the bytes on the log, and back?

The only file that touches SwarmEvent messages.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, cast

from google.protobuf.message import DecodeError

from enchanted.events.v1.swarm_event_pb2 import TYPE_UNSPECIFIED, SwarmEvent
from nervous_system.contract.check import OUT_OF_RANGE, problems, timestamp_fits
from nervous_system.contract.event import Event
from nervous_system.contract.payload import KINDS, Payload
from nervous_system.errors import InvalidEvent, MalformedEvent

_TEXTS: Final = ("event_id", "agent_id", "trace_id", "span_id", "causation_id", "correlation_id")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def encode(event: Event) -> bytes:
    """The event's bytes, the same for the same event.

    Raises InvalidEvent where it breaks the contracts.
    """
    if no_text := [name for name in _TEXTS if not isinstance(getattr(event, name), str)]:
        raise InvalidEvent([f"{name} is no text" for name in no_text])
    try:
        message = _message(event)
    except (TypeError, ValueError) as error:  # Protobuf's own: a value that its field cannot hold
        raise InvalidEvent([f"a field of its envelope cannot be recorded: {error}"]) from error
    field = KINDS[type(event.payload)].field
    getattr(message, field).CopyFrom(event.payload)
    found = problems(message, field)
    if event.timestamp.tzinfo is None:
        found.append("timestamp has no time zone, so it is no moment")
    if found:
        raise InvalidEvent(found)
    return message.SerializeToString(deterministic=True)


def _message(event: Event) -> SwarmEvent:
    message = SwarmEvent(
        event_id=event.event_id,
        trace_id=event.trace_id,
        span_id=event.span_id,
        agent_role=event.agent_role,
        agent_id=event.agent_id,
        event_type=event.event_type,
        causation_id=event.causation_id,
        correlation_id=event.correlation_id,
        producer_session=event.producer_session,
        producer_sequence=event.producer_sequence,
        attribution=event.attribution,
    )
    moment = event.timestamp
    since_1970 = (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)) - _EPOCH
    message.timestamp.seconds = since_1970.days * 86_400 + since_1970.seconds
    message.timestamp.nanos = since_1970.microseconds * 1_000
    return message


def decode(data: bytes) -> Event:
    """The event in these bytes.

    Raises MalformedEvent with the reason; fields we do not know stay in the payload.
    """
    return _event(*_parse(data))


def decode_strictly(data: bytes) -> tuple[Event, bytes]:
    """As `decode`, of an event that could have been encoded here, with its bytes: these, but for
    its type, where it says none. Raises InvalidEvent for any other."""
    message, field = _parse(data)
    found = problems(message, field)
    if found:
        raise InvalidEvent(found)
    event = _event(message, field)
    if message.event_type == TYPE_UNSPECIFIED:
        message.event_type = event.event_type
        data = message.SerializeToString(deterministic=True)
    return event, data


def without_trace(data: bytes) -> bytes:
    """The bytes of an event as if it named no trace; what cannot be read, as it is."""
    message = SwarmEvent()
    try:
        message.ParseFromString(data)
    except DecodeError:
        return data
    message.ClearField("trace_id")
    message.ClearField("span_id")
    return message.SerializeToString(deterministic=True)


def _parse(data: bytes) -> tuple[SwarmEvent, str]:
    """The message, and which payload it has."""
    message = SwarmEvent()
    try:
        message.ParseFromString(data)
    except DecodeError as error:
        raise MalformedEvent(f"{len(data)} bytes are not a SwarmEvent: {error}") from error
    if not message.event_id:
        raise MalformedEvent("it has no event_id")
    field = message.WhichOneof("payload")
    if field is None:
        raise MalformedEvent("it has no payload that this version knows")
    return message, field


def _event(message: SwarmEvent, field: str) -> Event:
    return Event(
        event_id=message.event_id,
        timestamp=_moment(message),
        agent_role=message.agent_role,
        agent_id=message.agent_id,
        payload=cast(Payload, getattr(message, field)),
        trace_id=message.trace_id,
        span_id=message.span_id,
        causation_id=message.causation_id,
        correlation_id=message.correlation_id,
        producer_session=message.producer_session,
        producer_sequence=message.producer_sequence,
        attribution=message.attribution if message.HasField("attribution") else None,
    )


def _moment(message: SwarmEvent) -> datetime:
    if not timestamp_fits(message):
        raise MalformedEvent(f"its {OUT_OF_RANGE}")
    return message.timestamp.ToDatetime(tzinfo=UTC)
