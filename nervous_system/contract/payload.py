"""Which kinds of fact are there, and what does each imply for the envelope and the subject?

The payload messages are used as they are generated: the contract is their definition, and a second
set of classes would only say it again. They are treated as frozen: nobody changes one after it was
put into an `Event`. What each implies it says itself, by the option `kind` of `kind.proto`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, cast

from google.protobuf.message_factory import GetMessageClass

from enchanted.events.v1.kind_pb2 import EventType
from enchanted.events.v1.kind_pb2 import kind as kind_option
from enchanted.events.v1.payload_type import Payload as Payload
from enchanted.events.v1.swarm_event_pb2 import SwarmEvent
from enchanted.events.v1.task_request_pb2 import (
    ClaimRequested,
    ProgressReported,
    ReleaseRequested,
    ResultReported,
)


@dataclass(frozen=True, slots=True)
class PayloadKind:
    """What a payload implies."""

    field: str  # its name in SwarmEvent's oneof, and `payload_kind` in ClickHouse
    event_type: EventType.ValueType
    subject_word: str  # the <kind> of swarm.events.<source>.<kind>
    source: str  # the <source>; empty: the role of who speaks
    key_fields: tuple[str, ...]  # where in the payload the <key> is, such as `task_id`
    aggregate: bool  # appended only behind the last event of its source and key
    lane: str  # a field that, if it is true, gives the subject its word; empty: there is none


def _kinds() -> Iterator[tuple[type[Payload], PayloadKind]]:
    """All of them, in the order of the contract."""
    for field in SwarmEvent.DESCRIPTOR.oneofs_by_name["payload"].fields:
        message = field.message_type
        if message is None or not message.GetOptions().HasExtension(kind_option):
            raise AssertionError(f"{field.full_name} is a payload without the option `kind`")
        said = message.GetOptions().Extensions[kind_option]
        yield (
            cast(type[Payload], GetMessageClass(message)),
            PayloadKind(
                field=field.name,
                event_type=said.type,
                subject_word=said.word,
                source=said.source,
                key_fields=tuple(said.key),
                aggregate=said.aggregate,
                lane=said.lane,
            ),
        )


KINDS: Final[dict[type[Payload], PayloadKind]] = dict(_kinds())
KINDS_BY_FIELD: Final[dict[str, PayloadKind]] = {kind.field: kind for kind in KINDS.values()}


PRESENCE: Final = frozenset({"worker_registered", "worker_heartbeat", "worker_departed"})


def worker_of(field: str, payload: object) -> str:
    """The worker of which a payload of this field says that it comes, is there or goes; empty for
    any other."""
    return str(getattr(payload, "worker_id", "")) if field in PRESENCE else ""


def asks_as(payload: Payload) -> frozenset[str]:
    """The workers as which somebody asks for tasks, or reports on them."""
    if isinstance(payload, ResultReported):
        return frozenset({payload.worker_id, payload.next.worker_id} - {""})
    if isinstance(payload, ClaimRequested | ProgressReported | ReleaseRequested):
        return frozenset({payload.worker_id} - {""})
    return frozenset()
