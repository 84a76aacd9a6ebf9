"""Does a real overseer take an imported station as meant: history as history, open as open?"""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path

import pytest

from enchanted.events.v1.objective_pb2 import ObjectiveAdded, ObjectiveRejected
from enchanted.events.v1.policy_pb2 import PolicyAdopted, RegistryAdopted
from enchanted.events.v1.task_pb2 import TaskRejected, TaskSubmitted
from importers.append import append_units
from importers.log import BusLog
from nervous_system.bus import Bus
from nervous_system.contract.payload import Payload
from station.importing.activation import activation_of
from station.importing.folder import read_station
from station.importing.history import history_of
from station.importing.row import AS_IMPORTED
from station.importing.rules import rules_to_write, write_rules
from tests.importers.station_samples import LONG_AGO, lines, log_of, make_station, task
from tests.real_servers import RealProcess

Start = Callable[[], RealProcess]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home directory with nothing but the charter."""
    folder = tmp_path / "home"
    folder.mkdir()
    charter = files("overseer") / "samples" / "charter.md"
    (folder / "charter.md").write_bytes(charter.read_bytes())
    return folder


@pytest.fixture
def start(home: Path, nats_url: str) -> Iterator[Start]:
    """Starts the overseer; ends it."""
    started: list[RealProcess] = []

    def begin() -> RealProcess:
        environment = {
            "GANGLION_HOME": str(home),
            "NATS_URL": nats_url,
            "GANGLION_STREAM_MAX_BYTES": str(256 * 1024**2),  # as the bus of these tests has it
            "GANGLION_OVERSEER_TICK_SECONDS": "0.1",
            "GANGLION_OVERSEER_MAINTENANCE_SECONDS": "0",
        }
        log = home / "overseer.log"
        process = RealProcess([sys.executable, "-m", "overseer"], log=log, environment=environment)
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()


async def _payloads(bus: Bus, subject: str, *, count: int) -> list[Payload]:
    """All payloads on the log, as soon as there are so many on this subject."""
    async with asyncio.timeout(60), bus.reader(start_sequence=1, subjects=[subject]) as reader:
        while count > 0:
            count -= len(await reader.batch(max_messages=count, within_seconds=5))
    return [each.event.payload for each in await log_of(bus)]


async def test_a_row_may_stand_before_what_it_depends_on(
    bus: Bus, start: Start, tmp_path: Path
) -> None:
    queue = [
        task("last", depends_on=["middle", "first"]),
        task("middle", depends_on=["first"]),
        task("round", depends_on=["about"]),
        task("first"),
        task("about", depends_on=["round"]),
    ]
    folder = make_station(tmp_path / "s", task_queue_jsonl=lines(queue), objectives_jsonl=None)
    start()
    for units in (5, 0):  # asked again, it is asked once
        proposals = activation_of(read_station(folder)).proposals(now=LONG_AGO, person="ada@here")
        assert (await append_units(BusLog(bus), proposals)).events == units
    payloads = await _payloads(bus, "swarm.events.overseer.task_rejected.*", count=2)
    submitted = [each.manifest.task_id for each in payloads if isinstance(each, TaskSubmitted)]
    assert submitted == ["first", "middle", "last"]
    rejected = {each.task_id for each in payloads if isinstance(each, TaskRejected)}
    assert rejected == {"round", "about"}


async def test_a_task_of_an_objective_that_is_planned_anew_stands_alone(
    bus: Bus, start: Start, tmp_path: Path
) -> None:
    queue = [task("of-open", objective_id="o-open"), task("of-none", objective_id="gone")]
    station = read_station(make_station(tmp_path / "s", task_queue_jsonl=lines(queue)))
    start()
    proposals = activation_of(station).proposals(now=LONG_AGO, person="ada@here")
    await append_units(BusLog(bus), proposals)
    last = "swarm.events.task.submitted.of-none"
    payloads = await _payloads(bus, last, count=1)
    submitted = [each.manifest for each in payloads if isinstance(each, TaskSubmitted)]
    named = {each.task_id: each.objective_id for each in submitted}
    assert (named["of-open"], named["of-none"]) == ("", "gone")


@pytest.mark.parametrize("running_before", [True, False])
async def test_history_is_added_and_what_is_open_begins(
    bus: Bus, home: Path, start: Start, tmp_path: Path, running_before: bool
) -> None:
    station = read_station(make_station(tmp_path / "s"))
    if running_before:
        start()
    await append_units(BusLog(bus), history_of(station, {}))
    if running_before:  # looked at first, activated later
        await _payloads(bus, "swarm.events.objective.added.*", count=5)
    write_rules(station, home, rules_to_write(station, home, force=False))
    proposals = activation_of(station).proposals(now=LONG_AGO, person="ada@here")
    await append_units(BusLog(bus), proposals)
    if not running_before:
        start()
    await _payloads(bus, "swarm.events.objective.added.*", count=6)
    payloads = await _payloads(bus, "swarm.events.overseer.task_rejected.12", count=1)
    added = [each for each in payloads if isinstance(each, ObjectiveAdded)]
    assert Counter(each.history for each in added) == {True: 5, False: 1}
    assert [each.objective_id for each in added if not each.history] == ["o-open"]
    assert f"o-open{AS_IMPORTED}" in {each.objective_id for each in added if each.history}
    assert not [each for each in payloads if isinstance(each, ObjectiveRejected)]
    submitted = [each.manifest for each in payloads if isinstance(each, TaskSubmitted)]
    ours = [each.task_id for each in submitted if not each.task_id.startswith("o-open")]
    assert (ours[0], len(ours[1]), ours[2]) == ("t-1", 26, "t with spaces")
    [rejected] = [each for each in payloads if isinstance(each, TaskRejected)]
    assert list(rejected.reasons) == ["it names no action"]
    await _payloads(bus, "swarm.events.overseer.policy_adopted", count=1)
    payloads = await _payloads(bus, "swarm.events.overseer.registry_adopted", count=1)
    [policy] = [each for each in payloads if isinstance(each, PolicyAdopted)]
    assert "max_cpu_pct: 70" in policy.text
    [registry] = [each for each in payloads if isinstance(each, RegistryAdopted)]
    assert [entry.agent_id for entry in registry.entries] == ["a-1"]
