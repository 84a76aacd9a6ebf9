"""Do the limits hold dispatch, and let it go on when there is room again?"""

from __future__ import annotations

import pytest

from enchanted.events.v1.capacity_pb2 import CapacitySampled
from enchanted.events.v1.policy_pb2 import PolicyAdopted
from enchanted.events.v1.pulse_pb2 import DispatchHeld, DispatchResumed
from enchanted.events.v1.swarm_event_pb2 import ROLE_OVERSEER
from overseer.dispatch_control import STALE_AFTER
from tests.overseer.overseen import Overseen, task


@pytest.fixture
def mesh() -> Overseen:
    """An overseer with limits, a worker and a task."""
    mesh = Overseen()
    mesh.publish(
        PolicyAdopted(hash="p", text="max_cpu_pct: 80\nmax_ram_pct: 70\nhard_stop: true\n"),
        role=ROLE_OVERSEER,
    )
    mesh.register("w1", limit=100)
    mesh.propose(task("a"))
    return mesh


def sampled(mesh: Overseen, *, cpu: float = 10.0, memory: float = 10.0, host: str = "h") -> None:
    """One look at a machine, and the tick after it."""
    mesh.publish(
        CapacitySampled(
            host=host, cpu_percent=cpu, memory_used_bytes=int(memory * 10), memory_limit_bytes=1000
        )
    )
    mesh.tick()


def told(mesh: Overseen) -> list[str]:
    return [
        each.event.payload.reason
        for each in mesh.log
        if isinstance(each.event.payload, DispatchHeld | DispatchResumed)
    ]


@pytest.mark.parametrize(
    ("load", "reason"),
    [
        (
            {"cpu": 80.4},
            "CPU of h was at 80.4 %, the limit is 80 %; tasks are handed out again when it is at"
            " 75 % or less",
        ),
        (
            {"memory": 71.0},
            "memory of h was at 71 %, the limit is 70 %; tasks are handed out again when it is at"
            " 65 % or less",
        ),
    ],
)
def test_a_limit_holds_when_it_is_passed_twice_in_a_row(
    mesh: Overseen, load: dict[str, float], reason: str
) -> None:
    sampled(mesh, **load)  # type: ignore[arg-type]
    assert told(mesh) == []
    sampled(mesh)
    sampled(mesh, **load)  # type: ignore[arg-type]
    assert told(mesh) == []
    sampled(mesh, **load)  # type: ignore[arg-type]
    assert told(mesh) == [reason]
    assert mesh.claim("w1").reasons == [f"dispatch is held: {reason.replace(' was ', ' is ')}"]
    mesh.new_leader()


def test_dispatch_goes_on_only_well_below_the_limit(mesh: Overseen) -> None:
    for cpu in (90.0, 90.0, 79.0, 75.5):
        sampled(mesh, cpu=cpu)
    assert len(told(mesh)) == 1
    assert not mesh.claim("w1").accepted
    sampled(mesh, cpu=75.0)
    assert told(mesh)[1:] == ["every machine is well below the limits"]
    assert mesh.claim("w1").accepted


def test_one_machine_over_a_limit_holds_for_all(mesh: Overseen) -> None:
    for _ in range(2):
        sampled(mesh, cpu=90, host="busy")
        sampled(mesh, cpu=1, host="idle")
    assert "CPU of busy" in told(mesh)[0]
    sampled(mesh, cpu=1, host="idle")
    assert len(told(mesh)) == 1


def test_a_machine_that_is_silent_for_long_holds_nothing(mesh: Overseen) -> None:
    for _ in range(2):
        sampled(mesh, cpu=90)
    mesh.later(STALE_AFTER.total_seconds())
    mesh.tick()
    assert len(told(mesh)) == 1
    mesh.later(1)
    mesh.tick()
    assert len(told(mesh)) == 2


def limits(mesh: Overseen, text: str) -> None:
    """A person saves another policy, and the tick after it."""
    mesh.publish(PolicyAdopted(hash=text, text=text), role=ROLE_OVERSEER)
    mesh.tick()


@pytest.mark.parametrize("most", [91, 100])
def test_raised_limits_count_at_once(mesh: Overseen, most: int) -> None:
    """The machine is within them, though not well below."""
    for _ in range(2):
        sampled(mesh, cpu=90.0)
    limits(mesh, f"max_cpu_pct: {most}\nmax_ram_pct: 70\nhard_stop: true\n")
    assert told(mesh)[1:] == ["every machine is within the limits"]
    assert mesh.claim("w1").accepted
    for _ in range(2):
        sampled(mesh, cpu=most)
    assert len(told(mesh)) == 2
    mesh.new_leader()


def test_limits_that_were_moved_too_little_are_shown_at_once_and_once(mesh: Overseen) -> None:
    for _ in range(2):
        sampled(mesh, cpu=90.0)
    limits(mesh, "max_cpu_pct: 85\nmax_ram_pct: 70\nhard_stop: true\n")
    mesh.tick()
    assert len(told(mesh)) == 2
    shown = "the limit is 85 %; tasks are handed out again when it is at 80 % or less"
    assert shown in told(mesh)[1]
    now = told(mesh)[1].replace(" was ", " is ")
    assert mesh.claim("w1").reasons == [f"dispatch is held: {now}"]
    mesh.new_leader(snapshot_at=len(mesh.log))
    sampled(mesh, cpu=84.0)  # below the limit, and not well below, which was not moved since
    assert len(told(mesh)) == 2
    sampled(mesh, cpu=80.0)
    assert told(mesh)[2:] == ["every machine is well below the limits"]


def test_a_policy_with_the_same_limits_moves_nothing(mesh: Overseen) -> None:
    for cpu in (90.0, 90.0, 79.0):
        sampled(mesh, cpu=cpu)
    limits(mesh, "max_cpu_pct: 80\nmax_ram_pct: 70\nhard_stop: true\nmax_open_tasks: 9\n")
    assert len(told(mesh)) == 1


def test_dispatch_goes_on_below_a_limit_of_a_few_percent(mesh: Overseen) -> None:
    limits(mesh, "max_cpu_pct: 4\nhard_stop: true\n")
    for cpu in (5.0, 5.0, 2.0):
        sampled(mesh, cpu=cpu)
    assert len(told(mesh)) == 2


def test_a_minute_has_as_many_claims_as_the_policy_allows(mesh: Overseen) -> None:
    mesh.publish(PolicyAdopted(hash="q", text="max_claims_per_minute: 2\n"), role=ROLE_OVERSEER)
    mesh.propose(task("b"), task("c"))
    assert [mesh.claim("w1").accepted for _ in range(3)] == [True, True, False]
    assert mesh.claim("w1").reasons == ["the policy allows 2 claims a minute"]
    mesh.later(60)
    assert mesh.claim("w1").accepted
    mesh.new_leader()
