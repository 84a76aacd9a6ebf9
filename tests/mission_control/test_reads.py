"""Is what was recorded found again, told as it was, and shown as the pages need it?"""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import pytest

from tests.mission_control.door import Door
from tests.mission_control.read_mesh import ReadMesh, read_mesh
from tests.real_servers import RealProcess

TASKS = {"tasks": [{"action": "dig"}]}
CODER = {"agent_role": "ROLE_CODER", "agent_id": "coder-1"}


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReadMesh]:
    with read_mesh(tmp_path_factory.mktemp("reads")) as found:
        yield found


def _decision(agent: str, action: str, **more: Any) -> dict[str, Any]:
    return {
        **CODER,
        "agent_id": agent,
        "decision": {"rationale": "because", "chosen_action": action},
        **more,
    }


def _outcome(agent: str, decision_id: str, **more: Any) -> dict[str, Any]:
    outcome = {"decision_event_id": decision_id, "status": "OUTCOME_SUCCEEDED", **more}
    return {**CODER, "agent_id": agent, "action_outcome": outcome}


def test_what_was_recorded_is_found(mesh: ReadMesh) -> None:
    changes = [
        {
            **CODER,
            "trace_id": f"{number + 1:032x}",
            "state_change": {"target_type": "FILE_SYSTEM", "target_resource": f"a\\b\t{number}"},
        }
        for number in range(3)
    ]
    ids = mesh.record(*changes)

    def found(path: str = "/api/events", **query: object) -> list[str]:
        return [each["event_id"] for each in mesh.read(path, **query)["events"]]

    assert found(agent="coder-1", kind="state_change") == ids[::-1]
    assert found(agent="coder-1", role="reviewer") == []
    assert mesh.read("/api/events", id=ids[1])["events"][0]["sentence"]
    assert found(id=ids[1]) == [ids[1]]
    assert found(trace=f"{3:032x}") == [ids[2]]
    assert found(resource="a\\b\t0") == [ids[0]]
    assert found(agent="coder-1", until="2020-01-01T00:00:00Z") == []
    last = mesh.read("/api/events", id=ids[2])["events"][0]["sequence"]
    assert found(agent="coder-1", before=str(last), limit=1) == [ids[1]]
    first = mesh.read("/system/audit", event_type="state_change", limit=2)
    rest = found("/system/audit", event_type="state_change", limit=2, cursor=first["next_cursor"])
    assert [each["event_id"] for each in first["events"]] + rest == ids[::-1]


def test_a_page_of_large_events_has_a_bound(mesh: ReadMesh) -> None:
    large = [
        mesh.record(_outcome("coder-2", str(number), output="so it was " * 90_000))[0]
        for number in range(12)
    ]
    pages = list(mesh.pages("/api/events", agent="coder-2", limit=100))
    assert len(pages) > 1, "a page has no more than 8 MiB"
    assert [each["event_id"] for page in pages for each in page["events"]] == large[::-1]


def test_words_are_found_wherever_they_stand(mesh: ReadMesh) -> None:
    one, other = mesh.record(
        _decision("searcher", "Mend the Überraschung of O'Neil"),
        _decision("searcher", r"C:\temp\new 100%"),
    )

    def found(text: str) -> list[str]:
        events = mesh.read("/api/events", text=text, kind="decision")["events"]
        return [each["event_id"] for each in events]

    assert found("überraschung MEND") == [one]
    assert found("o'neil searcher") == [one]
    assert found("\\temp\\new") == [other]
    assert found("100%") == [other]
    assert found("searcher") == [other, one]
    assert found("überraschung temp") == []
    assert found("' OR 1=1 --") == []


def test_one_event_has_what_led_to_it_and_what_came_of_it(mesh: ReadMesh) -> None:
    (why,) = mesh.record(_decision("one", "look"))
    (what,) = mesh.record(_decision("one", "mend", causation_id=why))
    change = {
        **CODER,
        "causation_id": what,
        "state_change": {"target_type": "ENV_VAR", "target_resource": "PATH"},
    }
    changed, ended = mesh.record(change, _outcome("one", what, cost_usd=0.25))
    answer = mesh.read(f"/api/events/{what}")
    assert answer["event"]["decision"]["chosen_action"] == "mend"
    assert answer["cause"]["event_id"] == why
    assert [each["event_id"] for each in answer["effects"]] == [changed, ended]
    assert answer["cost_usd"] == 0.25
    assert answer["effects_left_out"] is False
    first = mesh.read(f"/api/events/{why}")
    assert (first["cause"], first["cost_usd"]) == (None, None)


def test_the_strip_has_everything_once(mesh: ReadMesh) -> None:
    added = mesh.post("/objective", {"description": "dig", "metadata": TASKS}).json
    mesh.record(_outcome("strip", "x", status="OUTCOME_FAILED", cost_usd=1.5))
    mesh.wait_for(added["as_of"])
    strip = mesh.read("/api/timeline", buckets=7)
    positions = [(each["first_position"], each["last_position"]) for each in strip["buckets"]]
    assert positions == sorted(positions)
    assert positions[0][0] == 1
    pages = mesh.pages("/api/events", until=strip["end"], limit=1000)
    events = [each for page in pages for each in page["events"]]
    assert sum(each["events"] for each in strip["buckets"]) == len(events)
    failures = sum(each["is_failure"] for each in events)
    assert sum(each["failures"] for each in strip["buckets"]) == failures >= 1
    assert all(0 <= each["bucket"] < 7 for each in strip["buckets"])
    assert sum(each["cost_usd"] for each in strip["buckets"]) >= 1.5
    failed = mesh.read("/api/events", failed="true", until=strip["end"])["events"]
    assert [each["event_id"] for each in failed] == [
        each["event_id"] for each in events if each["is_failure"]
    ]
    some = mesh.read("/api/timeline", **{"from": "3", "to": "5", "buckets": 1})
    assert some["buckets"][0]["events"] == 3


def test_the_page_now_has_who_does_what_and_what_waits(mesh: ReadMesh) -> None:
    (decided,) = mesh.record(_decision("busy", "<b>mend</b>"))
    mesh.record(_outcome("busy", decided, cost_usd=2.0))
    risky = {"tasks": [{"action": "dig", "risk_tier": "high-risk"}]}
    mesh.post("/objective", {"description": "dig", "objective_id": "asks", "metadata": risky})
    mesh.post("/workers", {"worker_id": "mole", "skills": ["dig"]})
    found = mesh.read("/api/summary")
    assert found["left_out"] == []
    cards = {each["id"]: each for each in found["agents"]}
    assert cards["busy"]["doing"] == "<b>mend</b>", "it is a text, for whoever shows it"
    assert cards["mole"]["status"] == "idle"
    assert found["mode"] == "operational"
    assert found["costs"]["usd"] >= 2.0
    assert "$" in found["sentences"]["costs"]
    waits = [each["id"] for each in found["waits_for_person"] if each["kind"] == "approval"]
    assert waits == ["asks"], found
    assert "asks" in found["sentences"]["stuck"]


@pytest.mark.parametrize(
    ("path", "status", "why"),
    [
        ("/api/events/nobody", HTTPStatus.NOT_FOUND, "on record up to position"),
        ("/api/timeline?from=999999", HTTPStatus.NOT_FOUND, "not on record"),
        ("/api/timeline?from=9/1", HTTPStatus.NOT_FOUND, "not on record"),
        ("/api/timeline?from=yesterday", HTTPStatus.NOT_FOUND, "no moment"),
        ("/api/timeline?from=1990-01-01", HTTPStatus.NOT_FOUND, "before all"),
        ("/api/timeline?buckets=0", HTTPStatus.UNPROCESSABLE_ENTITY, "as the interface has it"),
        ("/api/events?kind=nonsense", HTTPStatus.UNPROCESSABLE_ENTITY, "no event is of the kind"),
        ("/api/events?cursor=abc", HTTPStatus.BAD_REQUEST, "no cursor of events"),
    ],
)
def test_what_cannot_be_answered_is_said(
    mesh: ReadMesh, path: str, status: HTTPStatus, why: str
) -> None:
    answer = mesh.get(path)
    assert answer.status == status, answer.body
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert why in answer.json["detail"]


def test_without_clickhouse_the_page_now_is_there(door: Door, overseer: RealProcess) -> None:
    door.post("/objective", {"description": "dig", "metadata": TASKS})
    found = door.get("/api/summary").json
    assert found["recorded"] is None
    assert "ClickHouse" in found["left_out"][0]
    assert "1 objective open" in found["sentences"]["runs"]
    answer = door.get("/api/timeline")
    assert (answer.status, "no ClickHouse answers" in answer.json["detail"]) == (503, True)
