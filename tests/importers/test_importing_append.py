"""Is an import whole, in order and on the log once, however often and badly it was tried?"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from pathlib import Path

import pytest

from enchanted.events.v1.agent_decision_pb2 import AgentDecision
from enchanted.events.v1.state_change_pb2 import StateChange
from importers.append import ImportReport, append_units
from importers.git.history import commit_unit, open_history
from importers.git.log import Commit
from importers.log import BusLog
from importers.swe_agent.history import open_trajectories
from importers.unit import ImportSource, ImportUnit
from nervous_system.bus import Bus, decode_stored
from nervous_system.contract.event import Event
from nervous_system.contract.message import Acknowledgement, Entry
from nervous_system.errors import Duplicate, Unavailable
from nervous_system.ids import child_id
from tests.importers.importing_samples import Repository


class _Failing(BusLog):
    """Stores a number of batches, then is gone."""

    def __init__(self, bus: Bus, *, batches: int) -> None:
        super().__init__(bus)
        self._left = batches

    async def append(self, entries: Sequence[Entry]) -> Acknowledgement:
        if self._left == 0:
            raise Unavailable("the log is gone")
        self._left -= 1
        return await super().append(entries)


class _Counting(BusLog):
    """Counts what is asked of the log."""

    reads = 0
    appends = 0

    async def event_ids(self, subjects: Sequence[str]) -> set[str]:
        self.reads += 1
        return await super().event_ids(subjects)

    async def append(self, entries: Sequence[Entry]) -> Acknowledgement:
        self.appends += 1
        return await super().append(entries)


async def _log(bus: Bus) -> list[Event]:
    return [decode_stored(stored).event async for stored in bus.replay()]


async def _ids(bus: Bus) -> list[str]:
    return [event.event_id for event in await _log(bus)]


async def _expected(path: Path) -> list[str]:
    source = await open_history(path)
    return [entry.event.event_id async for unit in source.units for entry in unit.entries]


async def _forget_duplicates(bus: Bus) -> None:
    """Make the server's duplicate window pass: afterwards only what we do ourselves counts."""
    configuration = await bus.stream.configuration()
    changed = {**configuration, "duplicate_window": 100_000_000}
    await bus.connection.request_json(f"$JS.API.STREAM.UPDATE.{bus.stream.name}", changed)
    probe = Event(
        event_id=child_id("probe", "window"),
        timestamp=(await _log(bus))[0].timestamp,
        agent_role=(await _log(bus))[0].agent_role,
        agent_id="probe",
        payload=AgentDecision(rationale="is the window over?"),
    )
    async with asyncio.timeout(300):
        await bus.publish(probe)
        while (await bus.publish(probe)).duplicate:  # noqa: ASYNC110 - only asking again can tell
            await asyncio.sleep(0.02)


async def test_a_history_is_stored_whole_and_in_order(bus: Bus, eventful: Repository) -> None:
    told: list[ImportReport] = []
    report = await append_units(
        BusLog(bus), await open_history(eventful.path), progress=told.append
    )
    expected = await _expected(eventful.path)
    assert await _ids(bus) == expected
    assert report == ImportReport(10, units=10, units_skipped=0, events=len(expected))
    assert told[-1] == report
    assert [each.events for each in told] == sorted(each.events for each in told)


async def test_importing_twice_adds_nothing_also_after_the_duplicate_window(
    bus: Bus, eventful: Repository, trajectory_file: Callable[..., Path]
) -> None:
    for _ in range(2):
        await append_units(BusLog(bus), await open_history(eventful.path))
        await append_units(BusLog(bus), await open_trajectories([trajectory_file()]))
    once = await _ids(bus)
    assert len(once) == len(set(once))
    await _forget_duplicates(bus)
    before = (await bus.stream.state()).last_sequence
    log = _Counting(bus)
    report = await append_units(log, await open_history(eventful.path))
    assert (report.units, report.units_skipped, report.events) == (10, 10, 0)
    report = await append_units(log, await open_trajectories([trajectory_file()]))
    assert (report.units, report.units_skipped, report.events) == (1, 1, 0)
    assert (log.reads, log.appends) == (2, 0)  # one read per run, whatever its length
    assert (await bus.stream.state()).last_sequence == before


@pytest.mark.parametrize("window_passed", [False, True])
@pytest.mark.parametrize("batches", [1, 2, 3, 7])
async def test_a_crash_anywhere_is_made_good_by_importing_again(
    bus: Bus, eventful: Repository, batches: int, window_passed: bool
) -> None:
    with pytest.raises(Unavailable):
        await append_units(
            _Failing(bus, batches=batches), await open_history(eventful.path), max_messages=3
        )
    assert len(await _ids(bus)) < len(await _expected(eventful.path))
    if window_passed:
        await _forget_duplicates(bus)
    # Cut otherwise than before: the first unit has ten events.
    report = await append_units(
        BusLog(bus), await open_history(eventful.path), max_messages=1000 if batches % 2 else 4
    )
    assert report.units == 10
    expected = await _expected(eventful.path)
    assert [each for each in await _ids(bus) if each in set(expected)] == expected


async def test_two_imports_at_once_store_everything_once(bus: Bus, eventful: Repository) -> None:
    sources = [await open_history(eventful.path) for _ in range(3)]
    reports = await asyncio.gather(
        *(
            append_units(BusLog(bus), source, max_messages=size)
            for source, size in zip(sources, (3, 5, 12), strict=True)
        )
    )
    ids = await _ids(bus)
    assert sorted(ids) == sorted(await _expected(eventful.path))
    assert sum(report.events for report in reports) >= len(ids)
    assert {report.units for report in reports} == {10}


async def test_new_commits_are_added_to_what_is_there(bus: Bus, eventful: Repository) -> None:
    await append_units(BusLog(bus), await open_history(eventful.path, since="HEAD~3"))
    report = await append_units(BusLog(bus), await open_history(eventful.path))
    assert (report.units, report.units_skipped) == (10, 3)
    eventful.commit("One more")
    report = await append_units(BusLog(bus), await open_history(eventful.path))
    assert (report.units, report.units_skipped, report.events) == (11, 10, 2)
    assert sorted(await _ids(bus)) == sorted(await _expected(eventful.path))


async def test_secrets_are_taken_out_and_counted(bus: Bus, repository: Repository) -> None:
    token = "ghp_" + "a" * 36
    repository.write("settings", f"password = hunter2\ntoken = {token}\n".encode())
    commit = repository.commit(f"Add {token}")
    repository.commit("Nothing of the kind")
    report = await append_units(BusLog(bus), await open_history(repository.path))
    assert report.redactions == 4  # subject, message, two in the diff
    assert report.redacted == (commit[:12],), "a subject may hold one, too"
    decision, change, *_ = await _log(bus)
    assert token not in str(decision.payload)
    assert isinstance(change.payload, StateChange)
    assert "hunter2" not in change.payload.diff_patch
    assert not change.payload.is_reversible
    again = await append_units(BusLog(bus), await open_history(repository.path))
    assert (again.events, again.redactions, again.redacted) == (0, 0, ())


async def test_the_largest_diffs_fit_into_messages(bus: Bus, repository: Repository) -> None:
    for name in "abcdefghijkl":
        repository.write(name, b"x" * 76 + b"\n")
        repository.write(f"{name}.large", (b"x" * 76 + b"\n") * 6700)
    repository.write("too large", (b"x" * 76 + b"\n") * 7000)
    repository.commit("Large " + "word " * 30_000)
    await append_units(BusLog(bus), await open_history(repository.path))
    changes = [e.payload for e in await _log(bus) if isinstance(e.payload, StateChange)]
    assert [
        change.target_resource.rpartition("/")[2] for change in changes if change.truncated
    ] == ["too large"]
    assert max(len(change.diff_patch) for change in changes) > 500_000


async def test_many_commits_take_few_batches(bus: Bus) -> None:
    async def units() -> AsyncGenerator[ImportUnit, None]:
        for number in range(2500):
            yield _made_unit(number)

    log = _Counting(bus)
    report = await append_units(log, ImportSource("made", 2500, units()))
    assert report.events == 5000
    assert log.appends == 5
    assert log.reads == 1


async def test_what_stands_elsewhere_is_in_the_way_and_named(bus: Bus) -> None:
    async def units() -> AsyncGenerator[ImportUnit, None]:
        yield _made_unit(1)
        yield _made_unit(2)

    unit = _made_unit(1)
    await bus.publish(unit.entries[1].event, key="elsewhere")
    report = await append_units(BusLog(bus), ImportSource("made", 2, units()))
    assert (report.units, report.events) == (1, 2)
    assert [unit.name in sentence for sentence in report.refused] == [True]
    assert len(await _ids(bus)) == 3


async def test_what_stays_in_the_way_is_raised_in_the_end(bus: Bus) -> None:
    class Refusing(BusLog):
        async def append(self, entries: Sequence[Entry]) -> Acknowledgement:
            raise Duplicate("it is there, and nobody sees it")

    async def units() -> AsyncGenerator[ImportUnit, None]:
        yield _made_unit(1)

    with pytest.raises(Duplicate):
        await append_units(Refusing(bus), ImportSource("made", 1, units()))


def test_a_unit_must_begin_and_end_under_its_key() -> None:
    first, last = _made_unit(1).entries
    with pytest.raises(ValueError, match="does not begin and end"):
        ImportUnit("made", ())
    with pytest.raises(ValueError, match="does not begin and end"):
        ImportUnit("made", (Entry(event=first.event), last))


def _made_unit(number: int) -> ImportUnit:
    commit = Commit(
        commit_id=f"{number:040x}",
        parents=(),
        author_name="a",
        author_email="b",
        committed_at=number,
        subject="s",
        message="m",
        summary="",
        changes=(),
    )
    return commit_unit(commit, root="f" * 40)


async def test_the_events_of_a_large_commit_are_made_when_it_is_their_turn(
    bus: Bus, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes as any other does, also the rest of it after a crash; and a look at it anew makes
    the same events."""
    for number in range(40):
        repository.write(f"{number}", f"{number}\n".encode())
    repository.commit("Large")
    expected = await _expected(repository.path)
    for module in ("git.history", "git.log"):
        monkeypatch.setattr(f"importers.{module}.MAX_IN_MEMORY", 10)
    [unit] = [unit async for unit in (await open_history(repository.path)).units]
    assert unit.entries[1] is not unit.entries[1]
    assert [entry.event.event_id for entry in unit.entries] == expected
    assert unit.entries[-3:] == [*unit.entries][-3:]
    with pytest.raises(Unavailable):
        log = _Failing(bus, batches=3)
        await append_units(log, await open_history(repository.path), max_messages=7)
    assert len(await _ids(bus)) == 21
    await _forget_duplicates(bus)
    report = await append_units(BusLog(bus), await open_history(repository.path), max_messages=7)
    assert (report.units, report.events) == (1, 21)
    assert [each for each in await _ids(bus) if each in set(expected)] == expected
