"""How is a git repository asked? By the `git` command, in a way that no configuration can bend."""

from __future__ import annotations

import asyncio
import os
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ganglion.importing.bounded import valid_text
from ganglion.importing.git_log import LOG_OPTIONS, Commit, LogParser
from ganglion.importing.refusal import ImportRefused

_CHUNK_BYTES: Final = 256 * 1024
_MAX_COMPLAINT_BYTES: Final = 4096
_EMPTY_TREE: Final = {
    40: "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    64: "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
}
_SETTLED: Final = (
    "core.quotePath=true",
    "core.attributesFile=/dev/null",
    "core.bigFileThreshold=512m",
    "diff.suppressBlankEmpty=false",
    "log.mailmap=false",
)


@dataclass(frozen=True, slots=True)
class GitRepository:
    """A repository with at least one commit and all of its first-parent history."""

    path: Path
    git_dir: str
    head: str  # commit id, fixed when it was opened
    root: str  # id of the oldest commit of the first-parent history: the same in every clone

    @classmethod
    async def open(cls, path: Path) -> GitRepository:
        """
        Find the repository at or above `path`.

        Raises ImportRefused: none there, no commit, shallow, no git.
        """
        name = valid_text(str(path))
        if not await asyncio.to_thread(path.is_dir):
            raise ImportRefused(f"{name} is not a folder; name the folder of a git repository")
        # The person's own configuration counts here: it says whose repositories git may trust.
        status, output, complaint = await _ask(
            ["-C", os.fspath(path), "rev-parse", "--absolute-git-dir", "--is-shallow-repository"],
            environment=_environment(),
        )
        if status != 0:
            raise ImportRefused(f"{name} is not a git repository that can be read: {complaint}")
        git_dir, _, shallow = os.fsdecode(output).rstrip("\n").rpartition("\n")
        if shallow == "true":
            raise ImportRefused(
                f"{name} is a shallow clone: its older commits are missing, and the chains of its"
                " files would begin in the middle; run `git fetch --unshallow` there first"
            )
        repository = cls(path, git_dir, "", "")
        head = await repository._commit_id("HEAD")
        if head is None:
            raise ImportRefused(f"{name} has no commits yet; there is nothing to import")
        root = await repository._lines(
            "rev-list", "--first-parent", "--max-parents=0", "--end-of-options", head
        )
        return cls(path, git_dir, head, root[-1])

    async def since(self, revision: str) -> str:
        """The id of the commit that `revision` names. Raises ImportRefused where it names none."""
        commit_id = await self._commit_id(revision)
        if commit_id is None:
            raise ImportRefused(
                f"{valid_text(str(self.path))} knows no commit {valid_text(revision)!r};"
                " --since takes a commit id, a tag or a branch"
            )
        return commit_id

    async def count(self, *, since: str | None) -> int:
        """How many commits the first-parent history has after `since`."""
        lines = await self._lines("rev-list", "--first-parent", "--count", *self._range(since))
        return int(lines[0])

    async def commits(self, *, since: str | None) -> AsyncGenerator[Commit, None]:
        """The first-parent history after `since`, oldest first, read as fast as it is taken."""
        parser = LogParser()
        output = self._output("log", *LOG_OPTIONS, *self._range(since))
        async with aclosing(output):
            async for data in output:
                for commit in parser.feed(data):
                    yield commit
        for commit in parser.finish():
            yield commit

    def _range(self, since: str | None) -> list[str]:
        return ["--end-of-options", self.head, *([f"^{since}"] if since else []), "--"]

    async def _commit_id(self, revision: str) -> str | None:
        if "\0" in revision:
            return None
        status, output, _ = await _ask(
            [
                *self._arguments(),
                "rev-parse",
                "--verify",
                "--quiet",
                "--end-of-options",
                f"{revision}^{{commit}}",
            ],
            environment=_settled_environment(self.head),
        )
        return output.decode("ascii").strip() if status == 0 else None

    async def _lines(self, *arguments: str) -> list[str]:
        status, output, complaint = await _ask(
            [*self._arguments(), *arguments], environment=_settled_environment(self.head)
        )
        if status != 0 or not output:
            raise self._failed(arguments[0], status, complaint)
        return output.decode("ascii").splitlines()

    async def _output(self, *arguments: str) -> AsyncGenerator[bytes, None]:
        process = await _start(
            [*self._arguments(), *arguments], environment=_settled_environment(self.head)
        )
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

    def _arguments(self) -> list[str]:
        # Bare: what is checked out at the moment, .gitattributes first of all, must not matter.
        arguments = ["--bare", f"--git-dir={self.git_dir}", "--no-pager"]
        for setting in _SETTLED:
            arguments += ["-c", setting]
        return arguments

    def _failed(self, command: str, status: int, complaint: str) -> ImportRefused:
        return ImportRefused(
            f"`git {command}` in {valid_text(str(self.path))} failed with status {status}:"
            f" {complaint}; what was imported before it stays, and importing again goes on there"
        )


async def _ask(arguments: Sequence[str], *, environment: dict[str, str]) -> tuple[int, bytes, str]:
    """Exit status, output and the first line of the complaint of one short command."""
    process = await _start(arguments, environment=environment)
    try:
        output, complaint = await process.communicate()
    finally:
        await _end(process)
    assert process.returncode is not None
    return process.returncode, output, _one_line(complaint)


async def _start(arguments: Sequence[str], *, environment: dict[str, str]) -> Process:
    try:
        return await asyncio.create_subprocess_exec(
            "git", *arguments, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, env=environment
        )
    except FileNotFoundError as error:
        raise ImportRefused(
            "the command `git` was not found; install git, or put it on the PATH"
        ) from error
    except (OSError, ValueError) as error:
        raise ImportRefused(f"the command `git` could not be started: {error}") from error


async def _complaint(process: Process) -> str:
    """What git says on its error output, read to the end so that git never waits for us."""
    assert process.stderr is not None
    kept = b""
    while data := await process.stderr.read(_CHUNK_BYTES):
        kept = (kept + data)[:_MAX_COMPLAINT_BYTES]
    return _one_line(kept)


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


def _one_line(complaint: bytes) -> str:
    lines = complaint.decode(errors="backslashreplace").strip().splitlines()
    return lines[0].removeprefix("fatal: ") if lines else "git gave no reason"


def _environment() -> dict[str, str]:
    """
    This process's environment without what git passes to its hooks, which would name another
    repository.
    """
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    return kept | {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}


def _settled_environment(head: str) -> dict[str, str]:
    """
    As `_environment`, and blind to the configuration and attributes of the machine and the person.
    """
    return _environment() | {
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_ATTR_SOURCE": _EMPTY_TREE.get(len(head), _EMPTY_TREE[40]),
        "GIT_NO_REPLACE_OBJECTS": "1",
    }
