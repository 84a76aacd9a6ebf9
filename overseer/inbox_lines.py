"""What are the lines of the inbox? Only a line feed ends one; whatever else is in it stays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from nervous_system.ids import content_hash

MAX_LINE_BYTES: Final = 16 * 1024 * 1024
"""Of a longer line only so much is kept, so that any file can be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxLine:
    """A line that is not blank."""

    number: int  # its place in the file, from 1
    text: str  # without byte-order mark and the blanks around it
    hash: str
    times: int  # how often this text stands in the file, up to here
    ended: bool  # whether its line feed is there
    too_long: bool

    @property
    def key(self) -> tuple[str, int]:
        """What tells it from the other lines of the file, wherever they stand."""
        return self.hash, self.times


def inbox_lines(file: BinaryIO) -> Iterator[InboxLine]:
    """One after the other. Raises OSError."""
    number = 0
    times: Counter[str] = Counter()
    while data := file.readline(MAX_LINE_BYTES):
        number += 1
        end = data
        while len(end) == MAX_LINE_BYTES and not end.endswith(b"\n"):
            end = file.readline(MAX_LINE_BYTES)
        text = data.decode("utf-8-sig", errors="replace").strip()
        if not text:
            continue
        text_hash = content_hash(text)
        times[text_hash] += 1
        yield InboxLine(
            number=number,
            text=text,
            hash=text_hash,
            times=times[text_hash],
            ended=end.endswith(b"\n"),
            too_long=end is not data,
        )
