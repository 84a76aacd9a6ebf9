"""Does a pulse see what is there, judge it, and keep its time?"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from enchanted.events.v1.alarm_pb2 import SEVERITY_WARNING, AlarmRaised
from enchanted.events.v1.capacity_pb2 import CapacitySampled
from enchanted.events.v1.incident_pb2 import IncidentClosed, IncidentOpened
from enchanted.events.v1.objective_pb2 import ObjectiveAdded, ObjectiveProposed
from enchanted.events.v1.policy_pb2 import CharterAdopted, PolicyAdopted
from enchanted.events.v1.pulse_pb2 import (
    DispatchHeld,
    DispatchResumed,
    PulseCompleted,
    SystemModeChanged,
)
from enchanted.events.v1.swarm_event_pb2 import ROLE_OVERSEER
from enchanted.events.v1.task_pb2 import (
    RESULT_CHECKS_FAILED,
    RESULT_COMPLETED,
    RESULT_FAILED,
)
from overseer.kernel.state import MAX_RECORDS, Kernel, SuccessRecord, record_key
from overseer.model import CoreSettings
from overseer.pulse import MAX_WEIGHTS
from tests.overseer.overseen import Overseen, core, task

if TYPE_CHECKING:
    from collections.abc import Iterator

PULSE = 240.0
RULES = "max_cpu_pct: 80\nmax_ram_pct: 80\nhard_stop: true\n"


@pytest.fixture
def mesh() -> Overseen:
    """An overseer that has just had its first pulse, by these rules, with one worker."""
    settings = CoreSettings(pulse_seconds=PULSE, max_pulse_seconds=960, maintenance_seconds=0)
    mesh = Overseen(replace(core(), settings=settings))
    mesh.publish(PolicyAdopted(hash="policy", text=RULES), role=ROLE_OVERSEER)
    mesh.register("w1", limit=100)
    mesh.tick()
    return mesh


def pulses(mesh: Overseen) -> list[PulseCompleted]:
    return [
        each.event.payload for each in mesh.log if isinstance(each.event.payload, PulseCompleted)
    ]


def next_pulse(mesh: Overseen) -> PulseCompleted:
    """When it is due, and not before."""
    (*_, last) = pulses(mesh)
    before = len(pulses(mesh))
    mesh.later(last.interval_seconds - 1)
    mesh.heartbeat("w1")
    mesh.tick()
    assert len(pulses(mesh)) == before
    mesh.later(1)
    mesh.tick()
    assert len(pulses(mesh)) == before + 1
    return pulses(mesh)[-1]


def sample(mesh: Overseen, *, cpu: float = 10.0, memory: float = 10.0, host: str = "h") -> None:
    mesh.publish(
        CapacitySampled(
            host=host, cpu_percent=cpu, memory_used_bytes=int(memory * 10), memory_limit_bytes=1000
        )
    )


def done(mesh: Overseen, task_id: str, result: int = RESULT_COMPLETED) -> None:
    mesh.propose(task(task_id, action="dig"))
    assert mesh.claim("w1").grant.manifest.task_id == task_id
    mesh.result("w1", task_id, result)  # type: ignore[arg-type]


def test_there_is_no_pulse_and_no_claim_before_a_charter_is_in_force() -> None:
    mesh = Overseen(replace(core(), settings=CoreSettings(maintenance_seconds=0)), charter=False)
    mesh.register("w1")
    mesh.propose(task("a"))
    mesh.tick()
    assert pulses(mesh) == []
    early = mesh.claim("w1")
    assert (early.again, early.reasons) == (True, ["no charter is in force yet"])  # type: ignore[comparison-overlap]
    mesh.publish(CharterAdopted(hash="the charter"), role=ROLE_OVERSEER)
    assert mesh.claim("w1").accepted
    mesh.tick()
    assert [each.charter_hash for each in pulses(mesh)] == ["the charter"]


def test_a_pulse_says_what_it_saw(mesh: Overseen) -> None:
    mesh.propose(task("a"), task("b"), task("c"))
    mesh.claim("w1")
    mesh.later(PULSE - 1)
    mesh.heartbeat("w1", "a")
    sample(mesh, cpu=30, memory=40)
    sample(mesh, cpu=20, memory=50, host="other")
    mesh.publish(AlarmRaised(name="ingest_lag", severity=SEVERITY_WARNING, last_sequence=70))
    mesh.publish(IncidentOpened(incident_id="i1", rule="r", summary="it broke"))
    mesh.publish(IncidentClosed(incident_id="i1", recovered=True, root_cause="a stone"))
    mesh.later(1)
    mesh.tick()
    _, seen = pulses(mesh)
    assert (seen.number, seen.charter_hash, seen.policy_hash) == (2, "charter", "policy")
    assert (seen.workers_alive, seen.tasks_claimed, seen.tasks_waiting) == (1, 1, 2)
    assert (seen.cpu_percent, seen.memory_percent, seen.ingest_lag) == (30, 50, 70)
    assert list(seen.alarms) == ["ingest_lag"]
    assert list(seen.incidents) == ["i1 opened (r): it broke", "i1 recovered: a stone"]
    assert (seen.system_mode, seen.dispatch_held, seen.recommendation) == (
        "operational",
        False,
        "watch",
    )
    assert seen.indicators[0].name == "uptime_percent"
    following = next_pulse(mesh)
    assert (list(following.alarms), list(following.incidents)) == ([], [])
    assert following.recommendation == "steady"
    mesh.new_leader()


def test_a_machine_that_nobody_looks_at_any_more_is_not_in_the_pulse(mesh: Overseen) -> None:
    sample(mesh, cpu=97, host="gone")
    assert next_pulse(mesh).cpu_percent == 97
    for _ in range(3):
        sample(mesh, cpu=5, host="here")
        last = next_pulse(mesh)
    assert last.cpu_percent == 5
    assert list(mesh.state.loads) == ["here"]


def test_a_pulse_judges_what_was_done(mesh: Overseen) -> None:
    for number in range(3):
        done(mesh, f"good{number}")
    mesh.propose(task("again", action="dig", max_attempts=2))
    mesh.claim("w1")
    mesh.result("w1", "again", RESULT_CHECKS_FAILED)
    done(mesh, "bad", RESULT_FAILED)
    judged = next_pulse(mesh)
    assert (judged.tasks_completed, judged.tasks_failed, judged.tasks_requeued) == (3, 1, 1)
    assert judged.mean_tool_efficacy_score == pytest.approx((3 * 100 + 50) / 4)
    assert judged.trend_tool_efficacy_score == pytest.approx(-25)
    (weight,) = judged.weights
    assert (weight.agent_id, weight.action) == ("w1", "dig")
    assert weight.weight == pytest.approx((3 + 1) / (5 + 2))
    following = next_pulse(mesh)
    assert (following.tasks_completed, following.tasks_failed, following.tasks_requeued) == (0,) * 3


def test_the_mean_is_of_the_last_twenty(mesh: Overseen) -> None:
    for number in range(5):
        done(mesh, f"bad{number}", RESULT_FAILED)
    for number in range(20):
        done(mesh, f"good{number}")
    assert next_pulse(mesh).mean_tool_efficacy_score == 100


@pytest.mark.parametrize(
    ("good", "bad", "recommended"),
    [(4, 0, "steady"), (1, 2, "watch"), (2, 2, "watch")],
    ids=["all is well", "more fails than not", "scores fall"],
)
def test_what_is_recommended_follows_what_was_done(
    mesh: Overseen, good: int, bad: int, recommended: str
) -> None:
    for number in range(good):
        done(mesh, f"good{number}")
    for number in range(bad):
        done(mesh, f"bad{number}", RESULT_FAILED)
    assert next_pulse(mesh).recommendation == recommended


def test_who_does_not_operate_is_to_recover_and_who_is_held_holds(mesh: Overseen) -> None:
    mesh.publish(SystemModeChanged(mode="degraded", reason="so"))
    assert next_pulse(mesh).recommendation == "recover"
    mesh.publish(SystemModeChanged(mode="halted", reason="so"))
    held = next_pulse(mesh)
    assert (held.recommendation, held.dispatch_held) == ("hold", True)
    assert held.hold_reason == "the guardian halted the system: so"
    assert mesh.claim("w1").reasons == ["dispatch is halted: the guardian halted the system: so"]


def test_the_weights_are_of_those_who_finished_something_last(mesh: Overseen) -> None:
    for number in range(MAX_WEIGHTS):
        mesh.register(f"a{number:03}")
        mesh.propose(task(f"t{number}", action="dig"))
        assert mesh.claim(f"a{number:03}").accepted
        mesh.result(f"a{number:03}", f"t{number}", RESULT_COMPLETED)
    done(mesh, "last")
    agents = [each.agent_id for each in next_pulse(mesh).weights]
    assert len(agents) == MAX_WEIGHTS
    assert ("w1" in agents, "a000" in agents) == (True, False)
    assert agents == sorted(agents)


def test_records_of_long_ago_are_forgotten_when_there_are_too_many(mesh: Overseen) -> None:
    records = {
        record_key(f"a{number}", "dig"): SuccessRecord(successes=1, finished=1, last=number)
        for number in range(2 * MAX_RECORDS)
    }
    full = replace(mesh.state, kernel=replace(mesh.state.kernel, records=Kernel().records))
    full = replace(full, kernel=replace(full.kernel, records=full.kernel.records.update(records)))
    mesh.fold.state = replace(full, kernel=replace(full.kernel, ended_count=2 * MAX_RECORDS))
    done(mesh, "one more")
    left = mesh.state.kernel.records
    assert len(left) == MAX_RECORDS
    assert record_key("w1", "dig") in left
    assert record_key("a0", "dig") not in left


def test_lasting_pressure_slows_the_pulse_and_its_end_brings_it_back(mesh: Overseen) -> None:
    """Doubled from the second pulse under pressure on, up to sixteen minutes."""
    for _ in range(2):
        sample(mesh, cpu=95)
    mesh.tick()
    assert any(isinstance(each.event.payload, DispatchHeld) for each in mesh.log)
    intervals = []
    for _ in range(5):
        (*_, last) = pulses(mesh)
        mesh.later(last.interval_seconds)
        sample(mesh, cpu=95)
        mesh.heartbeat("w1")
        mesh.tick()
        intervals.append(pulses(mesh)[-1].interval_seconds)
    assert intervals == [240, 480, 960, 960, 960]
    sample(mesh, cpu=10)
    mesh.tick()
    assert any(isinstance(each.event.payload, DispatchResumed) for each in mesh.log)
    mesh.later(960)
    mesh.tick()
    assert pulses(mesh)[-1].interval_seconds == 240
    mesh.new_leader()


def test_a_pulse_plans_what_had_no_room_before_and_keeps_to_the_quota(mesh: Overseen) -> None:
    """Objectives that wait enter one after the other, as far as there is room for their tasks."""
    policy = PolicyAdopted(hash="two", text=RULES + "max_open_tasks: 2\n")
    mesh.publish(policy, role=ROLE_OVERSEER)
    mesh.propose(task("a"), task("b"))
    for number in range(4):
        steps = '{"tasks": [{"action": "dig"}]}'
        proposal = ObjectiveProposed(
            objective_id=f"o{number}", description="dig", metadata_json=steps
        )
        assert mesh.ask(mesh.event(proposal))[0].accepted
    assert len(mesh.state.kernel.tasks) == 2
    for _ in range(2):
        granted = mesh.claim("w1").grant.manifest.task_id
        mesh.result("w1", granted, RESULT_COMPLETED)
    planned = next_pulse(mesh)
    assert list(planned.planned_objectives) == ["o0", "o1"]
    assert sorted(mesh.state.kernel.tasks) == ["o0.1", "o1.1"]
    assert list(next_pulse(mesh).planned_objectives) == []
    mesh.new_leader()


def test_two_objectives_whose_tasks_would_have_one_name_are_not_planned_at_once(
    mesh: Overseen,
) -> None:
    """An overseer before this one accepted both."""
    policy = PolicyAdopted(hash="one", text=RULES + "max_open_tasks: 1\n")
    mesh.publish(policy, role=ROLE_OVERSEER)
    mesh.propose(task("in the way"))
    for objective_id, step in (("a", "b.c"), ("a.b", "c")):
        steps = f'{{"tasks": [{{"id": "{step}", "action": "dig"}}]}}'
        added = ObjectiveAdded(objective_id=objective_id, description="dig", metadata_json=steps)
        mesh.publish(added, role=ROLE_OVERSEER)
    mesh.publish(PolicyAdopted(hash="more", text=RULES), role=ROLE_OVERSEER)
    assert list(next_pulse(mesh).planned_objectives) == ["a"]
    assert list(next_pulse(mesh).planned_objectives) == ["a.b"]
    mesh.new_leader()


def test_each_pulse_goes_through_its_phases_in_order() -> None:
    begun: list[str] = []

    @contextmanager
    def phase(name: str) -> Iterator[None]:
        begun.append(name)
        yield

    settings = CoreSettings(pulse_seconds=PULSE, maintenance_seconds=0)
    mesh = Overseen(replace(core(), settings=settings, phases=phase))
    mesh.tick()
    mesh.tick()
    assert begun == ["reflect", "plan", "act", "critique"]
