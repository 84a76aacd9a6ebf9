"""Do a person's acts over HTTP do what they say, once, by their name, and only if it is as it was
seen?"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from enchanted.events.v1.command_pb2 import COMMAND_SLEEP, CommandIssued
from enchanted.events.v1.pulse_pb2 import HaltOrdered
from enchanted.events.v1.swarm_event_pb2 import ROLE_GOVERNOR, ROLE_OPERATOR
from mission_control.api.precondition import is_met
from mission_control.api.problem import Problem
from nervous_system.bus import Bus
from nervous_system.contract.event import Event
from nervous_system.ids import new_event_id
from operations.http_tokens import Tokens
from tests.mission_control.door import Door
from tests.real_servers import RealProcess, wait_until

RISKY = {
    "description": "Raze it",
    "metadata": {"tasks": [{"id": "raze", "action": "raze", "risk_tier": "high-risk"}]},
}


async def _said(bus: Bus) -> list[Event]:
    return [bus.decode_stored(each).event async for each in bus.replay()]


async def _by_persons(bus: Bus) -> list[str]:
    """What persons did or asked for; services say things of their own meanwhile."""
    return [each.event_id for each in await _said(bus) if each.agent_role == ROLE_OPERATOR]


def _add(door: Door, task_id: str) -> None:
    assert door.post("/tasks", {"action": "dig", "id": task_id}).status == 201


def _status(door: Door, task_id: str) -> str:
    return str(door.get(f"/tasks/{task_id}").json["task"]["status"])


async def test_a_halt_is_tried_dry_ordered_once_and_lifted(
    door: Door, overseer: RealProcess, bus: Bus
) -> None:
    otto = {"Authorization": f"Bearer {Tokens(door.home).add('otto', 'operator')}"}
    _add(door, "t1")
    (grant,) = [door.post("/claim", {"agent_id": "digger"}).json["task"]]
    assert grant["task_id"] == "t1"
    _add(door, "t2")
    before = await _by_persons(bus)
    would = door.post("/api/halt?dry_run=true", {"reason": "fire", "now": True}, **otto).json
    assert would["dry_run"] is True
    assert [any(word in each for each in would["would"]) for word in ("fire", "t1", "1 task")]
    assert await _by_persons(bus) == before, "nothing was done"

    halt = {"reason": "fire"}
    done = door.post("/api/halt", halt, Idempotency_Key="h", **otto)
    assert done.status == 200, done.body
    again = door.post("/api/halt", halt, Idempotency_Key="h", **otto)
    assert again.json["event_id"] == done.json["event_id"]
    assert door.post("/api/halt", {"reason": "x"}, Idempotency_Key="h", **otto).status == 409
    said = [each for each in await _said(bus) if isinstance(each.payload, HaltOrdered)]
    assert [(each.agent_role, each.agent_id) for each in said] == [(ROLE_OPERATOR, "otto")]
    assert said[0].event_id == done.json["event_id"]
    halt = door.get("/api/state").json["mode"]["halt"]
    assert (halt["reason"], halt["by"]) == ("fire", "otto")
    assert door.post("/claim", {"agent_id": "other"}).json["task"] is None

    would = door.post("/api/resume?dry_run=1", {"seconds": 60}).json["would"]
    assert ("otto" in would[0], "60 s" in would[1]) == (True, True)
    assert door.post("/api/resume", {}).status == 200
    assert "halt" not in door.get("/api/state").json["mode"]
    assert door.post("/claim", {"agent_id": "other"}).json["task"]["task_id"] == "t2"
    looks = {"Authorization": f"Bearer {Tokens(door.home).add('vera', 'viewer')}"}
    assert door.post("/api/halt", {}, **looks).status == 403
    assert door.post("/api/resume", {"seconds": 1e9}).status == 422


async def test_tasks_and_objectives_are_decided_on(
    door: Door, overseer: RealProcess, bus: Bus
) -> None:
    _add(door, "t1")
    would = door.post("/api/tasks/t1/cancel?dry_run=true", {"reason": "enough"})
    assert would.json["would"][0] == "t1 is called off: enough"
    assert _status(door, "t1") == "ready"
    cancelled = door.post("/api/tasks/t1/cancel", {"reason": "enough"})
    assert cancelled.status == 200, cancelled.body
    assert cancelled.headers["ETag"] == f'"{cancelled.json["position"]}"'
    assert _status(door, "t1") == "cancelled"
    assert door.post("/api/tasks/t1/retry", {"payload": {"m": 2}}).status == 200
    assert _status(door, "t1") == "ready"
    assert door.post("/claim", {"agent_id": "digger"}).json["task"]["payload"] == {"m": 2}
    done = {"task_id": "t1", "agent_id": "digger", "status": "completed"}
    assert door.post("/status", done).status == 200
    for query in ("", "?dry_run=true"):
        refused = door.post(f"/api/tasks/t1/retry{query}", {})
        assert (refused.status, refused.json["reasons"]) == (
            409,
            ["t1 has ended already: completed"],
        )

    before = await _by_persons(bus)
    would = door.post("/api/objectives?dry_run=true", {**RISKY, "objective_id": "o1"})
    assert would.status == 201, would.body
    assert any("waits for approval" in each for each in would.json["would"])
    assert await _by_persons(bus) == before
    for objective_id in ("o1", "o2", "o3"):
        added = door.post("/api/objectives", {**RISKY, "objective_id": objective_id})
        assert (added.status, added.json["objective_id"]) == (201, objective_id), added.body
    would = door.post("/api/objectives/o1/approve?dry_run=true", {}).json["would"]
    assert any("raze" in each for each in would)
    assert door.post("/api/objectives/o1/approve", {"reason": "yes"}).status == 200
    assert door.post("/api/objectives/o1/deny", {}).status == 409, "it does not wait any more"
    would = door.post("/api/objectives/o1/cancel?dry_run=true", {}).json["would"]
    assert would[-1] == "its open task is called off: o1.raze"
    assert door.post("/api/objectives/o1/cancel", {"reason": "no"}).status == 200
    wait_until(lambda: _status(door, "o1.raze") == "cancelled", "its task is called off")
    assert door.post("/api/objectives/o2/deny", {"reason": "no"}).status == 200
    assert list(door.get("/api/state").json["objectives"]) == ["o3"]
    for path in ("tasks/none/cancel", "tasks/none/retry", "objectives/none/approve"):
        assert door.post(f"/api/{path}", {}).status == 404
    assert door.post("/api/objectives", {"description": "x", "metadata": {"tasks": [{}]}}).json[
        "reasons"
    ]


async def test_a_worker_rests_and_goes_on(door: Door, overseer: RealProcess, bus: Bus) -> None:
    offered = {"worker_id": "a/b"}
    assert door.post("/api/workers/a%2Fb/pause", {}).status == 404
    assert door.post("/workers", offered).status == 201
    wait_until(lambda: door.get("/workers/a%2Fb").status == 200, "it is known")
    _add(door, "t1")
    would = door.post("/api/workers/a%2Fb/pause?dry_run=true", {"reason": "lunch"}).json["would"]
    assert would == ["a/b takes nothing for 3,600 s: lunch"]
    assert door.get("/workers/a%2Fb").json["worker"]["status"] == "idle"
    pause = {"reason": "lunch", "seconds": 600}
    for _ in range(2):
        paused = door.post("/api/workers/a%2Fb/pause", pause, Idempotency_Key="p")
        assert paused.status == 200, paused.body
    worker = door.get("/workers/a%2Fb").json["worker"]
    assert (worker["status"], "lunch" in worker["why"]) == ("asleep", True)
    assert door.post("/claim", {"agent_id": "a/b"}).json["task"] is None
    governed = Event(
        event_id=new_event_id(),
        timestamp=bus.clock(),
        agent_role=ROLE_GOVERNOR,
        agent_id="governor",
        payload=CommandIssued(
            kind=COMMAND_SLEEP, target="a/b", reason="it is hot", expires_in_seconds=60
        ),
    )
    await bus.publish(governed)
    would = door.post("/api/workers/a%2Fb/resume?dry_run=true", {}).json["would"]
    assert ["lunch" in would[0], "it is hot" in would[1]] == [True, True]
    resumed = door.post("/api/workers/a%2Fb/resume", {})
    assert resumed.status == 200, resumed.body
    worker = door.get("/workers/a%2Fb").json["worker"]
    assert (worker["status"], "it is hot" in worker["why"]) == ("asleep", True)
    told = [
        each.payload
        for each in await _said(bus)
        if isinstance(each.payload, CommandIssued) and each.agent_id == "ada"
    ]
    assert [each.releases_command_id for each in told] == ["", paused.json["event_id"]]


def test_what_has_changed_since_it_was_seen_is_left(door: Door, overseer: RealProcess) -> None:
    _add(door, "t1")
    seen = door.get("/tasks/t1").headers["ETag"]
    _add(door, "t2")
    assert door.get("/tasks/t1").headers["ETag"] == seen, "it is the task's own"
    for wrong, status in (('"1"', 412), (f"W/{seen}", 412), ("1", 400), ("", 400)):
        refused = door.post("/api/tasks/t1/cancel", {}, If_Match=wrong)
        assert refused.status == status, (wrong, refused.body)
    assert door.post("/api/tasks/t1/cancel?dry_run=true", {}, If_Match='"1"').status == 412
    assert door.ask("DELETE", "/tasks/t1", headers={"If_Match": '"1"'}).status == 412
    assert _status(door, "t1") == "ready"
    paths = ["/api/tasks/t1/cancel"] * 8
    with ThreadPoolExecutor(len(paths)) as pool:
        answers = list(pool.map(lambda path: door.post(path, {}, If_Match=seen), paths))
    assert sorted(each.status for each in answers) == [200, *[412] * 7], "one of them"
    (done,) = [each for each in answers if each.status == 200]
    retry = {"If_Match": f'"0", {done.headers["ETag"]}', "Idempotency_Key": "again"}
    for _ in range(2):
        answer = door.post("/api/tasks/t1/retry", {}, **retry)
        assert answer.status == 200, "sent again it is the same, though the task has moved"
    assert _status(door, "t1") == "ready"
    offered = door.post("/workers", {"worker_id": "w"})
    wait_until(lambda: door.get("/workers/w").status == 200, "it is known")
    seen = door.get("/workers/w").headers["ETag"]
    assert seen == f'"{offered.json["as_of"]}"'
    assert door.post("/workers/w/heartbeat", {}).status == 200
    assert door.post("/api/workers/w/pause", {}, If_Match=seen).status == 200
    assert door.post("/api/workers/w/resume", {}, If_Match=seen).status == 412


@pytest.mark.parametrize(
    ("header", "position", "met"),
    [
        ("*", 3, True),
        ("*", 0, False),
        ('"3"', 3, True),
        ('"2", "3"', 3, True),
        ('"03"', 3, False),
        ('W/"3"', 3, False),
        ('"33"', 3, False),
    ],
)
def test_a_condition_is_read_as_the_standard_has_it(header: str, position: int, met: bool) -> None:
    assert is_met(header, position) is met


@pytest.mark.parametrize("header", ["", "3", '"3', '"3" "4"', '*, "3"', "\u0663"])
def test_what_is_no_condition_is_said(header: str) -> None:
    with pytest.raises(Problem):
        is_met(header, 3)


def test_a_method_that_no_route_takes_is_said(door: Door) -> None:
    for path in ("/health", "/api/state", "/tasks/t1"):
        answer = door.ask("POST", path)
        assert (answer.status, "GET" in answer.headers["Allow"]) == (405, True), path
    assert door.ask("PUT", "/tasks").headers["Allow"] == "GET, POST"
    assert door.ask("POST", "/api/halt").status == 415
