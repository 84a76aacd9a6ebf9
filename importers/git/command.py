"""
How is `git` run, so that what it reads cannot bend what it does?

What a configuration can bend is bent by nobody: the other's configuration is not there, the
machine's and the person's are not read, the environment is made anew. And what git could do all the
same it may not: it runs behind a wall (`importers.git.walled_git`).
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Final

from importers.refusal import ImportRefused
from nervous_system.contract.truncation import recordable

_CHUNK_BYTES: Final = 256 * 1024
_MAX_COMPLAINT_BYTES: Final = 4096
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


class GitCommand:
    """The program, as it sees one repository of ours that borrows the objects of another."""

    def __init__(self, path: Path, *, copy: Path, objects: Path, head: str, partial: bool) -> None:
        self._path = path  # of the other one, for sentences
        self._program = _git()
        self._copy = os.fspath(copy)
        self._objects = os.fspath(objects)
        self._environment = _environment(self._copy, head)
        self._partial = partial

    async def commit_id(self, revision: str) -> str | None:
        """The id of the commit that a name means; None where there is none."""
        if "\0" in revision:
            return None
        status, output, _ = await self.ask(
            "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
        )
        return output.decode("ascii").strip() if status == 0 else None

    async def lines(self, *arguments: str) -> list[str]:
        """What a short command prints. Raises GitFailed, also where it prints nothing."""
        status, output, complaint = await self.ask(*arguments)
        if status != 0 or not output:
            raise self._failure(arguments[0], status, complaint)
        return output.decode("ascii").splitlines()

    async def ask(self, *arguments: str) -> tuple[int, bytes, str]:
        """Exit status, output and the first line of the complaint of one short command."""
        process = await self._start(*arguments)
        try:
            output, complaint = await process.communicate()
        finally:
            await _end(process)
        assert process.returncode is not None
        return process.returncode, output, complaint.decode(errors="backslashreplace")

    async def output(
        self, *arguments: str, stdin: Path | None = None
    ) -> AsyncGenerator[bytes, None]:
        """What a long command prints, in pieces. Raises GitFailed behind the last one."""
        process = await self._start(*arguments, stdin=stdin)
        assert process.stdout is not None
        complaint = asyncio.create_task(_complaint(process), name="git complaint")
        try:
            while data := await process.stdout.read(_CHUNK_BYTES):
                yield data
            status = await process.wait()
            if status != 0:
                raise self._failure(arguments[0], status, await complaint)
        finally:
            complaint.cancel()
            await _end(process)

    async def _start(self, *arguments: str, stdin: Path | None = None) -> Process:
        command = [self._program, f"--git-dir={self._copy}", "--no-pager"]
        for setting in _SETTLED:
            command += ["-c", setting]
        wall = ["-I", "-m", "importers.git.walled_git", self._copy, self._objects]
        try:
            with (stdin or Path(os.devnull)).open("rb") as given:
                return await asyncio.create_subprocess_exec(
                    sys.executable,
                    *wall,
                    *command,
                    *arguments,
                    stdin=given,
                    stdout=PIPE,
                    stderr=PIPE,
                    cwd=self._copy,
                    env=self._environment,
                )
        except (OSError, ValueError) as error:
            raise ImportRefused(f"the command `git` could not be started: {error}") from error

    def _failure(self, command: str, status: int, complaint: str) -> GitFailed:
        partial = (
            " (it is a partial clone: what was left out when it was cloned is missing, and an"
            " import fetches nothing; import a clone made without --filter)"
            if self._partial
            else ""
        )
        return GitFailed(
            f"`git {command}` in {recordable(str(self._path))} failed with status {status}:"
            f" {one_line(complaint)}{partial}; what was imported before it stays, and importing"
            " again goes on there",
            complaint=complaint,
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


def one_line(complaint: str) -> str:
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
