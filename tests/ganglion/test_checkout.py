"""Does `ganglion checkout` rebuild the files of any moment, and stay in its folder?"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ganglion.exit_codes import FAILURE, OK, USAGE
from importers.origin import Origin
from importers.unified_diff import spell
from operations.queries.state.file_chain import blob_id
from tests.command_line import CommandLine
from tests.importers.conftest import eventful, repository
from tests.importers.importing_samples import Repository

__all__ = ["eventful", "repository"]

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def mesh(ganglion: CommandLine) -> Iterator[CommandLine]:
    """One that records, and no more."""
    only = [word for name in ("nats", "clickhouse", "ingestor") for word in ("--only", name)]
    started = ganglion("up", "--detach", *only)
    assert started.returncode == OK, started.stderr
    yield ganglion
    ganglion("down", "--kill")


def position_of(mesh: CommandLine, event_id: str) -> int:
    query = f"SELECT seq FROM swarm.events WHERE event_id = '{event_id}' FORMAT TSV"
    return int(mesh("sql", query).stdout)


def test_any_file_of_any_commit_is_what_git_has(
    mesh: CommandLine, eventful: Repository, tmp_path: Path
) -> None:
    """Each is written with git's own blob id, or named with what kept it from being so."""
    r = eventful
    r.write("bytes.txt", b"caf\xe9\n" * 3)
    r.write("one/a\\b'c\nd.txt", b"odd\n")
    r.commit("More that is odd", seconds=1_600_000_012)
    r.git("rm", "--quiet", "-r", "--cached", ".")
    r.git("commit", "--quiet", "-m", "All gone", seconds=1_600_000_013)
    assert mesh("import", "git", str(r.path)).returncode == OK
    commits = r.git("rev-list", "--first-parent", "--reverse", "HEAD").decode().split()
    written = 0
    for commit in commits:
        position = position_of(mesh, Origin(f"git:{commit}").event_id("outcome"))
        folder = tmp_path / "out" / commit
        ended = mesh("checkout", str(folder), "--at", str(position), "--json")
        assert ended.stdout, ended.stderr
        found = json.loads(ended.stdout)
        assert found["position"] == position
        assert ended.returncode == (FAILURE if found["left_out"] else OK), ended.stderr
        wanted = {}
        for line in r.git("ls-tree", "-r", "-z", commit).split(b"\0")[:-1]:
            about, _, name = line.partition(b"\t")
            wanted[name] = about.split()
        assert {spell(name) for name in wanted} == {*found["written"], *found["left_out"]}
        for name, (mode, _, blob) in wanted.items():
            why = found["left_out"].get(spell(name))
            if why is None:
                content = (folder / os.fsdecode(name)).read_bytes()
                assert blob_id(content) == blob.decode(), name
                written += 1
            else:
                assert (mode, why.split(":")[0]) in (
                    (b"160000", "it is a submodule"),
                    (b"100644", "its diff is not on record"),
                ), (name, why)
                assert name in (b"submodule", b"binary")
    assert written > 60


HOSTILE = {
    "/etc/out": "absolute",
    ".git/hooks/post-checkout": "programs go by",
    "folder/x": "is no folder there",
    "link/x": "is no folder there",
    "to_nothing": "is there already",
    "mine": "is there already",
}


def test_hostile_paths_stay_inside_and_nothing_is_overwritten_unasked(
    mesh: CommandLine, tmp_path: Path
) -> None:
    tmp_path = tmp_path / "here"  # the mesh writes beside it
    outside, folder, content = tmp_path / "outside", tmp_path / "deep" / "in", tmp_path / "content"
    outside.mkdir(parents=True)
    folder.mkdir(parents=True)
    (folder / "link").symlink_to(outside, target_is_directory=True)
    (folder / "to_nothing").symlink_to(outside / "new")
    (folder / "mine").write_text("mine\n")
    (folder / "folder").write_text("a file\n")
    before = sorted(tmp_path.rglob("*"))
    change = ("emit", "change", "--workspace", "w", "--role", "coder", "--agent-id", "c1")
    for number, path in enumerate((*HOSTILE, "good", "good")):
        content.write_text(f"{number}\n")
        is_second = path == "good" and number > len(HOSTILE)
        given = ("--before", str(tmp_path / "last")) if is_second else ()
        said = mesh(*change, path, "--after", str(content), *given)
        assert said.returncode == OK, said.stderr
        (tmp_path / "last").write_text(f"{number}\n")
    content.unlink()
    (tmp_path / "last").unlink()
    several = mesh("checkout", str(folder))
    assert (several.returncode, several.stdout) == (USAGE, "")
    assert "'' (in none) and w; say which with --workspace" in several.stderr
    left_out: dict[str, str] = {}
    for workspace, written in (("", []), ("w", ["good"])):
        ended = mesh("checkout", str(folder), "--workspace", workspace, "--json")
        assert ended.returncode == FAILURE, ended.stderr
        found = json.loads(ended.stdout)
        assert found["written"] == written
        left_out |= found["left_out"]
    assert left_out.keys() == HOSTILE.keys()
    for path, why in HOSTILE.items():
        assert why in left_out[path], (path, left_out[path])
    assert sorted(tmp_path.rglob("*")) == sorted([*before, folder / "good"])
    assert (folder / "good").read_text() == f"{len(HOSTILE) + 1}\n"
    assert (folder / "mine").read_text() == "mine\n"
    earlier = tmp_path / "earlier"
    last = str(found["position"] - 1)
    of_w = ("--workspace", "w")
    assert mesh("checkout", str(earlier), *of_w, "--at", last).returncode == FAILURE
    assert (earlier / "good").read_text() == f"{len(HOSTILE)}\n"
    again = json.loads(mesh("checkout", str(folder), *of_w, "--overwrite", "--json").stdout)
    assert set(again["written"]) == {"good", "mine", "to_nothing"}
    assert (folder / "mine").read_text() == f"{list(HOSTILE).index('mine')}\n"
    assert not (folder / "to_nothing").is_symlink()
    assert list(outside.iterdir()) == []

    state = mesh.json("state", "--at", last, "--json")
    good = {"workspace": "w", "type": "FILE_SYSTEM", "resource": "good", "changes": 1}
    assert [each for each in state["resources"] if good.items() <= each.items()]
    (diff,) = mesh.json("state", "--at", last, "--diff", str(found["position"]), "--json")[
        "resources"
    ]
    assert (diff["resource"], diff["changes"]) == ("good", 1)
    assert len(diff["event_ids"]) == 1
    shown = mesh("state", "--at", last, "--diff", str(found["position"]))
    assert shown.stdout.endswith("w\tchanged\tc1\tgood\n")

    for moment, sentence in {
        "9999": "is not on record",
        "7/1": "is not on record",
        "0": "is not on record",
        "1970-01-01": "before all that is on record",
        "9000-01-01": "is yet to come",
        "x": "is no moment",
    }.items():
        refused = mesh("checkout", str(tmp_path / "none"), "--at", moment)
        assert (refused.returncode, refused.stdout) == (USAGE, ""), moment
        assert sentence in refused.stderr, refused.stderr
    nobody = mesh("checkout", str(tmp_path / "none"), "--workspace", "v")
    assert (nobody.returncode, nobody.stdout) == (USAGE, "")
    assert "there is '' (in none) and w" in nobody.stderr
    assert not (tmp_path / "none").exists()
