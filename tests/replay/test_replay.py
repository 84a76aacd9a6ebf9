"""Do recorded histories lead to the same decisions today, and to the same state?"""

from __future__ import annotations

import pytest

from tests.replay.histories import read
from tests.replaying import continued, hash_of, interrupted, replay

SERVICES = ("overseer", "governor", "guardian")


@pytest.mark.parametrize("service", SERVICES)
def test_a_recorded_history_leads_to_the_same_decisions(service: str) -> None:
    """If it does not by intent: see record.py."""
    history = read(service)
    replayed = replay(history.role, history.log)
    assert replayed.differences == []
    assert replayed.decisions == history.decisions > 5
    assert replayed.state_hash == history.state_hash


@pytest.mark.parametrize("service", SERVICES)
def test_a_leader_that_begins_anywhere_comes_to_the_same_state(service: str) -> None:
    """From a snapshot at any position; nothing is decided beyond what is on the log."""
    history = read(service)
    role, log = history.role, history.log
    for each in log[:: max(1, len(log) // 25)]:
        snapshot = interrupted(role, log, each.sequence)
        state, beyond = continued(role, snapshot, log)
        assert beyond == [], each.sequence
        assert hash_of(state) == history.state_hash, each.sequence


def test_a_wrong_history_is_found_out() -> None:
    """`overseer_wrong.json`: a task went to somebody else than the overseer would choose."""
    wrong = read("overseer_wrong")
    replayed = replay(wrong.role, wrong.log)
    first = replayed.differences[0]
    assert "task_claimed at " in first
    assert "is decided differently now" in first
    assert 'worker_id: "somebody else"' in first
    assert 'became task_id: "' in first


def test_a_decision_that_is_missing_or_was_added_is_found_out() -> None:
    history = read("overseer")
    role, log = history.role, history.log
    completed = next(e for e in log if e.event.kind.field == "task_completed")
    without = [each for each in log if each is not completed]
    sentences = replay(role, without).differences
    assert "task_completed is not on the log and would be decided now" in sentences
    requests = {each.event.event_id for each in log if "request" in each.subject}
    cause = completed.event.causation_id
    assert cause in requests
    unasked = [each for each in log if each.event.event_id != cause]
    sentences = replay(role, unasked).differences
    assert any("task_completed at" in each and "would not be decided" in each for each in sentences)
