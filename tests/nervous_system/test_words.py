"""Are the contract's words that code spells out those of the contract?"""

from __future__ import annotations

from typing import get_args

import pytest

from enchanted.events.v1.action_outcome_pb2 import OutcomeStatus
from enchanted.events.v1.task_pb2 import RiskTier, TaskResult
from nervous_system.contract.words import RESULTS, STATUSES, TIERS, How, Status, Tier


@pytest.mark.parametrize(("words", "numbers"), [(Status, STATUSES), (How, RESULTS), (Tier, TIERS)])
def test_each_word_that_a_type_checker_takes_has_its_number(
    words: object, numbers: dict[str, int]
) -> None:
    assert get_args(words) == tuple(numbers)


def test_each_word_is_the_name_of_its_value() -> None:
    for word, status in STATUSES.items():
        assert OutcomeStatus.Name(status) == f"OUTCOME_{word.upper()}"
    for word, result in RESULTS.items():
        assert TaskResult.Name(result) == f"RESULT_{word.upper()}"
    for word, tier in TIERS.items():
        assert RiskTier.Name(tier) == f"RISK_{word.removesuffix('-risk').upper()}"


def test_whoever_records_an_outcome_can_say_each_of_its_words() -> None:
    said = {status for status in OutcomeStatus.values() if status}
    assert said == set(STATUSES.values())
