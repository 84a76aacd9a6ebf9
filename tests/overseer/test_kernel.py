"""Does a task live as it should: claimed once, retried, put back, given up, never lost?"""

from __future__ import annotations

import json

import pytest

from enchanted.events.v1.objective_pb2 import ObjectiveProposed
from enchanted.events.v1.policy_pb2 import PolicyAdopted, RegistryAdopted, RegistryEntry
from enchanted.events.v1.pulse_pb2 import HaltLifted, HaltOrdered
from enchanted.events.v1.task_pb2 import (
    RESULT_CHECKS_FAILED,
    RESULT_COMPLETED,
    RESULT_FAILED,
    TaskAcknowledged,
    TaskReleased,
    TaskResult,
)
from enchanted.events.v1.task_request_pb2 import (
    ORDER_CANCEL,
    ORDER_QUARANTINE,
    ORDER_RETRY,
    ClaimRequested,
    ResultReported,
    TaskOrder,
)
from enchanted.events.v1.worker_pb2 import WorkerDeparted
from overseer.kernel.overdue import MAX_PER_TICK
from tests.overseer.overseen import BEGINNING, Overseen, again, core, task


@pytest.fixture
def mesh() -> Overseen:
    """An overseer with one worker."""
    mesh = Overseen()
    mesh.register("w1", skills=("python",))
    return mesh


def acknowledgements(mesh: Overseen) -> list[TaskAcknowledged]:
    return [
        each.event.payload for each in mesh.log if isinstance(each.event.payload, TaskAcknowledged)
    ]


def test_a_task_is_submitted_claimed_and_completed(mesh: Overseen) -> None:
    assert mesh.propose(task("a")).accepted
    grant = mesh.claim("w1").grant
    assert (grant.manifest.task_id, grant.attempt, grant.lease_seconds) == ("a", 1, 30)
    mesh.later(10)
    assert mesh.result("w1", "a", RESULT_COMPLETED).accepted
    assert mesh.kinds("a") == ["submitted", "claimed", "completed", "acknowledged"]
    (left,) = acknowledgements(mesh)
    assert (left.duration_seconds, left.attempts, left.result) == (10, 1, RESULT_COMPLETED)
    assert left.tool_efficacy_score == 100
    mesh.new_leader()
    mesh.new_leader(snapshot_at=len(mesh.log))


def test_a_claim_that_is_asked_again_is_answered_the_same(mesh: Overseen) -> None:
    mesh.register("w1", limit=2)
    mesh.propose(task("a"), task("b"))
    request = mesh.event(ClaimRequested(worker_id="w1"))
    (first,) = mesh.ask(request)
    length = len(mesh.log)
    mesh.new_leader()
    (second,) = mesh.ask(request)
    assert first.grant == second.grant
    assert len(mesh.log) == length


def test_a_result_that_is_reported_again_changes_nothing(mesh: Overseen) -> None:
    mesh.propose(task("a"))
    mesh.claim("w1")
    report = mesh.event(
        ResultReported(task_id="a", worker_id="w1", attempt=1, result=RESULT_COMPLETED)
    )
    assert mesh.ask(report)[0].accepted
    length = len(mesh.log)
    assert mesh.ask(report)[0].accepted
    assert len(mesh.log) == length


def test_a_result_gets_its_worker_what_it_made_ready(mesh: Overseen) -> None:
    mesh.propose(task("a"), task("b", depends_on=["a"]))
    mesh.claim("w1")
    (answer,) = mesh.ask(mesh.exchange("w1", "a"))
    assert (answer.accepted, answer.grant.manifest.task_id) == (True, "b")
    (answer,) = mesh.ask(mesh.exchange("w1", "b"))
    assert (answer.accepted, answer.HasField("grant")) == (True, False)
    mesh.new_leader()


def test_a_result_that_is_reported_again_claims_nothing_more(mesh: Overseen) -> None:
    mesh.register("w1", limit=2)
    mesh.propose(task("a"), task("b"), task("c"))
    mesh.claim("w1")
    request = mesh.exchange("w1", "a")
    (first,) = mesh.ask(request)
    length = len(mesh.log)
    mesh.new_leader()
    (second,) = mesh.ask(request)
    assert first.grant == second.grant
    assert len(mesh.log) == length


def test_a_result_that_was_taken_before_claims_nothing_when_it_comes_to_another_leader(
    mesh: Overseen,
) -> None:
    """One whose memory does not go back so far."""
    mesh.propose(task("a"))
    mesh.claim("w1")
    request = mesh.exchange("w1", "a")
    (answer,) = mesh.ask(request)
    assert not answer.HasField("grant")
    mesh.propose(task("b"))
    mesh.new_leader(snapshot_at=len(mesh.log))
    taken = mesh.fold.requests_taken(term=2, term_id="term 2", number=1, now=mesh.now)
    assert mesh.fold.decide_requests(taken, [request]) == []


def test_a_late_result_claims_all_the_same(mesh: Overseen) -> None:
    mesh.propose(task("a"), task("b"))
    mesh.claim("w1")
    mesh.later(31)
    mesh.heartbeat("w1")
    mesh.tick()
    mesh.order("a", ORDER_CANCEL)
    (answer,) = mesh.ask(mesh.exchange("w1", "a"))
    assert (answer.accepted, list(answer.reasons)) == (False, ["the task has ended"])
    assert answer.grant.manifest.task_id == "b"


@pytest.mark.parametrize(
    ("traceparent", "trace_id"),
    [
        (f"00-{'ab' * 16}-{'cd' * 8}-01", "ab" * 16),
        ("", "12" * 16),
        ("nonsense", "12" * 16),
        (f"00-{'0' * 32}-{'cd' * 8}-01", "12" * 16),
    ],
)
def test_what_is_claimed_with_a_result_is_in_the_trace_that_its_worker_says(
    mesh: Overseen, traceparent: str, trace_id: str
) -> None:
    mesh.propose(task("a"), task("b"))
    mesh.claim("w1")
    request = mesh.exchange("w1", "a", traceparent=traceparent)
    (answer,) = mesh.ask(again(request, trace_id="12" * 16, span_id="34" * 8))
    assert answer.grant.traceparent.split("-")[1] == trace_id
    traces = {
        each.event.kind.subject_word: each.event.trace_id
        for each in mesh.log
        if each.event.causation_id == request.event_id
    }
    assert traces == {
        "completed": "12" * 16,
        "acknowledged": "12" * 16,
        "claimed": trace_id,
    }


def test_a_task_waits_for_what_it_depends_on(mesh: Overseen) -> None:
    mesh.propose(task("b", depends_on=["a"], priority=9), task("a", priority=1))
    assert mesh.claim("w1").grant.manifest.task_id == "a"
    mesh.register("w2")
    assert "nothing is ready" in mesh.claim("w2").reasons[0]
    mesh.result("w1", "a", RESULT_COMPLETED)
    assert mesh.claim("w2").grant.manifest.task_id == "b"


def test_what_depends_on_a_failed_task_is_cancelled(mesh: Overseen) -> None:
    mesh.propose(task("a"), task("b", depends_on=["a"]), task("c", depends_on=["b"]))
    mesh.claim("w1")
    mesh.result("w1", "a", RESULT_FAILED)
    mesh.tick()
    mesh.tick()
    assert mesh.kinds("b") == ["submitted", "cancelled", "acknowledged"]
    assert mesh.kinds("c") == ["submitted", "cancelled", "acknowledged"]
    assert not mesh.state.kernel.tasks
    assert not mesh.state.kernel.to_cancel


def test_a_failed_task_is_tried_again_after_a_while_until_attempts_are_used_up(
    mesh: Overseen,
) -> None:
    mesh.propose(task("a", max_attempts=3))
    for attempt in (1, 2, 3):
        grant = mesh.claim("w1").grant
        assert grant.attempt == attempt
        mesh.result("w1", "a", RESULT_CHECKS_FAILED, attempt)
        assert not mesh.claim("w1").accepted, "not before its time"
        mesh.later(2**attempt)
    assert mesh.kinds("a")[-2:] == ["failed", "acknowledged"]
    assert acknowledgements(mesh)[0].attempts == 3
    assert acknowledgements(mesh)[0].result == RESULT_CHECKS_FAILED


def test_an_expired_lease_puts_the_task_back_and_the_late_result_is_not_applied(
    mesh: Overseen,
) -> None:
    mesh.propose(task("a"))
    mesh.claim("w1")
    mesh.later(31)
    mesh.register("w2")
    mesh.tick()
    grant = mesh.claim("w2").grant
    assert (grant.manifest.task_id, grant.attempt) == ("a", 2)
    late = mesh.result("w1", "a", RESULT_COMPLETED)
    assert not late.accepted
    assert "attempt 2 of w2 is under way" in late.reasons[0]
    assert not mesh.progress("w1", "a").accepted
    assert mesh.result("w2", "a", RESULT_COMPLETED, 2).accepted
    assert mesh.kinds("a").count("completed") == 1
    assert [e.subject for e in mesh.log if e.event.kind.field == "result_arrived_late"] == [
        "swarm.events.overseer.result_arrived_late.a"
    ]


def test_progress_and_heartbeats_keep_the_lease(mesh: Overseen) -> None:
    mesh.propose(task("a"))
    mesh.claim("w1")
    for _ in range(3):
        mesh.later(25)
        assert mesh.progress("w1", "a").accepted
        mesh.later(25)
        mesh.heartbeat("w1", "a")
        mesh.tick()
    assert "a" in mesh.state.kernel.claimed


def test_a_worker_that_falls_silent_is_lost_and_its_task_goes_to_another(mesh: Overseen) -> None:
    mesh.propose(task("a"))
    mesh.claim("w1")
    mesh.later(61)
    mesh.tick()
    assert "w1" not in mesh.state.kernel.workers
    mesh.register("w2")
    assert mesh.claim("w2").grant.manifest.task_id == "a"


def test_what_a_departed_worker_held_waits_again_at_once(mesh: Overseen) -> None:
    mesh.propose(task("a"))
    mesh.claim("w1")
    mesh.publish(WorkerDeparted(worker_id="w1"))
    mesh.tick()
    assert mesh.kinds("a")[-1] == "released"
    assert not mesh.state.kernel.claimed


def test_a_worker_that_was_killed_and_comes_back_holds_nothing(mesh: Overseen) -> None:
    mesh.propose(task("a"))
    mesh.claim("w1")
    mesh.register("w1")
    mesh.tick()
    assert mesh.claim("w1").grant.attempt == 2
    assert mesh.state.kernel.tasks["a"].lost_attempts == 1


def test_a_task_over_which_workers_keep_dying_is_set_aside(mesh: Overseen) -> None:
    mesh.propose(task("a", max_attempts=4))
    for _ in range(5):
        mesh.later(60)
        mesh.register("w1")
        assert mesh.claim("w1").accepted
        mesh.later(31)
        mesh.tick()
    assert mesh.kinds("a")[-2:] == ["quarantined", "acknowledged"]
    assert not mesh.claim("w1").accepted
    assert mesh.order("a", ORDER_RETRY).accepted
    assert mesh.claim("w1").accepted
    mesh.result("w1", "a", RESULT_COMPLETED, 6)
    assert mesh.kinds("a")[-2:] == ["completed", "acknowledged"]


@pytest.mark.parametrize(("allowed", "runs"), [({}, 2), ({"max_losses": 0}, 1)])
def test_one_attempt_is_one_and_may_be_asked_for_at_most_once(
    mesh: Overseen, allowed: dict[str, int], runs: int
) -> None:
    """Lost with its worker again and again, as by what kills it."""
    mesh.propose(task("a", max_attempts=1, **allowed))
    for _ in range(6):
        mesh.later(60)
        mesh.register("w1")
        mesh.claim("w1")
        mesh.later(31)
        mesh.tick()
        mesh.new_leader(snapshot_at=len(mesh.log))
    assert mesh.kinds("a").count("claimed") == runs
    assert mesh.kinds("a")[-2:] == ["quarantined", "acknowledged"]


def test_a_drained_worker_gives_back_and_it_does_not_count(mesh: Overseen) -> None:
    mesh.propose(task("a"))
    mesh.claim("w1")
    assert mesh.release("w1", "a").accepted
    kept = mesh.state.kernel.tasks["a"]
    assert (kept.lost_attempts, kept.failures, kept.claim) == (0, 0, None)
    assert mesh.claim("w1").grant.attempt == 2


def test_what_may_be_done_at_most_once_is_set_aside_when_it_is_given_back(mesh: Overseen) -> None:
    """By a worker that is told to go: what it had begun it may have done."""
    mesh.register("w2")
    mesh.propose(task("a", max_attempts=1, max_losses=0))
    mesh.claim("w1")
    assert mesh.release("w1", "a").accepted
    assert mesh.kinds("a")[-2:] == ["quarantined", "acknowledged"]
    assert not mesh.claim("w2").accepted
    assert mesh.release("w1", "a").accepted  # asked again, it is answered, and nothing is added
    assert mesh.kinds("a")[-2:] == ["quarantined", "acknowledged"]
    assert mesh.order("a", ORDER_RETRY).accepted  # a person may say that it is to be done once more
    assert mesh.claim("w2").grant.attempt == 2


def test_a_task_nobody_does_expires(mesh: Overseen) -> None:
    mesh.propose(task("a", ttl_seconds=100), task("b", ttl_seconds=50, depends_on=["a"]))
    mesh.later(51)
    mesh.tick()
    assert mesh.kinds("b") == ["submitted", "expired", "acknowledged"]
    mesh.later(50)
    mesh.tick()
    assert mesh.kinds("a") == ["submitted", "expired", "acknowledged"]


def test_a_cancelled_task_is_over_for_its_worker_too(mesh: Overseen) -> None:
    mesh.propose(task("a"))
    mesh.claim("w1")
    assert mesh.order("a", ORDER_CANCEL).accepted
    assert not mesh.progress("w1", "a").accepted
    assert not mesh.result("w1", "a", RESULT_COMPLETED).accepted
    assert mesh.kinds("a") == ["submitted", "claimed", "cancelled", "acknowledged"]
    assert mesh.order("a", ORDER_CANCEL).accepted, "asked again"
    assert not mesh.order("nobody", ORDER_CANCEL).accepted


@pytest.mark.parametrize("order", [ORDER_CANCEL, ORDER_RETRY, ORDER_QUARANTINE])
def test_what_has_ended_cannot_be_ordered_about(mesh: Overseen, order: TaskOrder.ValueType) -> None:
    mesh.propose(task("a"))
    mesh.claim("w1")
    assert mesh.result("w1", "a", RESULT_COMPLETED).accepted
    answer = mesh.order("a", order)
    assert not answer.accepted
    assert answer.reasons == ["a has ended already: completed"]


def test_who_names_its_actions_gets_no_others(mesh: Overseen) -> None:
    mesh.propose(task("a", action="dig", priority=9), task("b", action="fill", priority=1))
    assert mesh.claim("w1", actions=["fill", "paint"]).grant.manifest.task_id == "b"
    mesh.register("w2")
    assert "nothing is ready" in mesh.claim("w2", actions=["paint"]).reasons[0]
    assert mesh.claim("w2").grant.manifest.task_id == "a"


def test_quarantine_by_order(mesh: Overseen) -> None:
    mesh.propose(task("a"), task("b", depends_on=["a"]))
    assert mesh.order("a", ORDER_QUARANTINE).accepted
    mesh.tick()
    assert not mesh.claim("w1").accepted
    assert mesh.kinds("b") == ["submitted"], "what waits for it goes on waiting"


def test_the_best_task_comes_first(mesh: Overseen) -> None:
    mesh.register("w1", limit=10)
    mesh.propose(task("low", priority=1), task("high", priority=9), task("high2", priority=9))
    got = [mesh.claim("w1").grant.manifest.task_id for _ in range(3)]
    assert got == ["high", "high2", "low"]


def test_nothing_starves(mesh: Overseen) -> None:
    mesh.register("w1", limit=100)
    mesh.propose(task("old", priority=0))
    for number in range(20):
        mesh.later(60)
        mesh.heartbeat("w1")
        mesh.propose(task(f"new{number}", priority=10))
        if mesh.claim("w1").grant.manifest.task_id == "old":
            break
    else:
        pytest.fail("ten steps of priority should not outweigh twenty minutes")
    assert number == 9, "equal then, and the older one goes first"


@pytest.mark.parametrize("restored", [False, True], ids=["live", "from a snapshot"])
def test_the_order_of_those_that_wait_is_the_same_from_a_snapshot(
    mesh: Overseen, restored: bool
) -> None:
    """Whenever they came to wait: a dependency that was met later, an attempt that failed."""
    mesh.register("w1", limit=20)
    mesh.propose(task("first"), task("freed", depends_on=["first"]), task("failed", max_attempts=3))
    for _ in range(2):
        mesh.claim("w1")
    mesh.propose(*(task(f"new{number}") for number in range(3)))
    mesh.result("w1", "failed", RESULT_FAILED)
    mesh.propose(task("newest"))
    mesh.result("w1", "first", RESULT_COMPLETED)
    mesh.later(5)
    got = [mesh.claim("w1").grant.manifest.task_id]  # what backed off is in line by now
    if restored:
        mesh.new_leader(snapshot_at=len(mesh.log))
    got += [mesh.claim("w1").grant.manifest.task_id for _ in range(5)]
    assert got == ["freed", "new0", "new1", "new2", "failed", "newest"]


def test_what_time_ends_at_once_has_the_same_order_in_every_process(mesh: Overseen) -> None:
    """Tables have none that could be gone by."""
    names = [f"t{number}" for number in range(12)]
    mesh.register("w1", limit=20)
    mesh.propose(*(task(each, ttl_seconds=100) for each in names))
    for _ in names:
        mesh.claim("w1")
    mesh.later(31)
    released = [each.event.payload for each in mesh.tick()]
    assert [each.task_id for each in released if isinstance(each, TaskReleased)] == names
    mesh.later(70)
    ended = [each.event.payload for each in mesh.tick()]
    expired = [each.task_id for each in ended if isinstance(each, TaskAcknowledged)]
    assert expired == sorted(names)


def test_skills_and_resources_are_asked_for(mesh: Overseen) -> None:
    mesh.propose(task("a", required_skills=["rust"]), task("b", required_memory_bytes=2000))
    request = ClaimRequested(worker_id="w1", free_memory_bytes=1000)
    assert not mesh.ask(mesh.event(request))[0].accepted
    request = ClaimRequested(worker_id="w1", free_memory_bytes=3000)
    assert mesh.ask(mesh.event(request))[0].grant.manifest.task_id == "b"
    mesh.register("w2", skills=("rust", "go"))
    assert mesh.claim("w2").grant.manifest.task_id == "a"


def test_who_did_it_well_before_gets_it(mesh: Overseen) -> None:
    mesh.register("w1", limit=10)
    mesh.propose(task("a", action="dig"), task("b", action="paint"))
    mesh.claim("w1")
    mesh.result("w1", "a", RESULT_FAILED)
    mesh.claim("w1")
    mesh.result("w1", "b", RESULT_COMPLETED)
    mesh.propose(task("c", action="dig"), task("d", action="paint"))
    assert mesh.claim("w1").grant.manifest.task_id == "d"


def test_a_worker_has_at_most_as_many_as_it_may(mesh: Overseen) -> None:
    mesh.register("w1", limit=2)
    mesh.propose(task("a"), task("b"), task("c"))
    assert [mesh.claim("w1").accepted for _ in range(3)] == [True, True, False]


def test_a_stranger_gets_nothing_where_the_policy_says_so(mesh: Overseen) -> None:
    mesh.propose(task("a"))
    assert "not registered as a worker" in mesh.claim("w9").reasons[0]
    mesh.publish(PolicyAdopted(hash="h", text="allow_unregistered_agents: false"))
    assert "not in the registry" in mesh.claim("w1").reasons[0]
    mesh.publish(RegistryAdopted(hash="r", entries=[RegistryEntry(agent_id="w1")]))
    assert mesh.claim("w1").accepted


def test_halt_stops_dispatch_until_lifted(mesh: Overseen) -> None:
    mesh.propose(task("a"))
    mesh.publish(HaltOrdered(reason="lunch"))
    assert "halted: lunch" in mesh.claim("w1").reasons[0]
    mesh.publish(HaltLifted())
    assert mesh.claim("w1").accepted


def test_what_others_claim_about_tasks_counts_for_nothing(mesh: Overseen) -> None:
    mesh.propose(task("a"))
    mesh.publish(TaskAcknowledged(task_id="a", result=RESULT_COMPLETED))
    assert "a" in mesh.state.kernel.tasks


def test_a_leader_that_dies_before_its_append_has_decided_nothing(mesh: Overseen) -> None:
    mesh.propose(task("a"))
    request = mesh.event(ClaimRequested(worker_id="w1"))
    assert mesh.ask(request, lost=True)[0].again
    (answer,) = mesh.ask(request)
    assert answer.grant.manifest.task_id == "a"
    assert mesh.kinds("a") == ["submitted", "claimed"]


def test_the_state_begins_at_nothing() -> None:
    assert not core().initial().kernel.tasks
    assert Overseen().now == BEGINNING


@pytest.mark.parametrize("result", [0, 5, 6, 7, 99])
def test_what_is_no_end_of_an_attempt_is_refused_and_changes_nothing(
    mesh: Overseen, result: TaskResult.ValueType
) -> None:
    mesh.propose(task("a"))
    mesh.claim("w1")
    length = len(mesh.log)
    answer = mesh.result("w1", "a", result)
    assert not answer.accepted
    assert "is not how an attempt can end" in answer.reasons[0]
    assert len(mesh.log) == length
    assert mesh.result("w1", "a", RESULT_COMPLETED).accepted


@pytest.mark.heavy
def test_a_great_many_ends_at_once_take_more_than_one_tick(mesh: Overseen) -> None:
    """Each with its objective: all that one tick leads to must fit one batch, at every tick."""
    most = 450
    for number in range(most):
        steps = [{"id": "a", "action": "dig", "ttl_seconds": 5}, {"id": "b", "action": "dig"}]
        steps[1]["after"] = ["a"]  # type: ignore[index]
        proposal = ObjectiveProposed(
            objective_id=f"o{number}",
            description="dig",
            metadata_json=json.dumps({"tasks": steps}),
        )
        assert mesh.ask(mesh.event(proposal))[0].accepted
        mesh.register(f"w{number}")
    assert len(mesh.state.kernel.tasks) == 2 * most
    mesh.later(61)  # the tasks expire, and the workers fall silent
    sizes = []
    while entries := mesh.tick():
        sizes.append(len(entries))
    assert not mesh.state.kernel.tasks
    assert not mesh.state.objectives
    assert not mesh.state.kernel.workers
    assert max(sizes) <= 1 + 3 * MAX_PER_TICK
    mesh.new_leader()
