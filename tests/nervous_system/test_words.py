"""Are the words that stand in events those of the contract's enums?"""

from __future__ import annotations

import pytest
from google.protobuf.descriptor import FieldDescriptor

from enchanted.events.v1.action_outcome_pb2 import OutcomeStatus
from enchanted.events.v1.alarm_pb2 import ALARM_STREAM_TRUNCATED, AlarmName, AlarmRaised
from enchanted.events.v1.swarm_event_pb2 import SwarmEvent
from enchanted.events.v1.task_pb2 import RESULT_CHECKS_FAILED, RISK_HIGH, RiskTier, TaskResult
from enchanted.events.v1.word_pb2 import words as words_option
from nervous_system.contract.payload import KINDS
from nervous_system.contract.words import RESULTS, STATUSES, TIERS, word

FIELDS = [
    field
    for payload in KINDS
    for field in payload.DESCRIPTOR.fields
    if field.GetOptions().HasExtension(words_option)
]


def test_a_word_is_the_end_of_a_name_unless_the_contract_gives_another() -> None:
    assert word(AlarmName, ALARM_STREAM_TRUNCATED) == "stream_truncated"
    assert word(TaskResult, RESULT_CHECKS_FAILED) == "checks_failed"
    assert word(RiskTier, RISK_HIGH) == "high-risk"


def test_each_word_that_a_type_checker_takes_has_the_number_of_its_value() -> None:
    assert all(word(OutcomeStatus, status) == each for each, status in STATUSES.items())
    assert all(word(TaskResult, result) == each for each, result in RESULTS.items())
    assert all(word(RiskTier, tier) == each for each, tier in TIERS.items())


def test_whoever_records_an_outcome_can_say_each_of_its_words() -> None:
    assert set(STATUSES.values()) == {status for status in OutcomeStatus.values() if status}


def test_some_fields_take_words() -> None:
    assert AlarmRaised.DESCRIPTOR.fields_by_name["name"] in FIELDS


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.full_name)
def test_a_field_of_words_is_a_text_and_has_an_enum(field: FieldDescriptor) -> None:
    assert field.type == FieldDescriptor.TYPE_STRING
    enum = f"{SwarmEvent.DESCRIPTOR.file.package}.{field.GetOptions().Extensions[words_option]}"
    found = SwarmEvent.DESCRIPTOR.file.pool.FindEnumTypeByName(enum)
    assert found.values_by_number[0].name.endswith("_UNSPECIFIED")
