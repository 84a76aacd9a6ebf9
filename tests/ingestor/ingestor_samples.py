"""Which events do the ingestor's tests write? One of each kind, with every field set, and batches
of them.
"""

from __future__ import annotations

from collections.abc import Iterable

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from enchanted.events.v1.swarm_event_pb2 import SwarmEvent
from ingestor.model import Batch
from ingestor.row_encoder import RowEncoder
from nervous_system.contract.payload import KINDS_BY_FIELD
from nervous_system.contract.stored import Stored
from nervous_system.ids import child_id

RECORDED_AT = 1_793_000_000_000_000_000
"""26 October 2026, so that a few days later it is another partition."""


def filled(message: Message, depth: int = 0) -> None:
    """Sets every field of `message` to something that is not its default."""
    for field in message.DESCRIPTOR.fields:
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            inner = getattr(message, field.name)
            filled(inner.add() if field.is_repeated else inner, depth + 1)
        elif field.is_repeated:
            words = field.type == FieldDescriptor.TYPE_STRING
            getattr(message, field.name).extend(["one", "two"] if words else [1, 2])
        elif field.type == FieldDescriptor.TYPE_STRING:
            setattr(message, field.name, f"{field.name} ünï\0✓")
        elif field.type == FieldDescriptor.TYPE_BOOL:
            setattr(message, field.name, True)
        elif field.type == FieldDescriptor.TYPE_ENUM:
            setattr(message, field.name, 1)
        else:
            setattr(message, field.name, 3)


def event(number: int, *, kind: str = "decision", tag: str = "event") -> SwarmEvent:
    """A whole event; the same arguments, the same event."""
    message = SwarmEvent(
        event_id=child_id(tag, str(number)),
        trace_id=f"{number + 1:032x}",
        span_id=f"{number + 1:016x}",
        agent_role=2,  # type: ignore[arg-type]
        agent_id="coder-1",
        event_type=KINDS_BY_FIELD[kind].event_type,
        causation_id="cause",
        correlation_id="work",
        producer_session="session",
        producer_sequence=number,
    )
    message.timestamp.seconds = 1_793_000_000
    message.timestamp.nanos = number
    filled(getattr(message, kind))
    return message


def stored(seq: int, raw: bytes, *, subject: str = "swarm.events.coder.decision") -> Stored:
    """These bytes at this sequence."""
    return Stored(seq, subject, RECORDED_AT + seq, raw)


def frame(framer: RowEncoder, seq: int, message: SwarmEvent, raw: bytes | None = None) -> bytes:
    """A stored event's frame."""
    raw = message.SerializeToString() if raw is None else raw
    kind = message.WhichOneof("payload")
    assert kind is not None
    return framer.event(message, stored(seq, raw), payload_field=kind)


def batch_of(framer: RowEncoder, seqs: Iterable[int], *, tag: str = "event") -> Batch:
    """One event at each sequence, its number being the sequence."""
    numbers = list(seqs)
    return framer.batch(
        [frame(framer, seq, event(seq, tag=tag)) for seq in numbers],
        first_seq=numbers[0],
        last_seq=numbers[-1],
    )


def batch(framer: RowEncoder, seq: int, *frames: bytes) -> Batch:
    """These frames at the sequences from `seq`."""
    return framer.batch(frames, first_seq=seq, last_seq=seq + len(frames) - 1)
