"""Does an objective become tasks when it should, and is it said why where it does not?"""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from enchanted.events.v1.answer_pb2 import Answer
from enchanted.events.v1.objective_pb2 import (
    OBJECTIVE_ACHIEVED,
    OBJECTIVE_CANCELLED,
    OBJECTIVE_FAILED,
    ObjectiveAdded,
    ObjectiveApproved,
    ObjectiveFinished,
    ObjectivePlanned,
    ObjectiveProposed,
    ObjectiveRejected,
)
from enchanted.events.v1.policy_pb2 import PolicyAdopted
from enchanted.events.v1.swarm_event_pb2 import (
    ROLE_ARCHITECT,
    ROLE_OPERATOR,
    ROLE_OVERSEER,
    AgentRole,
)
from enchanted.events.v1.task_pb2 import (
    RESULT_COMPLETED,
    RESULT_FAILED,
    TaskCancelled,
    TaskSubmitted,
)
from enchanted.events.v1.task_request_pb2 import (
    ORDER_CANCEL,
    ORDER_QUARANTINE,
    ORDER_RETRY,
    TaskOrder,
    TaskOrdered,
    TasksProposed,
)
from enchanted.events.v1.worker_pb2 import WorkerDeparted
from operations.queries.objectives import fold
from overseer.kernel.submission import MAX_PROPOSED
from overseer.model import MAINTENANCE_SOURCE, CoreSettings
from tests.overseer.overseen import Overseen, core, task

DIG: dict[str, object] = {"action": "dig"}


@pytest.fixture
def mesh() -> Overseen:
    """An overseer with one worker."""
    mesh = Overseen()
    mesh.register("w1", limit=100)
    return mesh


def add(mesh: Overseen, objective_id: str, *steps: dict[str, object], **fields: object) -> Answer:
    metadata = json.dumps({"tasks": steps}) if steps else ""
    proposal = ObjectiveProposed(
        **{  # type: ignore[arg-type]
            "objective_id": objective_id,
            "description": "dig a hole",
            "metadata_json": metadata,
            **fields,
        }
    )
    return mesh.ask(mesh.event(proposal))[0]


def approve(mesh: Overseen, objective_id: str) -> Answer:
    approval = ObjectiveApproved(objective_id=objective_id)
    return mesh.ask(mesh.event(approval, role=ROLE_OPERATOR))[0]


def planned(mesh: Overseen) -> list[ObjectivePlanned]:
    return [
        each.event.payload for each in mesh.log if isinstance(each.event.payload, ObjectivePlanned)
    ]


def rules(mesh: Overseen, text: str) -> None:
    mesh.publish(PolicyAdopted(hash=text, text=text), role=ROLE_OVERSEER)


@pytest.mark.parametrize(
    ("description", "plan"),
    [
        ("Diagnose this machine", "diagnose"),
        ("a weekly report, please", "trends"),
        ("rotate the logs", "maintain"),
        ("a status report", "diagnose"),  # one word of either: the one that stands first
        ("a weekly status chart", "trends"),  # two words against one
    ],
)
def test_the_catalogue_has_a_plan_for_what_is_said(
    mesh: Overseen, description: str, plan: str
) -> None:
    assert add(mesh, "o", description=description).accepted
    assert [(each.plan, each.plan_version) for each in planned(mesh)] == [(plan, "1")]
    mesh.new_leader()


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ([{"action": "paint"}], "o.1: the policy does not allow the action paint"),
        ([{**DIG, "after": ["9"]}], "o.1: it depends on o.9, which nobody knows"),
        (
            [{"id": "a", "after": ["b"], **DIG}, {"id": "b", "after": ["a"], **DIG}],
            "o.a: its dependencies lead back to itself",
        ),
        ([DIG] * 6, "it would be 6 tasks, and the policy allows 5 open ones"),
        (
            [{"id": "a", "action": "paint"}, {"id": "b", "after": ["a"], **DIG}],
            "o.b: it depends on o.a, which is rejected",
        ),
    ],
)
def test_an_objective_whose_tasks_could_not_be_is_rejected_with_the_reason(
    mesh: Overseen, steps: list[dict[str, object]], reason: str
) -> None:
    rules(mesh, "allowed_actions: ['dig*']\nmax_open_tasks: 5\n")
    answer = add(mesh, "o", *steps)
    assert not answer.accepted
    assert reason in answer.reasons
    kinds = {type(each.event.payload) for each in mesh.log}
    assert ObjectiveRejected in kinds
    assert not kinds & {ObjectiveAdded, ObjectiveFinished, TaskSubmitted}


def test_the_tasks_of_an_objective_are_all_there_or_none(mesh: Overseen) -> None:
    assert add(mesh, "o", {"id": "a", **DIG}, {"id": "b", "after": ["a"], **DIG}).accepted
    assert sorted(mesh.state.kernel.tasks) == ["o.a", "o.b"]
    for _ in range(2):
        mesh.result("w1", mesh.claim("w1").grant.manifest.task_id, RESULT_COMPLETED)
    assert "o" in mesh.state.finished


def test_high_risk_waits_for_a_person(mesh: Overseen) -> None:
    assert add(mesh, "o", {"risk_tier": "high-risk", **DIG}).accepted
    (plan,) = planned(mesh)
    assert plan.waits_for_approval
    assert not mesh.state.kernel.tasks
    mesh.tick()
    assert not mesh.state.kernel.tasks
    assert approve(mesh, "o").accepted
    assert list(mesh.state.kernel.tasks) == ["o.1"]
    assert approve(mesh, "o").accepted, "asked again"
    assert not approve(mesh, "nobody").accepted
    mesh.new_leader()


def test_an_approval_without_room_says_so_and_can_be_given_again(mesh: Overseen) -> None:
    assert add(mesh, "o", {"risk_tier": "high-risk", **DIG}).accepted
    rules(mesh, "max_open_tasks: 1\n")
    mesh.propose(task("in the way"))
    assert approve(mesh, "o").reasons == [
        "the policy allows 1 open tasks and 1 are; approve it again later"
    ]
    mesh.result("w1", mesh.claim("w1").grant.manifest.task_id, RESULT_COMPLETED)
    assert approve(mesh, "o").accepted


def call_off(
    mesh: Overseen, objective_id: str, order: TaskOrder.ValueType = ORDER_CANCEL
) -> Answer:
    ordered = TaskOrdered(objective_id=objective_id, order=order, reason="no need")
    return mesh.ask(mesh.event(ordered, role=ROLE_OPERATOR))[0]


def ends(mesh: Overseen) -> list[tuple[str, int, str]]:
    return [
        (each.event.payload.objective_id, each.event.payload.result, each.event.payload.summary)
        for each in mesh.log
        if isinstance(each.event.payload, ObjectiveFinished)
    ]


def test_a_person_may_say_no_to_what_waits(mesh: Overseen) -> None:
    assert add(mesh, "o", {"risk_tier": "high-risk", **DIG}).accepted
    assert call_off(mesh, "o").accepted
    assert ends(mesh) == [("o", OBJECTIVE_CANCELLED, "no need")]
    assert not approve(mesh, "o").accepted
    mesh.tick()
    assert not mesh.state.kernel.tasks
    mesh.new_leader()


def test_an_objective_that_is_called_off_ends_with_all_its_tasks(mesh: Overseen) -> None:
    """Claimed, ready or waiting, and though a lease has run out or a worker is gone."""
    mesh.propose(task("other"))
    steps = [{"id": f"s{number}", **DIG} for number in range(4)]
    assert add(mesh, "o", *steps, {"id": "last", "after": ["s0"], **DIG}, priority=9).accepted
    for worker in ("w2", "w3"):
        mesh.register(worker)
        assert mesh.claim(worker).accepted
    mesh.later(31)
    mesh.publish(WorkerDeparted(worker_id="w3"))
    assert call_off(mesh, "o").accepted
    assert call_off(mesh, "o").accepted, "asked again"
    assert mesh.claim("w1").grant.manifest.task_id == "other", "it is of less priority"
    mesh.tick()
    assert ends(mesh) == [("o", OBJECTIVE_CANCELLED, "no need")]
    assert list(mesh.state.kernel.tasks) == ["other"]
    assert not mesh.state.kernel.to_cancel
    payloads = [each.event.payload for each in mesh.log]
    cancelled = [each.task_id for each in payloads if isinstance(each, TaskCancelled)]
    assert sorted(cancelled) == ["o.last", "o.s0", "o.s1", "o.s2", "o.s3"]
    assert not mesh.result("w2", "o.s0", RESULT_COMPLETED).accepted
    mesh.new_leader()


def test_of_an_objective_nothing_else_can_be_ordered(mesh: Overseen) -> None:
    assert add(mesh, "o", DIG).accepted
    assert "give other orders to its tasks" in call_off(mesh, "o", ORDER_QUARANTINE).reasons[0]
    assert call_off(mesh, "nobody").reasons == ["there is no objective nobody"]


def test_only_a_person_approves_or_calls_off(mesh: Overseen) -> None:
    assert add(mesh, "o", {"risk_tier": "high-risk", **DIG}).accepted
    for payload in (
        ObjectiveApproved(objective_id="o"),
        TaskOrdered(objective_id="o", order=ORDER_CANCEL),
    ):
        (answer,) = mesh.ask(mesh.event(payload, role=ROLE_ARCHITECT))
        assert "only a person can" in answer.reasons[0]
    assert mesh.state.objectives["o"].waits_for_approval


def test_a_long_reason_does_not_make_the_end_of_many_tasks_too_large(mesh: Overseen) -> None:
    assert add(mesh, "o", *[DIG] * 200).accepted
    order = TaskOrdered(objective_id="o", order=ORDER_CANCEL, reason="because " * 50_000)
    assert mesh.ask(mesh.event(order, role=ROLE_OPERATOR))[0].accepted
    while mesh.tick():
        pass
    assert not mesh.state.kernel.tasks


def test_a_plan_of_the_most_tasks_there_may_be_is_planned_once_there_is_room(
    mesh: Overseen,
) -> None:
    rules(mesh, f"max_open_tasks: {MAX_PROPOSED}\n")
    mesh.propose(task("in the way"))
    assert add(mesh, "o", *[DIG] * MAX_PROPOSED).accepted
    assert planned(mesh) == []
    mesh.result("w1", mesh.claim("w1").grant.manifest.task_id, RESULT_COMPLETED)
    mesh.later(1e6)
    mesh.tick()
    assert [len(each.task_ids) for each in planned(mesh)] == [MAX_PROPOSED]


@pytest.fixture
def maintained() -> Overseen:
    """An overseer that looks after itself every ten minutes."""
    settings = CoreSettings(pulse_seconds=1e6, max_pulse_seconds=1e6, maintenance_seconds=600)
    mesh = Overseen(replace(core(), settings=settings))
    mesh.register("w1", skills=("maintenance",))
    mesh.tick()
    return mesh


def rounds(mesh: Overseen) -> list[str]:
    return [
        each.event.payload.objective_id
        for each in mesh.log
        if isinstance(each.event.payload, ObjectiveAdded)
        and each.event.payload.source == MAINTENANCE_SOURCE
    ]


def pass_by(mesh: Overseen, seconds: float) -> None:
    mesh.later(seconds)
    mesh.heartbeat("w1")
    mesh.tick()


def test_maintenance_comes_again_and_again_one_round_at_a_time(maintained: Overseen) -> None:
    assert len(rounds(maintained)) == 1
    pass_by(maintained, 601)
    assert len(rounds(maintained)) == 1, "the first is not done yet"
    granted = maintained.claim("w1").grant.manifest
    assert granted.action == "maintain.logs"
    maintained.result("w1", granted.task_id, RESULT_COMPLETED)
    maintained.tick()
    assert len(rounds(maintained)) == 2
    pass_by(maintained, 599)
    assert len(rounds(maintained)) == 2
    maintained.new_leader()


def test_a_round_that_was_set_aside_does_not_stop_those_after_it(maintained: Overseen) -> None:
    (first,) = rounds(maintained)
    granted = maintained.claim("w1").grant.manifest
    assert maintained.order(granted.task_id, ORDER_QUARANTINE).accepted
    pass_by(maintained, 599)
    assert maintained.state.kernel.tasks[granted.task_id].quarantined
    pass_by(maintained, 1)
    assert granted.task_id not in maintained.state.kernel.tasks
    ends = [
        e.event.payload for e in maintained.log if isinstance(e.event.payload, ObjectiveFinished)
    ]
    assert [(each.objective_id, each.result) for each in ends] == [(first, OBJECTIVE_FAILED)]
    maintained.tick()
    assert len(rounds(maintained)) == 2
    maintained.new_leader()


@pytest.mark.parametrize("safe", [True, False])
@pytest.mark.parametrize("taking", ["o.a", "o.x", "o.", "o.a.b"])
def test_nobody_takes_an_id_that_is_kept_for_a_task_of_an_objective(
    mesh: Overseen, taking: str, safe: bool
) -> None:
    """Else whoever may propose anything could make what waits for a person fail."""
    assert add(mesh, "o", {"id": "a", "risk_tier": "safe" if safe else "high-risk", **DIG}).accepted
    for role in (ROLE_ARCHITECT, ROLE_OPERATOR):
        (answer,) = mesh.ask(mesh.event(TasksProposed(tasks=[task(taking)]), role=role))
        assert not answer.accepted
        assert taking in answer.reasons[0]
        assert "kept for the tasks of objective o" in answer.reasons[0] or taking == "o.a"
    assert mesh.propose(task("oo.a")).accepted
    assert approve(mesh, "o").accepted
    assert "o.a" in mesh.state.kernel.tasks
    mesh.new_leader()


@pytest.mark.parametrize(
    ("first", "step", "second", "other"), [("o", "x.1", "o.x", "1"), ("o.x", "1", "o", "x.1")]
)
def test_an_objective_takes_no_id_that_another_will_need(
    mesh: Overseen, first: str, step: str, second: str, other: str
) -> None:
    assert add(mesh, first, {"id": step, "risk_tier": "high-risk", **DIG}).accepted
    answer = add(mesh, second, {"id": other, **DIG})
    assert not answer.accepted
    assert f"o.x.1: ids that begin with {first}. are kept" in answer.reasons[0]
    assert approve(mesh, first).accepted
    assert list(mesh.state.kernel.tasks) == ["o.x.1"]


@pytest.mark.parametrize("role", [ROLE_ARCHITECT, ROLE_OPERATOR])
def test_a_lone_task_is_no_part_of_the_objective_that_it_names(
    mesh: Overseen, role: AgentRole.ValueType
) -> None:
    """Else whoever may propose anything could make what waits for a person fail."""
    assert add(mesh, "o", {"id": "a", "risk_tier": "high-risk", **DIG}).accepted
    lone = TasksProposed(tasks=[task("lone", objective_id="o")])
    (answer,) = mesh.ask(mesh.event(lone, role=role))
    assert not answer.accepted
    assert "it is no task of objective o, which its objective_id names" in answer.reasons[0]
    assert approve(mesh, "o").accepted
    (answer,) = mesh.ask(mesh.event(lone, role=role))
    assert not answer.accepted
    assert list(mesh.state.kernel.tasks) == ["o.a"]


@pytest.mark.parametrize("lone", ["lone", "o.b"])
@pytest.mark.parametrize("again", [True, False])
def test_a_lone_task_that_named_an_objective_before_it_was_there_does_not_count(
    mesh: Overseen, lone: str, again: bool
) -> None:
    """Whether it fails while that one is open, or is tried again when that one has failed."""
    assert mesh.propose(task(lone, objective_id="o", max_attempts=1)).accepted
    assert add(mesh, "o", {"id": "a", "max_attempts": 1, **DIG}).accepted
    assert mesh.state.objectives["o"].open_tasks == {"o.a"}
    claims = [mesh.claim("w1").grant for _ in range(2)]
    assert {each.manifest.task_id for each in claims} == {lone, "o.a"}
    mesh.result("w1", lone, RESULT_FAILED)
    assert mesh.state.objectives["o"].failed_tasks == ()
    mesh.result("w1", "o.a", RESULT_FAILED if again else RESULT_COMPLETED)
    failed = ("o", OBJECTIVE_FAILED, "not completed: o.a")
    achieved = ("o", OBJECTIVE_ACHIEVED, "all of its tasks were completed")
    assert ends(mesh) == [failed if again else achieved]
    assert mesh.order(lone, ORDER_RETRY).accepted
    assert not mesh.state.objectives
    mesh.new_leader()


def test_a_task_of_an_older_log_that_named_an_open_objective_does_not_count(mesh: Overseen) -> None:
    assert add(mesh, "o", {"id": "a", **DIG}).accepted
    lone = TaskSubmitted(manifest=task("lone", objective_id="o"))
    mesh.publish(lone, role=ROLE_OVERSEER)
    assert "lone" in mesh.state.kernel.tasks
    assert mesh.state.objectives["o"].open_tasks == {"o.a"}


def test_nobody_else_has_an_id_or_the_source_of_a_round_of_maintenance(
    maintained: Overseen,
) -> None:
    """When the next one comes, and so its id, can be foretold."""
    (first,) = rounds(maintained)
    granted = maintained.claim("w1").grant.manifest
    maintained.later(600)
    coming = f"maintenance-{maintained.now:%Y%m%dT%H%M%S}"
    for taking in (granted.task_id.replace(first, coming), f"{first}.more"):
        answer = maintained.propose(task(taking))
        assert "are kept for the tasks of objective maintenance-" in answer.reasons[0]
    answer = maintained.propose(task("lone", objective_id=coming))
    assert f"it is no task of objective {coming}" in answer.reasons[0]
    assert add(maintained, coming, DIG).reasons == [
        "ids that begin with maintenance- are the overseer's; choose another"
    ]
    assert add(maintained, "o", DIG, source=MAINTENANCE_SOURCE).reasons == [
        "the source maintenance is the overseer's; name another"
    ]
    maintained.result("w1", granted.task_id, RESULT_COMPLETED)
    maintained.tick()
    assert rounds(maintained) == [first, coming]
    assert maintained.state.objectives[coming].open_tasks


def test_an_objective_whose_ids_are_taken_is_refused_at_once(mesh: Overseen) -> None:
    for taken in ("o.a", "o.b"):
        assert mesh.propose(task(taken)).accepted
    high = {"risk_tier": "high-risk", **DIG}
    assert add(mesh, "o", {"id": "a", **high}, {"id": "b", **high}).reasons == [
        f"{taken}: a task {taken} exists already; choose another id" for taken in ("o.a", "o.b")
    ]


def test_an_approval_after_which_the_tasks_are_rejected_says_why(mesh: Overseen) -> None:
    """What the policy says may have changed while it waited."""
    assert add(mesh, "o", {"id": "a", "risk_tier": "high-risk", **DIG}).accepted
    rules(mesh, "allowed_actions: ['paint']\n")
    answer = approve(mesh, "o")
    assert not answer.accepted
    assert answer.reasons == [
        "o was approved and has failed, its tasks were rejected",
        "o.a: the policy does not allow the action dig",
    ]
    assert ends(mesh) == [("o", OBJECTIVE_FAILED, "none of its tasks was accepted")]
    known = fold(mesh.log)["o"]
    assert known.approved is not None
    assert known.called_off is None
    assert approve(mesh, "o").reasons == ["no objective o waits for approval"]
    mesh.new_leader()
