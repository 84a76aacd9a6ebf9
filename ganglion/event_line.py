"""How does one event read in one line?"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from ganglion.columns import Column, Table
from ganglion.terminal import say_cells
from ganglion.widths import screen_width
from nervous_system.clock import system_clock
from nervous_system.contract.event import Recorded
from nervous_system.contract.payload import KINDS
from nervous_system.contract.stored import Stored
from nervous_system.contract.subjects import source_of
from nervous_system.visible import visible
from operations.descriptions.table import in_words, is_failure

MOST_CHARACTERS = 400
"""Of what an event says where many are shown on a terminal; why something failed is shown whole."""

COLUMNS: Final = (
    Column("position"),
    Column("time"),
    Column("who", "name", most=20),
    Column("what"),
    Column("what it says", "text"),
)
_LONGEST_KIND: Final = max(len(kind.subject_word) for kind in KINDS.values())
_WIDTHS: Final = (8, 14, 20, _LONGEST_KIND, MOST_CHARACTERS)


class EventLines:
    """
    Events, one after the other: position, the log's time, who, what and what it says.

    On a terminal in columns, below headings; elsewhere whole, one line each, with tabs between
    position, time, role, agent, kind and what it says. `whole`: on a terminal, too.
    """

    def __init__(self, *, whole: bool = False) -> None:
        zone = f"time ({system_clock().astimezone():%Z})"
        columns = (COLUMNS[0], Column(zone), *COLUMNS[2:])
        self._table = Table(columns, widths=_WIDTHS)
        self._whole = whole
        self._begun = False

    def event(self, recorded: Recorded) -> None:
        """One that can be read."""
        event = recorded.event
        cut = not (self._whole or is_failure(event.payload))
        self._say(
            recorded.sequence,
            recorded.recorded_at,
            (source_of(event.agent_role), event.agent_id, event.kind.subject_word),
            one_line(in_words(event.payload), most=MOST_CHARACTERS if cut else None),
        )

    def unreadable(self, stored: Stored, *, reason: str) -> None:
        """A position that holds no event we can read."""
        whose = ("?", "?", "unreadable")
        self._say(stored.sequence, stored.recorded_at, whose, one_line(reason))

    def _say(self, sequence: int, at: datetime, whose: tuple[str, str, str], words: str) -> None:
        if screen_width() is None:
            say_cells((str(sequence), at.astimezone().isoformat(), *whose, words))
            return
        if not self._begun:
            self._table.heading()
            self._begun = True
        _, agent_id, kind = whose
        when = f"{at.astimezone():%m-%d %H:%M:%S}"
        self._table.row((f"{sequence:>8}", when, agent_id, kind, words))


def one_line(text: str, *, most: int | None = None) -> str:
    """The text without line breaks; one of more than `most` characters is cut between two words."""
    words = " ".join(visible(text, keep="\r\n\t").split())
    if most is None or len(words) <= most:
        return words
    whole = words[:most].rpartition(" ")[0]
    if len(whole) < most // 2:  # it ends in one long word: a path, a hash
        whole = words[: most - 1]
    return f"{whole}…"
