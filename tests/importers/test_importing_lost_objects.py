"""Does an import go on where a repository has lost something, and keep all that is whole?"""

from __future__ import annotations

from pathlib import Path

import pytest

from enchanted.events.v1.action_outcome_pb2 import ActionOutcome
from enchanted.events.v1.state_change_pb2 import StateChange
from importers.git.history import open_history
from importers.refusal import ImportRefused
from importers.unit import ImportUnit
from nervous_system.contract.codec import encode
from tests.importers.importing_samples import Repository


async def _units(path: Path) -> list[ImportUnit]:
    source = await open_history(path)
    units = [unit async for unit in source.units]
    assert len(units) == source.total
    return units


def _changes(unit: ImportUnit) -> dict[str, StateChange]:
    payloads = [entry.event.payload for entry in unit.entries]
    return {
        payload.target_resource: payload for payload in payloads if isinstance(payload, StateChange)
    }


def _said(unit: ImportUnit) -> str:
    outcome = unit.entries[-1].event.payload
    assert isinstance(outcome, ActionOutcome)
    return outcome.output


def _encoded(unit: ImportUnit) -> list[bytes]:
    return [encode(entry.event) for entry in unit.entries]


@pytest.fixture
def history(repository: Repository) -> Repository:
    """Five commits, each of which changes `large` and `small`; `folder/file` in the third."""
    for number in range(5):
        repository.write("large", f"large {number}\n".encode())
        repository.write("small", f"small {number}\n".encode())
        if number == 2:
            repository.write("folder/file", b"there\n")
        repository.commit(str(number), seconds=1_600_000_000 + number)
    return repository


def _file(repository: Repository, revision: str) -> Path:
    object_id = repository.git("rev-parse", revision).decode().strip()
    return repository.path / ".git" / "objects" / object_id[:2] / object_id[2:]


async def test_a_file_that_is_lost_is_marked_and_all_else_is_whole(history: Repository) -> None:
    before = await _units(history.path)
    _file(history, "HEAD~2:large").unlink()
    units = await _units(history.path)
    assert [bool(unit.gap) for unit in units] == [False, False, True, True, False]
    for number in (0, 1, 4):
        assert _encoded(units[number]) == _encoded(before[number])
    lost, whole = _changes(units[2])["large"], _changes(units[2])["small"]
    same = _changes(before[2])["large"]
    assert (lost.previous_state_hash, lost.new_state_hash) == (
        same.previous_state_hash,
        same.new_state_hash,
    )
    assert (lost.truncated, lost.is_reversible, lost.diff_patch) == (True, False, "")
    assert whole == _changes(before[2])["small"]
    assert "[not whole: the repository has lost the content of large]" in _said(units[2])
    assert [unit.last_id for unit in units] == [unit.last_id for unit in before]


async def test_a_file_that_is_damaged_is_as_one_that_is_lost(history: Repository) -> None:
    before = await _units(history.path)
    for revision in ("HEAD~3:large", "HEAD~1:small"):
        file = _file(history, revision)
        file.chmod(0o644)
        file.write_bytes(b"damaged")
    units = await _units(history.path)
    assert [bool(unit.gap) for unit in units] == [False, True, True, True, True]
    assert _changes(units[1])["small"] == _changes(before[1])["small"]
    assert _changes(units[1])["large"].truncated
    assert _changes(units[3])["large"] == _changes(before[3])["large"]


async def test_a_folder_that_is_lost_costs_the_commits_that_changed_it(history: Repository) -> None:
    before = await _units(history.path)
    _file(history, "HEAD~2:").unlink()
    units = await _units(history.path)
    assert ["could not be listed" in unit.gap for unit in units] == [
        False,
        False,
        True,
        True,
        False,
    ]
    assert _changes(units[2]) == {}
    assert [_encoded(units[number]) for number in (0, 1, 4)] == [
        _encoded(before[number]) for number in (0, 1, 4)
    ]
    assert units[2].entries[0] == before[2].entries[0], "the decision is whole"


async def test_where_most_is_lost_hashes_are_kept(
    history: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importers.git.repository._MAX_STAND_INS", 1)
    before = await _units(history.path)
    for number in range(5):
        _file(history, f"HEAD~{number}:large").unlink()
    units = await _units(history.path)
    for unit, whole in zip(units, before, strict=True):
        assert "no diff was read" in unit.gap
        assert {path: each.new_state_hash for path, each in _changes(unit).items()} == {
            path: each.new_state_hash for path, each in _changes(whole).items()
        }


async def test_a_branch_is_taken_where_head_names_none(history: Repository, tmp_path: Path) -> None:
    bare = tmp_path / "bare.git"
    history.git("clone", "--quiet", "--bare", "--no-local", ".", str(bare))
    expected = [_encoded(unit) for unit in await _units(bare)]
    made = Repository(bare)
    made.git("symbolic-ref", "HEAD", "refs/heads/nowhere")
    source = await open_history(bare)
    assert source.remark.endswith(
        "refs/heads/nowhere, which is not there: its branch main is taken"
    )
    assert [_encoded(unit) async for unit in source.units] == expected
    made.git("branch", "other", "main~2")
    assert len(await _units(bare)) == 5, "main is what is usual"
    made.git("branch", "--move", "main", "another")
    with pytest.raises(ImportRefused, match=r"its branches are another, other\. Say which"):
        await open_history(bare)


async def test_no_two_names_become_one(repository: Repository) -> None:
    """Not UTF-8, the spelling of that as git has it, and names that differ where they are cut."""
    names: list[bytes] = [b"caf\xe9", b'"caf\\351"', b'"\\"caf\\\\351\\""', b"caf\\351", b'"']
    for name in names:
        repository.write(name, b"content\n")
    repository.commit("Odd names")
    deep = "/".join(["d" * 250] * 20)
    blob = repository.git("rev-parse", ':"').decode().strip()
    for end in ("a", "b"):
        repository.git("update-index", "--add", "--cacheinfo", f"100644,{blob},{deep}/{end}")
    repository.git("commit", "--quiet", "-m", "Deep", seconds=1_600_000_001)
    odd, long = await _units(repository.path)
    assert len(_changes(odd)) == len(names)
    assert set(_changes(odd)) >= {'"caf\\351"', "caf\\351"}
    assert len(_changes(long)) == 2
    assert all(len(path.encode()) <= 4096 for path in _changes(long))
    resources = {entry.subject for unit in (odd, long) for entry in unit.entries[1:-1]}
    assert len(resources) == len(names) + 2


async def test_no_two_authors_become_one(repository: Repository) -> None:
    repository.git("commit", "--quiet", "--allow-empty", "-m", "x")
    tree = repository.git("write-tree").decode().strip()
    parent = repository.git("rev-parse", "HEAD").decode().strip()
    for name in (b"caf\xe9", b"caf\\xe9", b"caf\\351", b"l" * 400 + b"a", b"l" * 400 + b"b"):
        raw = (
            f"tree {tree}\nparent {parent}\n".encode()
            + b"author %b <a> 1600000000 +0000\ncommitter c <c> 1600000000 +0000\n\nx\n" % name
        )
        made = repository.git(
            "hash-object", "--literally", "-t", "commit", "-w", "--stdin", content=raw
        )
        parent = made.decode().strip()
    repository.git("update-ref", "HEAD", parent)
    authors = [unit.entries[0].event.agent_id for unit in await _units(repository.path)]
    assert len(set(authors)) == 6
    assert all(len(author.encode()) <= 256 for author in authors)


async def test_a_message_without_end_costs_the_message_and_no_later_commit(
    history: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await _units(history.path)
    history.commit("long " * 1000, seconds=1_600_000_010)
    history.write("small", b"after\n")
    history.commit("after", seconds=1_600_000_011)
    monkeypatch.setattr("importers.git.log._MAX_MESSAGE_BYTES", 2_000)
    monkeypatch.setattr("importers.git.command._CHUNK_BYTES", 1_000)
    units = await _units(history.path)
    assert [_encoded(unit) for unit in units[:5]] == [_encoded(unit) for unit in before]
    assert units[5].gap.startswith("neither its message nor its files could be read (the commit ")
    assert units[5].entries[0].event.agent_id == "Ada Lovelace <ada@example.org>"
    assert (units[6].gap, list(_changes(units[6]))) == ("", ["small"])


async def test_where_every_folder_is_lost_every_commit_is_imported_all_the_same(
    history: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A partial clone without folders, as some build machines have."""
    history.git("config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "clone"
    source = f"file://{history.path}"
    history.git("clone", "--quiet", "--bare", "--filter=tree:0", source, str(clone))
    before = await _units(history.path)
    monkeypatch.setattr("importers.git.repository._MAX_FAILURES", 2)
    units = await _units(clone)
    assert [unit.entries[0] for unit in units] == [unit.entries[0] for unit in before]
    assert all("file" in unit.gap for unit in units)
    assert "no file was listed, as most are lost" in units[-1].gap
