"""Do runs of mini-swe-agent, in each dialect, and SWE-agent's attempts become their events?"""

from __future__ import annotations

import json
from datetime import UTC, datetime
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
from importers.refusal import ImportRefused
from importers.swe_agent.history import UNKNOWN_TIME, open_trajectories, trajectory_unit
from importers.swe_agent.trajectory_file import parse_trajectories
from importers.unit import ImportUnit
from nervous_system.contract.codec import encode
from tests.importers.importing_samples import REAL_TRAJECTORIES, tiny_trajectory

PATCH = (
    "diff --git a/a.txt b/a.txt\nindex 7898192..6178079 100644\n"
    "--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-a\n+b\n"
)
MOMENT = 1_775_802_395.25


def _units(document: object) -> list[ImportUnit]:
    found = parse_trajectories(json.dumps(document).encode(), name="x").trajectories
    return [trajectory_unit(each, name="x") for each in found]


def _payloads(unit: ImportUnit, kind: type) -> list[Any]:
    return [entry.event.payload for entry in unit.entries if isinstance(entry.event.payload, kind)]


def _answer(thought: str, actions: list[tuple[str, str]], *, at: float, cost: float) -> object:
    """What the model said, with the calls of tools that it chose."""
    return {
        "role": "assistant",
        "content": thought,
        "tool_calls": [
            {
                "id": call,
                "function": {"name": "bash", "arguments": json.dumps({"command": command})},
            }
            for command, call in actions
        ],
        "extra": {
            "actions": [{"command": command, "tool_call_id": call} for command, call in actions],
            "response": {"usage": {"prompt_tokens": 100, "completion_tokens": 10}},
            "cost": cost,
            "timestamp": MOMENT + at,
        },
    }


def _observed(call: str, output: str, code: int, *, at: float) -> object:
    return {
        "role": "tool",
        "tool_call_id": call,
        "content": f"<returncode>{code}</returncode>\n<output>\n{output}</output>",
        "extra": {"raw_output": output, "returncode": code, "timestamp": MOMENT + at},
    }


def _document(**info: Any) -> dict[str, Any]:
    """As version 2 writes: two calls in one message, answered in another order, then the end."""
    return {
        "info": {
            "model_stats": {"instance_cost": 0.5, "api_calls": 2},
            "exit_status": "Submitted",
            "submission": PATCH,
            **info,
        },
        "messages": [
            {"role": "system", "content": "You are helpful."},
            {"role": "user", "content": "Fix it."},
            _answer("I look.", [("ls", "c1"), ("cat b", "c2")], at=0, cost=0.125),
            _observed("c2", "no such file", 1, at=3),
            _observed("c1", "a.txt", 0, at=2),
            _answer("Done.", [("echo END && cat patch", "c3")], at=10, cost=0.25),
            {"role": "exit", "content": PATCH, "extra": {"exit_status": "Submitted"}},
        ],
        "trajectory_format": "mini-swe-agent-1.1",
        "instance_id": "django__django-10914",
    }


def test_each_action_is_a_decision_and_has_its_own_outcome() -> None:
    [unit] = _units(_document())
    looked, read, done = _payloads(unit, AgentDecision)
    assert [each.chosen_action for each in (looked, read, done)] == [
        "ls",
        "cat b",
        "echo END && cat patch",
    ]
    assert [each.rationale for each in (looked, read, done)] == ["I look.", "I look.", "Done."]
    assert looked.input_trigger == "Fix it."
    first, second, last = _payloads(unit, ActionOutcome)
    assert "a.txt" in first.output
    assert (first.exit_code, second.exit_code) == (0, 1)
    assert not last.HasField("exit_code")
    assert (first.status, second.status) == (OUTCOME_UNSPECIFIED, OUTCOME_UNSPECIFIED)
    assert last.status == OUTCOME_SUCCEEDED
    assert "exit status: Submitted, 2 API calls" in last.output
    assert {entry.event.agent_id for entry in unit.entries} == {
        "mini-swe-agent:django__django-10914"
    }
    [change] = _payloads(unit, StateChange)
    assert change.target_resource == "a.txt"
    assert change.is_reversible


def test_costs_and_tokens_add_up_to_those_of_the_run() -> None:
    [unit] = _units(_document())
    outcomes = _payloads(unit, ActionOutcome)
    assert sum(each.cost_usd for each in outcomes) == 0.5
    assert [each.HasField("cost_usd") for each in outcomes] == [True, False, True]
    assert sum(each.input_tokens for each in outcomes) == 200


def test_its_clock_is_taken_and_never_goes_back() -> None:
    [unit] = _units(_document())
    moments = [entry.event.timestamp for entry in unit.entries]
    assert moments == sorted(moments)
    assert moments[0] == datetime.fromtimestamp(MOMENT, UTC)
    assert _payloads(unit, ActionOutcome)[0].duration_seconds == 2


@pytest.mark.parametrize(
    ("exit_status", "status"),
    [
        ("Submitted", OUTCOME_SUCCEEDED),
        ("LimitsExceeded", OUTCOME_FAILED),
        ("AuthenticationError", OUTCOME_FAILED),
        ("UserInterruption", OUTCOME_CANCELLED),
    ],
)
def test_the_name_of_what_ended_it_is_its_status(exit_status: str, status: int) -> None:
    [unit] = _units(_document(exit_status=exit_status))
    assert _payloads(unit, ActionOutcome)[-1].status == status


def _listed(command: str, *, fence: str = "mswea_bash_command") -> list[dict[str, str]]:
    """As the first version wrote, and as its tests keep them."""
    return [
        {"role": "system", "content": "You are helpful."},
        {"role": "user", "content": "Fix it."},
        {"role": "assistant", "content": f"I look.\n\n```{fence}\nls -la\n```"},
        {"role": "user", "content": "<returncode>3</returncode>\n<output>\na\n</output>"},
        {"role": "assistant", "content": f"Done.\n\n```{fence}\n{command}\n```"},
        {"role": "user", "content": PATCH},
    ]


@pytest.mark.parametrize("fence", ["mswea_bash_command", "bash"])
def test_a_bare_list_of_messages_is_a_run(fence: str) -> None:
    [unit] = _units(_listed("echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT", fence=fence))
    first, last = _payloads(unit, AgentDecision)
    assert (first.chosen_action, first.input_trigger) == ("ls -la", "Fix it.")
    assert last.chosen_action == "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT"
    looked, done = _payloads(unit, ActionOutcome)
    assert looked.exit_code == 3
    assert done.status == OUTCOME_SUCCEEDED
    assert len(_payloads(unit, StateChange)) == 1
    assert unit.entries[0].event.timestamp == UNKNOWN_TIME


def test_the_dialect_of_responses_is_read_too() -> None:
    response = {
        "object": "response",
        "output": [
            {"type": "message", "content": [{"type": "output_text", "text": "I look."}]},
            {"type": "function_call", "call_id": "c1", "name": "bash", "arguments": "{}"},
        ],
        "usage": {"input_tokens": 7, "output_tokens": 8},
        "extra": {"actions": [{"command": "ls", "tool_call_id": "c1"}], "cost": 0.5},
    }
    answer = {
        "type": "function_call_output",
        "call_id": "c1",
        "output": "a.txt",
        "extra": {"returncode": 3_221_225_477},
    }
    [unit] = _units({"messages": [{"role": "user", "content": "Go."}, response, answer]})
    [decision], [outcome] = _payloads(unit, AgentDecision), _payloads(unit, ActionOutcome)
    assert (decision.rationale, decision.chosen_action) == ("I look.", "ls")
    assert (outcome.output, outcome.exit_code) == ("a.txt", 3_221_225_477 - 2**32)
    assert (outcome.input_tokens, outcome.output_tokens, outcome.cost_usd) == (7, 8, 0.5)


def test_a_run_that_never_began_is_refused_with_a_sentence() -> None:
    with pytest.raises(ImportRefused, match="no one of its messages is an answer of a model"):
        _units({"messages": [], "info": {"exit_status": "AuthenticationError"}})


def test_each_attempt_is_a_run_and_the_chosen_one_stands_once() -> None:
    first, second = tiny_trajectory(environment="1"), tiny_trajectory()
    second["trajectory"] = second["trajectory"][:1]
    info = {**second["info"], "best_attempt_idx": 1}
    document = {**second, "info": info, "attempts": [first, second]}
    units = _units(document)
    assert [len(_payloads(unit, AgentDecision)) for unit in units] == [2, 1]
    said = [_payloads(unit, ActionOutcome)[-1].output for unit in units]
    assert said[0].endswith("[attempt 1 of 2]")
    assert said[1].endswith("[attempt 2 of 2, which was chosen]")
    assert len({unit.run_key for unit in units}) == 2
    undecided = _units({"attempts": [first, second]})
    assert len(undecided) == 2
    other = _units({**tiny_trajectory(environment="3"), "attempts": [second]})
    assert len(other) == 2, "what is no attempt of them stands for itself"


async def test_an_attempt_without_steps_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    file = tmp_path / "tried.traj"
    file.write_text(json.dumps({"attempts": [{"trajectory": []}, tiny_trajectory()]}))
    source = await open_trajectories([file])
    assert source.total == 1
    [sentence] = source.refused
    assert f"{file}: attempt 1 of 2 is no trajectory" in sentence
    assert [unit.name async for unit in source.units] == ["tried.traj (attempt 2 of 2)"]


async def test_a_real_list_of_messages_is_read() -> None:
    file = REAL_TRAJECTORIES.parent / "agent-logs" / "mini-swe-agent" / "local.traj.json"
    if not file.exists():
        pytest.skip(f"{file.name} is not on this machine")
    [unit] = [unit async for unit in (await open_trajectories([file])).units]
    assert [each.chosen_action for each in _payloads(unit, AgentDecision)] == [
        "echo 'hello world'",
        "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT",
    ]
    assert _payloads(unit, ActionOutcome)[0].exit_code == 0
    assert _payloads(unit, ActionOutcome)[1].status == OUTCOME_SUCCEEDED


def test_the_same_document_is_the_same_events() -> None:
    one, two = (_units(_document())[0] for _ in range(2))
    assert [encode(entry.event) for entry in one.entries] == [
        encode(entry.event) for entry in two.entries
    ]
