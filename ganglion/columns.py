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
    folded,
    lines_beside,
    screen_width,
    shortened,
    unique_lengths,
)
from nervous_system.visible import visible

LEAST_OF_TEXT: Final = 30
"""Cells in which sentences still read well; where there are fewer they stand below their row."""

BELOW: Final = "    "


@dataclass(frozen=True, slots=True)
class Column:
    """
    What stands in one column.

    A `key` is neither cut nor folded, so that it can be found and copied. A `name` is cut at `most`
    cells. An `id` is shortened where the terminal is narrow, as far as it stays unique among those
    that are known. A `word` is folded. A `text`, the last column, is folded, too, and stands below
    its row where there is no room beside it: it is never cut.
    """

    heading: str
    kind: Literal["key", "word", "name", "id", "text"] = "word"
    most: int = 24  # of a name


class Table:
    """
    Rows one after the other, in columns whose widths are known before.

    `known`: ids by heading, beside those in the rows, that a shortened one must be unique among.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        widths: Sequence[int],
        known: Mapping[str, Iterable[str]] | None = None,
    ) -> None:
        self._columns = columns
        self._screen = screen_width()
        self._known = dict(known or {})
        self._unique: dict[str, Mapping[str, int]] = {}  # by heading, once one is too long
        self._below = False
        if self._screen is None:
            return
        fixed = [at for at, column in enumerate(columns) if column.kind != "text"]
        least = [
            widths[at]
            if columns[at].kind == "key"
            else min(widths[at], max(8, cell_len(columns[at].heading)))
            for at in fixed
        ]
        room = self._screen - 2 * (len(fixed) - 1)
        natural = [widths[at] for at in fixed]
        names_only = [
            least[at] if columns[at].kind == "name" else natural[at] for at in fixed
        ]  # of the names nothing is lost: a program gets them whole
        narrower = fitting(natural, least=names_only, room=room)
        self._widths = fitting(narrower, least=least, room=room)
        if len(fixed) == len(columns):
            return
        left = self._screen - sum(self._widths) - 2 * len(fixed)
        self._below = left < min(LEAST_OF_TEXT, widths[-1])
        if not self._below:
            self._widths.append(left)

    def heading(self) -> None:
        """What the columns are; programs know it."""
        if self._screen is not None:
            headings = [each.heading for each in self._columns[: len(self._widths)]]
            self._print([[each] for each in headings])

    def row(self, cells: Sequence[str]) -> None:
        """One row."""
        if self._screen is None:
            say_cells(cells)
            return
        shown = [visible(cell) for cell in cells]
        self._print([self._cell(at, shown[at]) for at in range(len(self._widths))])
        if self._below and shown[-1]:
            for line in folded(BELOW + shown[-1], self._screen, hang=BELOW):
                say(line)

    def _cell(self, at: int, text: str) -> list[str]:
        column, width = self._columns[at], self._widths[at]
        if column.kind == "name":
            return [cut(text, width)]
        if column.kind == "id" and cell_len(text) > width:
            text = shortened(text, width, unique=self._unique_length(column.heading, text))
        return folded(text, width, hang=0 if at else 2)

    def _unique_length(self, heading: str, text: str) -> int:
        if heading not in self._unique:
            self._unique[heading] = unique_lengths(map(visible, self._known.get(heading, ())))
        return self._unique[heading].get(text, len(text))

    def _print(self, cells: list[list[str]]) -> None:
        for line in lines_beside(cells, self._widths):
            say(line)


def say_table(
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    *,
    known: Mapping[str, Iterable[str]] | None = None,
) -> None:
    """All rows, under headings on a terminal; nothing where there is no row."""
    if not rows:
        return
    widths, ids = [], {}
    for at, column in enumerate(columns):
        cells = [visible(row[at]) for row in rows]
        widest = max(map(cell_len, (column.heading, *cells)))
        widths.append(min(widest, column.most) if column.kind == "name" else widest)
        if column.kind == "id":
            ids[column.heading] = [*cells, *(known or {}).get(column.heading, ())]
    table = Table(columns, widths=widths, known=ids)
    table.heading()
    for row in rows:
        table.row(row)


def note(sentence: str) -> None:
    """A word that a person may not know, explained on a terminal."""
    if screen_width() is not None:
        say(sentence)
