"""Does a run of the SWE-agent become the events it should, the same ones every time?"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from enchanted.events.v1.action_outcome_pb2 import (
    OUTCOME_CANCELLED,
    OUTCOME_FAILED,
    OUTCOME_SUCCEEDED,
    OUTCOME_UNSPECIFIED,
    ActionOutcome,
)
from enchanted.events.v1.agent_decision_pb2 import AgentDecision
from enchanted.events.v1.state_change_pb2 import StateChange
from importers.swe_agent.history import UNKNOWN_TIME, open_trajectories, trajectory_unit
from importers.swe_agent.trajectory_file import parse_trajectories
from importers.unit import ImportUnit
from nervous_system.contract.codec import encode
from nervous_system.ids import content_hash
from tests.importers.importing_samples import REAL_TRAJECTORIES, tiny_trajectory


def _unit(**changes: Any) -> ImportUnit:
    data = json.dumps(tiny_trajectory(**changes)).encode()
    [found] = parse_trajectories(data, name="x").trajectories
    return trajectory_unit(found, name="x")


def _payloads(unit: ImportUnit, kind: type) -> list[Any]:
    return [entry.event.payload for entry in unit.entries if isinstance(entry.event.payload, kind)]


def test_each_step_is_a_decision_and_its_outcome() -> None:
    unit = _unit()
    first, second = _payloads(unit, AgentDecision)
    looked, done = _payloads(unit, ActionOutcome)
    assert (first.rationale, first.chosen_action) == ("I look.", "ls\n")
    assert first.input_trigger == "Fix the bug."
    assert second.input_trigger == "a.txt\r\n"
    assert second.context_hash == content_hash("a.txt\r\n")
    assert looked.output == "a.txt\r\n"
    assert looked.duration_seconds == 0.25
    assert looked.status == OUTCOME_UNSPECIFIED
    assert not looked.HasField("exit_code")
    assert not looked.HasField("cost_usd")
    assert done.output == "done\n[exit status: submitted, 2 API calls]"
    assert done.status == OUTCOME_SUCCEEDED
    assert (done.cost_usd, done.input_tokens, done.output_tokens) == (0.125, 1000, 50)


def test_causes_form_one_line_in_one_trace() -> None:
    decision, outcome, second, change, last = (entry.event for entry in _unit().entries)
    assert decision.causation_id == ""
    assert outcome.causation_id == decision.event_id
    assert second.causation_id == outcome.event_id
    assert change.causation_id == last.causation_id == second.event_id
    assert isinstance(last.payload, ActionOutcome)
    assert last.payload.decision_event_id == second.event_id
    assert len({event.trace_id for event in (decision, outcome, second, change, last)}) == 1
    assert decision.span_id == outcome.span_id != second.span_id == change.span_id == last.span_id
    assert {event.agent_id for event in (decision, last)} == {"swe-agent:owner__project"}
    assert decision.correlation_id == last.correlation_id


def test_the_clock_starts_at_the_unknown_and_counts_what_was_measured() -> None:
    times = [entry.event.timestamp for entry in _unit().entries]
    assert times[0] == UNKNOWN_TIME
    assert times == sorted(set(times))
    assert timedelta(seconds=1.75) < times[-1] - times[0] < timedelta(seconds=1.751)


def test_the_submission_is_a_change_of_a_file_of_this_run() -> None:
    [change] = _payloads(_unit(), StateChange)
    assert change.target_type == "FILE_SYSTEM"
    assert change.workspace.startswith("swe-agent:")
    assert change.target_resource == "a.txt"
    assert (change.previous_state_hash, change.new_state_hash) == ("7898192", "6178079")
    assert change.diff_patch.startswith("diff --git a/a.txt b/a.txt\n")
    assert change.is_reversible
    assert not change.truncated


def test_a_submission_that_is_no_diff_is_kept_as_text() -> None:
    [change] = _payloads(_unit(info={"submission": "42"}), StateChange)
    assert (change.target_type, change.diff_patch) == ("SUBMISSION", '"42"')
    assert not change.is_reversible


def test_a_rename_ends_one_file_and_begins_another() -> None:
    submission = (
        "diff --git a/old b/new\nsimilarity index 50%\nrename from old\nrename to new\n"
        "index 7898192..6178079 100644\n--- a/old\n+++ b/new\n@@ -1 +1 @@\n-a\n+b\n"
    )
    ended, begun = _payloads(_unit(info={"submission": submission}), StateChange)
    assert ended.target_resource == "old"
    assert (ended.previous_state_hash, ended.new_state_hash) == ("7898192", "")
    assert begun.target_resource == "new"
    assert (begun.previous_state_hash, begun.new_state_hash) == ("", "6178079")
    assert begun.is_reversible


def test_what_is_too_large_is_bounded_and_says_so() -> None:
    long = "word " * 40_000
    diff = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -0,0 +1,200000 @@\n" + "+abc\n" * 200_000
    step = {"thought": long, "action": long, "observation": long}
    unit = _unit(trajectory=[step], info={"submission": diff}, history=[])
    for entry in unit.entries:
        assert len(encode(entry.event)) < 200_000
    [decision], [outcome], [change] = (
        _payloads(unit, kind) for kind in (AgentDecision, ActionOutcome, StateChange)
    )
    assert decision.rationale.endswith("bytes left out]")
    assert outcome.output_truncated
    assert change.truncated
    assert not change.is_reversible
    assert change.diff_patch == ""


@pytest.mark.parametrize(
    ("exit_status", "status"),
    [
        ("submitted", OUTCOME_SUCCEEDED),
        ("submitted (exit_cost)", OUTCOME_FAILED),
        ("exit_context", OUTCOME_FAILED),
        ("exit_forfeit", OUTCOME_FAILED),
        ("early_exit", OUTCOME_CANCELLED),
        ("a new one", OUTCOME_UNSPECIFIED),
        (None, OUTCOME_UNSPECIFIED),
    ],
)
def test_the_exit_status_decides_the_last_outcome(exit_status: str | None, status: int) -> None:
    outcomes = _payloads(_unit(info={"exit_status": exit_status}), ActionOutcome)
    assert outcomes[-1].status == status
    assert all(outcome.status == OUTCOME_UNSPECIFIED for outcome in outcomes[:-1])


async def test_the_same_bytes_are_the_same_events_under_any_name(
    trajectory_file: Callable[..., Path], tmp_path: Path
) -> None:
    original = trajectory_file()
    copy = tmp_path / "elsewhere" / "another name"
    copy.parent.mkdir()
    copy.write_bytes(original.read_bytes())
    encoded = []
    for path in (original, original, copy):
        [unit] = [unit async for unit in (await open_trajectories([path])).units]
        encoded.append([(encode(entry.event), entry.key) for entry in unit.entries])
    assert encoded[0] == encoded[1] == encoded[2]
    other = _unit(environment="other")
    assert not {entry.event.event_id for entry in other.entries} & {
        entry.event.event_id for entry in _unit().entries
    }


@pytest.mark.parametrize(
    ("name", "agent", "decisions", "path", "hashes"),
    [
        (
            "marshmallow-1867.traj",
            "swe-agent:marshmallow-code__marshmallow-1867",
            11,
            "src/marshmallow/fields.py",
            ("ad388c7", "20da768"),
        ),
        (
            "humanevalfix-python-0.traj",
            "swe-agent:swe-bench__humanevalfix-python",
            5,
            "main.py",
            ("cacc17f", "a4909b2"),
        ),
        (
            "function_calling_simple.traj",
            "swe-agent:SWE-agent__test-repo",
            5,
            "tests/missing_colon.py",
            ("20edef5", "5857437"),
        ),
    ],
)
async def test_a_real_run_is_read_whole(
    name: str, agent: str, decisions: int, path: str, hashes: tuple[str, str]
) -> None:
    file = REAL_TRAJECTORIES / name
    if not file.exists():
        pytest.skip(f"{name} is not on this machine")
    source = await open_trajectories([file])
    [unit] = [unit async for unit in source.units]
    assert source.total == 1
    assert {entry.event.agent_id for entry in unit.entries} == {agent}
    assert len(_payloads(unit, AgentDecision)) == len(_payloads(unit, ActionOutcome)) == decisions
    assert all(decision.rationale for decision in _payloads(unit, AgentDecision))
    [change] = _payloads(unit, StateChange)
    assert change.target_resource == path
    assert (change.previous_state_hash, change.new_state_hash) == hashes
    assert change.is_reversible
    assert "\r" not in change.diff_patch
    for entry in unit.entries:
        assert encode(entry.event) == encode(entry.event)
