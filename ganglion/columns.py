"""How do rows read: in columns on a terminal, with tabs in between for a program?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from rich.cells import cell_len

from ganglion.terminal import say, say_cells
from ganglion.widths import (
    cut,
    fitting,
    fold,
    lines_beside,
    longest_piece,
    screen_width,
    shorten,
    shortest,
    unique_lengths,
)
from nervous_system.visible import visible

MIN_TEXT_WIDTH: Final = 30
"""Cells in which sentences still read well; where there are fewer they stand below their row."""

MIN_WIDTH: Final = {"name": 12, "id": 8, "word": 8}
"""Cells that are left of a narrow column, by its kind."""

BELOW: Final = "    "


@dataclass(frozen=True, slots=True)
class TableColumn:
    """
    What stands in one column.

    A `key` is neither cut nor folded, so that it can be found and copied. A `name` is cut at
    `max_width` cells. An `id`, the first column, is shortened where the terminal is narrow, as far
    as it stays unique among those that are known; where it cannot be, it stands above its row. A
    `word` is folded. A `text`, the last column, is folded, too, and stands below its row where
    there is no room beside it, or not enough for one of its words (an id, a path): it is never cut.
    """

    heading: str
    kind: Literal["key", "word", "name", "id", "text"] = "word"
    max_width: int = 24  # of a name


class Table:
    """
    Rows one after the other, in columns whose widths are known before.

    `unbroken`: the cells that each column needs so that no id and no word of it is broken.
    `known`: ids by heading, beside those in the rows, that a shortened one must be unique among.
    """

    def __init__(
        self,
        columns: Sequence[TableColumn],
        *,
        widths: Sequence[int],
        unbroken: Sequence[int] | None = None,
        known: Mapping[str, Iterable[str]] | None = None,
    ) -> None:
        self._columns = columns
        self._screen = screen_width() or 0
        self._known = dict(known or {})
        self._unique: dict[str, Mapping[str, int]] = {}  # by heading, once one is too long
        self._beside = False  # whether the text stands beside the rest
        if not self._screen:
            return
        fixed = [at for at, column in enumerate(columns) if column.kind != "text"]
        room = self._screen - 2 * (len(fixed) - 1)
        narrowest = [
            widths[at]
            if columns[at].kind == "key"
            else min(widths[at], max(MIN_WIDTH[columns[at].kind], cell_len(columns[at].heading)))
            for at in fixed
        ]
        whole = [max(narrowest[at], (unbroken or widths)[at]) for at in fixed]
        # Of names nothing is lost: a program gets them whole.
        names_only = [narrowest[at] if columns[at].kind == "name" else widths[at] for at in fixed]
        self._widths = [widths[at] for at in fixed]
        for least in (names_only, whole, narrowest):
            least = [min(pair) for pair in zip(least, self._widths, strict=True)]
            self._widths = fitting(self._widths, minimum=least, room=room)
        if len(fixed) < len(columns):
            left = self._screen - sum(self._widths) - 2 * len(fixed)
            self._beside = left >= min(MIN_TEXT_WIDTH, widths[-1])
            self._widths += [left] if self._beside else []

    def heading(self) -> None:
        """What the columns are; programs know it."""
        if self._screen:
            headings = [each.heading for each in self._columns]
            beside = zip(headings, self._widths, strict=False)
            self._print([fold(each, width, hang=0) for each, width in beside])
            for each in headings[len(self._widths) :]:
                say(f"{BELOW}{each}")

    def row(self, cells: Sequence[str]) -> None:
        """One row."""
        if not self._screen:
            say_cells(cells)
            return
        shown = [visible(cell) for cell in cells]
        below = shown.pop() if self._columns[-1].kind == "text" else ""
        if self._beside and longest_piece(below) <= self._widths[-1]:
            shown, below = [*shown, below], ""
        lines = [self._cell(at, text) for at, text in enumerate(shown)]
        if self._columns[0].kind == "id" and len(lines[0]) > 1:
            say(shown[0])
            lines[0] = []
        self._print(lines)
        if below:
            for line in fold(BELOW + below, self._screen, hang=BELOW):
                say(line)

    def _cell(self, at: int, text: str) -> list[str]:
        column, width = self._columns[at], self._widths[at]
        if column.kind == "name":
            return [cut(text, width)]
        if column.kind == "id" and cell_len(text) > width:
            text = shorten(text, width, unique=self._unique_length(column.heading, text))
        return fold(text, width, hang=0 if at else 2)

    def _unique_length(self, heading: str, text: str) -> int:
        if heading not in self._unique:
            self._unique[heading] = unique_lengths(map(visible, self._known.get(heading, ())))
        return self._unique[heading].get(text, len(text))

    def _print(self, cells: list[list[str]]) -> None:
        for line in lines_beside(cells, self._widths):
            say(line)


def say_table(
    columns: Sequence[TableColumn],
    rows: Sequence[Sequence[str]],
    *,
    known: Mapping[str, Iterable[str]] | None = None,
) -> None:
    """All rows, under headings on a terminal; nothing where there is no row."""
    if not rows:
        return
    widths, unbroken, ids = [], [], {}
    for at, column in enumerate(columns):
        cells = [visible(row[at]) for row in rows]
        widest = max(map(cell_len, (column.heading, *cells)))
        widths.append(min(widest, column.max_width) if column.kind == "name" else widest)
        pieces = longest_piece(" ".join(cells))
        if column.kind == "id":
            ids[column.heading] = [*cells, *(known or {}).get(column.heading, ())]
            unique = unique_lengths(map(visible, ids[column.heading]))
            pieces = max(min(cell_len(each), shortest(unique[each])) for each in cells)
        unbroken.append(pieces)
    table = Table(columns, widths=widths, unbroken=unbroken, known=ids)
    table.heading()
    for row in rows:
        table.row(row)


def note(sentence: str) -> None:
    """A word that a person may not know, explained on a terminal."""
    if screen_width() is not None:
        say(sentence)
