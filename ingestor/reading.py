"""Can these bytes be stored as an event, and with which warnings?

Total: every input has an answer.
"""

from __future__ import annotations

from typing import NamedTuple

from google.protobuf.message import DecodeError

from enchanted.events.v1.swarm_event_pb2 import SwarmEvent
from nervous_system.contract.check import OUT_OF_RANGE, problems


class Readable(NamedTuple):
    """An event that will be stored."""

    message: SwarmEvent
    payload_field: str
    warnings: list[str]


def read(data: bytes) -> Readable | str:
    """The event in the bytes, or the reason why the position must be parked."""
    if not data:
        return "it is empty"
    try:
        message = SwarmEvent.FromString(data)
    except DecodeError:
        return "its bytes are not a SwarmEvent"
    if not message.event_id:
        return "it has no event_id"
    payload_field = message.WhichOneof("payload")
    if payload_field is None:
        return "it has no payload that this version knows"
    warnings = problems(message, payload_field)
    if warnings and OUT_OF_RANGE in warnings:
        return f"its {OUT_OF_RANGE}"
    # As the constructor does, in half the time.
    return tuple.__new__(Readable, (message, payload_field, warnings))
