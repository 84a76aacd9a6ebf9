"""Is what was recorded found again, told as it was, and shown as the pages need it?"""

from __future__ import annotations

import io
import json
import math
import struct
import zipfile
from array import array
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import pytest

from enchanted.events.v1.incident_pb2 import IncidentClosed, IncidentOpened
from enchanted.events.v1.swarm_event_pb2 import ROLE_GUARDIAN
from nervous_system.bus import Bus
from nervous_system.contract.diff import unified_diff
from nervous_system.contract.event import Event
from nervous_system.contract.payload import Payload
from nervous_system.ids import content_hash, new_event_id
from operations.http_tokens import Tokens
from tests.mission_control.door import Door, Reply
from tests.mission_control.read_mesh import JAEGER, ReadMesh, read_mesh
from tests.real_servers import RealProcess, wait_until

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
    found = mesh.whole("/api/summary", "pulse")
    cards = {each["id"]: each for each in found["agents"]}
    assert cards["busy"]["doing"] == "<b>mend</b>", "it is a text, for whoever shows it"
    assert cards["mole"]["status"] == "idle"
    assert found["mode"] == "operational"
    assert found["costs"]["usd"] >= 2.0
    assert "$" in found["sentences"]["costs"]
    waits = [each["id"] for each in found["waits_for_person"] if each["kind"] == "approval"]
    assert waits == ["asks"], found
    assert '"dig" waits for your yes' in found["sentences"]["stuck"]


def test_a_decision_is_told_with_what_came_of_it(mesh: ReadMesh) -> None:
    rejected = {"rejected_alternatives": ["wait", "ask"], "confidence_score": 0.5}
    document = _decision("judge", "mend")
    document["decision"].update(rejected, rationale="so " * 2_000)
    first, other = mesh.record(document, _decision("judge", "rest"))
    change = {"target_type": "ENV_VAR", "target_resource": "PATH"}
    changed, ended = mesh.record(
        {**CODER, "causation_id": first, "state_change": change},
        _outcome("judge", first, cost_usd=0.5),
    )
    pages = list(mesh.pages("/api/decisions", agent="judge", limit=1))
    assert [each["decisions"][0]["event_id"] for each in pages if each["decisions"]] == [
        other,
        first,
    ]
    listed = pages[1]["decisions"][0]
    assert (listed["outcome"], listed["cost_usd"], len(listed["rationale"])) == (
        "succeeded",
        0.5,
        2_000,
    )
    found = mesh.read(f"/api/decisions/{first}")
    assert found["decision"]["rationale"] == "so " * 2_000
    assert found["decision"]["rejected_alternatives"] == ["wait", "ask"]
    assert found["decision"]["confidence"] == 0.5
    assert [each["event_id"] for each in found["changes"]] == [changed]
    assert [each["event_id"] for each in found["outcomes"]] == [ended]
    assert found["cost_usd"] == 0.5


def _columns(body: bytes) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """The head of a window and its columns."""
    (length,) = struct.unpack("<I", body[4:8])
    head = json.loads(body[8 : 8 + length])
    codes = {"f64": "d", "f32": "f", "u32": "I", "u8": "B"}
    columns = {}
    for each in head["columns"]:
        begin = 8 + length + each["offset"]
        assert begin % 8 == 0
        values = array(codes[each["type"]], body[begin : begin + each["length"]]).tolist()
        words = head["dictionaries"].get(each["name"])
        columns[each["name"]] = [words[value] for value in values] if words else values
    return head, columns


def test_a_window_has_each_position_as_a_row_of_columns(mesh: ReadMesh) -> None:
    (why,) = mesh.record(_decision("column", "<i>paint</i> \u202e"))
    mesh.record({**_outcome("column", why, status="OUTCOME_FAILED", cost_usd=0.75)})
    first = mesh.read("/api/events", id=why)["events"][0]["sequence"]
    answer = mesh.get(f"/api/window?from={first}&limit=100000")
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.body[:4] == b"GWC1"
    head, columns = _columns(answer.body)
    assert columns["position"] == [float(each) for each in range(first, head["to"] + 1)]
    assert {len(each) for each in columns.values()} == {head["rows"]}
    assert (columns["kind"][0], columns["agent"][0]) == ("decision", "column")
    assert columns["title"][0] == "<i>paint</i> \u202e"
    ended = columns["kind"].index("action_outcome")
    assert columns["cost"][ended] == 0.75
    assert math.isnan(columns["cost"][0])
    assert columns["flags"][ended] == head["flags"]["failure"]
    assert (head["epoch"], head["next"]) == (1, None)
    part, _ = _columns(mesh.get(f"/api/window?from=1&to={first}&limit=2").body)
    assert (part["rows"], part["next"]) == (2, "1/3")
    last, _ = _columns(mesh.get("/api/window?limit=3").body)
    assert last["to"] == last["as_of"] >= head["to"]
    assert last["rows"] == 3


def test_a_trace_is_a_list_in_which_parents_stand_first(mesh: ReadMesh) -> None:
    trace = "a" * 32
    (root,) = mesh.record(_decision("tracer", "begin", trace_id=trace))
    ids = mesh.record(
        _decision("tracer", "left", trace_id=trace, causation_id=root),
        _decision("tracer", "right", trace_id=trace, causation_id=root),
    )
    (deep,) = mesh.record(_decision("tracer", "deep", trace_id=trace, causation_id=ids[0]))
    told = mesh.read(f"/api/traces/{trace}")
    assert told["jaeger_url"] == f"{JAEGER}/trace/{trace}"
    nodes = told["nodes"]
    assert [(each["id"], each["parent"], each["depth"]) for each in nodes] == [
        (root, -1, 0),
        (ids[0], 0, 1),
        (deep, 1, 2),
        (ids[1], 0, 1),
    ]
    listed = mesh.read("/api/traces", limit=1000)["traces"]
    (found,) = [each for each in listed if each["trace_id"] == trace]
    assert (found["events"], found["decided"], found["agents"]) == (4, "begin", ["tracer"])
    work = mesh.read("/api/traces", limit=1000, work=True)["traces"]
    assert trace in [each["trace_id"] for each in work]
    assert "process_started" in {each["first_kind"] for each in listed}
    assert "process_started" not in {each["first_kind"] for each in work}


def test_pulses_machines_and_agents_are_told_over_time(mesh: ReadMesh) -> None:
    wait_until(lambda: bool(mesh.read("/api/capacity")["machines"]), "the governor looked")
    (machine,) = mesh.read("/api/capacity", points=10)["machines"]
    assert machine["samples"][0]["memory_limit_bytes"] > 0
    wait_until(lambda: bool(mesh.read("/api/pulses")["pulses"]), "there was a pulse")
    pulse = mesh.read("/api/pulses")["pulses"][-1]
    assert pulse["number"] == 1
    assert all(pulse["phases"].values())
    indicators = {each["name"]: each for each in mesh.read("/api/indicators")["indicators"]}
    names = mesh.read("/api/trends/names")["names"]
    assert indicators.keys() < set(names)
    for name in ("uptime_percent", "workers"):
        assert mesh.read("/api/trends", name=name)["points"], name
    mesh.record(_decision("ann", "look"))
    agents = {each["agent_id"]: each for each in mesh.read("/api/agents")["agents"]}
    assert agents["ann"]["decided"] == "look"


def test_objectives_are_told_with_their_tasks(mesh: ReadMesh) -> None:
    given = {"description": "dig", "objective_id": "o/1", "metadata": TASKS}
    assert mesh.post("/objective", given).status == 201
    (found,) = [
        each
        for each in mesh.read("/api/objectives", open_only="true")["objectives"]
        if each["objective_id"] == "o/1"
    ]
    assert found["tasks"][0]["action"] == "dig"
    answer = mesh.get("/api/objectives/o%2F1")
    assert answer.json["objective"] == found
    cancel = "/api/objectives/o%2F1/cancel"
    assert mesh.post(cancel, {}, If_Match='"1"').status == 412
    assert mesh.post(cancel, {}, If_Match=answer.headers["ETag"]).status == 200


def test_the_page_now_and_objectives_are_told_as_of_any_moment(mesh: ReadMesh) -> None:
    (before,) = mesh.record(_decision("past", "wait"))
    given = {"description": "dig", "objective_id": "o/2", "metadata": TASKS}
    assert mesh.post("/objective", given).status == 201
    mesh.post("/workers", {"worker_id": "late"})
    (after,) = mesh.record(_decision("past", "go on"))
    then, now = (
        mesh.read("/api/events", id=each)["events"][0]["sequence"] for each in (before, after)
    )
    earlier = mesh.read("/api/summary", at=str(then))
    later = mesh.read("/api/summary", at=str(now))
    assert (earlier["as_of"], later["as_of"]) == (then, now)
    agents = [[each["id"] for each in found["agents"]] for found in (earlier, later)]
    assert ("late" in agents[0], "late" in agents[1]) == (False, True)
    ids = [
        [each["objective_id"] for each in mesh.read("/api/objectives", at=at)["objectives"]]
        for at in (str(then), str(now))
    ]
    assert ("o/2" in ids[0], "o/2" in ids[1]) == (False, True)
    assert mesh.get(f"/api/objectives/o%2F2?at={then}").status == 404
    assert mesh.get("/api/summary?at=99999999").status == 404
    assert mesh.read("/api/incidents", at=str(then))["incidents"] == []


def _change(path: str, before: str | None, after: str | None, because: str) -> dict[str, Any]:
    change = {
        "target_type": "FILE_SYSTEM",
        "target_resource": path,
        "workspace": "house",
        "previous_state_hash": content_hash(before),
        "new_state_hash": content_hash(after),
        "diff_patch": unified_diff(before, after, path=path),
    }
    return {**CODER, "causation_id": because, "state_change": change}


def test_a_file_is_shown_as_it_was_with_who_brought_each_line(mesh: ReadMesh) -> None:
    first, second = mesh.record(_decision("one", "begin"), _decision("two", "go on"))
    one, two = "<script>\nb\n", "<script>\nnew \u202e\nb\n"
    ids = mesh.record(
        _change("src/a.py", None, one, first),
        _change("src/a.py", one, two, second),
        _change("src/a.py", two, None, second),
        _change("src/b.py", None, "b", first),
    )
    positions = [mesh.read("/api/events", id=each)["events"][0]["sequence"] for each in ids]

    def content(at: str) -> dict[str, Any]:
        found: dict[str, Any] = mesh.read(
            "/api/content", resource="src/a.py", workspace="house", at=at
        )
        return found

    then = content(str(positions[1]))
    assert (then["text"], then["is_text"], then["blame"]) == (two, True, [0, 1, 0])
    decided = {each["number"]: each["decision"]["chosen_action"] for each in then["steps"]}
    assert decided == {0: "begin", 1: "go on"}
    before = content(str(positions[0]))
    assert (before["text"], before["blame"]) == (one, [0, 0])
    gone = content("now")
    assert (gone["exists"], gone["text"]) == (False, None)
    chain = mesh.read("/api/chain", resource="src/a.py", workspace="house")
    assert [each["event_id"] for each in chain["steps"]] == ids[:3]
    assert all(each["follows"] for each in chain["steps"])
    assert chain["steps"][1]["diff"] == unified_diff(one, two, path="src/a.py")
    listed = list(mesh.pages("/api/resources", workspace="house", prefix="src/", limit=1))
    assert [each["name"] for page in listed for each in page["resources"]] == [
        "src/a.py",
        "src/b.py",
    ]
    assert listed[0]["resources"][0]["state_hash"] == ""
    earlier = mesh.read("/api/resources", workspace="house", at=str(positions[0]))["resources"]
    assert [(each["name"], each["steps"]) for each in earlier] == [("src/a.py", 1)]


def test_a_file_that_cannot_be_rebuilt_says_why(mesh: ReadMesh) -> None:
    change = _change("c.bin", None, "x", "")
    change["state_change"].update(diff_patch="", truncated=True)
    mesh.record(change)
    found = mesh.read("/api/content", resource="c.bin", workspace="house")
    assert (found["text"], found["blame"]) == (None, [])
    assert "binary, or too large" in found["why_not"]


def _ask(mesh: ReadMesh, sql: str, **more: Any) -> Reply:
    return mesh.post("/api/ask", {"sql": sql, **more})


def test_whoever_may_look_asks_in_sql(mesh: ReadMesh) -> None:
    viewer = {"Authorization": f"Bearer {Tokens(mesh.line.home).add('vera', 'viewer')}"}
    sql = "SELECT number, toString(number) AS s FROM numbers(10)"
    found = mesh.post("/api/ask", {"sql": sql, "max_rows": 3}, **viewer).json
    assert found["columns"] == [
        {"name": "number", "type": "UInt64"},
        {"name": "s", "type": "String"},
    ]
    assert (found["rows"], found["truncated"]) == ([[0, "0"], [1, "1"], [2, "2"]], True)
    whole = _ask(mesh, "SELECT 1 WHERE 0").json
    assert (whole["rows"], whole["truncated"], len(whole["columns"])) == ([], False, 1)
    questions = mesh.read("/api/questions")["questions"]
    assert questions
    for each in questions:
        assert each["text"].endswith("."), each
        assert _ask(mesh, each["sql"]).status == 200, each
    assert mesh.get("/api/export", **viewer).status == 403, "services' logs are for operators"


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("SELECT 1 SETTINGS max_execution_time = 100", "readonly mode"),
        ("SELECT 1 SETTINGS max_result_rows = 100000", "readonly mode"),
        ("SET max_memory_usage = 1", "readonly mode"),
        ("DROP TABLE swarm.events", "Not enough privileges"),
        ("INSERT INTO swarm.events (seq) VALUES (1)", "Not enough privileges"),
        ("SELECT 1; SELECT 2", "ClickHouse refused"),
        ("SELECT 1 FORMAT CSV", "leave FORMAT out"),
        ("SELECT * FROM file('/etc/passwd')", "ClickHouse refused"),
        ("selec", "Syntax error"),
    ],
)
def test_a_query_that_may_not_be_asked_is_refused(mesh: ReadMesh, sql: str, why: str) -> None:
    answer = _ask(mesh, sql)
    assert answer.status == HTTPStatus.UNPROCESSABLE_ENTITY, answer.body
    assert why in answer.json["detail"]


def test_an_export_is_a_file_with_all_of_it(mesh: ReadMesh) -> None:
    first, last = mesh.record(_decision("export", "one"), _decision("export", "\u202etwo"))
    begin, end = (
        mesh.read("/api/events", id=each)["events"][0]["sequence"] for each in (first, last)
    )
    answer = mesh.get(f"/api/export?from={begin}&to={end}")
    assert answer.headers["Content-Type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.body)) as file:
        assert file.testzip() is None
        lines = [json.loads(line) for line in file.read("events.jsonl").splitlines()]
        assert [lines[0]["event_id"], lines[-1]["event_id"]] == [first, last]
        assert "logs/overseer.log" in file.namelist()
        settings = file.read("settings.json").decode()
        assert json.loads(file.read("versions.json"))["packages"]["ganglion"]
    password = (mesh.line.home / "keys/clickhouse/services").read_text().strip()
    assert password not in settings


def test_perfetto_gets_a_trace_of_it(mesh: ReadMesh) -> None:
    mesh.post("/objective", {"description": "dig", "metadata": TASKS})
    task = mesh.post("/claim", {"agent_id": "digger", "actions": ["dig"]}).json["task"]
    done = {"task_id": task["task_id"], "status": "completed", "agent_id": "digger"}
    mesh.wait_for(mesh.post("/status", done).json["as_of"])
    found = mesh.get("/api/perfetto").json["traceEvents"]
    (slice_,) = [
        each for each in found if each.get("name") == task["task_id"] and each["ph"] == "X"
    ]
    named = [each for each in found if each.get("tid") == slice_["tid"] and each["ph"] == "M"]
    assert [each["args"]["name"] for each in named] == ["digger"]
    assert slice_["dur"] >= 0


def test_a_pager_finds_its_numbers(mesh: ReadMesh) -> None:
    found = mesh.whole("/metrics/summary", "burn_rates")
    assert [(each["window_seconds"], each["burn_rate"]) for each in found["burn_rates"]] == [
        (3_600, 0.0),
        (21_600, 0.0),
        (86_400, 0.0),
    ]


@pytest.mark.parametrize(
    ("path", "status", "why"),
    [
        ("/api/events/nobody", HTTPStatus.NOT_FOUND, "on record up to position"),
        ("/api/timeline?from=999999", HTTPStatus.NOT_FOUND, "not on record"),
        ("/api/timeline?from=9/1", HTTPStatus.NOT_FOUND, "not on record"),
        ("/api/timeline?from=yesterday", HTTPStatus.NOT_FOUND, "no moment"),
        ("/api/timeline?from=1990-01-01", HTTPStatus.NOT_FOUND, "before all"),
        ("/api/timeline?buckets=0", HTTPStatus.UNPROCESSABLE_ENTITY, "as the interface has it"),
        ("/api/window?from=5&to=2", HTTPStatus.NOT_FOUND, "is behind"),
        ("/api/chain?resource=nothing", HTTPStatus.NOT_FOUND, "nobody had changed"),
        ("/api/content?resource=nothing", HTTPStatus.NOT_FOUND, "nobody had changed"),
        ("/api/resources?at=0", HTTPStatus.NOT_FOUND, "not on record"),
        ("/api/trends?name=luck", HTTPStatus.NOT_FOUND, "no pulse measures"),
        ("/api/decisions/nobody", HTTPStatus.NOT_FOUND, "on record up to position"),
        ("/api/traces/nobody", HTTPStatus.NOT_FOUND, "no event and no span"),
        ("/api/objectives/nobody", HTTPStatus.NOT_FOUND, "no objective"),
        ("/api/incidents/nobody", HTTPStatus.NOT_FOUND, "no incident"),
        ("/api/parked?cursor=W10", HTTPStatus.BAD_REQUEST, "no cursor of parked"),
        ("/api/events?kind=nonsense", HTTPStatus.UNPROCESSABLE_ENTITY, "no event is of the kind"),
        ("/api/events?cursor=abc", HTTPStatus.BAD_REQUEST, "no cursor of events"),
    ],
)
def test_what_cannot_be_answered_is_said(
    mesh: ReadMesh, path: str, status: HTTPStatus, why: str
) -> None:
    mesh.record(_decision("first", "begin"))  # of an empty record other things are said
    answer = mesh.get(path)
    assert answer.status == status, answer.body
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert why in answer.json["detail"]


async def test_without_clickhouse_what_the_log_knows_is_told(
    door: Door, bus: Bus, overseer: RealProcess
) -> None:
    door.post("/objective", {"description": "dig", "objective_id": "one", "metadata": TASKS})
    opened = IncidentOpened(incident_id="i1", rule="silence", summary="nobody is heard")
    closed = IncidentClosed(incident_id="i1", recovered=True, root_cause="it slept")
    await bus.publish(_of_guardian(bus, opened))
    found = door.get("/api/summary").json
    assert found["recorded"] is None
    assert "ClickHouse" in found["left_out"][0]
    assert "1 objective open" in found["sentences"]["runs"]
    assert [each["summary"] for each in found["incidents"]] == ["nobody is heard"]
    opened_at = (await bus.stream.state()).last_sequence
    await bus.publish(_of_guardian(bus, closed))
    (was,) = door.get(f"/api/incidents?status=open&at={opened_at}").json["incidents"]
    assert was["summary"] == "nobody is heard"
    assert door.get("/api/incidents?status=open").json["incidents"] == []
    over = door.get("/api/incidents/i1").json["incident"]
    assert (over["recovered"], over["root_cause"]) == (True, "it slept")
    assert door.get("/api/objectives/one").json["objective"]["status"] == "planned"
    for path in ("/api/timeline", "/api/decisions", "/api/window", "/api/parked"):
        answer = door.get(path)
        assert (answer.status, "no ClickHouse answers" in answer.json["detail"]) == (503, True)


def _of_guardian(bus: Bus, payload: Payload) -> Event:
    return Event(
        event_id=new_event_id(),
        timestamp=bus.clock(),
        agent_role=ROLE_GUARDIAN,
        agent_id="guardian",
        payload=payload,
    )
