"""Is why nothing moves said in one sentence, the same to whoever asks, and true today?"""

from __future__ import annotations

import json
from collections.abc import Callable
from shlex import quote

import pytest

from enchanted.events.v1.command_pb2 import (
    COMMAND_DRAIN,
    COMMAND_RELEASE,
    COMMAND_SLEEP,
    CommandIssued,
)
from enchanted.events.v1.objective_pb2 import ObjectiveApproved, ObjectiveProposed
from enchanted.events.v1.policy_pb2 import PolicyAdopted
from enchanted.events.v1.pulse_pb2 import HaltOrdered, SystemModeChanged
from enchanted.events.v1.swarm_event_pb2 import (
    ROLE_GOVERNOR,
    ROLE_GUARDIAN,
    ROLE_OPERATOR,
    ROLE_OVERSEER,
)
from enchanted.events.v1.task_pb2 import RESULT_FAILED
from enchanted.events.v1.task_request_pb2 import ORDER_CANCEL, ORDER_QUARANTINE, ORDER_RETRY
from enchanted.events.v1.worker_pb2 import WorkerDeparted, WorkerHeartbeat
from overseer.facts import FACTS
from tests.overseer.machines import register, sampled, standstill
from tests.overseer.overseen import Overseen, task

STEPS = json.dumps(
    {
        "tasks": [
            {"id": "a", "action": "dig"},
            {"id": "b", "action": "dig", "after": ["a"]},
            {"id": "c", "action": "dig"},
        ]
    }
)


def sleep(mesh: Overseen, target: str, seconds: float = 60.0) -> str:
    command = CommandIssued(
        kind=COMMAND_SLEEP, target=target, reason="memory is short", expires_in_seconds=seconds
    )
    mesh.publish(command, role=ROLE_GOVERNOR)
    return mesh.log[-1].event.event_id


def test_numbers_are_those_of_the_last_look_and_a_claim_is_told_the_same() -> None:
    mesh = Overseen()
    mesh.publish(PolicyAdopted(hash="p", text="max_ram_pct: 80\n"), role=ROLE_OVERSEER)
    register(mesh, "w1")
    mesh.propose(task("a"))
    for memory in (90, 90, 85.5):
        sampled(mesh, memory=memory)
    said = (
        "dispatch is held: memory of h is at 85.5 %, the limit is 80 %; tasks are handed out again"
        " when it is at 75 % or less"
    )
    assert standstill(mesh).of_swarm() == standstill(mesh).of_task("a") == said
    assert mesh.claim("w1").reasons == [said]
    assert FACTS["held"](mesh.state, mesh.core.settings, mesh.now) == said
    sampled(mesh, memory=20)
    assert standstill(mesh).of_swarm() == standstill(mesh).of_task("a") == ""


def test_a_halt_says_who_and_why() -> None:
    mesh = Overseen()
    mesh.publish(HaltOrdered(reason="lunch"))
    assert standstill(mesh).of_swarm() == "dispatch is halted: lunch (ordered by somebody)"
    mesh = Overseen()
    mesh.publish(SystemModeChanged(mode="halted", reason="the log is full"))
    assert standstill(mesh).of_swarm() == (
        "dispatch is halted: the guardian halted the system: the log is full"
    )


def _nobody(mesh: Overseen) -> None:
    pass


def _without_skill(mesh: Overseen) -> None:
    register(mesh, "w1", skills=["digging"])
    register(mesh, "w2")


def _without_action(mesh: Overseen) -> None:
    register(mesh, "w1", skills=["flying"], actions=["dig", "rake"])


def _too_small(mesh: Overseen) -> None:
    register(mesh, "w1", skills=["flying"])
    sampled(mesh)


def _draining(mesh: Overseen) -> None:
    register(mesh, "w1", skills=["flying"])
    mesh.publish(WorkerHeartbeat(worker_id="w1", draining=True))


def _asleep(mesh: Overseen) -> None:
    register(mesh, "w1", skills=["flying"])
    register(mesh, "w2", skills=["flying"])
    sleep(mesh, "w1")
    sleep(mesh, "all")


def _stranger(mesh: Overseen) -> None:
    register(mesh, "w1", skills=["flying"])
    text = "allow_unregistered_agents: false\n"
    mesh.publish(PolicyAdopted(hash=text, text=text), role=ROLE_OVERSEER)


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (_nobody, "no worker is there"),
        (_without_skill, "none of 2 workers has the skill flying"),
        (_without_action, "none of 1 worker with the skill flying does work"),
        (
            _too_small,
            "it asks for 8 processors and 2 GiB of memory, and no machine of w1 has as much",
        ),
        (_draining, "w1 has been told to drain and to take nothing new"),
        (_asleep, "w1 and w2 have been told to sleep: memory is short"),
        (
            _stranger,
            "w1 may do nothing: not in the registry, and the policy allows no others",
        ),
    ],
)
def test_what_no_worker_has_is_said_of_the_task_and_of_the_swarm(
    prepare: Callable[[Overseen], None], said: str
) -> None:
    mesh = Overseen()
    mesh.propose(
        task(
            "a",
            required_skills=["flying"],
            required_cpu_count=8,
            required_memory_bytes=2 << 30,
        )
    )
    prepare(mesh)
    assert standstill(mesh).of_task("a") == said
    assert standstill(mesh).of_swarm() == f"a waits: {said}"
    mesh.new_leader(snapshot_at=len(mesh.log))
    assert standstill(mesh).of_task("a") == said


def test_a_sleep_that_is_over_or_was_taken_back_is_not_told() -> None:
    mesh = Overseen()
    register(mesh, "w1")
    mesh.propose(task("a"))
    command_id = sleep(mesh, "w1")
    assert standstill(mesh).of_task("a") == "w1 has been told to sleep: memory is short"
    release = CommandIssued(kind=COMMAND_RELEASE, target="w1", releases_command_id=command_id)
    mesh.publish(release, role=ROLE_GOVERNOR)
    assert standstill(mesh).of_task("a") == ""
    sleep(mesh, "w1", seconds=60)
    mesh.later(61)
    mesh.publish(WorkerHeartbeat(worker_id="w1"))
    assert standstill(mesh).of_task("a") == ""


def test_who_has_all_it_takes_is_not_said_to_be_missing() -> None:
    mesh = Overseen()
    register(mesh, "w1", skills=["digging"], max_concurrent_tasks=1)
    mesh.propose(task("a", required_skills=["digging"], priority=9), task("b"))
    assert standstill(mesh).of_task("a") == ""
    assert mesh.claim("w1").accepted
    assert standstill(mesh).of_task("a") == "", "it is being done"
    assert standstill(mesh).of_task("b") == "w1, who could do it, has as many tasks as allowed"
    assert standstill(mesh).of_swarm() == "", "its turn comes"


def test_a_worker_of_which_nothing_was_heard_since_is_named() -> None:
    mesh = Overseen()
    register(mesh, "w1")
    mesh.propose(task("a"))
    assert standstill(mesh).of_task("a") == "", "it asks at once"
    mesh.later(40)
    said = "nothing was heard of w1, who could do it, for 40 s"
    assert standstill(mesh).of_task("a") == said
    assert standstill(mesh).of_swarm() == f"a waits: {said}"
    mesh.publish(WorkerHeartbeat(worker_id="w1"))
    assert standstill(mesh).of_task("a") == "", "it lives, and may ask"


def test_what_asks_for_room_says_so() -> None:
    mesh = Overseen()
    register(mesh, "w1")
    sampled(mesh)
    mesh.propose(task("a", required_cpu_count=3))
    assert standstill(mesh).of_task("a") == (
        "it asks for 3 processors, and is begun once a worker has as much left"
    )


def test_a_task_that_waits_for_others_names_them_and_why_the_first_does_not_move() -> None:
    mesh = Overseen()
    mesh.propose(
        task("a"), task("b"), task("c", depends_on=["a", "b"]), task("d", depends_on=["c"])
    )
    assert standstill(mesh).of_task("c") == "it depends on a and b; a: no worker is there"
    assert standstill(mesh).of_task("d") == "it depends on c; a: no worker is there"
    register(mesh, "w1", max_concurrent_tasks=2)
    assert mesh.claim("w1").accepted
    assert mesh.claim("w1").accepted
    assert standstill(mesh).of_task("c") == "it depends on a and b"
    mesh.order("b", ORDER_QUARANTINE)
    assert standstill(mesh).of_task("c") == f"it depends on a and b; b: {aside('b')}"
    mesh.order("c", ORDER_QUARANTINE)
    assert standstill(mesh).of_task("c") == aside("c")
    assert standstill(mesh).of_task("d") == f"it depends on c; c: {aside('c')}"


def aside(task_id: str, reason: str = "it was set aside") -> str:
    typed = quote(task_id)
    return (
        f"it is set aside: {reason}; `ganglion tasks retry {typed}` lets it be tried again,"
        f" `ganglion tasks cancel {typed}` calls it off"
    )


def test_what_is_set_aside_is_said_with_the_reason_until_somebody_decides() -> None:
    mesh = Overseen()
    proposal = ObjectiveProposed(objective_id="o", description="d", metadata_json=STEPS)
    assert mesh.ask(mesh.event(proposal, role=ROLE_OPERATOR))[0].accepted
    register(mesh, "w1")
    assert standstill(mesh).of_aside() == ""
    assert standstill(mesh).of_objective("o") == ("", "")
    mesh.order("o.a", ORDER_QUARANTINE, reason="incident 7: it fails")
    said = aside("o.a", "incident 7: it fails")
    assert FACTS["aside"](mesh.state, mesh.core.settings, mesh.now) == f"o.a waits: {said}"
    assert standstill(mesh).of_objective("o") == ("o.a", said), "though o.c could be done"
    mesh.new_leader(snapshot_at=len(mesh.log))
    assert standstill(mesh).of_aside() == f"o.a waits: {said}"
    mesh.propose(task("p q"))
    mesh.order("p q", ORDER_QUARANTINE)
    assert standstill(mesh).of_aside() == f"o.a waits: {said}; 1 more: `ganglion tasks`"
    mesh.order("o.a", ORDER_RETRY)
    assert standstill(mesh).of_objective("o") == ("", "")
    assert standstill(mesh).of_aside() == f"p q waits: {aside('p q')}"
    mesh.order("p q", ORDER_CANCEL)
    assert standstill(mesh).of_aside() == ""


def test_what_waits_for_a_person_is_named_with_the_command_until_somebody_says_yes() -> None:
    mesh = Overseen()

    def said() -> object:
        return FACTS["unapproved"](mesh.state, mesh.core.settings, mesh.now)

    def propose(objective_id: str, *, priority: int = 5) -> None:
        metadata = json.dumps({"tasks": [{"action": "dig", "risk_tier": "high-risk"}]})
        proposal = ObjectiveProposed(
            objective_id=objective_id, description="d", priority=priority, metadata_json=metadata
        )
        assert mesh.ask(mesh.event(proposal, role=ROLE_OPERATOR))[0].accepted

    assert said() == ""
    propose("o 1")
    assert said() == (
        "o 1 waits for a person; say yes with `ganglion objectives approve 'o 1'`,"
        " or no with `ganglion objectives cancel 'o 1'`"
    )
    for number in range(2, 6):
        propose(f"o{number}", priority=number)
    assert str(said()).startswith("o 1, o5, o4 and 2 more wait for a person; say yes with ")
    assert str(said()).endswith("cancel ID`"), "and `ganglion objectives` lists them"
    for objective_id in ("o 1", "o2", "o3", "o4", "o5"):
        approval = ObjectiveApproved(objective_id=objective_id)
        assert mesh.ask(mesh.event(approval, role=ROLE_OPERATOR))[0].accepted
    assert said() == ""


def test_what_was_lost_and_may_be_tried_once_only_is_said_to_be_set_aside() -> None:
    mesh = Overseen()
    register(mesh, "w1")
    mesh.propose(task("a", max_attempts=1, max_losses=0), task("b", depends_on=["a"]))
    assert mesh.claim("w1").accepted
    mesh.later(1000)
    mesh.tick()
    said = standstill(mesh).of_task("a")
    assert said.startswith("it is set aside: a worker was lost over it, more than may; ")
    assert standstill(mesh).of_task("b") == f"it depends on a; a: {said}"
    assert standstill(mesh).of_aside() == f"a waits: {said}"


def test_a_long_chain_names_what_has_to_be_done_first() -> None:
    mesh = Overseen()
    mesh.propose(task("t0"))
    for number in range(1, 400):
        mesh.propose(task(f"t{number}", depends_on=[f"t{number - 1}"]))
    told = standstill(mesh)
    for number in range(2, 400):
        said = f"it depends on t{number - 1}; t0: no worker is there"
        assert told.of_task(f"t{number}") == said


def test_what_is_tried_again_says_when() -> None:
    mesh = Overseen()
    register(mesh, "w1")
    mesh.propose(task("a", max_attempts=3))
    assert mesh.claim("w1").accepted
    mesh.result("w1", "a", RESULT_FAILED)
    assert standstill(mesh).of_task("a") == "it is tried again at 12:00:01 UTC"


def test_a_worker_with_nothing_to_do_is_told_what_it_lacks() -> None:
    mesh = Overseen()
    register(mesh, "w1")
    assert mesh.claim("w1").reasons == ["nothing is ready that this worker can do"]
    mesh.propose(task("a", required_skills=["flying"]), task("b"))
    nothing = "nothing is ready that this worker can do"
    assert mesh.claim("w1", actions=["dig"]).reasons == [f"{nothing}: a asks for the skill flying"]
    mesh.order("a", ORDER_QUARANTINE)
    assert mesh.claim("w1", actions=["dig"]).reasons == [
        f"{nothing}: b asks for work, which it does not do"
    ]
    assert mesh.claim("w1").accepted


def test_what_the_policy_forbids_since_is_said() -> None:
    mesh = Overseen()
    register(mesh, "w1")
    mesh.propose(task("a"))
    text = "allowed_actions: [dig]\n"
    mesh.publish(PolicyAdopted(hash=text, text=text), role=ROLE_OVERSEER)
    assert standstill(mesh).of_task("a") == "the policy does not allow the action work"


def test_a_task_that_is_not_open_says_nothing() -> None:
    assert standstill(Overseen()).of_task("nobody") == ""


def drain(mesh: Overseen, target: str) -> str:
    """The sentence of `status` after a worker was told to go."""
    command = CommandIssued(
        kind=COMMAND_DRAIN, target=target, reason="incident 7: it fails", expires_in_seconds=60
    )
    mesh.publish(command, role=ROLE_GUARDIAN)
    return dismissed(mesh)


def dismissed(mesh: Overseen) -> str:
    return str(FACTS["dismissed"](mesh.state, mesh.core.settings, mesh.now))


def test_who_was_told_to_go_is_said_with_the_reason_until_it_is_back_or_it_is_long_ago() -> None:
    mesh = Overseen()
    register(mesh, "w1")
    assert dismissed(mesh) == ""
    assert drain(mesh, "w1").startswith("w1 was told to go at ")
    mesh.publish(WorkerDeparted(worker_id="w1"))
    assert dismissed(mesh).endswith(" UTC: incident 7: it fails"), "also when it has gone"
    register(mesh, "w1")
    assert dismissed(mesh) == ""
    drain(mesh, "w1")
    mesh.publish(WorkerDeparted(worker_id="w1"))
    mesh.later(3601)
    assert dismissed(mesh) == ""
    assert drain(mesh, "overseer") == "", "no worker"


def test_who_did_not_hear_that_it_should_go_is_said_to_be_there() -> None:
    mesh = Overseen()
    register(mesh, "w1")
    drain(mesh, "w1")
    mesh.publish(WorkerHeartbeat(worker_id="w1"))
    assert dismissed(mesh), "it may not have heard yet"
    mesh.later(61)
    mesh.publish(WorkerHeartbeat(worker_id="w1"))
    assert dismissed(mesh) == ""


def test_many_who_were_told_to_go_are_counted() -> None:
    mesh = Overseen()
    for number in range(5):
        register(mesh, f"w{number}")
        said = drain(mesh, f"w{number}")
    assert said.count("was told to go") == 3
    assert said.endswith("; and 2 more")
