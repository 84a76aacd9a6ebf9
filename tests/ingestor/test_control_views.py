"""Do the views of the control loop say what its log says, and the same as the folds in Python?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ingestor
from enchanted.events.v1.agent_decision_pb2 import AgentDecision
from enchanted.events.v1.command_pb2 import (
    COMMAND_RELEASE,
    COMMAND_THROTTLE,
    CommandAcknowledged,
    CommandIssued,
)
from enchanted.events.v1.incident_pb2 import (
    INCIDENT_MAJOR,
    INCIDENT_MINOR,
    IncidentClosed,
    IncidentEscalated,
    IncidentOpened,
    RecoveryAttempted,
    TimelineEntry,
)
from enchanted.events.v1.objective_pb2 import (
    OBJECTIVE_ACHIEVED,
    OBJECTIVE_CANCELLED,
    ObjectiveAdded,
    ObjectiveApproved,
    ObjectiveFinished,
    ObjectivePlanned,
)
from enchanted.events.v1.policy_pb2 import PolicyAdopted
from enchanted.events.v1.pulse_pb2 import (
    DispatchHeld,
    HaltLifted,
    HaltOrdered,
    KeyIndicator,
    PulseCompleted,
    SystemModeChanged,
)
from enchanted.events.v1.swarm_event_pb2 import (
    ROLE_CODER,
    ROLE_GUARDIAN,
    ROLE_OPERATOR,
    ROLE_OVERSEER,
    ROLE_SUPERVISOR,
    ROLE_WORKER,
    SwarmEvent,
)
from enchanted.events.v1.task_pb2 import (
    RESULT_APPLIED_CHECKS_FAILED,
    RESULT_CHECKS_FAILED,
    RESULT_COMPLETED,
    RESULT_FAILED,
    RESULT_QUARANTINED,
    RISK_SAFE,
    TaskAcknowledged,
    TaskClaimed,
    TaskCompleted,
    TaskExpired,
    TaskFailed,
    TaskProgressed,
    TaskQuarantined,
    TaskRejected,
    TaskReleased,
    TaskResult,
)
from enchanted.events.v1.task_request_pb2 import ORDER_CANCEL, TaskOrdered
from enchanted.events.v1.worker_pb2 import (
    WorkerDeparted,
    WorkerHeartbeat,
    WorkerLost,
    WorkerRegistered,
)
from ingestor.row_encoder import RowEncoder
from ingestor.warehouse import ClickHouseWarehouse
from nervous_system.contract.authority import READS
from nervous_system.contract.efficacy import tool_efficacy_score
from nervous_system.contract.event import Event
from nervous_system.contract.payload import KINDS
from nervous_system.contract.stored import Stored
from overseer.indicators import indicators
from overseer.policy import matches_any, read_policy
from tests.control_history import ACTIONS, BEGINNING, PATTERNS, History, histories, registry
from tests.hearing import ROLE, heard, measured

FRAMER = RowEncoder(epoch=1, writer=1)

_examples = count(1)


def on_the_log(event: Event) -> SwarmEvent:
    """The event as anybody can send it, also where `encode` would refuse."""
    message = SwarmEvent(
        event_id=event.event_id,
        trace_id=event.trace_id,
        span_id=event.span_id,
        agent_role=event.agent_role,
        agent_id=event.agent_id,
        event_type=event.event_type,
        causation_id=event.causation_id,
    )
    message.timestamp.FromDatetime(event.timestamp)
    getattr(message, event.kind.field).CopyFrom(event.payload)
    return message


async def insert(warehouse: ClickHouseWarehouse, history: History) -> None:
    """The history becomes rows."""
    if not history.log:
        return
    frames = []
    for recorded in history.log:
        message = on_the_log(recorded.event)
        raw = message.SerializeToString()
        microseconds = (recorded.recorded_at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(
            microseconds=1
        )
        stored = Stored(recorded.sequence, recorded.subject, microseconds * 1000, raw)
        kind = recorded.event.kind.field
        frames.append(FRAMER.event(message, stored, payload_field=kind))
    first = history.log[0].sequence
    await warehouse.insert(FRAMER.batch(frames, first_seq=first, last_seq=history.log[-1].sequence))


async def rows(
    warehouse: ClickHouseWarehouse, query: str, **parameters: object
) -> list[tuple[Any, ...]]:
    """What a query answers."""
    return list((await warehouse.client.query(query, parameters=parameters)).result_rows)  # type: ignore[arg-type]


async def one(warehouse: ClickHouseWarehouse, query: str) -> dict[str, Any]:
    """The only row, by column."""
    (row,) = list((await warehouse.client.query(query)).named_results())
    return dict(row)


async def counted_by_views(
    warehouse: ClickHouseWarehouse, now: datetime
) -> dict[str, float | None]:
    """What the views that show the single cases make of the last day, by the indicator's name."""
    minute = now.replace(second=0, microsecond=0)
    during = "recorded_at BETWEEN {since:DateTime64(9, 'UTC')} AND {now:DateTime64(9, 'UTC')}"
    found = await rows(
        warehouse,
        f"SELECT (SELECT toFloat64(count()) FROM swarm.policy_violations WHERE {during}),"
        f" (SELECT toFloat64(count()) FROM swarm.human_overrides WHERE {during}),"
        f" (SELECT avgOrNull(tool_efficacy_score) FROM swarm.task_efficacy WHERE {during})",
        since=(minute - timedelta(minutes=1439)).strftime("%Y-%m-%d %H:%M:%S"),
        now=now.strftime("%Y-%m-%d %H:%M:%S.%f"),
    )
    names = ("policy_violations", "human_overrides", "mean_tool_efficacy_score")
    return dict(zip(names, found[0], strict=True))


def indicators_in_python(
    history: History, now: datetime
) -> dict[str, tuple[float | None, float, bool]]:
    """The same, from the overseer's fold of what was there at the time."""
    state = measured(each for each in history.log if each.recorded_at <= now)
    return {each.name: (each.value, each.target, each.met) for each in indicators(state, now)}


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
async def test_the_views_have_the_cases_that_the_indicators_count(
    warehouse: ClickHouseWarehouse, data: st.DataObject
) -> None:
    """A batch is known by its sequences, so each history has its own."""
    history = data.draw(histories(first_sequence=1000 * next(_examples)))
    await warehouse.client.command("TRUNCATE TABLE swarm.events")
    await insert(warehouse, history)
    passed = data.draw(st.sampled_from((0, 30, 86_400, 100_000)))
    moments = [each.recorded_at for each in history.log]
    some = data.draw(st.lists(st.sampled_from(moments), max_size=2)) if moments else []
    for now in {*some, history.now + timedelta(seconds=passed)}:
        by_views = await counted_by_views(warehouse, now)
        in_python = indicators_in_python(history, now)
        for name, value in by_views.items():
            expected, _, _ = in_python[name]
            if expected is not None or name == "mean_tool_efficacy_score":
                assert value == pytest.approx(expected, abs=1e-6), (name, now)


async def test_the_key_indicators_are_those_of_the_last_pulse(
    warehouse: ClickHouseWarehouse,
) -> None:
    """Of an overseer's, and as of any moment."""
    assert await rows(warehouse, "SELECT * FROM swarm.key_indicators") == []
    history = History()
    moments = []
    for value in (None, 90.0, 97.0):
        indicator = KeyIndicator(name="uptime_percent", value=value, target=95, met=value == 97.0)
        history.later(minutes=1)
        history.add(PulseCompleted(indicators=[indicator, KeyIndicator(name="human_overrides")]))
        history.add(PulseCompleted(indicators=[KeyIndicator(name="strange")]), ROLE_CODER)
        moments.append(history.now)
    await insert(warehouse, history)
    asked = "SELECT value, target, met FROM swarm.key_indicators_at(now = {at:String})"
    found = [
        await rows(
            warehouse,
            f"{asked} WHERE name = 'uptime_percent'",
            at=moment.strftime("%Y-%m-%d %H:%M:%S.%f"),
        )
        for moment in moments
    ]
    assert found == [[(None, 95.0, False)], [(90.0, 95.0, False)], [(97.0, 95.0, True)]]
    last = await rows(warehouse, "SELECT name, value FROM swarm.key_indicators ORDER BY name")
    assert last == [("human_overrides", None), ("uptime_percent", 97.0)]


async def test_sql_and_python_agree_on_what_is_heard(warehouse: ClickHouseWarehouse) -> None:
    """Every kind of event from three roles on every kind's subject, on subjects that are read, and
    on such that nearly are."""
    history = History()
    read = [each.replace("*", "x").replace(">", "x.y") for each in (*READS, *ROLE.own_filters)]
    near = {f"{each}.more" for each in read} | {each.rpartition(".")[0] for each in read}
    for each in read:
        swarm, events, source, *rest = each.split(".")
        near |= {".".join((swarm, events, other, *rest)) for other in ("coder", f"not_{source}")}
    own = {
        f"swarm.events.{kind.source or 'overseer'}.{kind.subject_word}.x" for kind in KINDS.values()
    }
    for subject in sorted({*read, *near, *own}):
        for kind in KINDS:
            for role in (ROLE_OVERSEER, ROLE_OPERATOR, ROLE_GUARDIAN):
                history.add(kind(), role, subject=subject)
    await insert(warehouse, history)
    found = await rows(warehouse, "SELECT seq FROM swarm.events WHERE heard ORDER BY seq")
    there = heard(history.log)
    in_sql = {seq for (seq,) in found}
    assert [
        (each.subject, each.event.kind.field, each.event.agent_role)
        for each in history.log
        if each.sequence in in_sql ^ there
    ] == []
    kinds = {each.event.kind.field for each in history.log if each.sequence in there}
    assert len(kinds) > 40, kinds


async def test_what_strangers_say_changes_no_indicator(warehouse: ClickHouseWarehouse) -> None:
    """A policy, a mode, a halt, a command and so on, said where the overseer does not listen."""
    history = History()
    history.add(SystemModeChanged(mode="operational"), ROLE_GUARDIAN)
    history.decide(0.5)
    history.later(days=1)
    history.decide(0.51)
    history.add(read_policy("allow_unregistered_agents: true").adoption_event())
    history.submit("a")
    strange = (
        (read_policy("allowed_actions: []").adoption_event(), ROLE_CODER),
        (read_policy("allowed_actions: []").adoption_event(), ROLE_OPERATOR),
        (registry(), ROLE_CODER),
        (SystemModeChanged(mode="halted"), ROLE_OPERATOR),
        (SystemModeChanged(mode="degraded"), ROLE_CODER),
        (HaltOrdered(), ROLE_CODER),
        (DispatchHeld(), ROLE_OPERATOR),
        (AgentDecision(confidence_score=0.01, rationale="r"), ROLE_SUPERVISOR),
        (AgentDecision(confidence_score=0.01, rationale="r"), ROLE_GUARDIAN),
        (TaskClaimed(task_id="a", worker_id="w"), ROLE_CODER),
    )
    for payload, role in strange:
        history.add(payload, role)
    for payload, role in (  # type: ignore[assignment]
        (TaskAcknowledged(task_id="a", result=RESULT_FAILED), ROLE_OVERSEER),
        (TaskClaimed(task_id="a", worker_id="w"), ROLE_OVERSEER),
        (CommandIssued(target="w1"), ROLE_OPERATOR),
        (TaskOrdered(task_id="a", order=ORDER_CANCEL), ROLE_OPERATOR),
    ):
        history.add(payload, role, subject="swarm.events.coder.state_change.k")
    history.claim("a")
    history.acknowledge("a", result=RESULT_COMPLETED, duration_seconds=1)
    history.add(CommandIssued(target="w1"), ROLE_OPERATOR)
    history.add(CommandIssued(target="all", emergency=True), ROLE_OPERATOR)
    history.add(CommandIssued(target="w1"), ROLE_GUARDIAN)
    await insert(warehouse, history)
    expected = {
        "uptime_percent": (100.0, 95.0, True),
        "mean_tool_efficacy_score": (100.0, 96.0, True),
        "policy_violations": (0.0, 0.0, True),
        "confidence_change_percent": (pytest.approx(2, abs=1e-4), 1.0, True),
        "human_overrides": (2.0, 1.0, False),
    }
    assert indicators_in_python(history, history.now) == expected
    assert await counted_by_views(warehouse, history.now) == {
        name: expected[name][0]
        for name in ("policy_violations", "human_overrides", "mean_tool_efficacy_score")
    }
    for view, number in (("policies", 1), ("system_modes", 1), ("rules_in_force", 2)):
        assert await rows(warehouse, f"SELECT count() FROM swarm.{view}") == [(number,)], view


async def test_quotas_are_judged(warehouse: ClickHouseWarehouse) -> None:
    """Each by what the overseer could know; a claim counts in the minute of its turn."""
    history = History()
    for task_id in ("a", "b", "c"):
        history.submit(task_id)
    history.add(read_policy("max_open_tasks: 3\nmax_claims_per_minute: 2").adoption_event())
    history.submit("beyond")
    history.acknowledge("a", result=RESULT_QUARANTINED)
    history.submit("beyond, as who is set aside is open")
    history.acknowledge("a", result=RESULT_COMPLETED)
    history.acknowledge("b", result=RESULT_COMPLETED)
    history.acknowledge("c", result=RESULT_COMPLETED)
    history.submit("third")
    seen = history.sequence
    history.add(read_policy("max_open_tasks: 1\nmax_claims_per_minute: 1").adoption_event())
    history.turn(as_of_sequence=seen)
    history.acknowledge("third", result=RESULT_COMPLETED)
    history.submit("another third")
    for task_id in ("another third", "beyond"):
        history.claim(task_id)
    history.later(seconds=40)
    history.decided_seconds_ago = 20  # 10:00:10 for the stream, 09:59:50 for the turn
    history.claim("beyond")
    history.decided_seconds_ago = 0
    history.claim("beyond")
    history.turn(as_of_sequence=history.sequence)
    history.claim("beyond")
    await insert(warehouse, history)
    found = await rows(
        warehouse, "SELECT act, task_id, reason FROM swarm.policy_violations ORDER BY seq"
    )
    assert found == [
        ("submitted", "beyond", "the policy allows 3 open tasks"),
        (
            "submitted",
            "beyond, as who is set aside is open",
            "the policy allows 3 open tasks",
        ),
        ("claimed", "beyond", "the policy allows 1 claims a minute"),
        ("claimed", "beyond", "the policy allows 1 claims a minute"),
    ]
    by_views = await counted_by_views(warehouse, history.now)
    value, _, _ = indicators_in_python(history, history.now)["policy_violations"]
    assert by_views["policy_violations"] == value == 4.0


async def test_efficacy_is_the_same_in_sql_and_in_python(warehouse: ClickHouseWarehouse) -> None:
    history = History()
    expected = []  # type: ignore[var-annotated]
    for result in TaskResult.values():
        for seconds in (-1.0, 0.0, 89.9, 90.0, 90.1, 495.0, 899.9, 900.0, 1e9, float("nan")):
            for files in (0, 1, 2, 5, 9, 10, 11, 200):
                score = tool_efficacy_score(
                    result=result, duration_seconds=seconds, changed_files=files
                )
                history.acknowledge(
                    f"t{len(expected)}",
                    result=result,
                    duration_seconds=seconds,
                    changed_files=["f"] * files,
                    tool_efficacy_score=score,
                )
                expected.append(score)
    await insert(warehouse, history)
    found = await rows(
        warehouse,
        "SELECT tool_efficacy_score, recorded_tool_efficacy_score FROM swarm.task_efficacy"
        " ORDER BY seq",
    )
    assert [each for each, _ in found] == pytest.approx(expected, abs=1e-9)
    assert [each for _, each in found] == expected


async def test_known_scores(warehouse: ClickHouseWarehouse) -> None:
    history = History()
    history.acknowledge("a", result=RESULT_COMPLETED, duration_seconds=90, changed_files=["f"])
    history.acknowledge("b", result=RESULT_CHECKS_FAILED, duration_seconds=900)
    history.acknowledge(
        "c",
        result=RESULT_APPLIED_CHECKS_FAILED,
        duration_seconds=495,
        changed_files=[str(number) for number in range(10)],
    )
    history.acknowledge("d", result=RESULT_FAILED, duration_seconds=5000, changed_files=["f"] * 20)
    history.add(history.log[0].event.payload, ROLE_CODER)  # says nothing: not the overseer's
    await insert(warehouse, history)
    found = await rows(
        warehouse, "SELECT task_id, tool_efficacy_score FROM swarm.task_efficacy ORDER BY seq"
    )
    assert found == [("a", 100.0), ("b", pytest.approx(50)), ("c", pytest.approx(25)), ("d", 0.0)]


async def test_known_indicators(warehouse: ClickHouseWarehouse) -> None:
    """A day of 1440 minutes, 72 of them degraded: 95 % exactly."""
    history = History()
    history.add(SystemModeChanged(mode="operational"))
    history.decide(0.5)
    history.later(days=1)
    history.add(read_policy("allow_unregistered_agents: false").adoption_event())
    history.add(registry("w1"))
    history.decide(0.51)
    history.submit("a")
    history.claim("a", "w1")
    history.submit("b")
    stranger = history.claim("b", "w2")
    history.acknowledge("a", result=RESULT_COMPLETED, duration_seconds=495, changed_files=["f"])
    history.add(TaskOrdered(task_id="b", order=ORDER_CANCEL), ROLE_OPERATOR)
    history.add(TaskOrdered(task_id="b", order=ORDER_CANCEL), ROLE_GUARDIAN)
    history.add(SystemModeChanged(mode="degraded"), ROLE_GUARDIAN)
    history.later(minutes=71)
    history.add(SystemModeChanged(mode="operational"), ROLE_GUARDIAN)
    history.later(minutes=5)
    await insert(warehouse, history)
    assert indicators_in_python(history, history.now) == {
        "uptime_percent": (95.0, 95.0, True),
        "mean_tool_efficacy_score": (pytest.approx(85), 96.0, False),
        "policy_violations": (1.0, 0.0, False),
        "confidence_change_percent": (pytest.approx(2, abs=1e-5), 1.0, True),
        "human_overrides": (1.0, 1.0, True),
    }
    violation = await one(warehouse, "SELECT * FROM swarm.policy_violations")
    assert violation["event_id"] == stranger.event.event_id
    assert violation["reason"] == "w2 is not in the registry, and the policy allows no others"
    override = await one(warehouse, "SELECT * FROM swarm.human_overrides")
    assert (override["kind"], override["target"], override["what"]) == (
        "task_ordered",
        "b",
        "cancel",
    )


async def test_what_the_rules_forbade(warehouse: ClickHouseWarehouse) -> None:
    """Each reason once; what was decided before a rule was seen is no violation."""
    history = History()
    history.submit("a", "dig", risk_tier=RISK_SAFE)
    history.claim("a")
    text = "allowed_actions: ['d?g']\nallowed_tiers: [safe]"
    history.add(read_policy(text).adoption_event())
    history.claim("a")
    history.submit("b", "drag")
    history.submit("c", "dug", risk_tier=3)
    history.claim("c")
    seen = history.add(HaltOrdered(), ROLE_OPERATOR).sequence - 1
    history.turn(as_of_sequence=seen)
    history.claim("a")
    history.turn(as_of_sequence=seen + 2)
    history.claim("a")
    history.add(HaltLifted(), ROLE_OPERATOR)
    history.claim("a")
    await insert(warehouse, history)
    found = await rows(
        warehouse, "SELECT act, task_id, reason FROM swarm.policy_violations ORDER BY seq"
    )
    assert found == [
        ("submitted", "b", "the policy does not allow the action drag"),
        ("submitted", "c", "the policy does not allow the risk tier high"),
        ("claimed", "c", "the policy does not allow the risk tier high"),
        ("claimed", "a", "dispatch was halted"),
    ]
    in_force = await rows(
        warehouse,
        "SELECT change, halted_by, allowed_actions FROM swarm.rules_in_force ORDER BY seq",
    )
    assert in_force == [
        ("policy_adopted", "", ["d?g"]),
        ("halt_ordered", "operator", ["d?g"]),
        ("halt_lifted", "", ["d?g"]),
    ]


async def test_patterns_are_read_the_same_in_sql_and_in_python(
    warehouse: ClickHouseWarehouse,
) -> None:
    history = History()
    forbidden = []
    for pattern in PATTERNS:
        history.add(PolicyAdopted(max_cpu_pct=1, allowed_actions=[pattern]))
        for action in ACTIONS:
            submitted = history.submit(f"t{history.sequence}", action)
            if not matches_any(action, [pattern]):
                forbidden.append(submitted.sequence)
    await insert(warehouse, history)
    found = await rows(warehouse, "SELECT seq FROM swarm.policy_violations ORDER BY seq")
    assert [seq for (seq,) in found] == forbidden
    assert len(PATTERNS) < len(forbidden) < len(PATTERNS) * len(ACTIONS) - len(PATTERNS)


async def test_where_tasks_stand(warehouse: ClickHouseWarehouse) -> None:
    history = History()
    for task_id in ("new", "held", "back", "again", "done", "lost", "late", "aside", "retried"):
        history.submit(task_id, "dig", objective_id="o", priority=3, max_attempts=2)
    history.later(seconds=10)
    for task_id in ("held", "back", "again", "done", "lost"):
        history.claim(task_id, f"w-{task_id}")
    history.add(TaskRejected(task_id="held", reasons=["it exists", "already"]))
    history.later(seconds=5)
    history.add(TaskProgressed(task_id="held", worker_id="w-held", attempt=1, lease_seconds=60))
    history.add(TaskReleased(task_id="back", worker_id="w-back", attempt=1, reason="lease"))
    failed = TaskFailed(task_id="again", worker_id="w-again", attempt=1, retry_in_seconds=2)
    history.add(failed)
    history.add(TaskCompleted(task_id="done", worker_id="w-done", attempt=1))
    history.acknowledge(
        "done",
        worker_id="w-done",
        attempts=1,
        result=RESULT_COMPLETED,
        duration_seconds=5,
        changed_files=["f"],
        notes="n",
        tool_efficacy_score=100,
    )
    history.add(TaskFailed(task_id="lost", worker_id="w-lost", attempt=1, result=RESULT_FAILED))
    history.acknowledge("lost", worker_id="w-lost", attempts=1, result=RESULT_FAILED)
    history.add(TaskExpired(task_id="late", reason="ttl"))
    for task_id in ("aside", "retried"):
        history.add(TaskQuarantined(task_id=task_id, reason="silence"))
        history.acknowledge(task_id, result=RESULT_QUARANTINED)
    history.add(TaskReleased(task_id="retried", reason="a person said so", given_back=True))
    history.add(TaskCompleted(task_id="new"), ROLE_CODER)  # says nothing: not the overseer's
    await insert(warehouse, history)
    found = await rows(
        warehouse, "SELECT task_id, status, attempts, worker_id, result FROM swarm.tasks"
    )
    assert sorted(found) == [
        ("again", "waiting", 1, "w-again", ""),
        ("aside", "quarantined", 0, "", "quarantined"),
        ("back", "waiting", 1, "w-back", ""),
        ("done", "completed", 1, "w-done", "completed"),
        ("held", "claimed", 1, "w-held", ""),
        ("late", "expired", 0, "", ""),
        ("lost", "failed", 1, "w-lost", "failed"),
        ("new", "submitted", 0, "", ""),
        ("retried", "waiting", 0, "", ""),
    ]
    done = await one(warehouse, "SELECT * FROM swarm.tasks WHERE task_id = 'done'")
    assert done["submitted_at"].replace(tzinfo=UTC) == BEGINNING
    assert done["claimed_at"].replace(tzinfo=UTC) == BEGINNING + timedelta(seconds=10)
    assert done["ended_at"].replace(tzinfo=UTC) == BEGINNING + timedelta(seconds=15)
    assert (done["duration_seconds"], done["tool_efficacy_score"]) == (5, 100)
    assert (done["objective_id"], done["priority"], done["max_attempts"]) == ("o", 3, 2)
    assert done["trace_id"] == history.log[4].event.trace_id
    acknowledged = [each for each in history.log if each.event.kind.field == "task_acknowledged"]
    assert (done["epoch"], done["last_seq"]) == (1, acknowledged[0].sequence)
    held = await one(warehouse, "SELECT * FROM swarm.tasks WHERE task_id = 'held'")
    assert (held["ended_at"], held["duration_seconds"], held["tool_efficacy_score"]) == (
        None,
        None,
        None,
    )
    steps = await rows(
        warehouse,
        "SELECT step, worker_id, attempt, reason, lease_seconds FROM swarm.task_steps"
        " WHERE task_id = 'held' ORDER BY seq",
    )
    assert steps == [
        ("submitted", "", 0, "", None),
        ("claimed", "w-held", 1, "", 60.0),
        ("rejected", "", 0, "it exists; already", None),
        ("progressed", "w-held", 1, "", 60.0),
    ]


async def test_where_objectives_stand(warehouse: ClickHouseWarehouse) -> None:
    history = History()
    for objective_id in ("new", "waiting", "approved", "done"):
        history.add(ObjectiveAdded(objective_id=objective_id, description="d", source="cli"))
    for objective_id in ("waiting", "approved", "done"):
        planned = ObjectivePlanned(
            objective_id=objective_id,
            plan="maintain",
            task_ids=["t"],
            waits_for_approval=objective_id != "done",
        )
        history.add(planned)
    yes = history.add(ObjectiveApproved(objective_id="approved"), ROLE_OPERATOR)
    history.add(ObjectivePlanned(objective_id="approved", plan="maintain"), because=yes)
    history.later(seconds=3)
    finished = ObjectiveFinished(objective_id="done", result=OBJECTIVE_ACHIEVED, summary="s")
    history.add(finished)
    await insert(warehouse, history)
    found = await rows(
        warehouse,
        "SELECT objective_id, status, plan, summary, isNull(finished_at), isNull(approved_at)"
        " FROM swarm.objectives",
    )
    assert sorted(found) == [
        ("approved", "planned", "maintain", "", 1, 0),
        ("done", "achieved", "maintain", "s", 0, 1),
        ("new", "added", "", "", 1, 1),
        ("waiting", "waiting_for_approval", "maintain", "", 1, 1),
    ]


async def test_who_decided_over_an_objective_when_and_why(warehouse: ClickHouseWarehouse) -> None:
    """What the overseer did about it counts: forged, refused or repeated words are no decision."""
    history = History()
    for objective_id in ("yes", "no", "forged", "early"):
        history.add(ObjectiveAdded(objective_id=objective_id, description="d"))
    early = ObjectiveApproved(objective_id="early", reason="before it waited")
    history.add(early, ROLE_OPERATOR)
    for objective_id in ("yes", "no", "forged", "early"):
        history.add(ObjectivePlanned(objective_id=objective_id, plan="p", waits_for_approval=True))
    history.add(ObjectiveApproved(objective_id="forged", reason="mine"), ROLE_CODER)
    history.later(seconds=5)
    said = ObjectiveApproved(objective_id="yes", reason="the window is open")
    yes = history.add(said, ROLE_OPERATOR)
    history.add(ObjectivePlanned(objective_id="yes", plan="p"), because=yes)
    history.later(seconds=5)
    history.add(ObjectiveApproved(objective_id="yes", reason="again"), ROLE_OPERATOR)
    order = TaskOrdered(objective_id="no", order=ORDER_CANCEL, reason="too dear")
    no = history.add(order, ROLE_OPERATOR)
    over = ObjectiveFinished(objective_id="no", result=OBJECTIVE_CANCELLED, summary="too dear")
    history.add(over, because=no)
    agent = history.add(AgentDecision(chosen_action="dig", rationale="r"), ROLE_CODER)
    await insert(warehouse, history)

    person = yes.event.agent_id
    found = await rows(
        warehouse,
        "SELECT objective_id, status, approved_by, approval_reason, approved_at, called_off_by"
        " FROM swarm.objectives ORDER BY objective_id",
    )
    assert found == [
        ("early", "waiting_for_approval", "", "", None, ""),
        ("forged", "waiting_for_approval", "", "", None, ""),
        ("no", "cancelled", "", "", None, person),
        ("yes", "planned", person, "the window is open", yes.recorded_at.replace(tzinfo=None), ""),
    ]
    decisions = await rows(
        warehouse,
        "SELECT seq, agent_id, agent_role, chosen_action, rationale, confidence_score"
        " FROM swarm.decisions ORDER BY seq",
    )
    assert decisions == [
        (yes.sequence, person, "operator", "approve objective yes", "the window is open", None),
        (no.sequence, person, "operator", "call off objective no", "too dear", None),
        (agent.sequence, agent.event.agent_id, "coder", "dig", "r", None),
    ]


async def test_where_workers_stand(warehouse: ClickHouseWarehouse) -> None:
    history = History()
    for worker_id in ("well", "draining", "departed", "lost", "back"):
        history.add(WorkerRegistered(worker_id=worker_id, skills=["s"]), ROLE_WORKER)
    history.later(seconds=10)
    history.add(WorkerHeartbeat(worker_id="well", task_ids=["t"]), ROLE_WORKER)
    for worker_id in ("draining", "departed", "lost", "back"):
        heartbeat = WorkerHeartbeat(worker_id=worker_id, task_ids=["u"], draining=True)
        history.add(heartbeat, ROLE_WORKER)
    history.add(WorkerHeartbeat(worker_id="never registered"), ROLE_WORKER)
    history.add(WorkerDeparted(worker_id="departed", reason="done"), ROLE_WORKER)
    history.add(WorkerLost(worker_id="lost", silent_seconds=130))
    history.add(WorkerLost(worker_id="back", silent_seconds=130))
    history.add(WorkerRegistered(worker_id="back", max_concurrent_tasks=4), ROLE_WORKER)
    await insert(warehouse, history)
    found = await rows(
        warehouse,
        "SELECT worker_id, status, max_concurrent_tasks, task_ids, reason, isNull(gone_at)"
        " FROM swarm.workers",
    )
    assert sorted(found) == [
        ("back", "registered", 4, [], "", 1),
        ("departed", "departed", 1, [], "done", 0),
        ("draining", "draining", 1, ["u"], "", 1),
        ("lost", "lost", 1, [], "silent for 130 s", 0),
        ("well", "registered", 1, ["t"], "", 1),
    ]


async def test_what_became_of_incidents(warehouse: ClickHouseWarehouse) -> None:
    history = History()
    for incident_id in ("open", "closed"):
        opened = IncidentOpened(
            incident_id=incident_id,
            rule="heartbeat",
            incident_class=INCIDENT_MINOR,
            summary="w1 is silent",
        )
        history.add(opened, ROLE_GUARDIAN)
        history.later(seconds=1.5)
        attempt = RecoveryAttempted(
            incident_id=incident_id, step="restart", attempt=1, detail="told"
        )
        history.add(attempt, ROLE_GUARDIAN)
        escalated = IncidentEscalated(
            incident_id=incident_id, incident_class=INCIDENT_MAJOR, reason="again"
        )
        history.add(escalated, ROLE_GUARDIAN)
    closed = IncidentClosed(
        incident_id="closed",
        recovered=True,
        root_cause="out of memory",
        timeline=[TimelineEntry(after_seconds=0.5, text="seen")],
        duration_seconds=7,
    )
    history.add(closed, ROLE_GUARDIAN)
    await insert(warehouse, history)
    found = await rows(
        warehouse,
        "SELECT incident_id, status, incident_class, attempts, root_cause, duration_seconds"
        " FROM swarm.incidents",
    )
    assert sorted(found) == [
        ("closed", "recovered", "major", 1, "out of memory", 7.0),
        ("open", "open", "major", 1, "", None),
    ]
    timelines = dict(await rows(warehouse, "SELECT incident_id, timeline FROM swarm.incidents"))
    assert [tuple(each.values()) for each in timelines["closed"]] == [(0.5, "seen")]
    assert [tuple(each.values()) for each in timelines["open"]] == [
        (0.0, "opened: w1 is silent"),
        (1.5, "restart, attempt 1: told"),
        (1.5, "escalated to major: again"),
    ]


async def test_what_became_of_commands(warehouse: ClickHouseWarehouse) -> None:
    history = History()
    throttle = CommandIssued(kind=COMMAND_THROTTLE, target="all", limit=2, expires_in_seconds=60)
    command_id = history.add(throttle, ROLE_GUARDIAN).event.event_id
    history.later(seconds=1)
    for target, obeyed in (("w1", True), ("w2", False), ("w3", True)):
        answer = CommandAcknowledged(command_id=command_id, target=target, obeyed=obeyed)
        history.add(answer, ROLE_WORKER)
    release = CommandIssued(kind=COMMAND_RELEASE, target="all", releases_command_id=command_id)
    history.add(release, ROLE_GUARDIAN)
    for never in (float("inf"), float("nan"), 9e9, -1.0):
        history.add(CommandIssued(target="w1", expires_in_seconds=never), ROLE_GUARDIAN)
    await insert(warehouse, history)
    found = await rows(
        warehouse,
        "SELECT kind, obeyed, refused, arrayMap(each -> each.target, acknowledgements),"
        " expires_at - recorded_at,"
        " acknowledged_at - recorded_at, released_at - recorded_at"
        " FROM swarm.commands ORDER BY seq",
    )
    assert found == [
        ("throttle", 2, 1, ["w1", "w2", "w3"], 60.0, 1.0, 1.0),
        ("release", 0, 0, [], None, None, None),
        *[("unspecified", 0, 0, [], None, None, None)] * 4,
    ]


async def test_what_was_in_force_and_when(warehouse: ClickHouseWarehouse) -> None:
    history = History()
    history.add(read_policy("max_cpu_pct: 70\nfoo: 1").adoption_event())
    history.add(SystemModeChanged(mode="degraded", reason="why"), ROLE_GUARDIAN)
    history.later(minutes=1)
    history.add(read_policy("max_ram_pct: 80").adoption_event())
    history.add(SystemModeChanged(mode="operational"), ROLE_GUARDIAN)
    await insert(warehouse, history)
    policies = await rows(
        warehouse,
        "SELECT max_cpu_pct, max_ram_pct, allowed_tiers, length(warnings),"
        " in_force_until - in_force_from FROM swarm.policies ORDER BY seq",
    )
    every = ["safe", "experimental", "high"]
    assert policies == [(70.0, 95.0, every, 1, 60.0), (95.0, 80.0, every, 0, None)]
    modes = await rows(
        warehouse,
        "SELECT mode, reason, agent_role, until - recorded_at FROM swarm.system_modes ORDER BY seq",
    )
    assert modes == [("degraded", "why", "guardian", 60.0), ("operational", "", "guardian", None)]


async def test_a_pulse_and_what_it_measured(warehouse: ClickHouseWarehouse) -> None:
    history = History()
    pulse = PulseCompleted(
        number=7,
        system_mode="operational",
        indicators=[KeyIndicator(name="uptime_percent", target=95)],
    )
    recorded = history.add(pulse)
    await insert(warehouse, history)
    found = await one(warehouse, "SELECT * FROM swarm.pulses")
    assert (found["number"], found["trace_id"]) == (7, recorded.event.trace_id)
    assert found["mean_tool_efficacy_score"] is None
    assert found["indicators"] == [
        {"name": "uptime_percent", "value": None, "target": 95.0, "met": False}
    ]


async def test_every_view_is_in_the_readme(warehouse: ClickHouseWarehouse) -> None:
    readme = (Path(ingestor.__file__).parent / "README.md").read_text(encoding="utf-8")
    views = await rows(
        warehouse, "SELECT name FROM system.tables WHERE database = 'swarm' AND engine = 'View'"
    )
    assert len(views) > 20
    for (name,) in views:
        assert f"`{name}`" in readme or f"`{name}(" in readme, name
