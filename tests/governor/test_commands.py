"""Are workers told the right thing when their machine is pressed, and told when it is over?"""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from enchanted.events.v1.alarm_pb2 import AlarmRaised
from enchanted.events.v1.command_pb2 import (
    COMMAND_CLEAN_UP,
    COMMAND_RELEASE,
    COMMAND_SLEEP,
    COMMAND_THROTTLE,
    CommandIssued,
)
from enchanted.events.v1.objective_pb2 import ObjectiveProposed
from enchanted.events.v1.swarm_event_pb2 import ROLE_CODER, ROLE_GUARDIAN, ROLE_OVERSEER
from enchanted.events.v1.worker_pb2 import WorkerDeparted, WorkerLost
from nervous_system.contract.payload import Payload
from overseer.plan import Catalogue, CataloguePlanner, PlanningRequest
from tests.governor.governed import HOST, Governed


@pytest.fixture
def governed() -> Governed:
    machine = Governed()
    machine.register("w1")
    machine.register("elsewhere", host="node-2")
    return machine


def told(said: list[Payload]) -> list[tuple[int, str, int]]:
    return [(e.kind, e.target, e.limit) for e in said if isinstance(e, CommandIssued)]


PRESSED = (95, 80, 95, 91, 99, 99, 99, 75, 69, 50)


@pytest.mark.parametrize(
    ("hard_stop", "at_last"),
    [(False, (COMMAND_THROTTLE, "w1", 2)), (True, (COMMAND_SLEEP, "w1", 0))],
)
def test_sustained_pressure_halves_and_stops_only_where_the_policy_says_so_then_releases(
    governed: Governed, *, hard_stop: bool, at_last: tuple[int, str, int]
) -> None:
    governed.adopt(cpu=90, hard_stop=hard_stop)
    said = [told(governed.sample(cpu)) for cpu in PRESSED]
    throttled = [[], [], [], [(COMMAND_THROTTLE, "w1", 2)], []]
    over = [[], [(COMMAND_RELEASE, "w1", 0)], []]
    # A throttle that stays one is renewed before it ends.
    assert said == throttled + ([[at_last], []] if hard_stop else [[], [at_last]]) + over
    throttle, last, release = governed.commands()
    assert last[1].releases_command_id == throttle[0]
    assert release[1].releases_command_id == last[0]
    assert "cpu of node-1.example is at 91 %, the limit is 90 %" in throttle[1].reason
    assert not any(command.emergency for _, command, _ in governed.commands())


@pytest.mark.parametrize("most", [0, 1])
def test_who_does_one_task_at_a_time_goes_on_while_the_machine_is_busy(
    governed: Governed, most: int
) -> None:
    governed.register("single", limit=most)
    for _ in range(30):
        assert not any(target == "single" for _, target, _ in told(governed.sample(100)))
    assert [command.limit for command in governed.in_force("w1")] == [2]


@pytest.mark.parametrize("most", [0, 1])
@pytest.mark.parametrize("pressure", ["memory", "hard_stop"])
def test_who_does_one_task_at_a_time_sleeps_where_memory_is_short_or_the_policy_says_so(
    governed: Governed, most: int, pressure: str
) -> None:
    governed.register("single", limit=most)
    governed.adopt(cpu=90, hard_stop=pressure == "hard_stop")
    resource = "memory" if pressure == "memory" else "cpu"
    said = [told(governed.sample(**{resource: each})) for each in (95, 95, 96, 91, 75, 69)]  # type: ignore[arg-type]
    assert said == [
        [],
        [(COMMAND_SLEEP, "single", 0), (COMMAND_THROTTLE, "w1", 2)],
        [],
        [(COMMAND_SLEEP, "w1", 0)],  # the other sleeps already
        [(COMMAND_SLEEP, "single", 0)],  # renewed before it ends
        [(COMMAND_RELEASE, "single", 0), (COMMAND_RELEASE, "w1", 0)],
    ]
    assert governed.in_force("single") == []


def test_a_policy_that_stops_no_more_wakes_those_who_sleep_at_once(governed: Governed) -> None:
    governed.adopt(cpu=90, hard_stop=True)
    governed.register("single", limit=1)
    for _ in range(4):
        governed.sample(95)
    assert told(governed.adopt(cpu=90)) == [
        (COMMAND_RELEASE, "single", 0),
        (COMMAND_THROTTLE, "w1", 2),
    ]
    governed.restart(snapshot=True)


def test_of_two_pressures_the_graver_for_each_worker_is_followed(governed: Governed) -> None:
    governed.register("single", limit=1)
    for memory in (10, 10, 95, 95):
        said = governed.sample(95, memory=memory)
    assert told(said) == [(COMMAND_SLEEP, "single", 0)], "the other does half already"


def test_a_person_overrides_the_limits_for_a_time(governed: Governed) -> None:
    for _ in range(4):
        governed.sample(95, memory=95)
    assert told(governed.override(600)) == [(COMMAND_RELEASE, "w1", 0)]
    *_, (_, release, _) = governed.commands()
    assert "a person overrides the limits until 12:14:00 UTC" in release.reason
    for _ in range(9):
        assert told(governed.sample(95, memory=95)) == []
    governed.restart(snapshot=True)
    assert told(governed.sample(95, memory=95)) == [(COMMAND_SLEEP, "w1", 0)], "it ends by itself"
    assert told(governed.override(600)) == [(COMMAND_RELEASE, "w1", 0)]
    assert told(governed.override(0)) == [(COMMAND_SLEEP, "w1", 0)], "or by another word"


def test_an_emergency_is_not_overridden(governed: Governed) -> None:
    governed.override(600)
    assert told(governed.sample(memory=98)) == [(COMMAND_SLEEP, "w1", 0)]


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), 0.0])
def test_what_is_no_time_overrides_nothing(governed: Governed, seconds: float) -> None:
    for _ in range(2):
        governed.sample(95)
    assert governed.override(seconds) == []
    assert governed.state.overridden_until is None


def test_only_a_person_overrides_and_for_a_day_at_most(governed: Governed) -> None:
    for by in (ROLE_GUARDIAN, ROLE_CODER, ROLE_OVERSEER):
        governed.override(600, by=by)
    assert governed.state.overridden_until is None
    governed.override(float("inf"))
    assert governed.state.overridden_until == governed.now + timedelta(days=1)


def test_memory_counts_as_cpu_does_and_the_gravest_rule_is_followed(governed: Governed) -> None:
    for _ in range(4):
        said = governed.sample(95, memory=95)
    assert told(said) == [(COMMAND_SLEEP, "w1", 0)]
    assert told(governed.sample(10, memory=95)) == []
    for _ in range(2):
        governed.sample(95, memory=10)
    assert [each.kind for each in governed.in_force("w1")] == [COMMAND_THROTTLE]


def test_the_limits_of_the_policy_in_force_come_before_its_own(governed: Governed) -> None:
    assert governed.adopt(cpu=50) == []
    governed.sample(60)
    assert told(governed.sample(60)) == [(COMMAND_THROTTLE, "w1", 2)]
    assert told(governed.sample(39)) == []  # the band is as wide as its own: 90 to 70
    assert told(governed.sample(38)) == [(COMMAND_RELEASE, "w1", 0)]
    governed.adopt()
    for _ in range(9):
        assert told(governed.sample(60)) == []


def test_raised_limits_end_a_command_at_once(governed: Governed) -> None:
    for _ in range(2):
        governed.sample(95, memory=95)
    assert told(governed.adopt(cpu=96, memory=90)) == []  # memory is still over its limit
    assert told(governed.adopt(cpu=96, memory=96)) == [(COMMAND_RELEASE, "w1", 0)]
    assert governed.in_force("w1") == []
    governed.restart()
    assert told(governed.sample(95, memory=95)) == []


def test_the_same_limits_end_nothing(governed: Governed) -> None:
    for cpu in (95, 95, 80):  # between the ends of the band
        governed.sample(cpu)
    assert told(governed.adopt(cpu=90)) == []
    assert [each.kind for each in governed.in_force("w1")] == [COMMAND_THROTTLE]


def test_others_cannot_adopt_a_policy_or_issue_its_commands(governed: Governed) -> None:
    before = governed.state
    for by in (ROLE_CODER, ROLE_GUARDIAN):
        governed.publish(CommandIssued(kind=COMMAND_SLEEP, target="w1"), by=by)
    assert governed.state == before


def test_what_lasts_is_renewed_before_it_ends(governed: Governed) -> None:
    for _ in range(40):
        governed.sample(95)
        assert len(governed.in_force("w1")) <= 1
        if len(governed.log) > 20:
            assert len(governed.in_force("w1")) == 1
    ids = [event_id for event_id, _, _ in governed.commands()]
    replaced = [command.releases_command_id for _, command, _ in governed.commands()]
    assert replaced == ["", *ids[:-1]]
    assert 5 < len(ids) < 20


def test_a_full_machine_is_an_emergency_at_once(governed: Governed) -> None:
    (command,) = [e for e in governed.sample(memory=98) if isinstance(e, CommandIssued)]
    assert (command.kind, command.emergency) == (COMMAND_SLEEP, True)
    assert governed.log[-1].subject == "swarm.events.command.emergency.w1"
    governed.sample(memory=91)  # critical until below 90, and over the limit
    assert told(governed.sample(memory=10)) == [(COMMAND_RELEASE, "w1", 0)]
    assert governed.log[-1].subject == "swarm.events.command.emergency.w1"


def test_a_policy_that_allows_more_moves_what_is_critical(governed: Governed) -> None:
    governed.adopt(memory=99)
    assert told(governed.sample(memory=98)) == []
    assert told(governed.sample(memory=99.5)) == [(COMMAND_SLEEP, "w1", 0)]


def test_those_who_make_room_stay_awake_when_the_disk_is_full(governed: Governed) -> None:
    governed.register("janitor", skills=("maintenance",), limit=1)
    said = governed.sample(disk=99)
    assert told(said) == [(COMMAND_THROTTLE, "janitor", 1), (COMMAND_SLEEP, "w1", 0)]
    assert all(each.emergency for each in said if isinstance(each, CommandIssued))


def test_a_nearly_full_disk_asks_for_maintenance_once_until_it_was_well(governed: Governed) -> None:
    asked = [
        each
        for disk in (94, 95, 97, 91, 96, 89, 95)
        for each in governed.sample(disk=disk)
        if isinstance(each, ObjectiveProposed)
    ]
    assert len({each.objective_id for each in asked}) == len(asked) == 2
    assert all(each.source == "governor" for each in asked)
    on_log = [each for each in governed.log if isinstance(each.event.payload, ObjectiveProposed)]
    assert on_log[0].subject.startswith("swarm.events.request.objective_proposed.")
    plan = CataloguePlanner(Catalogue.load_shipped()).plan(
        PlanningRequest(
            objective_id=asked[0].objective_id,
            description=asked[0].description,
            priority=asked[0].priority,
            metadata=json.loads(asked[0].metadata_json),
        )
    )
    assert not isinstance(plan, str), plan
    assert plan.name == "maintain"


def test_memory_short_at_three_pulses_running_is_cleaned_up(governed: Governed) -> None:
    said = []
    for memory in (81, 81, 79, 81, 85, 89, 81, 81, 81):
        governed.sample(memory=memory)
        said.append(told(governed.pulse()))
    cleaned = [(COMMAND_CLEAN_UP, "w1", 0)]
    assert said == [[], [], [], [], [], cleaned, [], [], cleaned]
    governed.later(3600)
    for _ in range(3):
        assert governed.pulse() == [], "an old sample says nothing of how memory is"


def test_who_registers_under_pressure_is_told_at_once(governed: Governed) -> None:
    for _ in range(2):
        governed.sample(95)
    assert told(governed.register("w2", limit=3)) == [(COMMAND_THROTTLE, "w2", 1)]
    assert told(governed.register("w3", host="node-2")) == []
    governed.later(3600)
    assert told(governed.register("w4")) == [], "nobody knows how the machine does"


@pytest.mark.parametrize("word", [WorkerDeparted(worker_id="w1"), WorkerLost(worker_id="w1")])
def test_who_is_gone_is_told_nothing_and_found_under_its_order_when_it_comes_back(
    governed: Governed, word: Payload
) -> None:
    for _ in range(2):
        governed.sample(95)
    governed.publish(word, by=ROLE_OVERSEER)
    assert told(governed.sample(95)) == []
    governed.sample(10)
    assert told(governed.register("w1")) == [(COMMAND_RELEASE, "w1", 0)]
    assert governed.in_force("w1") == []


def test_commands_that_nobody_acknowledges_are_said_to_be_so_once(governed: Governed) -> None:
    governed.register("w2")
    governed.register("w3")
    for _ in range(2):
        governed.sample(95)
    by_target = {command.target: event_id for event_id, command, _ in governed.commands()}
    governed.acknowledge(by_target["w1"], "w1")
    governed.acknowledge(by_target["w2"], "w2", obeyed=False)
    governed.later(29)
    (alarm,) = governed.tick()
    assert isinstance(alarm, AlarmRaised)
    assert (alarm.name, "w2 (no)" in alarm.message) == ("command_not_obeyed", True)
    governed.later(1)
    (alarm,) = governed.tick()
    assert isinstance(alarm, AlarmRaised)
    assert "w3 (silent)" in alarm.message
    for _ in range(8):
        governed.sample(95)
        for event_id, command, _ in list(governed.commands()):
            if command.target == "w1":
                governed.acknowledge(event_id, "w1")
        assert governed.tick() == []
    governed.acknowledge(by_target["w3"], "w3")
    for _ in range(8):
        governed.sample(95)
    assert "w3 (silent)" in str(governed.tick()[0]), "it had obeyed, and does no longer"


def test_a_sleep_goes_on_over_a_gap_between_samples_but_counting_does_not(
    governed: Governed,
) -> None:
    governed.adopt(cpu=90, hard_stop=True)
    governed.sample(95)
    governed.later(3600)
    assert told(governed.sample(95)) == []
    for _ in range(3):
        said = governed.sample(95)
    assert told(said) == [(COMMAND_SLEEP, "w1", 0)]
    governed.later(200)
    assert told(governed.sample(80)) == [(COMMAND_SLEEP, "w1", 0)], "renewed: it is still pressed"


def test_a_thousand_workers_are_told_in_two_turns() -> None:
    governed = Governed()
    for number in range(1000):
        governed.register(f"w{number}")
    governed.sample(95)
    assert len(told(governed.sample(95))) == 900
    assert len(told(governed.sample(95))) == 100
    assert all(len(governed.in_force(f"w{number}")) == 1 for number in (0, 1, 998, 999))
    assert HOST in str(governed.log[-1].event.payload)
