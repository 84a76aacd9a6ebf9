"""Do the key indicators have the values that their definitions say, in bounded memory?

That ClickHouse computes the same is `tests/ingestor/test_control_views.py`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from pydantic import TypeAdapter

from enchanted.events.v1.agent_decision_pb2 import AgentDecision
from enchanted.events.v1.command_pb2 import CommandIssued
from enchanted.events.v1.objective_pb2 import ObjectiveApproved, ObjectiveProposed
from enchanted.events.v1.policy_pb2 import PolicyAdopted
from enchanted.events.v1.pulse_pb2 import (
    DispatchHeld,
    DispatchResumed,
    HaltLifted,
    HaltOrdered,
    KeyIndicator,
    SystemModeChanged,
)
from enchanted.events.v1.swarm_event_pb2 import (
    ROLE_CODER,
    ROLE_GUARDIAN,
    ROLE_OPERATOR,
    ROLE_OVERSEER,
    ROLE_SUPERVISOR,
    AgentRole,
)
from enchanted.events.v1.task_pb2 import (
    RESULT_COMPLETED,
    RESULT_FAILED,
    RESULT_QUARANTINED,
    RISK_EXPERIMENTAL,
    RISK_SAFE,
    TaskClaimed,
)
from enchanted.events.v1.task_request_pb2 import ORDER_RETRY, TaskOrdered
from nervous_system.contract.payload import Payload
from overseer.indicators import KEPT_MINUTES, IndicatorState, evolve, indicators
from overseer.policy import PolicyRefused, read_policy
from overseer.policy_timeline import MAX_CHANGES
from tests.control_history import History, histories, registry
from tests.hearing import measured
from tests.overseer.overseen import Overseen, task

STATE = TypeAdapter(IndicatorState)


def folded(history: History) -> IndicatorState:
    """The state behind the last event."""
    state = IndicatorState()
    for recorded in history.log:
        state = evolve(state, recorded)
    return state


def value(history: History, name: str, *, at: datetime | None = None) -> float | None:
    """One indicator, as of the history's end."""
    found = {each.name: each.value for each in indicators(folded(history), at or history.now)}
    return found[name]


def started() -> History:
    """An overseer has been there for three days, and nothing went wrong."""
    history = History()
    history.add(SystemModeChanged(mode="operational"))
    history.later(days=3)
    return history


def test_nothing_is_measured_before_the_first_start() -> None:
    history = History()
    history.add(ObjectiveProposed(objective_id="o"), ROLE_OPERATOR)
    history.add(HaltOrdered(), ROLE_OPERATOR)
    found = indicators(folded(history), history.now)
    assert [(each.value, each.met) for each in found] == [(None, False)] * 5
    assert found[0].encode() == KeyIndicator(name="uptime_percent", target=95)
    history.submit("a")
    found = indicators(folded(history), history.now)
    assert [(each.name, each.value, each.target, each.met) for each in found] == [
        ("uptime_percent", 100.0, 95.0, True),
        ("mean_tool_efficacy_score", None, 96.0, False),
        ("policy_violations", 0.0, 0.0, True),
        ("confidence_change_percent", None, 1.0, False),
        ("human_overrides", 1.0, 1.0, True),
    ]


def test_before_anybody_speaks_of_a_mode_it_is_operational() -> None:
    history = History()
    history.decide(0.5)
    history.add(DispatchResumed(), ROLE_SUPERVISOR)
    assert value(history, "uptime_percent") is None
    history.add(DispatchResumed())
    history.later(hours=5)
    assert value(history, "uptime_percent") == 100.0


def test_uptime_counts_minutes() -> None:
    """BEGINNING is 09:59:30: minutes 59 to 09 are eleven, of which 04, 05 and 06 are not."""
    history = History()
    history.add(SystemModeChanged(mode="operational"))
    history.later(minutes=5)
    history.add(SystemModeChanged(mode="degraded"))
    history.later(minutes=1)
    history.add(SystemModeChanged(mode="halted"))
    history.later(seconds=30)
    history.add(SystemModeChanged(mode="operational"))
    history.later(minutes=3)
    assert value(history, "uptime_percent") == pytest.approx(100 * 8 / 11)


def test_a_mode_that_lasts_counts_until_now_and_a_day_back() -> None:
    history = started()
    history.add(SystemModeChanged(mode="halted"))
    history.later(hours=6)
    assert value(history, "uptime_percent") == pytest.approx(100 * (1440 - 361) / 1440)
    history.later(days=2)
    assert value(history, "uptime_percent") == 0.0
    history.add(SystemModeChanged(mode="operational"))
    history.later(days=1)
    assert value(history, "uptime_percent") == 100.0


def test_efficacy_is_the_mean_of_a_day() -> None:
    history = started()
    history.acknowledge("old", result=RESULT_FAILED)
    history.later(days=1)
    history.acknowledge("a", result=RESULT_COMPLETED, duration_seconds=1)
    history.acknowledge("b", result=RESULT_FAILED, duration_seconds=1000)
    assert value(history, "mean_tool_efficacy_score") == pytest.approx((100 + 20) / 2)
    assert value(history, "mean_tool_efficacy_score", at=history.now + timedelta(days=1)) is None


def test_confidence_is_compared_with_the_day_before() -> None:
    history = started()
    history.decide(0.1)
    history.later(days=1)
    history.decide(0.4)
    history.decide(0.6)
    assert value(history, "confidence_change_percent") == pytest.approx(400, abs=1e-4)
    history.later(days=1)
    history.decide(0.51)
    for ignored in (None, 7.0, -1.0, float("nan")):
        history.decide(ignored)
    assert value(history, "confidence_change_percent") == pytest.approx(2, abs=1e-4)
    history.later(days=1)
    assert value(history, "confidence_change_percent") is None


@pytest.mark.parametrize(
    ("payload", "role", "counts"),
    [
        (TaskOrdered(task_id="t", order=ORDER_RETRY), ROLE_OPERATOR, True),
        (TaskOrdered(task_id="t", order=ORDER_RETRY), ROLE_GUARDIAN, False),
        (HaltOrdered(), ROLE_OPERATOR, True),
        (HaltOrdered(), ROLE_GUARDIAN, False),
        (HaltLifted(), ROLE_OPERATOR, False),
        (CommandIssued(target="w1"), ROLE_OPERATOR, True),
        (CommandIssued(target="w1"), ROLE_GUARDIAN, False),
        (DispatchHeld(), ROLE_OPERATOR, True),
        (SystemModeChanged(mode="degraded"), ROLE_OPERATOR, True),
        (ObjectiveProposed(objective_id="o"), ROLE_OPERATOR, False),
        (ObjectiveApproved(objective_id="o"), ROLE_OPERATOR, False),
        (AgentDecision(rationale="r"), ROLE_OPERATOR, False),
    ],
)
def test_what_is_an_override(payload: Payload, role: AgentRole.ValueType, counts: bool) -> None:
    history = started()
    history.add(payload, role)
    assert value(history, "human_overrides") == float(counts)
    assert value(history, "human_overrides", at=history.now + timedelta(days=1)) == 0.0


@pytest.mark.parametrize("emergency", [False, True])
def test_the_overseer_hears_of_a_command(emergency: bool) -> None:
    """Workers obey an operator, so what an operator commands is known to who counts overrides."""
    history = started()
    for target in ("w1", "all"):
        history.add(CommandIssued(target=target, emergency=emergency), ROLE_OPERATOR)
        history.add(CommandIssued(target=target, emergency=emergency), ROLE_GUARDIAN)
    state = measured(history.log)
    assert {each.name: each.value for each in indicators(state, history.now)}[
        "human_overrides"
    ] == 2.0


def test_lifting_a_halt_overrides_only_a_service() -> None:
    history = started()
    history.add(HaltOrdered(), ROLE_GUARDIAN)
    history.add(HaltLifted(), ROLE_OPERATOR)
    assert value(history, "human_overrides") == 1.0
    history.add(HaltOrdered(), ROLE_OPERATOR)
    history.add(HaltLifted(), ROLE_OPERATOR)
    assert value(history, "human_overrides") == 2.0


@pytest.mark.parametrize(
    ("text", "violations"),
    [
        ("", 0),
        ("allowed_actions: ['dig.*']", 0),
        ("allowed_actions: ['dig.?eep']", 0),
        ("allowed_actions: ['dig']", 2),
        ("allowed_actions: []", 2),
        ("allowed_tiers: [safe]", 2),
        ("allowed_tiers: [safe, experimental]", 0),
        ("allow_unregistered_agents: false", 0),
    ],
)
def test_what_the_policy_forbids(text: str, violations: int) -> None:
    history = started()
    history.add(read_policy(text).adoption_event())
    history.add(registry("w1"))
    history.submit("a", "dig.deep", risk_tier=RISK_EXPERIMENTAL)
    history.claim("a", "w1")
    assert value(history, "policy_violations") == violations


def test_who_the_policy_forbids() -> None:
    history = started()
    history.submit("a")
    history.claim("a", "stranger")
    history.add(read_policy("allow_unregistered_agents: false").adoption_event())
    history.claim("a", "stranger")
    history.add(registry("stranger"))
    history.claim("a", "stranger")
    history.add(registry("another"))
    history.claim("a", "stranger")
    assert value(history, "policy_violations") == 2


def test_a_policy_without_its_rules_forbids_nothing() -> None:
    history = started()
    history.add(PolicyAdopted(hash="h", text="allowed_actions: []"))
    history.submit("a")
    history.claim("a", "stranger")
    assert value(history, "policy_violations") == 0


@pytest.mark.parametrize(
    ("stop", "go"),
    [
        (DispatchHeld(), DispatchResumed()),
        (HaltOrdered(), HaltLifted()),
        (SystemModeChanged(mode="halted"), SystemModeChanged(mode="degraded")),
    ],
)
def test_nothing_may_be_claimed_while_dispatch_stands(stop: Payload, go: Payload) -> None:
    history = started()
    history.submit("a")
    history.add(stop)
    history.submit("b")
    assert value(history, "policy_violations") == 0
    history.claim("a")
    assert value(history, "policy_violations") == 1
    history.add(go)
    history.claim("a", attempt=2)
    assert value(history, "policy_violations") == 1


def test_more_open_tasks_than_the_policy_allows() -> None:
    history = started()
    history.submit("a")
    history.submit("b")
    history.add(read_policy("max_open_tasks: 2").adoption_event())
    history.acknowledge("b", result=RESULT_QUARANTINED)
    assert value(history, "policy_violations") == 0
    history.submit("c")
    assert value(history, "policy_violations") == 1, "what is set aside is open"
    history.acknowledge("b", result=RESULT_COMPLETED)
    history.acknowledge("c", result=RESULT_COMPLETED)
    history.submit("d")
    assert value(history, "policy_violations") == 1
    seen = history.sequence
    history.add(read_policy("max_open_tasks: 1").adoption_event())
    history.acknowledge("a", result=RESULT_COMPLETED)
    history.turn(as_of_sequence=seen)
    history.submit("e")
    assert value(history, "policy_violations") == 1, "it had seen that two are allowed"
    history.turn(as_of_sequence=seen + 1)
    history.submit("f")
    assert value(history, "policy_violations") == 2


def test_more_claims_in_a_minute_than_the_policy_allows() -> None:
    history = started()
    history.add(read_policy("max_claims_per_minute: 2").adoption_event())
    for _ in range(2):
        history.claim("a")
        history.claim("a")
        assert value(history, "policy_violations") == 0
        history.later(minutes=1)
    history.claim("a")
    history.claim("a")
    history.claim("a")
    assert value(history, "policy_violations") == 1
    history.add(read_policy("max_claims_per_minute: 4").adoption_event())
    history.claim("a")
    assert value(history, "policy_violations") == 1
    seen = history.sequence
    history.add(read_policy("max_claims_per_minute: 1").adoption_event())
    history.turn(as_of_sequence=seen)
    history.claim("a")
    assert value(history, "policy_violations") == 2, "five are more than four and than one"


def test_a_quota_that_is_kept_is_no_violation() -> None:
    """Neither as the overseer measures it while it leads, nor by the log, where all stands later
    than it was decided: in another minute, here."""
    mesh = Overseen()
    text = "max_open_tasks: 4\nmax_claims_per_minute: 2"
    mesh.publish(read_policy(text).adoption_event(), role=ROLE_OVERSEER)
    mesh.register("w1", limit=10)
    assert mesh.propose(*(task(each) for each in "abcd")).accepted
    assert not mesh.propose(task("e")).accepted
    mesh.later(58)
    assert [mesh.claim("w1").accepted for _ in range(3)] == [True, True, False]
    mesh.later(2)
    assert [mesh.claim("w1").accepted for _ in range(3)] == [True, True, False]
    later = [
        replace(each, recorded_at=each.recorded_at + timedelta(seconds=3)) for each in mesh.log
    ]
    for state in (mesh.state.indicators, measured(mesh.log), measured(later)):
        assert state.claims_in_minute == 2
        found = {each.name: each.value for each in indicators(state, later[-1].recorded_at)}
        assert found["policy_violations"] == 0.0


def test_what_others_than_the_overseer_say_of_tasks_is_no_act() -> None:
    history = started()
    history.add(HaltOrdered(), ROLE_OPERATOR)
    history.add(TaskClaimed(task_id="a", worker_id="w"), ROLE_CODER)
    assert value(history, "policy_violations") == 0


def test_a_rule_that_the_leader_could_not_have_seen_was_not_broken() -> None:
    history = started()
    history.submit("a", risk_tier=RISK_SAFE)
    seen = history.submit("b").sequence
    history.add(HaltOrdered(), ROLE_OPERATOR)
    history.turn(as_of_sequence=seen)
    history.claim("a")
    assert value(history, "policy_violations") == 0
    history.turn(as_of_sequence=history.sequence - 2, service="governor")
    history.claim("b")
    assert value(history, "policy_violations") == 0, "another service's turn changes nothing"
    history.turn(as_of_sequence=seen + 1)
    history.claim("b")
    assert value(history, "policy_violations") == 1, "it had seen the halt"
    history.add(HaltLifted(), ROLE_OPERATOR)
    history.claim("b")
    assert value(history, "policy_violations") == 1, "nothing forbade it where it stands"


@pytest.mark.heavy
def test_memory_is_bounded() -> None:
    history = started()
    state = folded(history)
    for number in range(10 * 1440):
        history.log.clear()
        history.later(minutes=1)
        history.decide(0.5)
        history.submit(str(number))
        history.add(SystemModeChanged(mode="degraded" if number % 2 else "operational"))
        history.acknowledge(str(number), result=RESULT_COMPLETED)
        for recorded in history.log:
            state = evolve(state, recorded)
    assert len(state.confidences) <= KEPT_MINUTES + 60
    assert len(state.scores) <= KEPT_MINUTES + 60
    assert len(state.unwell) <= KEPT_MINUTES
    assert len(state.rules.changes) <= MAX_CHANGES
    assert len(state.open_tasks) == 0


@settings(max_examples=50, deadline=None)
@given(history=histories())
def test_a_state_that_was_written_and_read_goes_on_the_same(history: History) -> None:
    whole = folded(history)
    half = IndicatorState()
    middle = len(history.log) // 2
    for recorded in history.log[:middle]:
        half = evolve(half, recorded)
    half = STATE.validate_json(STATE.dump_json(half))
    for recorded in history.log[middle:]:
        half = evolve(half, recorded)
    assert half == whole


def test_a_pattern_knows_two_wildcards_only() -> None:
    with pytest.raises(PolicyRefused, match="is no part of a pattern"):
        read_policy("allowed_actions: ['dig[ab]']")
