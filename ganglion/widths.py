"""How wide is the terminal, where is a line folded, and how short may a name or an id be?

Decided here and nowhere else. What goes into a pipe has no width: there nothing is folded, and
nothing is cut.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise, zip_longest
from typing import IO, Final

from rich.cells import cell_len, chop_cells, set_cell_size

MIN_ID_CHARACTERS: Final = 8
"""Characters that are left of an id that is shortened, as git leaves seven."""

_COMMAND: Final = re.compile(r"`[^`]+`")
_UNBROKEN: Final = "\ue000"
"""Stands for a blank where no line ends: one cell wide, and in no text that is visible()."""


def screen_width(stream: IO[str] | None = None) -> int | None:
    """Cells of a line of the terminal; None where the stream (stdout) is none."""
    if not (stream or sys.stdout).isatty():
        return None
    return max(20, shutil.get_terminal_size().columns)


def fold(line: str, width: int, *, hang: int | str | None = None) -> list[str]:
    """
    The line as lines of at most so many cells, folded between words.

    A word is folded only where it is longer than a line. Later lines begin two blanks right of the
    first one's text, so that what comes from outside begins no line, or with `hang`: so many
    blanks, or this text. A command in backticks stays together where it can, to be copied.
    """
    if cell_len(line) <= width:
        return [line]
    begin = len(line) - len(line.lstrip(" "))
    margin = " " * (begin + 2 if hang is None else hang) if not isinstance(hang, str) else hang
    if cell_len(margin) > width // 2:
        margin = "  "
    room = width - cell_len(margin)
    line = _COMMAND.sub(
        lambda found: found[0].replace(" ", _UNBROKEN) if cell_len(found[0]) <= room else found[0],
        line,
    )
    lines, here = [], ""
    for word in re.findall(r" *[^ ]+", line):
        fits_below = cell_len(word.strip(" ")) <= room
        if here.strip() and fits_below and cell_len(here + word) > width:
            lines.append(here)
            here = margin + word.lstrip(" ")
        else:
            here += word
        if cell_len(here) > width:  # its last word is longer than a line
            first = chop_cells(here, width)[0]
            *pieces, last = chop_cells(here[len(first) :], room)
            lines += [first, *(margin + each for each in pieces)]
            here = margin + last
    return [each.replace(_UNBROKEN, " ").rstrip(" ") for each in (*lines, here)]


def cut(name: str, max_width: int) -> str:
    """A name of at most so many cells; what is left out is an ellipsis."""
    if cell_len(name) <= max_width:
        return name
    return f"{set_cell_size(name, max_width - 1).rstrip()}…"


def pad(text: str, width: int) -> str:
    """The text with blanks behind it."""
    return text + " " * (width - cell_len(text))


def unique_lengths(ids: Iterable[str]) -> Mapping[str, int]:
    """How many characters of each id tell it from all the others; all of it where another begins
    with it."""
    ordered = sorted(set(ids))
    lengths = dict.fromkeys(ordered, 1)
    for one, other in pairwise(ordered):
        alike = next(
            (at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]),
            min(len(one), len(other)),
        )
        for each in (one, other):
            lengths[each] = max(lengths[each], alike + 1)
    return {each: min(length, len(each)) for each, length in lengths.items()}


def shorten(identifier: str, width: int, *, unique: int) -> str:
    """As much of the id as fits, with an ellipsis; all of it where that would not be unique."""
    short = cut(identifier, width)
    if short != identifier and len(short) < shortest(unique):
        return identifier
    return short


def shortest(unique: int) -> int:
    """Characters of an id that is shortened as far as can be, with its ellipsis."""
    return max(unique, MIN_ID_CHARACTERS) + 1


def longest_piece(text: str) -> int:
    """Cells of the longest piece between two blanks: a narrower line breaks it."""
    return max(map(cell_len, text.split(" ")))


def fitting(widths: list[int], *, minimum: list[int], room: int) -> list[int]:
    """The widths, the widest made narrower one by one until all fit, none below its least."""
    widths = list(widths)
    while sum(widths) > room:
        narrower = [at for at, width in enumerate(widths) if width > minimum[at]]
        if not narrower:
            break
        widths[max(narrower, key=lambda at: widths[at] - minimum[at])] -= 1
    return widths


def lines_beside(cells: list[list[str]], widths: list[int]) -> Iterator[str]:
    """Folded cells side by side, two blanks between them."""
    for line in zip_longest(*cells, fillvalue=""):
        yield "  ".join(map(pad, line, widths)).rstrip()
