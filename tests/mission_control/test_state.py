"""What does mission control say of the swarm at a moment, and of what changed between two?"""

from __future__ import annotations

from random import Random  # noqa: TID251 - the seed is given

from enchanted.events.v1.pulse_pb2 import HaltOrdered
from enchanted.events.v1.swarm_event_pb2 import ROLE_OPERATOR
from mission_control.api.swarm_state import SwarmStateAnswer
from nervous_system.bus import Bus
from nervous_system.clock import system_clock
from nervous_system.contract.event import Event
from nervous_system.contract.message import Entry
from nervous_system.ids import new_event_id
from nervous_system.settings import MeshSettings
from operations.queries.state.kept import KeptStates
from operations.queries.state.past import PastStates
from tests.mission_control.door import Door
from tests.nervous_system.led_mesh import led
from tests.real_servers import RealProcess, wait_until


async def test_any_moment_is_told_and_what_changed_since(
    door: Door, overseer: RealProcess, bus: Bus
) -> None:
    task_id = door.post("/tasks", {"action": "dig"}).json["task_id"]
    now = door.get("/api/state").json
    assert {key: each["action"] for key, each in now["tasks"].items()} == {task_id: "dig"}
    first = door.get("/api/state?at=1").json
    assert (first["as_of"], first["tasks"], first["workers"]) == (1, {}, {})
    assert door.get(f"/api/state?at={now['as_of']}").json == now

    said = Event(
        event_id=new_event_id(),
        timestamp=system_clock(),
        agent_role=ROLE_OPERATOR,
        agent_id="ada",
        payload=HaltOrdered(reason="it is late"),
    )
    halted_at = (await bus.publish(said)).last_sequence
    between = door.get(f"/api/state?at={now['as_of']}&diff={halted_at}").json
    assert (between["from"]["position"], between["to"]["position"]) == (now["as_of"], halted_at)
    (halt,) = [each for each in between["differences"] if each["section"] == "mode"]
    assert (halt["id"], halt["way"], halt["after"]["by"]) == ("halt", "came", "ada")
    assert [each["event_id"] for each in halt["events"]] == [said.event_id]
    at_time = door.get(f"/api/state?at={between['to']['recorded_at']}").json
    assert (at_time["as_of"], at_time["mode"]["halt"]["reason"]) == (halted_at, "it is late")


async def test_what_a_swarm_can_hold_is_as_the_interface_says(mesh_settings: MeshSettings) -> None:
    async with led(mesh_settings, Random(11)) as mesh:
        await mesh.live(60)
        past = PastStates(mesh.bus, KeptStates.of(mesh.bus, None))
        last = (await mesh.bus.stream.state()).last_sequence
        for position in range(1, last + 1, 5):
            document = (await past.at(str(position))).document()
            found = SwarmStateAnswer.model_validate({**document, "as_of": position})
            assert found.rules["policy"].value == document["rules"]["policy"]["value"]


async def test_what_is_no_moment_is_said_to_be_none(door: Door, bus: Bus) -> None:
    assert door.get("/api/state").status == 404  # nothing is on the log
    said = Event(
        event_id=new_event_id(),
        timestamp=system_clock(),
        agent_role=ROLE_OPERATOR,
        agent_id="ada",
        payload=HaltOrdered(reason="it is late"),
    )
    await bus.publish(said)
    answers = {
        "0": (404, "before the log"),
        "2": (404, "not there yet"),
        "99999999999999999999": (404, "is no moment"),
        "1970-01-01": (404, "before the log"),
        "9000-01-01T00:00:00Z": (404, "is yet to come"),
        "yesterday": (404, "yesterday is no moment"),
        "%1b%5b2J": (404, "is no moment"),
        "1" * 61: (422, ""),
    }
    for moment, (status, why) in answers.items():
        for query in (f"at={moment}", f"at=1&diff={moment}"):
            answer = door.get(f"/api/state?{query}")
            assert answer.status == status, (moment, answer.body)
            assert why in answer.json["detail"]
            assert b"\\u001b" not in answer.body


async def test_keyframes_are_made_while_nobody_asks(door: Door, bus: Bus) -> None:
    halts = [
        Event(
            event_id=new_event_id(),
            timestamp=system_clock(),
            agent_role=ROLE_OPERATOR,
            agent_id="ada",
            payload=HaltOrdered(reason=str(number)),
        )
        for number in range(2_100)
    ]
    await bus.publish_all([Entry(event=each) for each in halts])
    folder = door.home / "keyframes" / "overseer.main"
    wait_until(lambda: (folder / f"{1_000:020d}.whole").exists(), "a keyframe")
    first = door.get("/api/state?at=1500").json
    assert first["mode"]["halt"]["reason"] == "1499"
