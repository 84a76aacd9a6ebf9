"""
Does a repository that somebody else made get to run, fetch, read or hang anything?

Real git, and canaries: files that are there if a program ran. Each trap is first sprung by git
itself, where it can be, so that a test that finds no canary means something.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from enchanted.events.v1.state_change_pb2 import StateChange
from importers.git.history import open_history
from importers.git.log import LogParser
from importers.git.walled_git import wall_of
from importers.refusal import ImportRefused
from importers.swe_agent.trajectory_file import read_trajectories
from importers.unit import ImportUnit
from nervous_system.host.wall import gaps
from station.importing.folder import read_station

walled = pytest.mark.skipif(bool(gaps()), reason="this kernel holds no whole wall")


def git(path: Path, *arguments: str, content: bytes = b"", check: bool = True) -> str:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(path),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "A",
        "GIT_AUTHOR_EMAIL": "a@example.org",
        "GIT_COMMITTER_NAME": "C",
        "GIT_COMMITTER_EMAIL": "c@example.org",
    }
    return (
        subprocess.run(
            ["git", *arguments],
            cwd=path,
            env=environment,
            input=content,
            check=check,
            capture_output=True,
            timeout=300,
        )
        .stdout.decode(errors="replace")
        .strip()
    )


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Two commits on `main`."""
    path = tmp_path / "repository"
    path.mkdir()
    git(path, "init", "--quiet", "--initial-branch=main")
    for number in range(2):
        (path / "file.txt").write_text(f"line {number}\n" * 20)
        git(path, "add", "--all")
        git(path, "commit", "--quiet", "--message", f"Commit {number}")
    return path


class Canary:
    """A program that leaves a file when it runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "canary"
        path = folder / "canary.sh"
        path.write_text(f"#!/bin/sh\ntouch '{self.file}'\n")
        path.chmod(0o755)
        self.program = str(path)

    def sang(self) -> bool:
        """Whether the program ran since it was last asked."""
        there = self.file.exists()
        self.file.unlink(missing_ok=True)
        return there


@pytest.fixture
def canary(tmp_path: Path) -> Canary:
    return Canary(tmp_path)


async def imported(path: Path, *, since: str | None = None) -> list[ImportUnit]:
    source = await open_history(path, since=since)
    async with asyncio.timeout(60):
        return [unit async for unit in source.units]


PROGRAMS: dict[str, Callable[[str], list[tuple[str, str]]]] = {
    "fsmonitor": lambda run: [("core.fsmonitor", run)],
    "pager": lambda run: [("core.pager", run), ("pager.log", run), ("pager.rev-list", run)],
    "ssh": lambda run: [("core.sshCommand", run), ("remote.origin.url", "ssh://nowhere/x")],
    "hooks": lambda run: [("core.hooksPath", str(Path(run).parent))],
    "editor": lambda run: [("core.editor", run), ("sequence.editor", run)],
    "external diff": lambda run: [("diff.external", run), ("diff.x.command", run)],
    "textconv": lambda run: [("diff.x.textconv", run), ("diff.x.cachetextconv", "true")],
    "filter": lambda run: [("filter.x.clean", run), ("filter.x.smudge", run)],
    "filter process": lambda run: [("filter.x.process", run), ("filter.x.required", "true")],
    "alias": lambda run: [("alias.log", f"!{run}"), ("alias.rev-parse", f"!{run}")],
    "gpg": lambda run: [("log.showSignature", "true"), ("gpg.program", run)],
    "ssh signatures": lambda run: [("gpg.format", "ssh"), ("gpg.ssh.program", run)],
    "credentials": lambda run: [("credential.helper", f"!{run}"), ("core.askPass", run)],
    "trailer": lambda run: [("trailer.x.command", run), ("trailer.x.cmd", run)],
    "alternate refs": lambda run: [("core.alternateRefsCommand", run)],
    "upload pack": lambda run: [
        ("remote.origin.uploadpack", run),
        ("uploadpack.packObjectsHook", run),
    ],
    "difftool": lambda run: [
        ("diff.tool", "x"),
        ("difftool.x.cmd", run),
        ("interactive.diffFilter", run),
    ],
}


@pytest.mark.parametrize("trap", PROGRAMS)
async def test_no_program_that_its_configuration_names_runs(
    repository: Path, canary: Canary, trap: str
) -> None:
    expected = [unit.entries for unit in await imported(repository)]
    for key, value in PROGRAMS[trap](canary.program):
        git(repository, "config", key, value)
    for place in (".gitattributes", ".git/info/attributes"):
        (repository / place).write_text("* diff=x filter=x\n")
    for hook in ("post-index-change", "reference-transaction", "pre-auto-gc"):
        shutil.copy(canary.program, repository / ".git" / "hooks" / hook)
    assert [unit.entries for unit in await imported(repository)] == expected
    assert not canary.sang()


@pytest.mark.parametrize("how", ["include.path", "includeIf.gitdir:/.path", "worktree"])
async def test_nor_where_the_configuration_lies_elsewhere(
    repository: Path, canary: Canary, tmp_path: Path, how: str
) -> None:
    elsewhere = tmp_path / "elsewhere.config"
    elsewhere.write_text(f"[diff]\n external = {canary.program}\n")
    if how == "worktree":
        git(repository, "config", "extensions.worktreeConfig", "true")
        shutil.copy(elsewhere, repository / ".git" / "config.worktree")
    else:
        git(repository, "config", how, str(elsewhere))
    git(repository, "log", "--patch", "--ext-diff")
    assert canary.sang()  # git itself springs it
    assert len(await imported(repository)) == 2
    assert not canary.sang()


async def test_nothing_is_fetched_for_a_partial_clone(repository: Path, canary: Canary) -> None:
    """The fault as it was found: a missing object, and a remote whose transport is a program."""
    blob = git(repository, "rev-parse", "HEAD:file.txt")
    (repository / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    (repository / ".git" / "objects" / "pack" / "x.promisor").touch()
    for key, value in (
        ("core.repositoryFormatVersion", "1"),
        ("extensions.partialClone", "origin"),
        ("remote.origin.promisor", "true"),
        ("remote.origin.url", f"ext::{canary.program}"),
        ("protocol.ext.allow", "always"),
        ("protocol.allow", "always"),
    ):
        git(repository, "config", key, value)
    git(repository, "log", "--patch", check=False)
    assert canary.sang()  # git itself springs it
    first, last = await imported(repository)
    assert (first.gap, last.gap) == ("", "the repository has lost the content of file.txt")
    assert not canary.sang()


async def test_no_program_that_the_environment_names_runs(
    repository: Path, canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = canary.program
    for name in ("GIT_EXTERNAL_DIFF", "GIT_PAGER", "GIT_SSH_COMMAND", "GIT_EDITOR", "GIT_ASKPASS"):
        monkeypatch.setenv(name, run)
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "diff.external")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", run)
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_EXEC_PATH", str(canary.folder))
    monkeypatch.setenv("GIT_TRACE", str(canary.file))
    monkeypatch.setenv("GIT_TRACE2_EVENT", str(canary.file))
    assert len(await imported(repository)) == 2
    assert not canary.sang()


async def test_a_git_that_lies_in_the_repository_is_not_it(
    repository: Path, canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(canary.program, repository / "git")
    monkeypatch.chdir(repository)
    monkeypatch.setenv("PATH", f".:{os.environ['PATH']}")
    assert len(await imported(repository)) == 2
    assert not canary.sang()


async def test_what_it_says_of_its_own_history_is_not_believed(repository: Path) -> None:
    """Replaced objects, grafts, a commit graph: git would show other commits for these ids."""
    expected = [unit.entries for unit in await imported(repository)]
    first, last = git(repository, "rev-list", "--reverse", "HEAD").split()
    other = git(repository, "commit-tree", f"{first}^{{tree}}", "-m", "forged")
    git(repository, "replace", last, other)
    (repository / ".git" / "info" / "grafts").write_text(f"{last}\n")
    git(repository, "config", "core.commitGraph", "true")
    git(repository, "commit-graph", "write", "--reachable")
    assert [unit.entries for unit in await imported(repository)] == expected


@pytest.fixture
def private(tmp_path: Path) -> Path:
    """Somebody's own repository, which a stranger's folder would like to have imported."""
    path = tmp_path / "private"
    path.mkdir()
    git(path, "init", "--quiet")
    (path / "key").write_text("private\n")
    git(path, "add", "--all")
    git(path, "commit", "--quiet", "--message", "Private")
    return path


def _gitdir_file(path: Path, private: Path) -> None:
    shutil.rmtree(path / ".git")
    (path / ".git").write_text(f"gitdir: {private}/.git\n")


def _linked_git(path: Path, private: Path) -> None:
    shutil.rmtree(path / ".git")
    (path / ".git").symlink_to(private / ".git")


def _alternates(path: Path, private: Path) -> None:
    (path / ".git/objects/info/alternates").write_text(f"{private}/.git/objects\n")
    (path / ".git/refs/heads/main").write_text(f"{git(private, 'rev-parse', 'HEAD')}\n")


def _linked_objects(path: Path, private: Path) -> None:
    shutil.rmtree(path / ".git/objects")
    (path / ".git/objects").symlink_to(private / ".git/objects")


def _linked_pack(path: Path, private: Path) -> None:
    git(private, "repack", "-a", "-d", "--quiet")
    for pack in (private / ".git/objects/pack").iterdir():
        (path / ".git/objects/pack" / pack.name).symlink_to(pack)
    (path / ".git/refs/heads/main").write_text(f"{git(private, 'rev-parse', 'HEAD')}\n")


def _linked_refs(path: Path, private: Path) -> None:
    shutil.rmtree(path / ".git/refs")
    (path / ".git/refs").symlink_to(private / ".git/refs")


def _commondir(path: Path, private: Path) -> None:
    (path / ".git/commondir").write_text(f"{private}/.git\n")


def _pipe_for_an_object(path: Path, private: Path) -> None:
    os.mkfifo(path / ".git/objects/pack/pack-0000000000000000000000000000000000000000.idx")


def _pipe_for_head(path: Path, private: Path) -> None:
    (path / ".git/HEAD").unlink()
    os.mkfifo(path / ".git/HEAD")


def _device_for_packed_refs(path: Path, private: Path) -> None:
    (path / ".git/packed-refs").symlink_to("/dev/zero")


def _endless_head(path: Path, private: Path) -> None:
    with (path / ".git/HEAD").open("wb") as file:
        file.truncate(1024**4)


@pytest.mark.parametrize(
    "trap",
    [
        _gitdir_file,
        _linked_git,
        _alternates,
        _linked_objects,
        _linked_pack,
        _linked_refs,
        _commondir,
        _pipe_for_an_object,
        _pipe_for_head,
        _device_for_packed_refs,
        _endless_head,
    ],
)
async def test_what_leads_out_of_the_folder_or_never_ends_is_refused(
    repository: Path, private: Path, trap: Callable[[Path, Path], None]
) -> None:
    trap(repository, private)
    async with asyncio.timeout(60):
        with pytest.raises(ImportRefused) as refused:
            await open_history(repository)
    assert str(repository) in str(refused.value)


@pytest.mark.parametrize("head", ["ref: ../../private/.git/refs/heads/main", "ref: refs/../x", "x"])
async def test_a_head_that_names_no_branch_of_its_own_is_no_commit(
    repository: Path, private: Path, head: str
) -> None:
    (repository / ".git/HEAD").write_text(f"{head}\n")
    with pytest.raises(ImportRefused, match="has no commits yet"):
        await open_history(repository)


async def test_a_worktree_and_a_submodule_are_named_back_and_read(
    repository: Path, tmp_path: Path
) -> None:
    worktree = tmp_path / "worktree"
    git(repository, "worktree", "add", "--quiet", "--detach", str(worktree), "HEAD~1")
    assert len(await imported(worktree)) == 1
    outer = tmp_path / "outer"
    outer.mkdir()
    git(outer, "init", "--quiet")
    git(
        outer,
        *("-c", "protocol.file.allow=always"),
        *("submodule", "--quiet", "add", str(repository), "inner"),
    )
    assert (outer / "inner" / ".git").is_file()
    assert len(await imported(outer / "inner")) == 2


async def test_names_that_look_like_options_and_odd_paths_are_data(
    repository: Path, canary: Canary
) -> None:
    head = git(repository, "rev-parse", "HEAD~1")
    for name in (f"--output={canary.file.name}", "-c", "a b", "a\x1b[2Jb"):
        path = repository / ".git" / "refs" / "heads" / name
        path.write_text(f"{head}\n")
    (repository / "\x1b]52;c;eA==\x07\n--output=x").write_text("odd\n")
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", "Odd")
    assert len(await imported(repository, since=f"refs/heads/--output={canary.file.name}")) == 2
    with pytest.raises(ImportRefused, match="knows no commit"):
        await open_history(repository, since=f"--output={canary.file}")
    assert not canary.sang()


def give_away(repository: Path) -> None:
    subprocess.run(["chown", "-R", "65534:65534", str(repository)], check=True)


async def test_who_owns_it_does_not_matter_as_nothing_of_it_is_obeyed(repository: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root gives files away")
    give_away(repository)
    assert len(await imported(repository)) == 2


async def test_a_commit_of_endlessly_many_files_costs_no_machine(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tree of ten trees that are one tree, and so on: few objects, as many files as one likes."""
    monkeypatch.setattr("importers.git.log._MAX_FILES", 5_000)
    blob = git(repository, "hash-object", "-w", "--stdin", content=b"x\n")
    lines = "".join(f"100644 blob {blob}\tf{number}\n" for number in range(10))
    for _ in range(3):
        tree = git(repository, "mktree", content=lines.encode())
        lines = "".join(f"040000 tree {tree}\td{number}\n" for number in range(10))
    tree = git(repository, "mktree", content=lines.encode())
    commit = git(repository, "commit-tree", tree, "-m", "bomb", "-p", "HEAD")
    git(repository, "update-ref", "HEAD", commit)
    [*_, bomb] = await imported(repository)
    assert bomb.gap == "it has more than 5,000 files, of which these are taken"
    assert len(bomb.entries) == 5_000 + 2
    assert all(change.is_reversible for change in changes_of(bomb))
    monkeypatch.setattr("importers.git.log._MAX_FILES", 1_000_000)
    monkeypatch.setattr("importers.git.log._MAX_NAME_BYTES", 500_000)
    [*_, bomb] = await imported(repository)
    assert "of which these are taken" in bomb.gap
    assert all(change.is_reversible for change in changes_of(bomb))


def changes_of(unit: ImportUnit) -> list[StateChange]:
    payloads = [entry.event.payload for entry in unit.entries]
    return [payload for payload in payloads if isinstance(payload, StateChange)]


def test_a_message_without_end_is_refused_while_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importers.git.log._MAX_MESSAGE_BYTES", 1000)
    parser = LogParser()
    with pytest.raises(ImportRefused, match="a message of more than"):
        list(parser.feed(b"\0" + b"a" * 2000))


BEHIND = """
import os, subprocess, socket, sys
from pathlib import Path
from importers.git.walled_git import wall_of
wall_of(Path(sys.argv[1]), Path(sys.argv[2])).raise_()
try:
    exec(sys.argv[3])
except OSError as error:
    print(type(error).__name__)
else:
    print("done")
"""


@walled
@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("subprocess.run([sys.argv[1], '--version'], check=True, stdout=2)", "done"),
        ("open(sys.argv[2] + '/HEAD').read()", "done"),
        ("open(sys.argv[2] + '/HEAD', 'w')", "PermissionError"),
        ("open(sys.argv[2] + '/../../secret').read()", "PermissionError"),
        ("open('/etc/passwd').read()", "PermissionError"),
        ("open('/tmp/made', 'w')", "PermissionError"),
        ("subprocess.run(['/bin/sh', '-c', 'true'])", "PermissionError"),
        ("subprocess.run(['/usr/bin/env', 'true'])", "PermissionError"),
        ("socket.create_connection(('127.0.0.1', int(sys.argv[4])))", "PermissionError"),
        ("socket.socket(socket.AF_INET, socket.SOCK_DGRAM)", "PermissionError"),
        ("socket.socket(socket.AF_UNIX)", "PermissionError"),
    ],
)
def test_behind_its_wall_git_reads_what_it_was_given_and_no_more(
    repository: Path, tmp_path: Path, code: str, said: str
) -> None:
    (tmp_path / "secret").write_text("secret")
    program = shutil.which("git")
    assert program is not None
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        arguments = [program, str(repository / ".git"), code, str(port)]
        ended = subprocess.run(
            [sys.executable, "-c", BEHIND, *arguments],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    assert ended.stdout.strip() == said, ended.stderr


def test_the_wall_lets_one_program_run() -> None:
    program = shutil.which("git")
    assert program is not None
    names = {path.name for path in wall_of(Path(program)).execute}
    assert "git" in names
    assert all(name == "git" or name.startswith("ld") for name in names)


def test_a_station_whose_files_lead_elsewhere_is_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret\n")
    for number, (name, make) in enumerate(
        {
            "policy.yaml": lambda path: path.symlink_to(secret),
            "registry.jsonl": lambda path: path.symlink_to("/dev/zero"),
            "task_queue.jsonl": os.mkfifo,
            "objectives.jsonl": lambda path: path.mkdir(),
        }.items()
    ):
        station = tmp_path / str(number)
        station.mkdir()
        make(station / name)
        with pytest.raises(ImportRefused, match=name):
            read_station(station)


def test_a_trajectory_that_is_no_file_is_refused(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.traj"
    os.mkfifo(pipe)
    with pytest.raises(ImportRefused, match="a pipe, a socket or a device"):
        read_trajectories(pipe)
    endless = tmp_path / "endless.traj"
    endless.symlink_to("/dev/zero")
    with pytest.raises(ImportRefused, match=r"endless\.traj"):
        read_trajectories(endless)


def test_rows_and_trajectories_nested_without_end_are_refused(tmp_path: Path) -> None:
    from station.names import TASK_QUEUE

    (tmp_path / TASK_QUEUE).write_text("[" * 60_000 + "\n" + '{"a":' * 20_000 + "\n")
    with pytest.raises(ImportRefused, match="nested too deeply"):
        read_station(tmp_path)
    deep = tmp_path / "deep.traj"
    deep.write_text('{"history":' + "[" * 1_000_000)
    with pytest.raises(ImportRefused):
        read_trajectories(deep)
