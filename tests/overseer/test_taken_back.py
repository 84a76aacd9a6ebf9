"""Is a task taken back when it is called off, takes too long, or everything halts, and is whoever
has it told so?"""

from __future__ import annotations

import pytest

from enchanted.events.v1.command_pb2 import COMMAND_CANCEL, CommandIssued
from enchanted.events.v1.pulse_pb2 import HaltLifted, HaltOrdered
from enchanted.events.v1.task_pb2 import RESULT_CANCELLED
from enchanted.events.v1.task_request_pb2 import (
    ORDER_CANCEL,
    ORDER_QUARANTINE,
    ResultArrivedLate,
    ResultReported,
    TaskOrder,
)
from tests.overseer.overseen import Overseen, task


@pytest.fixture
def mesh() -> Overseen:
    """An overseer with two workers."""
    mesh = Overseen()
    mesh.register("w1")
    mesh.register("w2")
    return mesh


def told(mesh: Overseen) -> list[tuple[str, str, int]]:
    """Who was told to end which attempt."""
    commands = [each.event.payload for each in mesh.log]
    return [
        (each.target, each.task_id, each.attempt)
        for each in commands
        if isinstance(each, CommandIssued) and each.kind == COMMAND_CANCEL
    ]


@pytest.mark.parametrize("order", [ORDER_CANCEL, ORDER_QUARANTINE])
def test_who_has_a_task_is_told_that_it_was_taken_from_him(
    mesh: Overseen, order: TaskOrder.ValueType
) -> None:
    mesh.propose(task("a"), task("b"))
    mesh.claim("w1")
    mesh.order("a", order)
    mesh.order("b", order)  # which nobody has
    assert told(mesh) == [("w1", "a", 1)]
    mesh.new_leader()
    assert told(mesh) == [("w1", "a", 1)]


def test_who_lost_a_lease_is_told_so(mesh: Overseen) -> None:
    mesh.propose(task("a"))
    mesh.claim("w1")
    mesh.later(31)
    mesh.heartbeat("w1")  # it lives, and forgot the task
    mesh.tick()
    assert told(mesh) == [("w1", "a", 1)]
    assert mesh.claim("w2").grant.attempt == 2


def test_a_halt_at_once_puts_back_what_is_being_done_and_counts_nothing(mesh: Overseen) -> None:
    mesh.propose(task("a", max_attempts=1))
    mesh.claim("w1")
    mesh.publish(HaltOrdered(reason="lunch"))
    mesh.tick()
    assert mesh.kinds("a") == ["submitted", "claimed"], "it goes on"
    mesh.publish(HaltOrdered(reason="fire", now=True))
    mesh.tick()
    assert mesh.kinds("a") == ["submitted", "claimed", "released"]
    assert told(mesh) == [("w1", "a", 1)]
    mesh.new_leader(snapshot_at=len(mesh.log))
    mesh.publish(HaltLifted())
    assert mesh.claim("w2").grant.attempt == 2
    assert (mesh.state.kernel.tasks["a"].failures, mesh.state.kernel.tasks["a"].lost_attempts) == (
        0,
        0,
    )
    mesh.tick()
    assert mesh.kinds("a")[-1] == "claimed"


def test_a_halt_at_once_sets_aside_what_may_be_done_at_most_once(mesh: Overseen) -> None:
    mesh.propose(task("a", max_attempts=1, max_losses=0))
    mesh.claim("w1")
    mesh.publish(HaltOrdered(reason="fire", now=True))
    mesh.tick()
    assert mesh.kinds("a") == ["submitted", "claimed", "quarantined", "acknowledged"]
    assert told(mesh) == [("w1", "a", 1)]
    mesh.publish(HaltLifted())
    assert not mesh.claim("w2").accepted


def test_an_attempt_that_its_worker_does_not_end_in_time_is_ended_for_it(mesh: Overseen) -> None:
    mesh.propose(task("a", max_attempts=2, attempt_seconds=40))
    mesh.claim("w1")
    for _ in range(7):  # it is heard of all the time
        mesh.later(10)
        mesh.heartbeat("w1", "a")
        mesh.tick()
    assert mesh.kinds("a") == ["submitted", "claimed"], "its worker has a while to end it"
    mesh.later(1)
    mesh.tick()
    assert mesh.kinds("a")[-1] == "failed"
    assert told(mesh) == [("w1", "a", 1)]
    mesh.later(5)
    mesh.register("w2")  # it was silent for too long
    assert mesh.claim("w2").grant.attempt == 2
    for _ in range(8):
        mesh.later(10)
        mesh.heartbeat("w2", "a")
        mesh.tick()
    assert mesh.kinds("a")[-2:] == ["failed", "acknowledged"], "no attempt is left"
    assert told(mesh) == [("w1", "a", 1), ("w2", "a", 2)]


def test_how_a_called_off_attempt_ended_is_recorded_and_changes_nothing(mesh: Overseen) -> None:
    mesh.propose(task("a"))
    mesh.claim("w1")
    mesh.order("a", ORDER_CANCEL)
    report = ResultReported(
        task_id="a", worker_id="w1", attempt=1, result=RESULT_CANCELLED, notes="it ended at once"
    )
    (answer,) = mesh.ask(mesh.event(report))
    assert not answer.accepted
    late = mesh.log[-1].event.payload
    assert isinstance(late, ResultArrivedLate)
    assert (late.result, late.reason) == (RESULT_CANCELLED, "it ended at once")


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf")])
def test_no_attempt_has_an_odd_limit(mesh: Overseen, seconds: float) -> None:
    answer = mesh.propose(task("a", attempt_seconds=seconds))
    assert "an attempt cannot take" in answer.reasons[0]
