"""
Which commits of a first-parent history does the repository still have?

Mostly all of them: one unbroken line from what is checked out down to the first commit. Where a
commit is lost, nobody can say any more which one stood before it. So the line ends there, and of
all commits that are left, those are looked for that may have led to it: the longest line among
them that has nothing to do with the lost one, and is not newer than what came after it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from importers.git.command import GitCommand, GitFailed

_MAX_LINES: Final = 20
_MAX_COMMITS: Final = 1_000_000
"""Of a repository with lost ones: all of them are in memory while lines are looked for."""


@dataclass(frozen=True, slots=True)
class CommitLine:
    """Commits of which each one's first parent is the next, as far as they are there."""

    head: str  # the newest one's id
    root: str  # the oldest one's
    before: tuple[str, ...] = ()  # the parents of that, the first of which is lost; mostly none


@dataclass(frozen=True, slots=True)
class _Parents:
    committed_at: int
    parents: tuple[str, ...]


async def lines_of(git: GitCommand, head: str, *, list_file: Path) -> list[CommitLine]:
    """
    The lines of the history of `head`, newest first; at least one.

    `list_file` may be written. Raises GitFailed where no commit can be read.
    """
    try:
        root = await git.lines(
            "rev-list", "--first-parent", "--max-parents=0", "--end-of-options", head
        )
        return [CommitLine(head, root[-1])]
    except GitFailed as failure:
        lines = _lines(await _all_commits(git, list_file), head)
        if not lines:
            raise failure from None
        return lines


async def _all_commits(git: GitCommand, list_file: Path) -> dict[str, _Parents]:
    """Every commit of the store that can be read, whether or not a name leads to it."""
    # What stops git stops neither: what it saw before it failed is there.
    with list_file.open("wb") as ids, suppress(GitFailed):
        kinds = "--batch-check=%(objecttype) %(objectname)"
        rest = b""
        async with aclosing(
            git.output("cat-file", "--batch-all-objects", "--unordered", kinds)
        ) as output:
            async for data in output:
                *lines, rest = (rest + data).split(b"\n")
                ids.writelines(
                    line.removeprefix(b"commit ") + b"\n"
                    for line in lines
                    if line.startswith(b"commit ")
                )
    found: dict[str, _Parents] = {}
    rest = b""
    options = ("--no-walk=unsorted", "--ignore-missing", "--timestamp", "--parents", "--stdin")
    with suppress(GitFailed):
        async with aclosing(git.output("rev-list", *options, stdin=list_file)) as output:
            async for data in output:
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    committed_at, commit_id, *parents = line.decode("ascii").split()
                    found[commit_id] = _Parents(int(committed_at), tuple(parents))
                if len(found) > _MAX_COMMITS:
                    break
    return found


def _lines(commits: Mapping[str, _Parents], head: str) -> list[CommitLine]:
    found: list[CommitLine] = []
    lost = {head} - commits.keys()
    taken: set[str] = set()
    tip = _longest(commits, avoiding=lost) if lost else head
    while tip is not None:
        line = {tip: None}
        root = tip
        # One that was forged may lead to itself.
        while (parents := commits[root].parents) and parents[0] in commits:
            if parents[0] in line:
                break
            root = parents[0]
            line[root] = None
        found.append(CommitLine(tip, root, parents))
        if not parents or len(found) == _MAX_LINES:
            break
        lost.add(parents[0])
        taken.update(line)
        tip = _longest(commits, avoiding=lost | taken, until=commits[root].committed_at)
    return found


def _longest(
    commits: Mapping[str, _Parents], *, avoiding: Iterable[str], until: float = math.inf
) -> str | None:
    """The newest commit of the longest line that comes from none of those to avoid, made at most
    `until` a moment, in seconds since 1970."""
    length: dict[str, int] = dict.fromkeys(avoiding, 0)
    followed = {parent for each in commits.values() for parent in each.parents}
    best: tuple[int, bool, int, str] | None = None
    for commit, known in commits.items():
        way: list[str] = []
        at = commit
        while at in commits and at not in length:
            way.append(at)
            length[at] = 0
            at = (commits[at].parents or ("",))[0]
        # An end that is lost, but not to be avoided, ends a line as a first commit does.
        below = length.get(at, 0)
        if at in length and below == 0:
            continue  # it comes from one of those
        for each in reversed(way):
            below += 1
            length[each] = below
        rank = (length[commit], commit not in followed, known.committed_at, commit)
        if length[commit] and known.committed_at <= until and (best is None or rank > best):
            best = rank
    return best[3] if best else None
