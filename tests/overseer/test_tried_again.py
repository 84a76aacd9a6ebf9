"""Can a failed task be tried again as the same task, and does what was lost with it come back?"""

from __future__ import annotations

import pytest

from enchanted.events.v1.answer_pb2 import Answer
from enchanted.events.v1.objective_pb2 import (
    OBJECTIVE_ACHIEVED,
    OBJECTIVE_FAILED,
    ObjectiveFinished,
    ObjectiveProposed,
)
from enchanted.events.v1.swarm_event_pb2 import ROLE_OPERATOR
from enchanted.events.v1.task_pb2 import RESULT_COMPLETED, RESULT_FAILED
from enchanted.events.v1.task_request_pb2 import (
    ORDER_CANCEL,
    ORDER_QUARANTINE,
    ORDER_RETRY,
    TaskOrdered,
)
from overseer.kernel import retrying
from tests.overseer.overseen import Overseen, task


@pytest.fixture
def mesh() -> Overseen:
    """An overseer with one worker."""
    mesh = Overseen()
    mesh.register("w1")
    return mesh


def fail(mesh: Overseen, task_id: str) -> None:
    """Once; it has no attempt more."""
    grant = mesh.claim("w1").grant
    assert grant.manifest.task_id == task_id
    assert mesh.result("w1", task_id, RESULT_FAILED, grant.attempt).accepted


def do(mesh: Overseen, task_id: str) -> None:
    grant = mesh.claim("w1").grant
    assert grant.manifest.task_id == task_id
    assert mesh.result("w1", task_id, RESULT_COMPLETED, grant.attempt).accepted


def retry(mesh: Overseen, task_id: str, payload: str | None = None) -> Answer:
    order = TaskOrdered(task_id=task_id, order=ORDER_RETRY, payload_json=payload)
    return mesh.ask(mesh.event(order, role=ROLE_OPERATOR))[0]


def test_what_failed_is_tried_again_and_what_waited_for_it_comes_back(mesh: Overseen) -> None:
    mesh.propose(
        task("a"),
        task("b", depends_on=["a"]),
        task("c", depends_on=["b"]),
        task("d", depends_on=["a"]),
    )
    mesh.order("d", ORDER_CANCEL)  # by a person: that is another matter
    fail(mesh, "a")
    mesh.tick()
    mesh.tick()
    assert not mesh.state.kernel.tasks
    mesh.new_leader(snapshot_at=len(mesh.log))
    assert retry(mesh, "a").accepted
    assert sorted(mesh.state.kernel.tasks) == ["a", "b", "c"]
    mesh.new_leader()
    mesh.new_leader(snapshot_at=len(mesh.log))
    mesh.tick()
    for task_id in "abc":
        do(mesh, task_id)
    assert mesh.kinds("a") == [
        *("submitted", "claimed", "failed", "acknowledged"),
        *("released", "claimed", "completed", "acknowledged"),
    ]
    assert mesh.state.kernel.ended["a"].attempts == 2
    assert mesh.kinds("c")[-4:] == ["released", "claimed", "completed", "acknowledged"]
    assert list(mesh.state.kernel.failed) == ["d"]


def test_its_failures_count_from_zero_and_it_may_have_another_payload(mesh: Overseen) -> None:
    mesh.propose(task("a", max_attempts=2, payload_json='{"n": 1}'))
    fail(mesh, "a")
    mesh.later(5)
    fail(mesh, "a")
    assert retry(mesh, "a", '{"n": 2}').accepted
    assert retry(mesh, "a", '{"n": 2}').accepted, "asked again"
    assert "cancel it first" in retry(mesh, "a", '{"n": 3}').reasons[0]
    grant = mesh.claim("w1").grant
    assert (grant.attempt, grant.manifest.payload_json) == (3, '{"n": 2}')
    mesh.result("w1", "a", RESULT_FAILED, 3)
    mesh.new_leader(snapshot_at=len(mesh.log))
    mesh.later(5)
    do(mesh, "a")


def test_what_was_set_aside_may_have_another_payload_too(mesh: Overseen) -> None:
    mesh.propose(task("a"))
    mesh.order("a", ORDER_QUARANTINE)
    assert retry(mesh, "a", '{"n": 2}').accepted
    assert mesh.claim("w1").grant.manifest.payload_json == '{"n": 2}'


def test_what_was_cancelled_while_it_was_set_aside_waits_for_a_worker_again(mesh: Overseen) -> None:
    mesh.propose(task("a"))
    mesh.order("a", ORDER_QUARANTINE)
    mesh.order("a", ORDER_CANCEL)
    assert retry(mesh, "a").accepted
    mesh.new_leader(snapshot_at=len(mesh.log))
    do(mesh, "a")


def test_an_objective_that_failed_goes_on(mesh: Overseen) -> None:
    steps = '{"tasks": [{"id": "a", "action": "w", "max_attempts": 1},'
    steps += '{"id": "b", "action": "w", "after": ["a"]}]}'
    proposal = ObjectiveProposed(objective_id="o", description="dig", metadata_json=steps)
    mesh.ask(mesh.event(proposal))
    first, second = sorted(mesh.state.kernel.tasks)
    fail(mesh, first)
    mesh.tick()
    assert not mesh.state.objectives
    assert retry(mesh, first).accepted
    assert mesh.state.objectives["o"].open_tasks == {first, second}
    mesh.new_leader(snapshot_at=len(mesh.log))
    do(mesh, first)
    do(mesh, second)
    ends = [e.event.payload for e in mesh.log if isinstance(e.event.payload, ObjectiveFinished)]
    assert [each.result for each in ends] == [OBJECTIVE_FAILED, OBJECTIVE_ACHIEVED]
    assert mesh.state.finished_order == ("o",)


def test_what_cannot_be_tried_again_is_said(
    mesh: Overseen, monkeypatch: pytest.MonkeyPatch
) -> None:
    mesh.propose(task("a"))
    do(mesh, "a")
    assert "has ended already: completed" in retry(mesh, "a").reasons[0]
    assert "there is no task x" in retry(mesh, "x").reasons[0]
    monkeypatch.setattr(retrying, "MAX_FAILED", 1)
    mesh.propose(task("b"), task("c", depends_on=["b"]))
    fail(mesh, "b")
    mesh.tick()  # c is cancelled, and b is forgotten
    assert "too long ago" in retry(mesh, "b").reasons[0]
    assert "it depends on b, which was not completed" in retry(mesh, "c").reasons[0]
    length = len(mesh.log)
    for odd in ("{", "[1]", "nothing"):
        assert "the payload " in retry(mesh, "c", odd).reasons[0]
    assert len(mesh.log) == length


def test_what_needs_two_comes_back_with_the_second(mesh: Overseen) -> None:
    mesh.propose(task("a"), task("b"), task("c", depends_on=["a", "b"]))
    fail(mesh, "a")
    mesh.tick()
    fail(mesh, "b")
    assert retry(mesh, "a").accepted
    assert sorted(mesh.state.kernel.tasks) == ["a"]
    assert retry(mesh, "b").accepted
    assert sorted(mesh.state.kernel.tasks) == ["a", "b", "c"]


def test_a_time_to_live_ends_an_attempt_too(mesh: Overseen) -> None:
    mesh.propose(task("a", ttl_seconds=40))
    mesh.claim("w1")
    for _ in range(5):
        mesh.later(10)
        mesh.heartbeat("w1", "a")
        mesh.tick()
    assert mesh.kinds("a") == ["submitted", "claimed", "expired", "acknowledged"]
    assert retry(mesh, "a").accepted, "its time begins anew"
    mesh.later(35)
    mesh.register("w1")
    assert mesh.claim("w1").grant.attempt == 2
    mesh.tick()
    mesh.later(10)
    mesh.tick()
    assert mesh.kinds("a")[-2:] == ["expired", "acknowledged"]
    assert mesh.kinds("a").count("expired") == 2


def test_what_has_expired_is_not_handed_out(mesh: Overseen) -> None:
    mesh.propose(task("a", ttl_seconds=40))
    mesh.later(41)
    assert not mesh.claim("w1").HasField("grant")
