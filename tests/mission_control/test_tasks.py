"""Are tasks added, listed and cancelled over HTTP as at the command line?"""

from __future__ import annotations

import pytest

from tests.mission_control.door import Door
from tests.real_servers import RealProcess

TASK = {"action": "dig", "payload": {"deep": 3}, "priority": 7}


def test_it_is_well_and_says_up_to_where(door: Door) -> None:
    answer = door.get("/health")
    assert answer.json == {"status": "ok", "as_of": 0}


def test_a_task_is_added_once_however_often_it_is_sent(door: Door, overseer: RealProcess) -> None:
    first = door.post("/tasks", TASK, Idempotency_Key="monday")
    again = door.post("/tasks", TASK, Idempotency_Key="monday")
    assert (first.status, again.status) == (201, 201), first.body
    assert first.json["task_id"] == again.json["task_id"]
    assert first.json["status"] == "ready"
    assert first.json["as_of"] > 0
    listed = door.get("/tasks").json
    assert [each["action"] for each in listed["tasks"]] == ["dig"]
    other = door.post("/tasks", {**TASK, "action": "fill"}, Idempotency_Key="monday")
    assert (other.status, "for something else" in other.json["detail"]) == (409, True)
    door.kill()
    door.start()  # it has forgotten what was asked, and the overseer has not
    other = door.post("/tasks", {**TASK, "action": "fill"}, Idempotency_Key="monday")
    assert (other.status, "for something else" in other.json["detail"]) == (409, True)
    assert len(door.get("/tasks").json["tasks"]) == 1


def test_what_became_of_it_is_told_step_by_step(door: Door, overseer: RealProcess) -> None:
    task_id = door.post("/tasks", {**TASK, "id": "t/1 é"}).json["task_id"]
    path = "/tasks/t%2F1%20%C3%A9"
    assert task_id == "t/1 é"
    answer = door.ask("DELETE", f"{path}?reason=enough")
    assert (answer.status, answer.json["status"]) == (200, "cancelled"), answer.body
    shown = door.get(path).json
    steps = [each["payload_kind"] for each in shown["steps"]]
    assert steps == ["task_submitted", "task_cancelled", "task_acknowledged"]
    assert all(each["sentence"] for each in shown["steps"])
    assert door.ask("DELETE", path).status == 200, "it is cancelled, whoever did it"


def test_pages_show_each_task_once(door: Door, overseer: RealProcess) -> None:
    for number in range(5):
        assert door.post("/tasks", {"action": "dig", "id": f"t{number}"}).status == 201
    seen, cursor = [], ""
    while True:
        page = door.get(f"/tasks?limit=2&cursor={cursor}").json
        seen += [each["task_id"] for each in page["tasks"]]
        if (cursor := page["next_cursor"]) is None:
            break
        door.ask("DELETE", "/tasks/t3")  # it ends between two pages
    assert seen == ["t0", "t1", "t2", "t3", "t4"]
    assert [each["task_id"] for each in door.get("/tasks?status=cancelled").json["tasks"]] == ["t3"]


@pytest.mark.parametrize("cursor", ["x", "%00", "W10", "bnVsbA", "ff" * 500, "W1tbXQ"])
def test_what_is_no_cursor_is_said(door: Door, cursor: str) -> None:
    answer = door.get(f"/tasks?cursor={cursor}")
    assert (answer.status, answer.headers["Content-Type"]) == (400, "application/problem+json")


def test_a_cursor_of_another_log_is_gone(door: Door) -> None:
    cursor = "WyJ0YXNrcyIsICIyMDI1LTAxLTAxIiwgInQxIl0"  # ["tasks", "2025-01-01", "t1"]
    assert door.get(f"/tasks?cursor={cursor}").status == 410


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({}, "action"),
        ({"action": ""}, "action"),
        ({"action": 3}, "action"),
        ({"action": "dig", "priority": 11}, "priority"),
        ({"action": "dig", "cpu_count": float("nan")}, "cpu_count"),
        ({"action": "dig", "unknown": 1}, "unknown"),
        ({"action": "dig", "payload": {"x": float("inf")}}, "payload"),
        ({"action": "\ud800"}, "action"),
        ([], ""),
    ],
)
def test_a_task_that_cannot_be_is_refused_with_reasons(
    door: Door, overseer: RealProcess, given: object, word: str
) -> None:
    answer = door.post("/tasks", given)
    assert answer.status in (409, 422), answer.body
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert any(word in each for each in answer.json["reasons"])


def test_what_is_not_there_is_not_found(door: Door) -> None:
    for path in ("/tasks/none", "/workers/none", "/elsewhere"):
        answer = door.get(path)
        assert (answer.status, answer.json["status"]) == (404, 404)
    assert door.ask("DELETE", "/tasks/none").status == 404
    assert door.ask("PUT", "/tasks").status == 405


def test_without_an_overseer_nothing_is_said_to_be_done(door: Door) -> None:
    """Nobody answers within the deadline, so it may have been decided on or not."""
    answer = door.post("/tasks", TASK)
    assert answer.status == 504
    assert answer.headers["Retry-After"]


def test_stats_count_what_there_is(door: Door, overseer: RealProcess) -> None:
    door.post("/tasks", TASK)
    found = door.get("/system/stats").json
    assert found["tasks"] == {"ready": 1}
    assert found["mode"] == "operational"
    assert found["log"]["last_sequence"] == found["as_of"]
    assert door.get("/workers").json["workers"] == []
