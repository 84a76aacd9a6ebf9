"""Is what is left of a history imported, where commits of it are lost, and does each lost one have
its name?"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from enchanted.events.v1.state_change_pb2 import StateChange
from importers.append import append_units
from importers.git.history import open_history
from importers.log import BusLog
from importers.refusal import ImportRefused
from importers.unit import ImportSource, ImportUnit
from nervous_system.bus import Bus
from nervous_system.contract.codec import encode
from tests.importers.importing_samples import Repository


async def _imported(path: Path, *, since: str | None = None) -> tuple[list[str], ImportSource]:
    """The subjects of the commits that came, oldest first, and the source when it is through."""
    source = await open_history(path, since=since)
    units = [unit async for unit in source.units]
    assert len(units) == source.total
    return [unit.name.split()[1] for unit in units], source


async def _units(path: Path) -> list[ImportUnit]:
    return [unit async for unit in (await open_history(path)).units]


def _encoded(units: Sequence[ImportUnit]) -> list[bytes]:
    return [encode(entry.event) for unit in units for entry in unit.entries]


@pytest.fixture
def history(repository: Repository) -> Repository:
    """Seven commits, each of which changes one file."""
    for number in range(7):
        repository.write("file", f"{number}\n".encode())
        repository.commit(f"c{number}", seconds=1_600_000_000 + number)
    return repository


def _lose(repository: Repository, *revisions: str, content: bytes | None = None) -> list[str]:
    """Remove commits, or put something else there; their short ids."""
    ids = [repository.git("rev-parse", each).decode().strip() for each in revisions]
    for commit in ids:
        file = repository.path / ".git" / "objects" / commit[:2] / commit[2:]
        file.unlink()
        if content is not None:
            file.write_bytes(content)
    return [commit[:12] for commit in ids]


@pytest.mark.parametrize("content", [None, b"", b"damaged"])
async def test_what_came_before_and_after_a_lost_commit_is_imported(
    history: Repository, content: bytes | None
) -> None:
    whole = await _units(history.path)
    [lost] = _lose(history, "HEAD~3", content=content)
    names, source = await _imported(history.path)
    assert names == ["c0", "c1", "c2", "c4", "c5", "c6"]
    [sentence] = source.refused
    assert sentence.startswith(f"the commit {lost} is not imported, as the repository has lost it")
    units = await _units(history.path)
    assert _encoded(units[:3]) == _encoded(whole[:3]), "as every whole clone has them"
    assert units[3].gap == f"its files are left out, as the commit before it, {lost}, is lost"
    assert [bool(unit.gap) for unit in units[4:]] == [False, False]
    # What came after it is a history of its own: its first commit is not known.
    root = whole[4].entries[0].event.payload
    after = {unit.run_key for unit in units[3:]}
    assert after == {f"git-{history.git('rev-parse', 'HEAD~2').decode()[:12]}"}
    ids = {entry.event.event_id for unit in whole for entry in unit.entries}
    assert not ids & {entry.event.event_id for unit in units[3:] for entry in unit.entries}
    assert units[3].entries[0].event.payload == root, "the decision itself is whole"
    assert units[3].entries[0].event.causation_id == ""
    assert units[4].entries[0].event.causation_id == units[3].last_id
    changes = [entry.event.payload for entry in units[4].entries[1:-1]]
    assert [type(change) for change in changes] == [StateChange]
    same = whole[5].entries[1].event.payload
    assert isinstance(changes[0], StateChange)
    assert isinstance(same, StateChange)
    assert changes[0].diff_patch == same.diff_patch


async def test_the_tip_the_first_one_and_several_may_be_lost(history: Repository) -> None:
    whole = await _units(history.path)
    [tip] = _lose(history, "HEAD")
    names, source = await _imported(history.path)
    assert names == ["c0", "c1", "c2", "c3", "c4", "c5"]
    assert source.refused[0].startswith(f"the commit {tip} is not imported")
    assert "the one that is checked out" in source.refused[0]
    assert _encoded(await _units(history.path)) == _encoded(whole[:6])
    newest = history.git("rev-parse", whole[5].reference).decode().strip()
    history.git("update-ref", "HEAD", newest)
    lost = _lose(history, f"{newest}~5", f"{newest}~2")
    names, source = await _imported(history.path)
    assert names == ["c1", "c2", "c4", "c5"]
    assert [sentence.split()[2] for sentence in source.refused] == lost[::-1]
    assert "no commits are left that may have led to it" in source.refused[1]


async def test_no_branch_off_the_lost_one_and_nothing_newer_is_taken_for_what_led_to_it(
    history: Repository,
) -> None:
    for name, start, commits in (("short", "main~5", 9), ("after", "main~2", 9)):
        history.git("checkout", "--quiet", "-b", name, start)
        for number in range(commits):
            history.commit(f"{name}{number}", seconds=1_600_000_100 + number)
    history.git("checkout", "--quiet", "main")
    [lost] = _lose(history, "HEAD~3")
    names, source = await _imported(history.path)
    assert names == ["c0", "c1", "c2", "c4", "c5", "c6"]
    assert lost in source.refused[0]


async def test_since_a_commit_after_the_lost_one_nothing_is_missing(history: Repository) -> None:
    _lose(history, "HEAD~3")
    names, source = await _imported(history.path, since="HEAD~1")
    assert (names, list(source.refused)) == (["c6"], [])
    names, source = await _imported(history.path, since=_id_of(history, "c1"))
    assert names == ["c2", "c4", "c5", "c6"]
    assert len(source.refused) == 1
    with pytest.raises(ImportRefused, match="knows no commit"):
        await _imported(history.path, since="HEAD~5")


def _id_of(repository: Repository, subject: str) -> str:
    listing = repository.git(
        "cat-file", "--batch-all-objects", "--batch-check=%(objecttype) %(objectname)"
    ).decode()
    for line in listing.splitlines():
        kind, commit = line.split()
        if kind == "commit" and repository.git("cat-file", "commit", commit).decode().endswith(
            f"\n{subject}\n"
        ):
            return commit
    raise AssertionError(subject)


async def test_a_lost_second_parent_is_none_of_the_history(history: Repository) -> None:
    history.git("checkout", "--quiet", "-b", "side", "HEAD~1")
    history.write("side", b"side\n")
    side = history.commit("side", seconds=1_600_000_050)
    history.git("checkout", "--quiet", "main")
    history.git("merge", "--quiet", "--no-ff", "-m", "merge", "side", seconds=1_600_000_060)
    whole = _encoded(await _units(history.path))
    _lose(history, side)
    assert _encoded(await _units(history.path)) == whole


async def test_a_pack_that_is_damaged_costs_what_was_in_it(history: Repository) -> None:
    history.git("repack", "-a", "-d", "--quiet")
    for number in range(7, 10):
        history.write("file", f"{number}\n".encode())
        history.commit(f"c{number}", seconds=1_600_000_000 + number)
    [pack] = (history.path / ".git/objects/pack").glob("*.pack")
    size = pack.stat().st_size
    pack.chmod(0o644)
    data = pack.read_bytes()
    pack.write_bytes(data[: size // 2] + bytes(size - size // 2))
    names, source = await _imported(history.path)
    assert names[-2:] == ["c8", "c9"]
    assert source.refused
    pack.unlink()
    names, source = await _imported(history.path)
    assert names == ["c7", "c8", "c9"]
    assert "no commits are left" in source.refused[0]
    shutil.rmtree(history.path / ".git/objects")
    (history.path / ".git/objects").mkdir()
    with pytest.raises(ImportRefused, match="no commit that it holds; is it damaged"):
        await open_history(history.path)


async def test_a_whole_clone_that_comes_later_meets_nothing_of_it(
    bus: Bus, history: Repository, tmp_path: Path
) -> None:
    history.git("clone", "--quiet", "--bare", "--no-local", ".", str(tmp_path / "whole.git"))
    _lose(history, "HEAD~3")
    report = await append_units(BusLog(bus), await open_history(history.path))
    assert (report.units, len(report.refused), len(report.incomplete)) == (6, 1, 1)
    again = await append_units(BusLog(bus), await open_history(history.path))
    assert (again.units_skipped, again.events, len(again.refused)) == (6, 0, 1)
    whole = await append_units(BusLog(bus), await open_history(tmp_path / "whole.git"))
    assert (whole.units, whole.units_skipped, whole.refused) == (7, 3, ())


async def test_commits_that_lead_to_themselves_end(history: Repository) -> None:
    """Git believes the name of a file of its store; whoever made it may have named it as he
    liked."""
    head = history.git("rev-parse", "HEAD").decode().strip()
    root = history.git("rev-parse", "HEAD~6").decode().strip()
    tree = history.git("rev-parse", "HEAD^{tree}").decode().strip()
    forged = (
        f"tree {tree}\nparent {head}\nauthor a <a> 1 +0000\ncommitter a <a> 1 +0000\n\nforged\n"
    )
    made = (
        history.git("hash-object", "-t", "commit", "-w", "--stdin", content=forged.encode())
        .decode()
        .strip()
    )
    objects = history.path / ".git" / "objects"
    (objects / root[:2] / root[2:]).chmod(0o644)
    (objects / root[:2] / root[2:]).write_bytes((objects / made[:2] / made[2:]).read_bytes())
    try:
        _, source = await _imported(history.path)
    except ImportRefused as error:
        assert str(error)
    else:
        assert source.refused


async def test_a_repository_that_goes_while_it_is_read_is_no_end_of_its_history(
    history: Repository,
) -> None:
    source = await open_history(history.path)
    shutil.rmtree(history.path / ".git" / "objects")
    with pytest.raises(ImportRefused, match="`git rev-list` in .* failed with status"):
        [unit async for unit in source.units]


async def test_packing_it_while_it_is_read_changes_nothing(history: Repository) -> None:
    whole = _encoded(await _units(history.path))
    source = await open_history(history.path)
    history.git("gc", "--quiet", "--prune=now")
    assert _encoded([unit async for unit in source.units]) == whole
