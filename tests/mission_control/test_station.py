"""Does an agent that speaks HTTP only get through a day of work?"""

from __future__ import annotations

import urllib.request
from pathlib import Path

from nervous_system.bus import Bus
from tests.mission_control.door import Door
from tests.real_servers import NatsServer, RealProcess, free_port, wait_until


def test_a_day_of_work(door: Door, overseer: RealProcess) -> None:
    given = {"description": "Dig", "metadata": {"tasks": [{"action": "dig", "payload": {"m": 2}}]}}
    added = door.post("/objective", given, Idempotency_Key="o")
    assert added.status == 201, added.body
    assert (
        door.post("/objective", given, Idempotency_Key="o").json["objective_id"]
        == (added.json["objective_id"])
    )
    assert door.get("/report").json["queue_depth"] == 1

    claim = door.post("/claim", {"agent_id": "digger"}, Idempotency_Key="c")
    task = claim.json["task"]
    assert (task["action"], task["payload"], task["attempt"]) == ("dig", {"m": 2}, 1)
    assert task["objective_id"] == added.json["objective_id"]
    assert door.get(f"/tasks/{task['task_id']}").json["task"]["status"] == "claimed"
    (worker,) = door.get("/workers").json["workers"]
    assert (worker["worker_id"], worker["status"]) == ("digger", "busy")
    assert door.post("/claim", {"agent_id": "digger"}).json["task"] is None

    now = door.get("/api/state").json
    assert now["as_of"] >= claim.json["as_of"]
    assert {key: each["status"] for key, each in now["tasks"].items()} == {
        task["task_id"]: "claimed"
    }
    assert [each["worker_id"] for each in now["leases"].values()] == ["digger"]
    assert [each["open_tasks"] for each in now["objectives"].values()] == [[task["task_id"]]]
    assert (list(now["workers"]), list(now["mode"]), now["left_out"]) == (
        ["digger"],
        ["system"],
        {},
    )

    said = {"task_id": task["task_id"], "agent_id": "digger"}
    assert door.post("/status", {**said, "status": "in_progress", "notes": "half"}).status == 200
    assert door.post("/workers/digger/heartbeat", {}).status == 200
    stranger = {**said, "agent_id": "somebody", "status": "completed"}
    assert door.post("/status", stranger).status == 409
    done = door.post("/status", {**said, "status": "completed", "payload": {"depth": 2}})
    assert done.status == 200, done.body
    shown = door.get(f"/tasks/{task['task_id']}").json
    assert shown["task"]["status"] == "completed"
    then = door.get("/api/state").json
    assert (then["tasks"], then["leases"], then["ended_tasks_known"]) == ({}, {}, 1)
    assert then["ended_tasks"][task["task_id"]]["status"] == "completed"
    assert [each["payload_kind"] for each in shown["steps"]][-1] == "task_acknowledged"
    assert door.post("/status", {**said, "status": "completed"}).status == 409

    report = door.get("/report").json
    assert (report["queue_depth"], report["tasks"]) == (0, {"completed": 1})
    assert [each["task_id"] for each in report["recent"]] == [task["task_id"]]


def test_a_worker_offers_itself_and_is_heard_of(door: Door, overseer: RealProcess) -> None:
    offered = {"worker_id": "a/b", "skills": ["shovel"], "max_concurrent_tasks": 2}
    assert door.post("/workers", offered).status == 201
    wait_until(lambda: door.get("/workers/a%2Fb").status == 200, "it is known")
    worker = door.get("/workers/a%2Fb").json["worker"]
    assert (worker["skills"], worker["max_concurrent_tasks"]) == (["shovel"], 2)
    heard = door.post("/workers/a%2Fb/heartbeat", {"draining": True})
    assert heard.status == 200, heard.body
    wait_until(
        lambda: door.get("/workers/a%2Fb").json["worker"]["status"] == "draining", "it drains"
    )
    assert door.post("/workers/nobody/heartbeat", {}).status == 404
    assert door.post("/workers", {"skills": []}).json["worker_id"].startswith("worker-")


def test_the_charter_is_confirmed_and_the_rules_are_told(door: Door, overseer: RealProcess) -> None:
    confirmed = door.get("/heartbeat").json
    assert confirmed["charter_hash"]
    assert confirmed["time"].endswith("Z")
    rules = door.get("/policy").json
    assert rules["policy_hash"]
    assert "allowed_actions" in rules["policy"]


def test_an_objective_that_cannot_be_is_refused(door: Door, overseer: RealProcess) -> None:
    for given in ({}, {"description": ""}, {"description": "x", "priority": 99}):
        assert door.post("/objective", given).status == 422
    no_plan = {"description": "x", "metadata": {"tasks": [{"no": "action"}]}}
    refused = door.post("/objective", no_plan)
    assert refused.status == 409
    assert refused.json["reasons"]


def test_requests_are_counted_by_the_routes_that_took_them(
    home: Path, bus: Bus, nats_server: NatsServer, overseer: RealProcess
) -> None:
    metrics_port = free_port()
    settings = {
        "GANGLION_METRICS_PORT": str(metrics_port),
        "MAX_CONCURRENT_TASKS": "7",
        "WORKER_HEARTBEAT_INTERVAL": "12.5",
    }
    door = Door(home, nats_url=nats_server.url, **settings)
    door.start()
    try:
        assert door.post("/workers", {"worker_id": "as others say"}).status == 201
        wait_until(lambda: door.get("/workers/as%20others%20say").status == 200, "it is known")
        worker = door.get("/workers/as%20others%20say").json["worker"]
        assert worker["max_concurrent_tasks"] == 7
        assert door.get("/nowhere/<b>").status == 404
        with urllib.request.urlopen(f"http://127.0.0.1:{metrics_port}/metrics") as answer:
            told = answer.read().decode()
        wanted = 'method="POST",route="/workers",status="201"'
        assert f"ganglion_http_requests_total{{{wanted}}} 1.0" in told
        assert 'ganglion_http_requests_total{method="GET",route="",status="404"} 1.0' in told
        assert "ganglion_http_streams 0.0" in told
        assert "ganglion_build_info{" in told
        assert "nowhere" not in told
    finally:
        door.kill()
