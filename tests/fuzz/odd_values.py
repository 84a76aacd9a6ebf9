"""Which values break what only knows usual ones?"""

from __future__ import annotations

import random  # noqa: TID251 - the caller has the seed
from collections.abc import Sequence

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

NUMBERS = (
    0,
    1,
    -1,
    127,
    128,
    2**31 - 1,
    -(2**31),
    2**32 - 1,
    2**63 - 1,
    -(2**63),
    2**64 - 1,
)
TEXTS = (
    "",
    " ",
    "\0",
    "a\0b",
    "\r\n",
    "'\"\\",
    "\U0001f9e0",
    "\u202e",
    "x" * 300,
    "NULL",
    "\\N",
)
FLOATS = (0.0, -0.0, 1.0, -1.5, 1e308, 5e-324, float("inf"), float("-inf"), float("nan"))


def fill(message: Message, chance: random.Random, *, texts: Sequence[str] = TEXTS) -> None:
    """Random values in random fields; of a oneof, only what is alone in it."""
    for field in message.DESCRIPTOR.fields:
        if field.containing_oneof is not None and len(field.containing_oneof.fields) > 1:
            continue  # the payload is chosen by the caller
        if chance.random() < 0.3:
            continue
        entry = field.message_type
        if entry is not None and entry.GetOptions().map_entry:
            pair = (entry.fields_by_name["key"], entry.fields_by_name["value"])
            for _ in range(chance.randint(0, 3)):
                key, value = (_value(each, chance, texts) for each in pair)  # type: ignore[arg-type]
                getattr(message, field.name)[key] = value
        elif field.type == FieldDescriptor.TYPE_MESSAGE:
            inner = getattr(message, field.name)
            for _ in range(chance.randint(1, 3) if field.is_repeated else 1):
                fill(inner.add() if field.is_repeated else inner, chance, texts=texts)
        elif field.is_repeated:
            getattr(message, field.name).extend(
                _value(field, chance, texts)  # type: ignore[arg-type]
                for _ in range(chance.randint(0, 4))
            )
        else:
            setattr(message, field.name, _value(field, chance, texts))  # type: ignore[arg-type]


def _value(field: FieldDescriptor, chance: random.Random, texts: Sequence[str]) -> object:
    kind = field.cpp_type
    if kind == FieldDescriptor.CPPTYPE_STRING:
        return chance.choice(texts)
    if kind == FieldDescriptor.CPPTYPE_BOOL:
        return chance.random() < 0.5
    if kind in (FieldDescriptor.CPPTYPE_DOUBLE, FieldDescriptor.CPPTYPE_FLOAT):
        value = chance.choice(FLOATS)
        return 0.5 if kind == FieldDescriptor.CPPTYPE_FLOAT and abs(value) > 1e38 else value
    low, high = {
        FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
        FieldDescriptor.CPPTYPE_ENUM: (-(2**31), 2**31 - 1),
        FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
        FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
        FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
    }[kind]
    return min(high, max(low, chance.choice(NUMBERS)))
