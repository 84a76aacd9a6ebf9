"""Is a station on the log once, as history, with everything that its files say?"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from enchanted.events.v1.objective_pb2 import ObjectiveProposed
from enchanted.events.v1.state_change_pb2 import StateChange
from enchanted.events.v1.station_pb2 import TaskImported, TaskStatusImported
from enchanted.events.v1.swarm_event_pb2 import ROLE_OPERATOR
from enchanted.events.v1.task_request_pb2 import TasksProposed
from importers.append import ImportReport, append_units
from importers.log import BusLog
from importers.refusal import ImportRefused
from nervous_system.bus import Bus
from nervous_system.ids import content_hash
from nervous_system.names import EVENTS
from overseer.policy import PolicyRefused
from overseer.registry import RegistryRefused
from station.file import StationFile
from station.importing.activation import activation_of, in_order
from station.importing.folder import read_station
from station.importing.history import history_of, recorded_files
from station.importing.row import AS_IMPORTED
from station.importing.rules import rules_to_write, write_rules
from tests.importers.station_samples import (
    LONG_AGO,
    MARK,
    POLICY,
    REAL_STATION,
    lines,
    log_of,
    make_station,
    task,
)


async def _import(bus: Bus, folder: Path) -> ImportReport:
    source = history_of(read_station(folder), await recorded_files(bus))
    return await append_units(BusLog(bus), source)


async def _activate(bus: Bus, folder: Path) -> ImportReport:
    proposals = activation_of(read_station(folder)).proposals(now=LONG_AGO, person="ada@here")
    return await append_units(BusLog(bus), proposals)


async def _forget_duplicates(bus: Bus) -> None:
    """Make the server's duplicate window pass: what it remembers of an hour is 100 ms old.

    A change of the window sets the timer by which it forgets; one that came too early is repeated.
    """
    configuration = await bus.stream.configuration()
    known = (await log_of(bus))[0].event
    window_ns = 100_000_000
    async with asyncio.timeout(300):
        while (await bus.publish(known)).duplicate:
            window_ns += 1_000
            changed = {**configuration, "duplicate_window": window_ns}
            await bus.connection.request_json(f"$JS.API.STREAM.UPDATE.{bus.stream.name}", changed)
            await asyncio.sleep(0.2)


async def test_every_row_is_an_event_with_its_original_beside_it(bus: Bus, tmp_path: Path) -> None:
    folder = make_station(tmp_path / "s")
    report = await _import(bus, folder)
    log = await log_of(bus)
    assert report == ImportReport(17, units=17, events=17)
    kinds = Counter(type(each.event.payload).__name__ for each in log)
    assert kinds == {
        "StateChange": 2,
        "ObjectiveProposed": 5,
        "TaskImported": 6,
        "TaskStatusImported": 4,
    }
    assert {each.event.agent_role for each in log} == {ROLE_OPERATOR}
    rows = [
        each.event.payload.row_json for each in log if isinstance(each.event.payload, TaskImported)
    ]
    assert rows == (folder / "task_queue.jsonl").read_text().splitlines()
    first = next(each for each in log if isinstance(each.event.payload, TaskImported))
    assert first.subject == f"{EVENTS}.operator.task_imported.t-1"
    assert first.event.timestamp == datetime(2025, 10, 23, 20, 31, 5, 744083, UTC)
    told = [each.event for each in log if isinstance(each.event.payload, TaskStatusImported)]
    assert [event.agent_id for event in told] == ["station:task_status.jsonl"] * 4
    assert len({event.event_id for event in told}) == 4  # two of them say the same
    assert told[0].trace_id == first.event.trace_id  # both are about one task


async def test_objectives_are_requests_that_are_history(bus: Bus, tmp_path: Path) -> None:
    await _import(bus, make_station(tmp_path / "s"))
    found = [
        each for each in await log_of(bus) if isinstance(each.event.payload, ObjectiveProposed)
    ]
    payloads = [
        each.event.payload for each in found if isinstance(each.event.payload, ObjectiveProposed)
    ]
    assert all(payload.history and payload.source == "import" for payload in payloads)
    assert payloads[0].objective_id == "o-1"
    assert found[0].subject == f"{EVENTS}.request.objective_proposed.o-1"
    assert json.loads(payloads[0].metadata_json)["skills"] == ["teaching"]
    assert len(payloads[1].objective_id) == 26
    # The inbox keeps its ids free, so that what is open there can still become real.
    assert [payload.objective_id for payload in payloads[2:]] == [
        f"{name}{AS_IMPORTED}" for name in ("o-open", "o-1", "o-done")
    ]


async def test_importing_twice_adds_nothing_also_after_the_duplicate_window(
    bus: Bus, tmp_path: Path
) -> None:
    folder = make_station(tmp_path / "s")
    await _import(bus, folder)
    assert (await _import(bus, folder)).events == 0
    await _forget_duplicates(bus)
    before = (await bus.stream.state()).last_sequence
    elsewhere = make_station(tmp_path / "a copy of it")
    report = await _import(bus, elsewhere)
    assert (report.units, report.units_skipped, report.events) == (17, 17, 0)
    assert (await bus.stream.state()).last_sequence == before


async def test_two_imports_at_once_store_everything_once(bus: Bus, tmp_path: Path) -> None:
    folder = make_station(tmp_path / "s", task_queue_jsonl=lines(task(str(n)) for n in range(3000)))
    await asyncio.gather(*(_import(bus, folder) for _ in range(3)))
    ids = [each.event.event_id for each in await log_of(bus)]
    assert len(ids) == len(set(ids)) == 3011


async def test_rows_that_came_later_are_added(bus: Bus, tmp_path: Path) -> None:
    folder = make_station(tmp_path / "s")
    await _import(bus, folder)
    status = folder / "task_status.jsonl"
    status.write_bytes(status.read_bytes() + lines([{"status": "seen", "task_id": "t-1"}]))
    queue = folder / "task_queue.jsonl"
    queue.write_bytes(lines([task("t-new")]) + MARK + queue.read_bytes())
    report = await _import(bus, folder)
    assert (report.units, report.units_skipped, report.events) == (19, 17, 2)


async def test_rules_are_links_of_a_chain_whose_content_is_on_record(
    bus: Bus, tmp_path: Path
) -> None:
    folder = make_station(tmp_path / "s")
    texts = ["\ufeff" + POLICY, "\ufeff" + POLICY.replace("70", "60") + "\r\n", "", "a: 1\nb: 2"]
    for text in [*texts, texts[0], texts[1], texts[1]]:
        (folder / "policy.yaml").write_bytes(text.encode())
        await _import(bus, folder)
        assert (await recorded_files(bus))["policy.yaml"].text == text
    changes = [
        each.event.payload
        for each in await log_of(bus)
        if isinstance(each.event.payload, StateChange)
        and each.event.payload.target_resource == "station:policy.yaml"
    ]
    hashes = [content_hash(text) for text in [*texts, texts[0], texts[1]]]
    assert [change.new_state_hash for change in changes] == hashes
    assert [change.previous_state_hash for change in changes] == ["", *hashes[:-1]]
    assert all(change.target_type == "FILE_SYSTEM" and change.is_reversible for change in changes)


async def test_content_that_is_not_on_the_log_is_recorded_anew(bus: Bus, tmp_path: Path) -> None:
    folder = make_station(tmp_path / "s", policy_yaml=b"password: hunter2\n")
    await _import(bus, folder)
    known = (await recorded_files(bus))["policy.yaml"]
    assert (known.text, known.exact) == ("password: [REDACTED]\n", False)
    (folder / "policy.yaml").write_bytes(b"allow_api: false\n")
    await _import(bus, folder)
    known = (await recorded_files(bus))["policy.yaml"]
    assert (known.text, known.exact) == ("allow_api: false\n", True)


async def test_a_line_that_is_no_row_is_named_and_the_others_are_imported(
    bus: Bus, tmp_path: Path
) -> None:
    folder = make_station(tmp_path / "s", task_status_jsonl=b'{"task_id": "a"}\n{"task_id": ')
    report = await _import(bus, folder)
    assert report.events == report.units == 14
    assert report.refused == ("task_status.jsonl:2: not JSON at column 12: Expecting value",)
    (folder / "task_status.jsonl").write_bytes(b'{"task_id": "a"}\n{"task_id": "b"}\n')
    report = await _import(bus, folder)
    assert (report.events, report.refused) == (1, ())


async def test_the_real_station_is_read_whole(bus: Bus) -> None:
    if not REAL_STATION.exists():
        pytest.skip("the real station is not on this machine")
    assert (await _import(bus, REAL_STATION)).events == 61
    report = await _import(bus, REAL_STATION)
    assert (report.units_skipped, report.events) == (61, 0)
    files = await recorded_files(bus)
    for name, file in files.items():
        assert (file.text or "").encode() == (REAL_STATION / name).read_bytes()
    derived = [
        each.event.payload.task_id
        for each in await log_of(bus)
        if isinstance(each.event.payload, TaskImported) and len(each.event.payload.task_id) == 26
    ]
    assert len(set(derived)) == 4
    assert (await _activate(bus, REAL_STATION)).events == 24
    assert (await _activate(bus, REAL_STATION)).events == 0


async def test_what_is_open_is_proposed_once(bus: Bus, tmp_path: Path) -> None:
    folder = make_station(tmp_path / "s")
    await _import(bus, folder)
    before = (await bus.stream.state()).last_sequence
    report = await _activate(bus, folder)
    assert report.events == 5
    proposed = [each for each in await log_of(bus) if each.sequence > before]
    objective, *tasks = (each.event.payload for each in proposed)
    assert isinstance(objective, ObjectiveProposed)
    assert (objective.objective_id, objective.priority) == ("o-open", 7)
    assert (objective.history, objective.source) == (False, "import")
    assert json.loads(objective.metadata_json) == {"timestamp": "2026-01-05T16:53:00Z"}
    manifests = [each.tasks[0] for each in tasks if isinstance(each, TasksProposed)]
    assert [each.task_id for each in manifests][::2] == ["t-1", "t with spaces"]
    assert [len(manifests), len(manifests[1].task_id), manifests[3].task_id] == [4, 26, "12"]
    assert list(manifests[2].depends_on) == ["t-1"]  # the other one was done in the station
    assert manifests[2].priority == 3
    assert {each.event.agent_id for each in proposed} == {"ada@here"}
    await _forget_duplicates(bus)
    assert (await _activate(bus, folder)).events == 0


@pytest.mark.parametrize(
    ("waits_for", "order"),
    [
        ({"a": [], "b": [], "c": ["a"]}, "abc"),
        ({"c": ["b", "elsewhere"], "a": [], "b": ["a"], "d": []}, "abcd"),
        ({"a": ["a"], "b": ["a"], "c": ["d"], "d": ["c"], "e": []}, "eabcd"),
    ],
)
def test_a_task_is_proposed_behind_what_it_waits_for(
    waits_for: dict[str, list[str]], order: str
) -> None:
    assert "".join(in_order(waits_for)) == order


def test_a_long_chain_has_an_order_too() -> None:
    chain = {str(number): [str(number + 1)] for number in range(10_000)}
    assert list(in_order(chain)) == list(reversed(chain))


def test_rules_get_into_the_home_and_never_over_others(tmp_path: Path) -> None:
    station = read_station(make_station(tmp_path / "s"))
    home = tmp_path / "new" / "home"
    names = rules_to_write(station, home, force=False)
    assert names == ("policy.yaml", "registry.jsonl")
    write_rules(station, home, names)
    assert (home / "policy.yaml").read_bytes() == MARK + POLICY.encode()
    assert rules_to_write(station, home, force=False) == ()
    assert sorted(path.name for path in home.iterdir()) == ["policy.yaml", "registry.jsonl"]
    (home / "registry.jsonl").write_bytes(b"{}\n")
    with pytest.raises(ImportRefused, match=r"registry\.jsonl is there .* say --force"):
        rules_to_write(station, home, force=False)
    assert rules_to_write(station, home, force=True) == ("registry.jsonl",)


def test_rules_that_would_not_be_adopted_are_not_activated(tmp_path: Path) -> None:
    station = read_station(make_station(tmp_path / "s", policy_yaml=b"a: 1\nmax_cpu_pct: lots\n"))
    with pytest.raises(PolicyRefused, match=r"policy\.yaml:2: max_cpu_pct"):
        rules_to_write(station, tmp_path, force=False)
    station = read_station(make_station(tmp_path / "r", registry_jsonl=b'\n{"role": "mentor"}\n'))
    with pytest.raises(RegistryRefused, match=r"registry\.jsonl:2: it has no agent_id"):
        rules_to_write(station, tmp_path, force=False)


def test_the_same_station_is_the_same_events_wherever_it_lies(tmp_path: Path) -> None:
    async def entries(folder: Path) -> list[object]:
        source = history_of(read_station(folder), {"policy.yaml": StationFile()})
        return [each async for unit in source.units for each in unit.entries]

    one, other = (asyncio.run(entries(make_station(tmp_path / name))) for name in "ab")
    assert one == other
