"""Does a history become events that chain, reverse and stay the same in every clone?"""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from enchanted.events.v1.action_outcome_pb2 import OUTCOME_SUCCEEDED, ActionOutcome
from enchanted.events.v1.agent_decision_pb2 import AgentDecision
from enchanted.events.v1.state_change_pb2 import StateChange
from importers.git.history import open_history
from importers.refusal import ImportRefused
from importers.unit import ImportUnit
from nervous_system.contract.codec import encode
from tests.importers.importing_samples import Repository


async def _units(path: Path, *, since: str | None = None) -> list[ImportUnit]:
    source = await open_history(path, since=since)
    units = [unit async for unit in source.units]
    assert len(units) == source.total
    return units


def _changes(unit: ImportUnit) -> dict[str, StateChange]:
    """The state changes of a commit by path."""
    return {
        entry.event.payload.target_resource: entry.event.payload
        for entry in unit.entries
        if isinstance(entry.event.payload, StateChange)
    }


def _ends(unit: ImportUnit) -> tuple[AgentDecision, ActionOutcome]:
    decision, outcome = unit.entries[0].event.payload, unit.entries[-1].event.payload
    assert isinstance(decision, AgentDecision)
    assert isinstance(outcome, ActionOutcome)
    return decision, outcome


def _encoded(units: list[ImportUnit]) -> list[tuple[bytes, str | None]]:
    return [(encode(entry.event), entry.key) for unit in units for entry in unit.entries]


async def test_a_commit_is_a_decision_of_its_author_and_succeeds(eventful: Repository) -> None:
    units = await _units(eventful.path)
    assert len(units) == 10  # the commit on the side is in its merge
    decision, outcome = _ends(units[1])
    event = units[1].entries[0].event
    assert event.agent_id == "Ada Lovelace <ada@example.org>"
    assert event.timestamp == datetime.fromtimestamp(1_600_000_002, UTC)
    assert decision.chosen_action == decision.rationale == "Change and add"
    assert outcome.status == OUTCOME_SUCCEEDED
    assert outcome.decision_event_id == event.event_id
    assert outcome.output.startswith("2 files changed")
    assert event.causation_id == units[0].last_id
    assert decision.context_hash == eventful.git("rev-parse", ":/First").decode().strip()
    assert len({entry.event.trace_id for entry in units[1].entries}) == 1
    empty_decision, empty_outcome = _ends(units[2])
    assert empty_decision.rationale == ""
    assert empty_outcome.output == "no files changed"
    merge_decision, _ = _ends(units[5])
    assert merge_decision.input_trigger.startswith("merge of ")
    assert list(_changes(units[5])) == ["side/file"]


async def test_states_chain_and_are_gits_blobs(eventful: Repository) -> None:
    units = await _units(eventful.path)
    last: dict[str, str] = defaultdict(str)
    for unit in units:
        for path, change in _changes(unit).items():
            assert change.previous_state_hash == last[path], (unit.name, path)
            last[path] = change.new_state_hash
    tree = eventful.git("ls-tree", "-r", "-z", "HEAD").split(b"\0")[:-1]
    files = {path: kind.split()[2].decode() for kind, _, path in (e.partition(b"\t") for e in tree)}
    present = {path: blob for path, blob in last.items() if blob}
    assert present.pop('"caf\\351"') == files.pop(b"caf\xe9")
    assert present == {path.decode(): blob for path, blob in files.items()}


async def test_reversible_diffs_reverse(eventful: Repository, tmp_path: Path) -> None:
    """Undoing all reversible changes of a commit gives the files of its first parent."""
    tried = 0
    for number, unit in enumerate(await _units(eventful.path)):
        commit = unit.name.partition(" ")[0]
        work = tmp_path / str(number)
        eventful.git("worktree", "add", "--quiet", "--detach", str(work), commit)
        for path, change in _changes(unit).items():
            if not change.is_reversible:
                continue
            tried += 1
            Repository(work).git(
                "apply", "-R", "--whitespace=nowarn", "-", content=change.diff_patch.encode()
            )
            name = b"caf\xe9" if path == '"caf\\351"' else path.encode()
            file = work / os.fsdecode(name)
            if not change.previous_state_hash:
                assert not file.exists()
            elif file.is_symlink():
                assert file.readlink() == Path("README")
            else:
                blob = eventful.git("cat-file", "blob", change.previous_state_hash)
                assert file.read_bytes() == blob
    assert tried == 16


async def test_what_cannot_be_reversed_says_so(eventful: Repository) -> None:
    units = await _units(eventful.path)
    binary = _changes(units[0])["binary"]
    assert (binary.truncated, binary.is_reversible, binary.diff_patch) == (True, False, "")
    assert binary.new_state_hash
    latin = _changes(units[1])["latin1.txt"]
    assert (latin.truncated, latin.is_reversible) == (False, False)
    assert "gr\\xfcn" in latin.diff_patch
    submodule = _changes(units[8])["submodule"]
    assert not submodule.is_reversible
    assert "Subproject commit" in submodule.diff_patch
    mode = _changes(units[3])["script"]
    assert mode.previous_state_hash == mode.new_state_hash
    assert "new mode 100755" in mode.diff_patch
    link = _changes(units[3])["link"]
    assert link.diff_patch.count("diff --git") == 2
    moved = _changes(units[6])
    assert not moved["side/file"].new_state_hash
    assert not moved["moved"].previous_state_hash


async def test_every_clone_gives_the_same_events_whatever_is_configured(
    eventful: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = _encoded(await _units(eventful.path))
    assert _encoded(await _units(eventful.path / "side" / "..")) == expected
    bare = tmp_path / "another name.git"
    eventful.git("clone", "--quiet", "--bare", "--no-local", ".", str(bare))
    assert _encoded(await _units(bare)) == expected
    eventful.write(".gitattributes", b"* -diff\n*.txt diff=odd\n")
    for setting in (
        "diff.noprefix=true",
        "diff.mnemonicPrefix=true",
        "diff.renames=copies",
        "diff.context=0",
        "diff.algorithm=histogram",
        "diff.odd.textconv=false",
        "diff.external=false",
        "diff.suppressBlankEmpty=true",
        "diff.submodule=log",
        "diff.ignoreSubmodules=all",
        "diff.orderFile=README",
        "diff.relative=true",
        "core.quotePath=false",
        "core.abbrev=5",
        "core.pager=false",
        "color.ui=always",
        "log.diffMerges=off",
        "log.showRoot=false",
        "log.showSignature=true",
        "log.decorate=full",
        "i18n.logOutputEncoding=latin1",
        "format.pretty=oneline",
        "format.notes=*",
    ):
        eventful.git("config", *setting.split("=", 1))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("GIT_DIFF_OPTS", "--unified=9")
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", "false")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    assert _encoded(await _units(eventful.path)) == expected


async def test_since_gives_the_same_events_of_what_is_after_it(eventful: Repository) -> None:
    units = await _units(eventful.path)
    eventful.git("tag", "release", "HEAD~2")
    after = await _units(eventful.path, since="release")
    assert _encoded(after) == _encoded(units[-2:])
    assert await _units(eventful.path, since="HEAD") == []
    for revision in ("nowhere", "--all", "HEAD:README", "", "a\0b", "e" * 40):
        with pytest.raises(ImportRefused, match="knows no commit"):
            await open_history(eventful.path, since=revision)


async def test_odd_clocks_encodings_and_authors_are_recorded(repository: Repository) -> None:
    repository.write("a", b"1\n")
    repository.git("add", "a")
    tree = repository.git("write-tree").strip()
    raw = (
        b"tree " + tree + b"\nauthor \xfc <> 99999999999999999 +0000\n"
        b"committer c <c> 18446744073709551614 +0000\nencoding latin-1\n\nGr\xfc\xdfe\n"
    )
    (repository.path / "raw").write_bytes(raw)
    made = repository.git("hash-object", "--literally", "-t", "commit", "-w", "raw")
    repository.git("update-ref", "HEAD", made.decode().strip())
    [unit] = await _units(repository.path)
    decision, _ = _ends(unit)
    assert decision.rationale == "Grüße"
    assert unit.entries[0].event.agent_id == "ü <>"
    for entry in unit.entries:
        encode(entry.event)


async def test_what_is_no_whole_history_is_refused_with_a_sentence(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ImportRefused, match="has no commits yet"):
        await open_history(repository.path)
    with pytest.raises(ImportRefused, match="is not a folder"):
        await open_history(tmp_path / "missing")
    (tmp_path / "plain").mkdir()
    with pytest.raises(ImportRefused, match="is not a git repository that can be read"):
        await open_history(tmp_path / "plain")
    repository.commit("One")
    repository.commit("Two")
    shallow = tmp_path / "shallow"
    repository.git("clone", "--quiet", "--depth=1", f"file://{repository.path}", str(shallow))
    with pytest.raises(ImportRefused, match="is a shallow clone"):
        await open_history(shallow)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ImportRefused, match="`git` was not found"):
        await open_history(repository.path)


async def test_a_repository_with_longer_object_ids_is_read_too(tmp_path: Path) -> None:
    made = Repository(tmp_path)
    made.git("init", "--quiet", "--object-format=sha256")
    made.write("a", b"one\n")
    made.commit("One")
    [unit] = await _units(tmp_path)
    assert len(_changes(unit)["a"].new_state_hash) == 64


async def test_git_ends_when_nobody_wants_more(repository: Repository) -> None:
    for number in range(3):
        repository.write("large", os.urandom(200_000).hex().encode())
        repository.commit(str(number))
    source = await open_history(repository.path)
    async for _ in source.units:
        break
    for _ in range(100):  # meanwhile git fills its pipe, and waits for a reader
        await asyncio.sleep(0.005)
    async with asyncio.timeout(60):
        await source.units.aclose()
    with pytest.raises(StopAsyncIteration):
        await anext(source.units)


async def test_this_project_itself_chains() -> None:
    """The repository that these tests are in, where it is one with its whole history."""
    try:
        units = await _units(Path(__file__).parent)
    except ImportRefused as error:
        pytest.skip(str(error))
    last: dict[str, Any] = defaultdict(str)
    for unit in units:
        for path, change in _changes(unit).items():
            assert change.previous_state_hash == last[path]
            last[path] = change.new_state_hash
        for entry in unit.entries:
            assert len(encode(entry.event)) < 1024**2 - 4096
