"""Which tasks are taken on, and what is said of those that are not?"""

from __future__ import annotations

import pytest

from enchanted.events.v1.policy_pb2 import PolicyAdopted
from enchanted.events.v1.swarm_event_pb2 import (
    ROLE_ARCHITECT,
    ROLE_OPERATOR,
    AgentRole,
)
from enchanted.events.v1.task_pb2 import RESULT_COMPLETED, RISK_HIGH, TaskManifest, TaskRejected
from enchanted.events.v1.task_request_pb2 import TasksProposed
from overseer.kernel.submission import MAX_PROPOSED
from tests.overseer.overseen import Overseen, task


@pytest.fixture
def mesh() -> Overseen:
    """An overseer that nobody has asked for anything."""
    return Overseen()


def test_a_proposal_asked_again_is_answered_the_same(mesh: Overseen) -> None:
    request = mesh.event(TasksProposed(tasks=[task("a"), task("b", priority=12)]))
    (first,) = mesh.ask(request)
    (second,) = mesh.ask(request)
    assert list(first.accepted_ids) == ["a"] == list(second.accepted_ids)
    assert first.reasons == second.reasons == ["b: priority 12 is above 10"]


@pytest.mark.parametrize(
    ("manifest", "reason"),
    [
        (task("x", priority=12), "priority 12 is above 10"),
        (task("x", ttl_seconds=-1), "has ended before it begins"),
        (task("x", depends_on=["nobody"]), "which nobody knows"),
        (task("x", depends_on=["x"]), "depends on itself"),
        (task("x", action=""), "names no action"),
        (task("", action="a"), "has no task_id"),
        (task("x", payload_json="[1]"), "not a JSON object"),
        (task("x", payload_json="{"), "not JSON"),
        (task("x", ttl_seconds=float("nan")), "has ended before it begins"),
    ],
)
def test_what_cannot_be_true_is_rejected_with_the_reason(
    mesh: Overseen, manifest: TaskManifest, reason: str
) -> None:
    answer = mesh.propose(manifest)
    assert not answer.accepted
    assert any(reason in each for each in answer.reasons), answer.reasons
    assert not mesh.state.kernel.tasks
    assert any(each.event.kind.field == "task_rejected" for each in mesh.log)


def test_a_circle_is_rejected_and_what_only_leads_to_it_too(mesh: Overseen) -> None:
    answer = mesh.propose(
        task("a", depends_on=["b"]), task("b", depends_on=["a"]), task("c"), together=True
    )
    assert not answer.accepted
    assert not answer.accepted_ids
    assert sum("lead back to itself" in each for each in answer.reasons) == 2


def test_the_same_id_twice_is_rejected(mesh: Overseen) -> None:
    assert list(mesh.propose(task("a"), task("a")).accepted_ids) == ["a"]
    assert "exists already" in mesh.propose(task("a")).reasons[0]


def test_too_many_at_once_are_rejected(mesh: Overseen) -> None:
    answer = mesh.propose(*(task(f"t{number}") for number in range(MAX_PROPOSED + 1)))
    assert not answer.accepted
    assert f"more than {MAX_PROPOSED}" in answer.reasons[0]


def test_the_policy_forbids_actions_and_tiers(mesh: Overseen) -> None:
    text = "allowed_actions: ['dig*']\nallowed_tiers: [safe]\nmax_open_tasks: 2\n"
    mesh.publish(PolicyAdopted(hash="h", text=text))
    assert "does not allow the action" in mesh.propose(task("a", action="paint")).reasons[0]
    high = task("b", action="dig", risk_tier=RISK_HIGH)
    assert "risk tier high-risk" in mesh.propose(high).reasons[0]
    assert mesh.propose(task("c", action="digging")).accepted
    two = mesh.propose(task("d", action="dig"), task("e", action="dig"))
    assert "allows 2 open tasks" in two.reasons[0]


def test_what_waits_for_a_rejected_task_is_rejected_with_it(mesh: Overseen) -> None:
    answer = mesh.propose(
        task("c", depends_on=["b"]),
        task("b", depends_on=["a"]),
        task("a", priority=12),
        task("free"),
    )
    assert list(answer.accepted_ids) == ["free"]
    assert list(mesh.state.kernel.tasks) == ["free"]
    assert sorted(answer.reasons) == [
        "a: priority 12 is above 10",
        "b: it depends on a, which is rejected",
        "c: it depends on b, which is rejected",
    ]


def test_a_task_that_is_open_already_may_be_waited_for_though_its_id_is_proposed_again(
    mesh: Overseen,
) -> None:
    mesh.propose(task("a"))
    answer = mesh.propose(task("a"), task("b", depends_on=["a"]))
    assert list(answer.accepted_ids) == ["b"]
    mesh.register("w1")
    mesh.result("w1", mesh.claim("w1").grant.manifest.task_id, RESULT_COMPLETED)
    answer = mesh.propose(task("a"), task("c", depends_on=["a"]))
    assert list(answer.accepted_ids) == ["c"]


def test_a_long_chain_behind_a_rejected_task_falls_whole(mesh: Overseen) -> None:
    chain = [task(f"t{n}", depends_on=[f"t{n + 1}"]) for n in range(MAX_PROPOSED - 1)]
    answer = mesh.propose(*chain, task(f"t{MAX_PROPOSED - 1}", priority=12))
    assert not answer.accepted_ids
    rejected = [each for each in mesh.log if isinstance(each.event.payload, TaskRejected)]
    assert len(rejected) == MAX_PROPOSED


@pytest.mark.parametrize(("role", "accepted"), [(ROLE_ARCHITECT, False), (ROLE_OPERATOR, True)])
def test_what_is_of_high_risk_only_a_person_proposes(
    mesh: Overseen, role: AgentRole.ValueType, accepted: bool
) -> None:
    proposal = TasksProposed(tasks=[task("a", risk_tier=RISK_HIGH)])
    (answer,) = mesh.ask(mesh.event(proposal, role=role))
    assert answer.accepted is accepted
    assert answer.reasons == (
        []
        if accepted
        else [
            "a: its risk tier is high-risk: only a person may propose it so; as a task of an"
            " objective it waits for a person's approval"
        ]
    )
