"""Which lines of the inbox were taken, and how often each?

A file beside the inbox says it, a record for each proposal of a line with its number, so that
neither a restart nor an editor that saves the inbox anew makes an objective a second time. Two
overseers that hand the lead over may both record the same one.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Final

from nervous_system.whole_number import whole_number

BEGUN_ANEW: Final = "begun anew"


class TakenLines:
    """What the record says. Where records were lost, lines are proposed again under the ids they
    had, which repeats nothing that the log remembers."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._ever: Counter[str] = Counter()
        self._before: Counter[str] = Counter()  # of these, before the inbox was begun anew

    @classmethod
    def of(cls, path: Path) -> TakenLines:
        """As the record at `path` has it; nothing where there is none. Raises OSError."""
        taken = cls(path)
        try:
            records = path.read_text(errors="replace").split("\n")
        except FileNotFoundError:
            return taken
        for record in records:
            if record == BEGUN_ANEW:
                taken._before = taken._ever.copy()
                continue
            line_hash, _, text = record.partition(" ")
            if (number := whole_number(text)) is not None and number > 0:
                taken._ever[line_hash] = max(taken._ever[line_hash], number)
        return taken

    def number(self, line_hash: str, times: int) -> int:
        """Which of its proposals a line is, from 1, where it stands in the inbox for the
        `times`-th time."""
        return self._before[line_hash] + times

    def has(self, line_hash: str, number: int) -> bool:
        """Whether this proposal of the line was taken."""
        return number <= self._ever[line_hash]

    def add(self, line_hash: str, number: int) -> None:
        """This proposal of it was taken. Raises OSError."""
        self._write(f"{line_hash} {number}")
        self._ever[line_hash] = max(self._ever[line_hash], number)

    def begin_anew(self) -> None:
        """The inbox is empty: what is written into it now is new. Raises OSError."""
        if self._ever != self._before:
            self._write(BEGUN_ANEW)
            self._before = self._ever.copy()

    def _write(self, record: str) -> None:
        with self._path.open("a") as file:
            file.write(f"\n{record}")  # first the break: a record cut off spoils no other
