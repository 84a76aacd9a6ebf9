"""
How is a git repository asked? By the `git` command, which sees a repository of our own.

What a configuration can bend is bent by nobody: the other's configuration is not there, the
machine's and the person's are not read, the environment is made anew. And what git could do all the
same it may not: it runs behind a wall (`ganglion.importing.walled_git`).
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
import weakref
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Final

from ganglion.importing import git_copy
from ganglion.importing.git_folder import GitFolder, find_git_folder
from ganglion.importing.git_log import (
    LOG_OPTIONS,
    WITHOUT_DIFFS,
    WITHOUT_FILES,
    Commit,
    LogParser,
    TooManyFiles,
)
from ganglion.importing.refusal import ImportRefused
from nervous_system.contract.bounded import recordable

_CHUNK_BYTES: Final = 256 * 1024
_MAX_COMPLAINT_BYTES: Final = 4096
_MOST_STAND_INS: Final = 20_000
"""Where more is missing than this, no diff is read at all."""
_MOST_FAILURES: Final = 1_000
"""Of git at one import; each costs some processes."""
_MOST_NAMED: Final = 5
_OBJECT_ID: Final = re.compile(r"\b[0-9a-f]{40}(?:[0-9a-f]{24})?\b")
_EMPTY_TREE: Final = {
    40: "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    64: "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
}
_SETTLED: Final = (
    "core.quotePath=true",
    "core.attributesFile=/dev/null",
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.multiPackIndex=false",
    "core.bigFileThreshold=128m",
    "diff.suppressBlankEmpty=false",
    "log.mailmap=false",
    "protocol.allow=never",
)


class GitFailed(ImportRefused):
    """A command of git ended with an error; `complaint` is what git said, in lines."""

    def __init__(self, sentence: str, *, complaint: str) -> None:
        super().__init__(sentence)
        self.complaint = complaint


class GitRepository:
    """A repository with at least one commit and all of its first-parent history."""

    def __init__(self, path: Path, folder: GitFolder, *, git: str, copy: Path, head: str) -> None:
        self._path = path
        self._folder = folder
        self._git = git
        self._copy = copy
        self.head = head  # commit id, fixed when it was opened
        self.root = ""  # id of the oldest commit of the first-parent history
        self.remark = folder.remark
        self._missing: set[str] | None = None  # files; None until something was found to be
        self._with_diffs = True
        weakref.finalize(self, git_copy.remove, copy)

    @classmethod
    async def open(cls, path: Path) -> GitRepository:
        """
        Find the repository at or above `path`.

        Raises ImportRefused: none there, no commit, shallow, one that leads elsewhere, no git.
        """
        try:
            folder = await asyncio.to_thread(find_git_folder, path)
        except OSError as error:
            raise ImportRefused(
                f"{recordable(str(path))} cannot be read: {error}; check who may read it"
            ) from error
        if folder.head is None:
            raise ImportRefused(
                f"{recordable(str(path))} has no commits yet; there is nothing to import"
            )
        git = _git()
        copy = await asyncio.to_thread(git_copy.lay_out, folder, head=folder.head)
        repository = cls(path, folder, git=git, copy=copy, head=folder.head)
        if await repository._commit_id("HEAD") is None:
            raise ImportRefused(
                f"{recordable(str(path))} says that {folder.head} is checked out, which is no"
                " commit that it holds; is it damaged?"
            )
        root = await repository._lines(
            "rev-list", "--first-parent", "--max-parents=0", "--end-of-options", folder.head
        )
        repository.root = root[-1]
        return repository

    async def since(self, revision: str) -> str:
        """The id of the commit that `revision` names. Raises ImportRefused where it names none."""
        commit_id = await self._commit_id(revision)
        if commit_id is None:
            raise ImportRefused(
                f"{recordable(str(self._path))} knows no commit {recordable(revision)!r};"
                " --since takes a commit id, a tag or a branch"
            )
        return commit_id

    async def count(self, *, since: str | None) -> int:
        """How many commits the first-parent history has after `since`."""
        lines = await self._lines("rev-list", "--first-parent", "--count", *self._range(since))
        return int(lines[0])

    async def commits(self, *, since: str | None) -> AsyncGenerator[tuple[Commit, str], None]:
        """
        The first-parent history after `since`, oldest first, read as fast as it is taken.

        With a sentence on what of the commit is not there, empty where it is whole. What git cannot
        read ends nothing: the commit comes without it. Raises ImportRefused where git cannot even
        say which commits there are.
        """
        failures = 0
        while True:
            failure: GitFailed | None = None
            try:
                async with aclosing(self._log(LOG_OPTIONS, self._range(since))) as commits:
                    async for commit in commits:
                        yield commit, self._gap(commit)
                        since = commit.commit_id
                return
            except TooManyFiles as large:
                commit = large.commit
            except GitFailed as error:
                failure = error
            failures += 1
            if failures > _MOST_FAILURES:
                raise failure or _too_many()
            if failure is None:
                yield commit, self._gap(commit)
                since = commit.commit_id
            elif not await self._stand_in(failure):
                # The last one before it may be whole, and was not out yet.
                for _ in range(2):
                    commit_id = await self._next(since)
                    if commit_id is None:
                        return
                    commit, gap = await self._what_is_left_of(commit_id, failure)
                    yield commit, gap
                    since = commit.commit_id
                    if gap:
                        break

    async def _log(
        self, options: Sequence[str], revisions: Sequence[str]
    ) -> AsyncGenerator[Commit, None]:
        if not self._with_diffs and options == LOG_OPTIONS:
            options = WITHOUT_DIFFS
        parser = LogParser(with_diffs="--patch" in options)
        async with aclosing(self._output("log", *options, *revisions)) as output:
            async for data in output:
                for commit in parser.feed(data):
                    yield commit
        for commit in parser.finish():
            yield commit

    def _gap(self, commit: Commit) -> str:
        """What of a commit that git could show is not in it."""
        gaps = []
        if not commit.all_files:
            taken = len(commit.changes)
            gaps.append(
                f"it has more than {taken:,} files, of which these are taken, without diffs"
            )
        missing = [
            change.path
            for change in commit.changes
            if self._missing
            and not self._missing.isdisjoint((change.previous_hash, change.new_hash))
        ]
        if missing:
            more = f" and {len(missing) - _MOST_NAMED:,} more" if len(missing) > _MOST_NAMED else ""
            gaps.append(
                f"the repository has lost the content of {', '.join(missing[:_MOST_NAMED])}{more}"
            )
        if not self._with_diffs:
            gaps.append("no diff was read, as most files are lost")
        return "; ".join(gaps)

    async def _stand_in(self, failure: GitFailed) -> bool:
        """Whether something was put in the place of files that are lost, so that git gets further.

        The first time all of them are looked for, later the one that git complained of.
        """
        found = set(_OBJECT_ID.findall(failure.complaint))
        if self._missing is None:
            self._missing = set()
            found |= await self._lost()
        found -= self._missing
        self._missing |= found
        if len(self._missing) > _MOST_STAND_INS:
            changed, self._with_diffs = self._with_diffs, False
            return changed
        await asyncio.to_thread(git_copy.stand_in, self._copy, found)
        return bool(found)

    async def _lost(self) -> set[str]:
        """The ids of what the history needs and the repository does not have, as far as git sees
        it."""
        lost: set[str] = set()
        walk = ("--objects", "--no-object-names", "--missing=print", "--first-parent")
        rest = b""
        try:
            async with aclosing(self._output("rev-list", *walk, *self._range(None))) as output:
                async for data in output:
                    *lines, rest = (rest + data).split(b"\n")
                    lost.update(line[1:].decode("ascii") for line in lines if line[:1] == b"?")
                    if len(lost) > _MOST_STAND_INS:
                        break
        except GitFailed:
            pass  # what it saw before it failed helps, and the commit itself says the rest
        return lost

    async def _next(self, since: str | None) -> str | None:
        """The id of the oldest commit after one."""
        walk = ("--first-parent", "--reverse")
        async with aclosing(self._output("rev-list", *walk, *self._range(since))) as output:
            async for data in output:
                return data.split(b"\n", 1)[0].decode("ascii")
        return None

    async def _what_is_left_of(self, commit_id: str, failure: GitFailed) -> tuple[Commit, str]:
        """One commit, as much of it as git can show."""
        for options, gap in (
            (LOG_OPTIONS, ""),
            (WITHOUT_DIFFS, "its diffs could not be read"),
            (WITHOUT_FILES, "its files could not be listed"),
        ):
            revisions = ["--max-count=1", "--end-of-options", commit_id, "--"]
            try:
                async with aclosing(self._log(options, revisions)) as commits:
                    async for commit in commits:
                        reason = f"{gap} (git: {_one_line(failure.complaint)})" if gap else ""
                        return commit, "; ".join(filter(None, (reason, self._gap(commit))))
            except TooManyFiles as large:
                return large.commit, self._gap(large.commit)
            except GitFailed as error:
                failure = error
        raise failure

    def _range(self, since: str | None) -> list[str]:
        return ["--end-of-options", self.head, *([f"^{since}"] if since else []), "--"]

    async def _commit_id(self, revision: str) -> str | None:
        if "\0" in revision:
            return None
        status, output, _ = await self._ask(
            "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
        )
        return output.decode("ascii").strip() if status == 0 else None

    async def _lines(self, *arguments: str) -> list[str]:
        status, output, complaint = await self._ask(*arguments)
        if status != 0 or not output:
            raise self._failed(arguments[0], status, complaint)
        return output.decode("ascii").splitlines()

    async def _ask(self, *arguments: str) -> tuple[int, bytes, str]:
        """Exit status, output and the first line of the complaint of one short command."""
        process = await self._start(*arguments)
        try:
            output, complaint = await process.communicate()
        finally:
            await _end(process)
        assert process.returncode is not None
        return process.returncode, output, complaint.decode(errors="backslashreplace")

    async def _output(self, *arguments: str) -> AsyncGenerator[bytes, None]:
        process = await self._start(*arguments)
        assert process.stdout is not None
        complaint = asyncio.create_task(_complaint(process), name="git complaint")
        try:
            while data := await process.stdout.read(_CHUNK_BYTES):
                yield data
            status = await process.wait()
            if status != 0:
                raise self._failed(arguments[0], status, await complaint)
        finally:
            complaint.cancel()
            await _end(process)

    async def _start(self, *arguments: str) -> Process:
        copy = os.fspath(self._copy)
        command = [self._git, f"--git-dir={copy}", "--no-pager"]
        for setting in _SETTLED:
            command += ["-c", setting]
        wall = ["-I", "-m", "ganglion.importing.walled_git", copy, os.fspath(self._folder.objects)]
        try:
            return await asyncio.create_subprocess_exec(
                sys.executable,
                *wall,
                *command,
                *arguments,
                stdin=DEVNULL,
                stdout=PIPE,
                stderr=PIPE,
                cwd=copy,
                env=_environment(copy, self.head),
            )
        except (OSError, ValueError) as error:
            raise ImportRefused(f"the command `git` could not be started: {error}") from error

    def _failed(self, command: str, status: int, complaint: str) -> GitFailed:
        partial = (
            " (it is a partial clone: what was left out when it was cloned is missing, and an"
            " import fetches nothing; import a clone made without --filter)"
            if self._folder.partial
            else ""
        )
        return GitFailed(
            f"`git {command}` in {recordable(str(self._path))} failed with status {status}:"
            f" {_one_line(complaint)}{partial}; what was imported before it stays, and importing"
            " again goes on there",
            complaint=complaint,
        )


def _too_many() -> ImportRefused:
    return ImportRefused(
        f"more than {_MOST_FAILURES:,} commits are too large; what was imported before stays"
    )


async def _complaint(process: Process) -> str:
    """What git says on its error output, read to the end so that git never waits for us."""
    assert process.stderr is not None
    kept = b""
    while data := await process.stderr.read(_CHUNK_BYTES):
        kept = (kept + data)[:_MAX_COMPLAINT_BYTES]
    return kept.decode(errors="backslashreplace")


async def _end(process: Process) -> None:
    """End it where it still runs.

    Its output is read to the end: `wait` of Python 3.11 returns only when the pipes are closed, and
    a pipe that is full is never read again.
    """
    if process.returncode is None:
        process.kill()
        assert process.stdout is not None
        while await process.stdout.read(_CHUNK_BYTES):
            pass
        await process.wait()


def _one_line(complaint: str) -> str:
    """Why it ended; warnings and what led to it may stand before that."""
    lines = complaint.strip().splitlines() or ["git gave no reason"]
    fatal = next((line for line in lines if line.startswith("fatal: ")), lines[0])
    return fatal.removeprefix("fatal: ")


def _git() -> str:
    """
    The program, by its whole path: what lies where we stand is never it.

    A script that only finds it (`asdf` and the like put some) would need more than the wall allows.
    """
    for place in os.get_exec_path():
        found = shutil.which("git", path=place) if Path(place).is_absolute() else None
        if found is not None and not _is_script(Path(found)):
            return found
    raise ImportRefused("the command `git` was not found; install git, or put it on the PATH")


def _is_script(program: Path) -> bool:
    with program.open("rb") as file:
        return file.read(2) == b"#!"


def _environment(home: str, head: str) -> dict[str, str]:
    """
    All that git gets. Of this process's own environment nothing: it could name programs.

    Some versions take attributes from the tree of HEAD where nothing is checked out.
    """
    return {
        "PATH": os.defpath,
        "HOME": home,
        "LC_ALL": "C",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_ATTR_SOURCE": _EMPTY_TREE[len(head)],
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
    }
