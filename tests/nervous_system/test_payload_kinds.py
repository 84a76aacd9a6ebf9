"""Is what each payload says of its kind, in the contract, something that it can keep?"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from enchanted.events.v1.kind_pb2 import TYPE_UNSPECIFIED
from nervous_system.contract.payload import KINDS, Payload

PAYLOADS = pytest.mark.parametrize("payload", KINDS, ids=lambda each: each.__name__)
WORD = re.compile("[a-z][a-z_]*").fullmatch


def test_no_two_kinds_share_a_word() -> None:
    words = [word for kind in KINDS.values() for word in (kind.subject_word, kind.lane) if word]
    assert len(words) == len(set(words))


@PAYLOADS
def test_a_kind_says_its_type_and_its_word(payload: type[Payload]) -> None:
    kind = KINDS[payload]
    assert kind.event_type != TYPE_UNSPECIFIED
    assert WORD(kind.subject_word)
    assert not kind.source or WORD(kind.source)


@PAYLOADS
def test_a_key_is_a_text_of_the_payload(payload: type[Payload]) -> None:
    for path in KINDS[payload].key_fields:
        *_, field = fields(payload.DESCRIPTOR, path)
        assert field.type == FieldDescriptor.TYPE_STRING
        assert not field.is_repeated


@PAYLOADS
def test_a_lane_is_a_yes_or_no_of_the_payload(payload: type[Payload]) -> None:
    if lane := KINDS[payload].lane:
        (field,) = fields(payload.DESCRIPTOR, lane)
        assert field.type == FieldDescriptor.TYPE_BOOL


@PAYLOADS
def test_an_aggregate_has_one_filter_whoever_writes_it(payload: type[Payload]) -> None:
    kind = KINDS[payload]
    if kind.aggregate:
        assert kind.source
        assert len(kind.key_fields) == 1


def fields(message: Descriptor, path: str) -> Iterator[FieldDescriptor]:
    """Along a path such as `manifest.task_id`; KeyError where there is none."""
    name, _, rest = path.partition(".")
    field = message.fields_by_name[name]
    yield field
    if rest:
        assert field.message_type is not None
        yield from fields(field.message_type, rest)
