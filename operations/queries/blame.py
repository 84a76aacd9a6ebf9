"""Which change brought each line of a file? Told backwards from the content that is known, change
by change, as far as each leads to the hash that was recorded with it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from operations.queries.state.file_chain import Link, NotRebuilt, content_before

_HUNK: Final = re.compile(r"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@", re.ASCII)
_OTHER_FILE: Final = "diff --git "


@dataclass(frozen=True, slots=True)
class Blame:
    """Of each line the number of the change that brought it, as the changes were given."""

    lines: list[int]
    ends: str  # why it ends at the first of these changes; empty: the file began with it


def blame(content: bytes, links: Sequence[Link]) -> Blame:
    """`content` is what the last of the changes left. Lines end with a newline, and only with
    one."""
    found = [-1] * len(lines_of(content))
    # Of each line that is not told yet, its place in the content at hand.
    places = {line: line for line in range(len(found))}
    wanted, now = links[-1].new_hash if links else "", content
    number, ends = 0, ""
    for number in range(len(links) - 1, -1, -1):
        link = links[number]
        if link.new_hash != wanted or link.previous_hash == wanted:
            continue
        try:
            before = content_before(link, now)
        except NotRebuilt as error:
            ends = str(error)
            break
        origins = line_origins(link.diff, len(lines_of(now))) if before is not None else []
        left = {}
        for line, place in places.items():
            origin = origins[place] if place < len(origins) else None
            if origin is None:
                found[line] = number
            else:
                left[line] = origin
        places, wanted = left, link.previous_hash
        if before is None or not places:
            break
        now = before
    for line in places:
        found[line] = number
    return Blame(found, ends)


def line_origins(diff: str, lines: int) -> list[int | None]:
    """Of each of so many lines behind a change its place before it; None: the change brought it.
    The diff is one that applies."""
    found: list[int | None] = []
    old = 0
    is_in_hunk = False
    for line in diff.split("\n"):
        if hunk := _HUNK.match(line):
            start = int(hunk[3]) - (hunk[4] != "0")
            found += range(old, old + start - len(found))
            old = int(hunk[1]) - (hunk[2] != "0")
            is_in_hunk = True
        elif line.startswith(_OTHER_FILE):
            is_in_hunk = False
        elif not is_in_hunk or not line:
            continue
        elif line[0] == "+":
            found.append(None)
        elif line[0] == " ":
            found.append(old)
            old += 1
        elif line[0] == "-":
            old += 1
    found += range(old, old + lines - len(found))
    return found


def lines_of(content: bytes) -> list[bytes]:
    """A newline at the end begins no other line."""
    parts = content.split(b"\n")
    return parts if parts[-1] else parts[:-1]
