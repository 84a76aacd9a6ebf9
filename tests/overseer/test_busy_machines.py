"""Does work go on on a busy machine, more slowly, and as a person says?"""

from __future__ import annotations

import pytest

from enchanted.events.v1.policy_pb2 import PolicyAdopted
from enchanted.events.v1.pulse_pb2 import (
    DispatchHeld,
    DispatchResumed,
    HaltLifted,
    HaltOrdered,
)
from enchanted.events.v1.swarm_event_pb2 import ROLE_GUARDIAN, ROLE_OPERATOR, ROLE_OVERSEER
from enchanted.events.v1.task_pb2 import RESULT_COMPLETED
from overseer import dispatch_control as gates
from overseer.dispatch_control import STALE_AFTER
from overseer.facts import FACTS
from overseer.kernel.scheduling import BEGINS_ANYWAY_AFTER
from tests.overseer.machines import register, sampled, standstill
from tests.overseer.overseen import Overseen, task


@pytest.fixture
def mesh() -> Overseen:
    """Six tasks, a worker of four and two of one on `h`, and one elsewhere."""
    mesh = Overseen()
    limits(mesh, "max_cpu_pct: 80\nmax_ram_pct: 80\n")
    register(mesh, "w4", max_concurrent_tasks=4)
    register(mesh, "w1")
    register(mesh, "w1 too")
    register(mesh, "elsewhere", host="other")
    mesh.propose(*(task(f"t{number}") for number in range(6)))
    return mesh


def limits(mesh: Overseen, text: str) -> None:
    mesh.publish(PolicyAdopted(hash=text, text=text), role=ROLE_OVERSEER)
    mesh.tick()


def taken(mesh: Overseen, *workers: str) -> list[bool]:
    return [mesh.claim(each).accepted for each in workers]


def told(mesh: Overseen) -> list[str]:
    return [
        each.event.payload.reason
        for each in mesh.log
        if isinstance(each.event.payload, DispatchHeld | DispatchResumed)
    ]


def override(mesh: Overseen, seconds: float, reason: str = "") -> None:
    mesh.publish(HaltLifted(override_seconds=seconds, reason=reason), role=ROLE_OPERATOR)
    mesh.tick()


def test_a_busy_machine_does_half_of_what_it_may_and_others_do_all(mesh: Overseen) -> None:
    for cpu in (97, 98.5):
        sampled(mesh, cpu=cpu)
    assert told(mesh) == [], "nothing is held"
    assert taken(mesh, "w4", "w1", "w4") == [True, True, True]
    assert taken(mesh, "w4", "w1 too", "elsewhere") == [False, False, True]
    said = (
        "CPU of h is at 98.5 %, the limit is 80 %: its workers do 3 of 6 tasks at once until it"
        " is not above"
    )
    assert mesh.claim("w1 too").reasons == [said]
    assert standstill(mesh).of_machines() == said
    mesh.result("w1", "t1", RESULT_COMPLETED)
    assert taken(mesh, "w1 too") == [True], "what ends makes room"
    mesh.new_leader(snapshot_at=len(mesh.log))


def test_what_hangs_on_a_busy_machine_does_not_stop_it() -> None:
    mesh = Overseen()
    limits(mesh, "max_cpu_pct: 80\n")
    for worker_id in ("w1", "w2", "w3"):
        register(mesh, worker_id)
    mesh.propose(*(task(f"t{number}") for number in range(3)))
    sampled(mesh, cpu=100)
    for worker_id in ("w1", "w2", "w3"):
        sampled(mesh, cpu=100)
        assert taken(mesh, worker_id) == [True]
        assert worker_id == "w3" or taken(mesh, "w3") == [False]
        mesh.later(BEGINS_ANYWAY_AFTER.total_seconds() - 1)
        for each in ("w1", "w2", "w3"):
            mesh.heartbeat(each, "t0", "t1", "t2")
        mesh.later(1)


def test_on_a_machine_of_one_worker_one_task_at_a_time_always_flows() -> None:
    mesh = Overseen()
    limits(mesh, "max_cpu_pct: 80\n")
    register(mesh, "w1")
    mesh.propose(*(task(f"t{number}") for number in range(3)))
    for number in range(3):
        sampled(mesh, cpu=100)
        assert standstill(mesh).of_machines() == "", "it does no less than ever"
        assert mesh.claim("w1").accepted
        assert mesh.result("w1", f"t{number}", RESULT_COMPLETED).accepted


def test_one_look_is_none_and_one_below_the_limit_ends_it(mesh: Overseen) -> None:
    register(mesh, "w4", max_concurrent_tasks=2)
    for cpu, free in ((97, True), (70, True), (97, True), (97, False), (80, True)):
        sampled(mesh, cpu=cpu)
        assert (standstill(mesh).of_machines() == "") is free


def test_a_changed_limit_and_a_long_silence_are_judged_at_once(mesh: Overseen) -> None:
    for _ in range(2):
        sampled(mesh, cpu=90)
    assert standstill(mesh).of_machines()
    limits(mesh, "max_cpu_pct: 90\n")
    assert not standstill(mesh).of_machines()
    limits(mesh, "max_cpu_pct: 89\n")
    assert standstill(mesh).of_machines()
    mesh.later(STALE_AFTER.total_seconds() + 1)
    assert not standstill(mesh).of_machines()


def test_a_hard_stop_holds_and_is_over_when_the_policy_says_so_no_more(mesh: Overseen) -> None:
    limits(mesh, "max_cpu_pct: 80\nhard_stop: true\n")
    for _ in range(2):
        sampled(mesh, cpu=97)
    assert taken(mesh, "w4", "elsewhere") == [False, False]
    limits(mesh, "max_cpu_pct: 80\n")
    assert told(mesh)[1:] == ["every machine is within the limits"]
    assert taken(mesh, "w4", "elsewhere") == [True, True]
    mesh.new_leader()


def test_memory_that_is_short_holds_all(mesh: Overseen) -> None:
    for _ in range(2):
        sampled(mesh, memory=90)
    assert taken(mesh, "w4", "elsewhere") == [False, False]


@pytest.mark.parametrize(("load", "text"), [({"memory": 90}, ""), ({"cpu": 90}, "hard_stop: true")])
def test_a_person_overrides_what_holds_and_it_ends_by_itself(
    mesh: Overseen, load: dict[str, float], text: str
) -> None:
    limits(mesh, f"max_cpu_pct: 80\nmax_ram_pct: 80\n{text}\n")
    for _ in range(2):
        sampled(mesh, **load)  # type: ignore[arg-type]
    override(mesh, 600, "I am not at the machine")
    said = "somebody overrides the limits until 2026-11-21 12:10:00 UTC: I am not at the machine"
    assert told(mesh)[1:] == [said]
    assert FACTS["overridden"](mesh.state, mesh.core.settings, mesh.now) == said
    sampled(mesh, **load)  # type: ignore[arg-type]
    assert taken(mesh, "w4") == [True]
    mesh.new_leader(snapshot_at=len(mesh.log))
    mesh.later(599)
    sampled(mesh, **load)  # type: ignore[arg-type]
    assert len(told(mesh)) == 2
    mesh.later(1)
    mesh.tick()
    assert len(told(mesh)) == 3
    assert taken(mesh, "elsewhere") == [False]
    assert FACTS["overridden"](mesh.state, mesh.core.settings, mesh.now) == ""
    mesh.new_leader()


def test_an_override_lifts_a_halt_and_what_slows_and_the_last_word_counts(mesh: Overseen) -> None:
    for _ in range(2):
        sampled(mesh, cpu=97)
    mesh.publish(HaltOrdered(reason="lunch"), role=ROLE_OPERATOR)
    override(mesh, 600)
    assert not standstill(mesh).of_swarm()
    assert not standstill(mesh).of_machines()
    mesh.publish(HaltOrdered(reason="more lunch"), role=ROLE_OPERATOR)
    assert taken(mesh, "w4") == [False]
    override(mesh, 0)
    assert standstill(mesh).of_machines()


def test_only_a_person_overrides_for_a_day_at_most(mesh: Overseen) -> None:
    mesh.publish(HaltLifted(override_seconds=600), role=ROLE_GUARDIAN)
    assert mesh.state.override is None
    for no_time in (-1.0, float("nan"), 0.0):
        override(mesh, no_time)
        assert mesh.state.override is None
    override(mesh, float("inf"))
    said = gates.override(mesh.state, mesh.now)
    assert said is not None
    assert (said.until - mesh.now).total_seconds() == 86_400
