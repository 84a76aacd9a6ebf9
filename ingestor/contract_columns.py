"""Which columns do `swarm.events` and `swarm.landing` have, and how does the door make one of the
other? One for each field of the contract, read from its descriptors, and those of the log itself.

A message is a named Tuple; between the tables its elements go by their names. An enum is its number
in the landing table and its word in `swarm.events`: a number that this version does not know
becomes its digits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor

from enchanted.events.v1.swarm_event_pb2 import SwarmEvent
from ingestor.column_comments import COMMENTS
from ingestor.heard import HEARD
from ingestor.ingest_schema import is_map
from ingestor.statements import quote_literal

TIMESTAMP: Final = "google.protobuf.Timestamp"

_SCALARS: Final = {
    FieldDescriptor.TYPE_DOUBLE: "Float64",
    FieldDescriptor.TYPE_FLOAT: "Float32",
    FieldDescriptor.TYPE_INT64: "Int64",
    FieldDescriptor.TYPE_UINT64: "UInt64",
    FieldDescriptor.TYPE_INT32: "Int32",
    FieldDescriptor.TYPE_UINT32: "UInt32",
    FieldDescriptor.TYPE_FIXED64: "UInt64",
    FieldDescriptor.TYPE_FIXED32: "UInt32",
    FieldDescriptor.TYPE_SFIXED64: "Int64",
    FieldDescriptor.TYPE_SFIXED32: "Int32",
    FieldDescriptor.TYPE_SINT64: "Int64",
    FieldDescriptor.TYPE_SINT32: "Int32",
    FieldDescriptor.TYPE_BOOL: "Bool",
    FieldDescriptor.TYPE_STRING: "String",
    FieldDescriptor.TYPE_BYTES: "String",
}
_FEW_VALUES: Final = ("agent_id", "producer_session")
"""Fields of the envelope whose values repeat."""

_ZSTD: Final = "ZSTD(1)"
_DELTA: Final = "Delta, ZSTD(1)"
_DISPOSITION: Final = "Enum8('stored' = 1, 'parked' = 2, 'duplicate' = 3)"
_MOMENT: Final = "DateTime64(9, 'UTC')"
_FITS: Final = (
    "{0}.seconds BETWEEN -2208988800 AND 9183110399 AND {0}.nanos BETWEEN 0 AND 999999999"
    " AND ({0}.seconds != 0 OR {0}.nanos != 0)"
)
"""Outside 1900 to 2261 a moment would wrap; both 0 is what a missing one looks like."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table."""

    name: str
    type: str
    comment: str
    codec: str = ""
    materialized: str = ""  # the expression, of a column that the engine fills by itself

    @property
    def declaration(self) -> str:
        """As CREATE, ADD COLUMN and MODIFY COLUMN want it."""
        parts = (
            f"`{self.name}` {self.type}",
            f"MATERIALIZED {self.materialized}" if self.materialized else "",
            f"COMMENT {quote_literal(self.comment)}",
            f"CODEC({self.codec})" if self.codec else "",
        )
        return " ".join(filter(None, parts))


@dataclass(frozen=True, slots=True)
class _DerivedColumn:
    """A column of `swarm.events` and where the door takes it from."""

    column: Column
    landing_name: str = ""  # empty: the engine fills it
    landing_type: str = ""
    expression: str = ""


@cache
def events() -> tuple[Column, ...]:
    """Of `swarm.events`, in order."""
    return tuple(each.column for each in _derived_columns())


@cache
def landing() -> tuple[Column, ...]:
    """Of `swarm.landing`, in order."""
    return tuple(
        Column(name=each.landing_name, type=each.landing_type, comment="see swarm.events")
        for each in _derived_columns()
        if each.landing_name
    )


@cache
def select_list() -> str:
    """The columns of `swarm.events` by those of the landing table."""
    return ",\n    ".join(
        each.expression
        if each.expression == each.column.name
        else f"{each.expression} AS {each.column.name}"
        for each in _derived_columns()
        if each.landing_name
    )


def _derived_columns() -> Iterator[_DerivedColumn]:
    envelope = [field for field in SwarmEvent.DESCRIPTOR.fields if not _is_payload(field)]
    payloads = [field for field in SwarmEvent.DESCRIPTOR.fields if _is_payload(field)]
    yield _own("epoch", "UInt64", codec="DoubleDelta, ZSTD(1)")
    yield _own("seq", "UInt64", codec="DoubleDelta, ZSTD(1)")
    yield _own("subject", "String", codec=_ZSTD)
    yield _DerivedColumn(
        Column(name="recorded_at", type=_MOMENT, comment=COMMENTS["recorded_at"], codec=_DELTA),
        "recorded_at_nanoseconds",
        "Int64",
        "fromUnixTimestamp64Nano(recorded_at_nanoseconds, 'UTC')",
    )
    yield _own("disposition", _DISPOSITION)
    yield _own("reason", "LowCardinality(String)", landing="String")
    yield _own("warnings", "Array(LowCardinality(String))", landing="Array(String)")
    yield from map(_of_field, envelope)
    yield _own("payload_kind", "LowCardinality(String)", landing="String")
    yield from map(_of_field, payloads)
    yield _own("raw", "String", codec=_ZSTD)
    yield _own("writer", "UInt64", codec=_DELTA)
    hashed = "reinterpretAsUInt64(substring(MD5(event_id), 1, 8))"
    yield _computed_column("event_hash", "UInt64", hashed, codec="NONE")
    yield _computed_column("heard", "Bool", HEARD)


def _own(name: str, type: str, *, landing: str = "", codec: str = "") -> _DerivedColumn:
    """A column of the log, or of the ingestor."""
    column = Column(name=name, type=type, comment=COMMENTS[name], codec=codec)
    return _DerivedColumn(column, name, landing or type, name)


def _computed_column(name: str, type: str, expression: str, *, codec: str = "") -> _DerivedColumn:
    comment = COMMENTS[name]
    return _DerivedColumn(
        Column(name=name, type=type, comment=comment, codec=codec, materialized=expression)
    )


def _of_field(field: FieldDescriptor) -> _DerivedColumn:
    """A column of the contract."""
    kind, codec = _type(field, words=True), _ZSTD
    if _is_message(field, TIMESTAMP) or kind == "UInt64":
        codec = _DELTA
    if field.name in _FEW_VALUES:
        kind = f"LowCardinality({kind})"
    if "LowCardinality" in kind and "Tuple" not in kind:
        codec = ""
    column = Column(name=field.name, type=kind, comment=_comment(field), codec=codec)
    expression = _expression(field, field.name)
    if "Tuple" in kind and expression != field.name:
        expression = f"CAST({expression}, '{kind}')"  # which gives the elements their names
    return _DerivedColumn(column, field.name, _type(field, words=False), expression)


def _is_payload(field: FieldDescriptor) -> bool:
    return field.containing_oneof is not None and field.containing_oneof.name == "payload"


def _is_message(field: FieldDescriptor, name: str) -> bool:
    return field.message_type is not None and field.message_type.full_name == name


def _is_optional(field: FieldDescriptor) -> bool:
    """proto3 `optional` is a oneof of one field that protoc makes up."""
    oneof = field.containing_oneof
    return oneof is not None and oneof.name == f"_{field.name}"


def _type(field: FieldDescriptor, *, words: bool) -> str:
    """In `swarm.events`, with `words`; in the landing table, without."""
    optional = _is_optional(field)
    if field.message_type is not None:
        if words and field.message_type.full_name == TIMESTAMP and not field.is_repeated:
            return f"Nullable({_MOMENT})"
        if is_map(field):
            key, value = (_type(each, words=words) for each in field.message_type.fields)
            return f"Map({key.replace('String', 'LowCardinality(String)')}, {value})"
        inner = ", ".join(
            f"{each.name} {_type(each, words=words)}" for each in field.message_type.fields
        )
        kind, optional = f"Tuple({inner})", False
    elif field.enum_type is not None and words:
        kind = f"LowCardinality({'Nullable(String)' if optional else 'String'})"
        optional = False
    else:
        kind = "Int32" if field.enum_type is not None else _SCALARS[field.type]
    if optional:
        kind = f"Nullable({kind})"
    return f"Array({kind})" if field.is_repeated else kind


def _expression(field: FieldDescriptor, path: str, *, depth: int = 0) -> str:
    """The value for `swarm.events` of the value at `path` of the landing table."""
    if not _changes(field):
        return path
    if field.is_repeated:
        each = f"each{depth or ''}"
        return f"arrayMap({each} -> {_one(field, each, depth=depth + 1)}, {path})"
    return _one(field, path, depth=depth)


def _one(field: FieldDescriptor, path: str, *, depth: int) -> str:
    if field.enum_type is not None:
        numbers, words = zip(*_words(field.enum_type), strict=True)
        return f"transform({path}, {list(numbers)}, {list(words)}, toString({path}))"
    if field.message_type is None:
        raise AssertionError(f"{field.full_name} is a message without a type")
    if field.message_type.full_name == TIMESTAMP:
        fits = f"{field.name}_fits"
        nanoseconds = f"if({fits}, {path}.seconds * 1000000000 + {path}.nanos, 0)"
        return (
            f"if(({_FITS.format(path)}) AS {fits},"
            f" fromUnixTimestamp64Nano({nanoseconds}, 'UTC'), NULL)"
        )
    inner = (
        _expression(each, f"{path}.{each.name}", depth=depth) for each in field.message_type.fields
    )
    return f"tuple({', '.join(inner)})"


def _changes(field: FieldDescriptor) -> bool:
    """Whether the two tables hold it differently."""
    return _type(field, words=True) != _type(field, words=False)


def _words(enum: EnumDescriptor) -> list[tuple[int, str]]:
    """Number and word of each value: `RISK_HIGH` is `high`."""
    prefix = enum.values_by_number[0].name.removesuffix("UNSPECIFIED")
    return [(each.number, each.name.removeprefix(prefix).lower()) for each in enum.values]


def _comment(field: FieldDescriptor) -> str:
    """Ours, or the name in the contract, and the words of its enums."""
    comment = COMMENTS.get(field.name, f"{(field.message_type or field).full_name} of the contract")
    if field.enum_type is not None:
        return f"{comment}: {_list_values(field.enum_type)}"
    return "; ".join([comment, *dict.fromkeys(_enums(field))])


def _enums(field: FieldDescriptor) -> Iterator[str]:
    if field.enum_type is not None:
        yield f"{field.name}: {_list_values(field.enum_type)}"
    elif field.message_type is not None and field.message_type.full_name != TIMESTAMP:
        for each in field.message_type.fields:
            yield from _enums(each)


def _list_values(enum: EnumDescriptor) -> str:
    unspecified, *others = (word for _, word in _words(enum))
    return f"{', '.join(others)} or {unspecified}"
