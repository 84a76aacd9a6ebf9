"""Which .proto does ClickHouse decode our frames with? One text without imports, derived from the
contract's descriptors.

ClickHouse's schema-from-string resolves no imports and fails a whole batch on an enum number that
it does not know, so every message is written out, `google.protobuf.Timestamp` is declared again
with the same wire form, and enums are int32. What the ingestor adds to an event rides along in
fields that the contract never uses.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from enchanted.events.v1.swarm_event_pb2 import SwarmEvent

MESSAGE_NAME: Final = "SwarmEvent"
"""Without the package: ClickHouse looks the message up by its bare name."""

ATTRIBUTION: Final = "attribution"
"""The one part of the envelope that many events do without: it costs as much as a payload."""

FIRST_EXTRA_COLUMN_NUMBER: Final = 1001
LAST_EXTRA_COLUMN_NUMBER: Final = 1010
"""The contract must stay clear of these; a test holds it to that."""


@dataclass(frozen=True, slots=True)
class ExtraColumn:
    """One column of `swarm.landing` that the contract does not have."""

    number: int
    declaration: str  # its type in the .proto
    name: str


EXTRA_COLUMNS: Final = (
    ExtraColumn(1001, "fixed64", "epoch"),
    ExtraColumn(1002, "fixed64", "seq"),
    ExtraColumn(1003, "sfixed64", "recorded_at_nanoseconds"),
    ExtraColumn(1004, "fixed64", "writer"),
    ExtraColumn(1005, "int32", "disposition"),
    ExtraColumn(1006, "string", "subject"),
    ExtraColumn(1007, "string", "payload_kind"),
    ExtraColumn(1008, "string", "reason"),
    ExtraColumn(1009, "repeated string", "warnings"),
    ExtraColumn(1010, "bytes", "raw"),
)

_SCALARS: Final = {
    FieldDescriptor.TYPE_DOUBLE: "double",
    FieldDescriptor.TYPE_FLOAT: "float",
    FieldDescriptor.TYPE_INT64: "int64",
    FieldDescriptor.TYPE_UINT64: "uint64",
    FieldDescriptor.TYPE_INT32: "int32",
    FieldDescriptor.TYPE_UINT32: "uint32",
    FieldDescriptor.TYPE_FIXED64: "fixed64",
    FieldDescriptor.TYPE_FIXED32: "fixed32",
    FieldDescriptor.TYPE_SFIXED64: "sfixed64",
    FieldDescriptor.TYPE_SFIXED32: "sfixed32",
    FieldDescriptor.TYPE_SINT64: "sint64",
    FieldDescriptor.TYPE_SINT32: "sint32",
    FieldDescriptor.TYPE_BOOL: "bool",
    FieldDescriptor.TYPE_STRING: "string",
    FieldDescriptor.TYPE_BYTES: "bytes",
    FieldDescriptor.TYPE_ENUM: "int32",
}


@lru_cache(maxsize=256)
def ingest_schema(kinds: frozenset[str] | None = None) -> str:
    """The text for ClickHouse's setting `format_schema`, short because every insert carries it.

    Of the payloads, and of what an event may have beside one, only `kinds` are in it: a column that
    no field fills gets its default.
    """
    messages: dict[str, str] = {}
    envelope = _fields(_occurring(kinds), messages)
    envelope += [f"{extra.declaration} {extra.name}={extra.number};" for extra in EXTRA_COLUMNS]
    declared = [f"message {name}{{{body}}}" for name, body in messages.items()]
    declared.append(f"message {MESSAGE_NAME}{{{''.join(envelope)}}}")
    return 'syntax="proto3";' + "".join(declared)


@lru_cache(maxsize=256)
def ingest_columns(kinds: frozenset[str] | None = None) -> tuple[str, ...]:
    """The columns of `swarm.landing` that such frames fill.

    They are named in the insert: the engine fills a column left out once a block, and one that the
    frames do not mention once a row and field, which doubled the cost of an insert.
    """
    return (
        *(field.name for field in _occurring(kinds)),
        *(extra.name for extra in EXTRA_COLUMNS),
    )


def _occurring(kinds: frozenset[str] | None) -> list[FieldDescriptor]:
    """The envelope's fields, and of those that an event may lack only these."""
    return [
        field
        for field in SwarmEvent.DESCRIPTOR.fields
        if kinds is None or field.name in kinds or not _may_be_left_out(field)
    ]


def _may_be_left_out(field: FieldDescriptor) -> bool:
    return field.containing_oneof is not None or field.name == ATTRIBUTION


def _fields(fields: Iterable[FieldDescriptor], messages: dict[str, str]) -> list[str]:
    """The declarations of `fields`; the messages they need are added to `messages`, innermost
    first.
    """
    return [
        f"{_label(field)}{_type(field, messages)} {field.name}={field.number};" for field in fields
    ]


def _label(field: FieldDescriptor) -> str:
    if is_map(field):
        return ""
    if field.is_repeated:
        return "repeated "
    oneof = field.containing_oneof
    # proto3 `optional` is a oneof of one field that protoc makes up. Without it absent reads as 0.
    if oneof is not None and len(oneof.fields) == 1 and oneof.name == f"_{field.name}":
        return "optional "
    return ""


def _type(field: FieldDescriptor, messages: dict[str, str]) -> str:
    if field.type != FieldDescriptor.TYPE_MESSAGE:
        return _SCALARS[field.type]
    inner = field.message_type
    if inner is None:
        raise AssertionError(f"{field.full_name} is a message without a type")
    if is_map(field):
        key, value = inner.fields
        return f"map<{_type(key, messages)},{_type(value, messages)}>"
    name = _name(inner)
    if name not in messages:
        messages[name] = "".join(_fields(inner.fields, messages))
    return name


def _name(message: Descriptor) -> str:
    """A message's name without its package; a nested one carries the names around it."""
    package = message.file.package
    return message.full_name.removeprefix(f"{package}.").replace(".", "_")


def is_map(field: FieldDescriptor) -> bool:
    """Whether it is a `map<…>`, which a descriptor shows as a list of messages that protoc makes
    up."""
    message = field.message_type
    return message is not None and message.GetOptions().map_entry
