"""Do the classic files come out of the log, as they went in or as what happened here?"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from enchanted.events.v1.capacity_pb2 import CapacitySampled, GpuSample
from enchanted.events.v1.objective_pb2 import (
    OBJECTIVE_ACHIEVED,
    ObjectiveAdded,
    ObjectiveFinished,
    ObjectiveProposed,
)
from enchanted.events.v1.policy_pb2 import PolicyAdopted, RegistryAdopted, RegistryEntry
from enchanted.events.v1.pulse_pb2 import KeyIndicator, PulseCompleted
from enchanted.events.v1.swarm_event_pb2 import ROLE_CODER, ROLE_GOVERNOR
from enchanted.events.v1.task_pb2 import (
    RESULT_COMPLETED,
    RESULT_FAILED,
    TaskAcknowledged,
    TaskCancelled,
    TaskClaimed,
    TaskCompleted,
    TaskFailed,
    TaskManifest,
    TaskProgressed,
    TaskQuarantined,
    TaskRejected,
    TaskReleased,
    TaskSubmitted,
)
from importers.append import append_units
from importers.log import BusLog
from nervous_system.bus import Bus
from nervous_system.contract.payload import Payload
from station.exporting.closing import closing_lines
from station.exporting.export import ExportReport, export_station
from station.exporting.folder import ExportRefused
from station.exporting.station import StationState, evolve
from station.importing.folder import read_station
from station.importing.history import history_of, recorded_files
from tests.importers.station_samples import (
    MARK,
    POLICY,
    REAL_STATION,
    ROW_FILES,
    lines,
    log_of,
    make_station,
    objects,
    spoken,
    task,
)


async def _import(bus: Bus, folder: Path) -> int:
    source = history_of(read_station(folder), await recorded_files(bus))
    return (await append_units(BusLog(bus), source)).events


async def _export(bus: Bus, folder: Path, *, force: bool = False) -> ExportReport:
    return await export_station(bus, folder, force=force)


async def _say(bus: Bus, payloads: Sequence[Payload]) -> None:
    for payload in payloads:
        await bus.publish(spoken(payload))


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


async def test_the_real_station_comes_out_as_it_went_in(bus: Bus, tmp_path: Path) -> None:
    if not REAL_STATION.exists():
        pytest.skip("the real station is not on this machine")
    await _import(bus, REAL_STATION)
    report = await _export(bus, tmp_path / "out")
    for name in ROW_FILES:
        assert objects(tmp_path / "out" / name) == objects(REAL_STATION / name), name
    for name in ("policy.yaml", "registry.jsonl"):
        assert (tmp_path / "out" / name).read_bytes() == (REAL_STATION / name).read_bytes()
    assert report.remarks == ()
    assert report.events == 61
    assert await _import(bus, tmp_path / "out") == 0  # it is the same station


async def test_a_made_station_comes_out_as_it_went_in(bus: Bus, tmp_path: Path) -> None:
    folder = make_station(
        tmp_path / "s", dispatch_log_jsonl=lines([{"task_id": "t-1", "event": "dispatch"}])
    )
    await _import(bus, folder)
    await _export(bus, tmp_path / "out")
    for name in (*ROW_FILES, "dispatch_log.jsonl"):
        assert objects(tmp_path / "out" / name) == objects(folder / name), name
    assert (tmp_path / "out" / "policy.yaml").read_bytes() == MARK + POLICY.encode()
    assert await _import(bus, tmp_path / "out") == 0


async def test_live_tasks_come_out_in_the_same_shape(bus: Bus, tmp_path: Path) -> None:
    one = TaskManifest(
        task_id="one",
        objective_id="o",
        action="diagnose.machine",
        description="Look",
        payload_json='{"depth": 2}',
        priority=7,
    )
    await _say(
        bus,
        [
            *(
                TaskSubmitted(manifest=TaskManifest(task_id=name, action="a"))
                for name in ("waits", "fails", "retries", "aside", "off")
            ),
            TaskSubmitted(manifest=one),
            TaskClaimed(task_id="one", worker_id="w", attempt=1, lease_seconds=60),
            TaskProgressed(task_id="one", worker_id="w", attempt=1, fraction=0.5, note="half"),
            TaskReleased(task_id="one", worker_id="w", attempt=1, reason="its lease ran out"),
            TaskClaimed(task_id="one", worker_id="v", attempt=2, lease_seconds=60),
            TaskCompleted(task_id="one", worker_id="v", attempt=2),
            TaskAcknowledged(
                task_id="one",
                objective_id="o",
                action="diagnose.machine",
                worker_id="v",
                attempts=2,
                result=RESULT_COMPLETED,
                changed_files=["a"],
                tool_efficacy_score=96.5,
            ),
            TaskClaimed(task_id="fails", worker_id="w", attempt=1),
            TaskFailed(task_id="fails", worker_id="w", attempt=1, result=RESULT_FAILED, reason="r"),
            TaskClaimed(task_id="retries", worker_id="w", attempt=1),
            TaskFailed(task_id="retries", worker_id="w", attempt=1, retry_in_seconds=2),
            TaskQuarantined(task_id="aside", reason="three workers fell silent"),
            TaskCancelled(task_id="off", reason="called off"),
            TaskRejected(task_id="never", objective_id="o", reasons=["no action", "priority 12"]),
        ],
    )
    await bus.publish(spoken(TaskCancelled(task_id="waits"), role=ROLE_CODER))  # it may not say so
    await _export(bus, tmp_path / "out")
    queue = {row["task_id"]: row for row in _rows(tmp_path / "out" / "task_queue.jsonl")}
    assert {task_id: row["status"] for task_id, row in queue.items()} == {
        "waits": "pending",
        "fails": "failed",
        "retries": "pending",
        "aside": "quarantined",
        "off": "cancelled",
        "one": "completed",
    }
    row = queue["one"]
    assert set(row) == {
        *("task_id", "objective_id", "action", "payload", "priority", "status", "assignee"),
        *("created_at", "updated_at"),
    }
    assert row["payload"] == {"depth": 2, "description": "Look"}
    assert (row["objective_id"], row["priority"], row["assignee"]) == ("o", 7, "v")
    assert row["created_at"] < row["updated_at"]
    assert "+" not in row["created_at"]
    assert queue["retries"]["assignee"] is None
    told = _rows(tmp_path / "out" / "task_status.jsonl")
    assert all(
        set(each) == {"agent_id", "notes", "payload", "status", "task_id", "timestamp"}
        for each in told
    )
    assert [
        (each["agent_id"], each["status"], each["notes"])
        for each in told
        if each["task_id"] == "one"
    ] == [
        ("w", "dispatched", None),
        ("w", "in_progress", "half"),
        ("w", "pending", "its lease ran out"),
        ("v", "dispatched", None),
        ("v", "completed", None),
        ("v", "completed", None),
    ]
    acknowledged = next(each for each in told if each["payload"]["event"] == "acknowledge")
    assert acknowledged["payload"]["result"] == "completed"
    assert acknowledged["payload"]["tool_efficacy_score"] == 96.5
    assert told[-1]["notes"] == "no action; priority 12"
    dispatched = _rows(tmp_path / "out" / "dispatch_log.jsonl")
    assert [(each["task_id"], each["agent_id"]) for each in dispatched] == [
        *(("one", "w"), ("one", "v"), ("fails", "w"), ("retries", "w")),
    ]


async def test_an_imported_task_that_went_on_living_has_its_status_of_now(
    bus: Bus, tmp_path: Path
) -> None:
    rows = [task("t", "pending", extra="kept"), task("t", "dispatched"), task("other")]
    await _import(bus, make_station(tmp_path / "s", task_queue_jsonl=lines(rows)))
    await _say(
        bus,
        [
            TaskSubmitted(manifest=TaskManifest(task_id="t", action="look")),
            TaskClaimed(task_id="t", worker_id="w", attempt=1),
        ],
    )
    await _export(bus, tmp_path / "out")
    first, second, other = _rows(tmp_path / "out" / "task_queue.jsonl")
    assert (first, other) == (rows[0], rows[2])
    assert second == {
        **rows[1],
        "assignee": "w",
        "status": "dispatched",
        "updated_at": second["updated_at"],
    }


async def test_objectives_are_in_the_inbox_until_they_end(bus: Bus, tmp_path: Path) -> None:
    await _import(bus, make_station(tmp_path / "s", objectives_history_jsonl=None))
    await _say(
        bus,
        [
            ObjectiveAdded(objective_id="o-open", description="Diagnose", priority=7),
            ObjectiveAdded(objective_id="new", description="d", metadata_json='{"a": 1}'),
            ObjectiveAdded(objective_id="o-1", description="the real one"),
            ObjectiveAdded(objective_id="past", description="d", history=True),
            ObjectiveFinished(objective_id="o-1", result=OBJECTIVE_ACHIEVED, summary="all done"),
        ],
    )
    await bus.publish(
        spoken(ObjectiveProposed(objective_id="asked", description="not added"), role=ROLE_CODER)
    )
    await _export(bus, tmp_path / "out")
    inbox = _rows(tmp_path / "out" / "objectives.jsonl")
    assert [row["objective_id"] for row in inbox] == ["o-open", "o-done", "new"]
    assert inbox[2]["metadata"] == {"a": 1}
    [ended] = _rows(tmp_path / "out" / "objectives_history.jsonl")
    assert (ended["objective_id"], ended["status"]) == ("o-1", "achieved")
    assert ended["notes"] == "all done"


async def test_the_last_word_on_rules_counts(bus: Bus, tmp_path: Path) -> None:
    folder = make_station(tmp_path / "s")
    await _say(bus, [PolicyAdopted(text="a: 1\n")])
    await _export(bus, tmp_path / "1")
    assert (tmp_path / "1" / "policy.yaml").read_text() == "a: 1\n"
    assert not (tmp_path / "1" / "registry.jsonl").exists()
    await _import(bus, folder)
    await _export(bus, tmp_path / "2")
    assert (tmp_path / "2" / "policy.yaml").read_bytes() == MARK + POLICY.encode()
    adopted = RegistryAdopted(
        entries=[RegistryEntry(agent_id="b", entry_json='{"agent_id":\n"b"}')]
    )
    await _say(bus, [PolicyAdopted(text="b: 2\n"), adopted])
    await _export(bus, tmp_path / "3")
    assert (tmp_path / "3" / "policy.yaml").read_text() == "b: 2\n"
    assert _rows(tmp_path / "3" / "registry.jsonl") == [{"agent_id": "b"}]


async def test_pulses_and_capacity_are_tables(bus: Bus, tmp_path: Path) -> None:
    pulse = PulseCompleted(
        number=3,
        system_mode="operational",
        dispatch_held=True,
        hold_reason="cpu 99 %, over 70\nand more",
        planned_objectives=["a", "b"],
        indicators=[KeyIndicator(name="uptime", value=1.0, target=0.95, met=True)],
    )
    sample = CapacitySampled(host="h", cpu_percent=12.5, memory_limit_bytes=2**40)
    sample.gpus.append(GpuSample(name="g"))
    await _say(bus, [pulse])
    for each, key in ((sample, "h"), (CapacitySampled(host="i"), None)):
        await bus.publish(spoken(each, role=ROLE_GOVERNOR, agent_id="governor"), key=key)
    await _export(bus, tmp_path / "out")
    with (tmp_path / "out" / "pulse.csv").open(newline="") as file:
        [row] = csv.DictReader(file)
    assert [*row] == ["timestamp", *(field.name for field in PulseCompleted.DESCRIPTOR.fields)]
    assert (row["number"], row["dispatch_held"], row["hold_reason"]) == (
        "3",
        "True",
        pulse.hold_reason,
    )
    assert (row["planned_objectives"], row["mean_tool_efficacy_score"]) == ("a;b", "")
    assert json.loads(row["indicators"])[0]["name"] == "uptime"
    with (tmp_path / "out" / "capacity.csv").open(newline="") as file:
        first, second = csv.DictReader(file)
    assert (first["host"], first["cpu_percent"], first["memory_limit_bytes"]) == (
        *("h", "12.5", "1099511627776"),
    )
    assert (json.loads(first["gpus"]), second["gpus"]) == ([{"name": "g"}], "")


async def test_an_empty_log_makes_empty_files(bus: Bus, tmp_path: Path) -> None:
    report = await _export(bus, tmp_path / "a" / "b")
    assert set(report.files.values()) == {0}
    assert [*_names(tmp_path / "a" / "b")] == sorted(report.files)
    assert len(report.remarks) == 2  # no policy, no registry


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_a_folder_with_something_in_it_is_left_alone(bus: Bus, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    (out / "policy.yaml").write_text("old: 1")
    (out / "task_queue.jsonl").write_text("old")
    with pytest.raises(ExportRefused, match="is not empty; .* --force"):
        await _export(bus, out)
    assert (out / "task_queue.jsonl").read_text() == "old"
    await _export(bus, out, force=True)
    assert (out / "mine.txt").read_text() == "mine"
    assert (out / "task_queue.jsonl").read_text() == ""
    assert not (out / "policy.yaml").exists()  # the log knows of none
    assert not [name for name in _names(out) if name.startswith(".")]
    (tmp_path / "empty").mkdir()
    await _export(bus, tmp_path / "empty")
    with pytest.raises(ExportRefused, match="cannot be written"):
        await _export(bus, out / "mine.txt")


async def test_an_export_that_fails_leaves_nothing(bus: Bus, tmp_path: Path) -> None:
    await _import(bus, make_station(tmp_path / "s"))

    def fail(at: int, end: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await export_station(bus, tmp_path / "out", force=False, progress=fail)
    assert _names(tmp_path) == ["nats", "nats.conf", "s"]


async def test_the_fold_ignores_what_comes_twice(bus: Bus, tmp_path: Path) -> None:
    """After the duplicate window the log can hold an event again; its repeat says nothing."""
    await _import(bus, make_station(tmp_path / "s"))
    log = await log_of(bus)

    def folded(events: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        state, said = StationState(), []  # type: ignore[var-annotated]
        for each in events:
            state, lines = evolve(state, each)
            said += lines
        return said, [*closing_lines(state)]

    assert folded([*log, *log]) == folded(log)


def test_from_the_command_line(nats_url: str, bus: Bus, tmp_path: Path) -> None:
    folder = make_station(tmp_path / "s")
    home = tmp_path / "home"
    environment = {**os.environ, "NATS_URL": nats_url, "GANGLION_HOME": str(home)}

    def ganglion(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "ganglion", *arguments],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
        )

    first = ganglion("import", "station", "s")
    assert first.stdout == "s: 17 events added from 17 rows\n"
    assert first.stderr == ""
    assert not home.exists()
    activated = json.loads(ganglion("import", "station", "s", "--activate", "--json").stdout)
    assert (activated["events"], activated["units_skipped"]) == (0, 17)
    assert activated["activated"] == {
        "objectives": 1,
        "tasks": 4,
        "proposed_before": 0,
        "rules": ["policy.yaml", "registry.jsonl"],
        "home": str(home),
    }
    again = ganglion("import", "station", "s", "--activate").stdout
    assert "activated: 1 objective and 4 tasks proposed to the overseer, 5 of them before" in again
    (folder / "policy.yaml").write_bytes(b"allow_api: true\n")
    refused = ganglion("import", "station", "s", "--activate")
    assert (refused.returncode, refused.stdout) == (4, "")
    assert "policy.yaml is there and says something else" in refused.stderr
    forced = ganglion("import", "station", "s", "--activate", "--force")
    assert "policy.yaml written to" in forced.stdout
    assert (home / "policy.yaml").read_bytes() == b"allow_api: true\n"
    report = json.loads(ganglion("export", "station", "out", "--json").stdout)
    assert report["files"]["task_queue.jsonl"] == 6
    assert report["files"]["pulse.csv"] == 0
    assert objects(tmp_path / "out" / "task_queue.jsonl") == objects(folder / "task_queue.jsonl")
    assert ganglion("export", "station", "out").returncode == 4
    exported = ganglion("export", "station", "other")
    assert "9 files made of" in exported.stdout
    assert not exported.stderr.startswith("\n")
