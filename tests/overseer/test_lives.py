"""Is a name one worker's at a time, and does the log say why a worker lost what it held?"""

from __future__ import annotations

import asyncio
from typing import Any

from enchanted.events.v1.alarm_pb2 import SEVERITY_CRITICAL, AlarmRaised
from enchanted.events.v1.task_pb2 import TaskQuarantined, TaskReleased
from enchanted.events.v1.worker_pb2 import WorkerDeparted, WorkerHeartbeat, WorkerRegistered
from nervous_system.bus import Bus, decode_stored
from nervous_system.client.worker import open_worker
from nervous_system.contract.message import Entry
from nervous_system.contract.payload import Payload
from nervous_system.settings import MeshSettings
from tests.overseer.overseen import Overseen, task
from tests.overseer.overseer_program import StartOverseer

ONE, OTHER, THIRD = ("one", 11), ("other", 12), ("third", 13)
Who = tuple[str, int]


def says(overseen: Overseen, who: Who, payload: Payload) -> list[Entry]:
    return overseen.publish(payload, session=who[0])


def registers(overseen: Overseen, who: Who) -> list[Entry]:
    return says(overseen, who, WorkerRegistered(worker_id="w1", host="box", pid=who[1]))


def beats(overseen: Overseen, who: Who, *task_ids: str) -> list[AlarmRaised]:
    said = says(overseen, who, WorkerHeartbeat(worker_id="w1", task_ids=task_ids))
    return [each.event.payload for each in said if isinstance(each.event.payload, AlarmRaised)]


def released(overseen: Overseen) -> list[TaskReleased]:
    steps = [each.event.payload for each in overseen.log]
    return [each for each in steps if isinstance(each, TaskReleased)]


def test_two_live_workers_of_one_name_are_one_alarm_that_names_both() -> None:
    overseen = Overseen()
    registers(overseen, ONE)
    assert not beats(overseen, ONE)
    registers(overseen, OTHER)
    assert not beats(overseen, OTHER)
    (alarm,) = beats(overseen, ONE)
    assert (alarm.name, alarm.severity) == ("two_workers_of_one_name", SEVERITY_CRITICAL)
    for part in ("called w1", "process 11 on box", "process 12 on box"):
        assert part in alarm.message
    assert "worker_id of its own" in alarm.action
    assert not beats(overseen, ONE)
    assert not beats(overseen, OTHER)
    overseen.new_leader()
    overseen.new_leader(snapshot_at=len(overseen.log))
    assert not beats(overseen, ONE)


def test_a_third_is_an_alarm_of_its_own_and_so_is_one_that_comes_again() -> None:
    overseen = Overseen()
    for each in (ONE, OTHER, THIRD):
        registers(overseen, each)
    (first,), (second,) = beats(overseen, ONE), beats(overseen, OTHER)
    assert "process 11 on box, and process 13" in first.message
    assert "process 12 on box, and process 13" in second.message
    says(overseen, ONE, WorkerDeparted(worker_id="w1", reason="it saw the alarm"))
    assert not beats(overseen, OTHER)
    assert len(beats(overseen, ONE)) == 1


def test_who_was_started_again_is_no_rival_of_its_own() -> None:
    overseen = Overseen()
    registers(overseen, ONE)
    beats(overseen, ONE)
    registers(overseen, OTHER)  # the first was killed
    for _ in range(3):
        overseen.later(30)
        assert not beats(overseen, OTHER)
    registers(overseen, OTHER)  # it was told to
    assert not beats(overseen, OTHER)


def test_whoever_says_no_life_is_nobodys_rival() -> None:
    overseen = Overseen()
    registers(overseen, ONE)
    assert not beats(overseen, ("", 0))
    registers(overseen, ("", 0))
    assert not beats(overseen, ONE)


def test_no_crowd_of_lives_fills_the_state() -> None:
    overseen = Overseen()
    lives = [(f"{number} {'x' * 5_000}", number) for number in range(50)]
    for each in lives:
        registers(overseen, each)
    alarms = [beats(overseen, each) for each in lives]
    assert sum(map(len, alarms)) == 8
    worker = overseen.state.kernel.workers["w1"]
    assert (len(worker.before), len(worker.rivals)) == (8, 8)
    assert len(worker.session) == 200


def test_who_leaves_in_an_earlier_life_leaves_the_later_one_there() -> None:
    overseen = Overseen()
    registers(overseen, ONE)
    registers(overseen, OTHER)
    says(overseen, ONE, WorkerDeparted(worker_id="w1"))
    assert overseen.state.kernel.workers["w1"].pid == 12
    says(overseen, OTHER, WorkerDeparted(worker_id="w1"))
    assert not overseen.state.kernel.workers


def claimed(overseen: Overseen, *names: str) -> None:
    registers(overseen, ONE)
    for name in names:
        assert overseen.propose(task(name)).accepted
        assert overseen.claim("w1").grant.manifest.task_id == name


def test_who_registers_again_in_the_same_life_keeps_what_it_holds() -> None:
    overseen = Overseen()
    claimed(overseen, "t")
    registers(overseen, ONE)
    overseen.tick()
    assert not released(overseen)
    registers(overseen, OTHER)
    overseen.tick()
    (lost,) = released(overseen)
    assert lost.reason == "its worker began anew, as process 12 on box"


def test_it_is_said_who_was_silent_for_how_long() -> None:
    overseen = Overseen()
    claimed(overseen, "t")
    overseen.later(31)
    overseen.tick()
    (lost,) = released(overseen)
    assert lost.reason == "its lease ran out: w1 (process 11 on box) was silent for 31 s"


def test_it_is_said_that_a_worker_that_is_there_did_not_keep_it() -> None:
    overseen = Overseen()
    claimed(overseen, "t")
    for _ in range(2):
        overseen.later(16)
        beats(overseen, ONE)
    overseen.tick()
    (lost,) = released(overseen)
    assert lost.reason == "its lease ran out"


def test_it_is_said_that_a_worker_left_and_why() -> None:
    overseen = Overseen()
    claimed(overseen, "t")
    says(overseen, ONE, WorkerDeparted(worker_id="w1", reason="a person stopped it"))
    overseen.tick()
    (lost,) = released(overseen)
    assert lost.reason == "its worker w1 (process 11 on box) left: a person stopped it"


def test_what_kills_its_workers_says_so_when_it_is_set_aside() -> None:
    overseen = Overseen()
    overseen.propose(task("t", max_losses=4))
    for number in range(5):
        registers(overseen, (str(number), number + 1))
        overseen.tick()
        overseen.later(100)
        assert overseen.claim("w1").HasField("grant")
    registers(overseen, ONE)
    overseen.tick()
    (aside,) = [p for each in overseen.log if isinstance(p := each.event.payload, TaskQuarantined)]
    assert aside.reason == (
        "5 workers were lost over it, more than may; the last time its worker began anew, as"
        " process 11 on box"
    )


async def test_two_workers_under_one_name_on_a_mesh(
    start_overseer: StartOverseer, bus: Bus, mesh_settings: MeshSettings
) -> None:
    start_overseer()

    def opened() -> Any:
        return open_worker(
            mesh_settings.nats_url, worker_id="w1", settings=mesh_settings, heartbeat_seconds=0.2
        )

    subject = "swarm.events.overseer.alarm_raised.>"
    alarms: list[AlarmRaised] = []
    async with (
        asyncio.timeout(300),
        bus.reader(start_sequence=1, subjects=[subject]) as reader,
        opened(),
        opened(),
    ):
        while not alarms:
            for stored in await reader.batch(max_messages=10, within_seconds=5):
                payload = decode_stored(stored).event.payload
                assert isinstance(payload, AlarmRaised)
                alarms.append(payload)
    (alarm,) = alarms
    assert alarm.name == "two_workers_of_one_name"
