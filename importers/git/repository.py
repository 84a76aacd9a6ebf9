"""
What is the history of a git repository, as far as it is there?

What git cannot read ends nothing: a commit comes without what is lost of it, one that is lost
itself is named, and the others come.
"""

from __future__ import annotations

import asyncio
import re
import weakref
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Final

from importers.git import copy as git_copy
from importers.git.command import GitCommand, GitFailed, one_line
from importers.git.folder import GitFolder, find_git_folder
from importers.git.lines import CommitLine, lines_of
from importers.git.log import (
    LOG_OPTIONS,
    WITHOUT_DIFFS,
    WITHOUT_FILES,
    WITHOUT_MESSAGE,
    Commit,
    LogParser,
    TooManyFiles,
)
from importers.refusal import ImportRefused
from nervous_system.contract.truncation import recordable
from nervous_system.phrases import pluralize

_MAX_STAND_INS: Final = 20_000
"""Where more is missing than this, no diff is read at all."""
_MAX_FAILURES: Final = 1_000
"""Of git at one import, before less is asked of it; each costs some processes."""
_MAX_NAMED: Final = 5
_SHORT: Final = 12
_OBJECT_ID: Final = re.compile(r"\b[0-9a-f]{40}(?:[0-9a-f]{24})?\b")
_LEVELS: Final = (
    (LOG_OPTIONS, ""),
    (WITHOUT_DIFFS, "its diffs could not be read"),
    (WITHOUT_FILES, "its files could not be listed"),
    (WITHOUT_MESSAGE, "neither its message nor its files could be read"),
)
"""What git is asked for of a commit, and what is said where it was less than all."""
_WITHOUT_FILES: Final = 2
_OF_ALL: Final = (
    "",
    "no diff was read, as most files are lost",
    "no file was listed, as most are lost",
    "neither messages nor files were read, as most are lost",
)
"""What is said of each commit where it is less for all of them."""


class GitRepository:
    """A repository with at least one commit, and its first-parent history after a revision."""

    def __init__(self, path: Path, folder: GitFolder, *, copy: Path, head: str) -> None:
        self._path = path
        self._copy = copy
        self._git = GitCommand(
            path, copy=copy, objects=folder.objects, head=head, partial=folder.partial
        )
        self._head = head  # commit id, fixed when it was opened
        self._lines: list[CommitLine] = []  # newest first
        self._since: str | None = None
        self._missing: set[str] | None = None  # files; None until something was found to be
        self._level = 0
        self._failures = 0
        self.remark = folder.remark
        self.refused: list[str] = []  # a sentence for each commit that is lost, so far
        weakref.finalize(self, git_copy.remove, copy)

    @classmethod
    async def open(cls, path: Path, *, since: str | None = None) -> GitRepository:
        """
        Find the repository at or above `path`.

        Raises ImportRefused: none there, no commit, shallow, one that leads elsewhere, no git;
        `since` names no commit.
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
        copy = await asyncio.to_thread(git_copy.lay_out, folder, head=folder.head)
        try:
            repository = cls(path, folder, copy=copy, head=folder.head)
        except ImportRefused:  # there is no git
            git_copy.remove(copy)
            raise
        await repository._find_lines(since)
        return repository

    async def count(self) -> int:
        """How many commits there are to come."""
        return sum([await self._count(line) for line in self._lines])

    async def commits(self) -> AsyncGenerator[tuple[Commit, CommitLine, str], None]:
        """
        The history, oldest commit first, read as fast as it is taken.

        Each with the line it belongs to, and a sentence on what of the commit is not there, empty
        where it is whole. Raises ImportRefused where git cannot even say which commits there are.
        """
        for line in reversed(self._lines):
            async with aclosing(self._walk(line)) as commits:
                async for commit, gap in commits:
                    yield commit, line, gap

    async def _find_lines(self, since: str | None) -> None:
        if since is not None:
            self._since = await self._git.commit_id(since)
            if self._since is None:
                raise ImportRefused(
                    f"{recordable(str(self._path))} knows no commit {recordable(since)!r};"
                    " --since takes a commit id, a tag or a branch"
                )
        try:
            lines = await lines_of(self._git, self._head, list_file=self._copy / "commits")
        except GitFailed as error:
            if await self._git.commit_id(self._head) is not None:
                raise
            raise ImportRefused(
                f"{recordable(str(self._path))} says that {self._head} is checked out, which is no"
                " commit that it holds; is it damaged?"
            ) from error
        await asyncio.to_thread(
            git_copy.cut_off, self._copy, [line.root for line in lines if line.before]
        )
        wanted = self._head
        for line in lines:
            if line.head != wanted:
                self._name_lost(wanted, before=line)
            self._lines.append(line)
            if (
                self._since is not None
                and await self._leads_to(self._since, line.head)
                and (not line.before or await self._leads_to(line.root, self._since))
            ):
                return  # what is lost is not asked for
            wanted = line.before[0] if line.before else ""
        if wanted:
            self._name_lost(wanted, before=None)

    def _name_lost(self, lost: str, *, before: CommitLine | None) -> None:
        if not self._lines:
            after = "; it is the one that is checked out"
        else:
            root = self._lines[-1].root[:_SHORT]
            after = (
                f"; the files of what came after it are named after its follower {root},"
                " as the history that it belonged to is not known"
            )
        led = (
            f"; what led to it is not known either, and the longest line that is left was taken"
            f" for it, up to {before.head[:_SHORT]}"
            if before is not None
            else "; no commits are left that may have led to it"
        )
        self.refused.append(
            f"the commit {lost[:_SHORT]} is not imported, as the repository has lost it{after}{led}"
        )

    async def _leads_to(self, ancestor: str, commit: str) -> bool:
        status, _, _ = await self._git.ask("merge-base", "--is-ancestor", ancestor, commit)
        return status == 0

    async def _count(self, line: CommitLine) -> int:
        lines = await self._git.lines(
            "rev-list", "--first-parent", "--count", *_range(line, self._since)
        )
        return int(lines[0])

    async def _walk(self, line: CommitLine) -> AsyncGenerator[tuple[Commit, str], None]:
        """One line, oldest commit first."""
        since = self._since
        if line.before and await self._next(line, since) == line.root:
            found = await self._what_is_left_of(line.root, minimum=_WITHOUT_FILES)
            if found is not None:
                commit, _ = found
                lost = line.before[0][:_SHORT]
                gap = f"its files are left out, as the commit before it, {lost}, is lost"
                yield replace(commit, parents=line.before), gap
            since = line.root
        while True:
            failure: ImportRefused | None = None
            try:
                async with aclosing(self._log(_range(line, since))) as commits:
                    async for commit in commits:
                        yield commit, self._gap(commit)
                        since = commit.commit_id
                if since == line.head or await self._next(line, since) is None:
                    return
                failure = ImportRefused("git ended before the history did")
            except TooManyFiles as large:
                commit = large.commit
            except ImportRefused as error:
                failure = error
            self._count_failure(failure)
            if failure is None:
                yield commit, self._gap(commit)
                since = commit.commit_id
                continue
            # Where commits are lost meanwhile, this is what says so.
            if await self._next(line, since) is not None and not await self._stand_in(failure):
                # The last one before it may be whole, and was not out yet.
                for _ in range(2):
                    commit_id = await self._next(line, since)
                    if commit_id is None:
                        return
                    since = commit_id
                    found = await self._what_is_left_of(commit_id)
                    if found is None:
                        break
                    yield found
                    if found[1]:
                        break

    async def _log(self, revisions: Sequence[str], level: int = 0) -> AsyncGenerator[Commit, None]:
        options, _ = _LEVELS[max(level, self._level)]
        parser = LogParser(with_diffs="--patch" in options)
        async with aclosing(self._git.output("log", *options, *revisions)) as output:
            async for data in output:
                for commit in parser.feed(data):
                    yield commit
        for commit in parser.finish():
            yield commit

    def _count_failure(self, failure: ImportRefused | None) -> None:
        """Where git fails at very many commits, it is asked for less of all that are to come."""
        self._failures += 1
        if self._failures <= _MAX_FAILURES:
            return
        self._failures = 0
        self._level += 1
        if self._level == len(_LEVELS):
            raise failure or ImportRefused("git shows nothing of its commits; is it damaged?")

    def _gap(self, commit: Commit) -> str:
        """What of a commit that git could show is not in it."""
        gaps = []
        if not commit.all_files:
            gaps.append(f"it has more than {len(commit.changes):,} files, of which these are taken")
        if commit.diffs_left_out:
            gaps.append(
                f"the diffs of {pluralize(commit.diffs_left_out, 'file')} are left out, as those of"
                " one commit are kept up to 64 MiB"
            )
        missing = [
            change.path
            for change in (commit.changes if self._missing else ())
            if not (self._missing or set()).isdisjoint((change.previous_hash, change.new_hash))
        ]
        if missing:
            more = f" and {len(missing) - _MAX_NAMED:,} more" if len(missing) > _MAX_NAMED else ""
            gaps.append(
                f"the repository has lost the content of {', '.join(missing[:_MAX_NAMED])}{more}"
            )
        return "; ".join(filter(None, (*gaps, _OF_ALL[self._level])))

    async def _stand_in(self, failure: ImportRefused) -> bool:
        """Whether something was put in the place of files that are lost, so that git gets further.

        The first time all of them are looked for, later the one that git complained of.
        """
        if not isinstance(failure, GitFailed):
            return False
        found = {
            object_id
            for object_id in _OBJECT_ID.findall(failure.complaint)
            if await self._is_lost(object_id)
        }
        if self._missing is None:
            self._missing = set()
            for line in self._lines:
                found |= await self._find_lost(line)
        found -= self._missing
        self._missing |= found
        if len(self._missing) > _MAX_STAND_INS:
            weaker = self._level == 0
            self._level = max(self._level, 1)
            return weaker
        await asyncio.to_thread(git_copy.stand_in, self._copy, found)
        return bool(found)

    async def _is_lost(self, object_id: str) -> bool:
        """Whether a file that git complained of cannot be read. It also complains of one that
        stands where a folder should, and nothing in its place helps."""
        status, kind, _ = await self._git.ask("cat-file", "-t", object_id)
        if status == 0 and kind.strip() != b"blob":
            return False
        try:
            async with aclosing(self._git.output("cat-file", "blob", object_id)) as content:
                async for _ in content:
                    pass
        except GitFailed:
            return True
        return False

    async def _find_lost(self, line: CommitLine) -> set[str]:
        """The ids of what the history needs and the repository does not have, as far as git sees
        it."""
        lost: set[str] = set()
        walk = ("--objects", "--no-object-names", "--missing=print", "--first-parent")
        rest = b""
        try:
            async with aclosing(self._git.output("rev-list", *walk, *_range(line, None))) as output:
                async for data in output:
                    *lines, rest = (rest + data).split(b"\n")
                    lost.update(line[1:].decode("ascii") for line in lines if line[:1] == b"?")
                    if len(lost) > _MAX_STAND_INS:
                        break
        except GitFailed:
            pass  # what it saw before it failed helps, and the commit itself says the rest
        return lost

    async def _next(self, line: CommitLine, since: str | None) -> str | None:
        """The id of the oldest commit after one."""
        walk = ("--first-parent", "--reverse")
        oldest = b""
        async with aclosing(self._git.output("rev-list", *walk, *_range(line, since))) as output:
            async for data in output:
                oldest = oldest or data.split(b"\n", 1)[0]
        return oldest.decode("ascii") or None

    async def _what_is_left_of(
        self, commit_id: str, *, minimum: int = 0
    ) -> tuple[Commit, str] | None:
        """One commit, as much of it as git can show; where that is nothing, it is named."""
        revisions = ["--max-count=1", "--end-of-options", commit_id, "--"]
        reason = ""
        for level in range(max(minimum, self._level), len(_LEVELS)):
            try:
                async with aclosing(self._log(revisions, level)) as commits:
                    async for commit in commits:
                        said = f"{_LEVELS[level][1]} ({reason})" if reason else ""
                        return commit, "; ".join(filter(None, (said, self._gap(commit))))
            except TooManyFiles as large:
                return large.commit, self._gap(large.commit)
            except GitFailed as error:
                reason = f"git: {one_line(error.complaint)}"
            except ImportRefused as error:
                reason = str(error)
        self.refused.append(f"the commit {commit_id[:_SHORT]} is not imported: {reason}")
        return None


def _range(line: CommitLine, since: str | None) -> list[str]:
    return ["--end-of-options", line.head, *([f"^{since}"] if since else []), "--"]
