"""How does one event read in one line?"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from ganglion.columns import Table, TableColumn
from ganglion.terminal import say_cells
from ganglion.widths import screen_width
from nervous_system.clock import system_clock
from nervous_system.contract.event import RecordedEvent
from nervous_system.contract.payload import KINDS
from nervous_system.contract.stored import Stored
from nervous_system.contract.subjects import source_of
from nervous_system.visible import visible
from operations.descriptions.table import describe, is_failure

MAX_CHARACTERS = 400
"""Of what an event says where many are shown on a terminal; why something failed is shown whole."""

COLUMNS: Final = (
    TableColumn("position"),
    TableColumn("time"),
    TableColumn("who", "name", max_width=20),
    TableColumn("what"),
    TableColumn("what it says", "text"),
)
_KIND_WIDTH: Final = max(len(kind.subject_word) for kind in KINDS.values())
_WIDTHS: Final = (8, 14, 20, _KIND_WIDTH, MAX_CHARACTERS)


class EventLines:
    """
    Events, one after the other: position, the log's time, who, what and what it says.

    On a terminal in columns, below headings; elsewhere whole, one line each, with tabs between
    position, time, role, agent, kind and what it says. `whole`: on a terminal, too.
    """

    def __init__(self, *, whole: bool = False) -> None:
        zone = f"time ({system_clock().astimezone():%Z})"
        columns = (COLUMNS[0], TableColumn(zone), *COLUMNS[2:])
        self._table = Table(columns, widths=_WIDTHS)
        self._whole = whole
        self._heading_is_printed = False

    def event(self, recorded: RecordedEvent) -> None:
        """One that can be read."""
        event = recorded.event
        cut = not (self._whole or is_failure(event.payload))
        self._say(
            recorded.sequence,
            recorded.recorded_at,
            (source_of(event.agent_role), event.agent_id, event.kind.subject_word),
            one_line(describe(event.payload), max_characters=MAX_CHARACTERS if cut else None),
        )

    def unreadable(self, stored: Stored, *, reason: str) -> None:
        """A position that holds no event we can read."""
        whose = ("?", "?", "unreadable")
        self._say(stored.sequence, stored.recorded_at, whose, one_line(reason))

    def _say(self, sequence: int, at: datetime, whose: tuple[str, str, str], words: str) -> None:
        if screen_width() is None:
            say_cells((str(sequence), at.astimezone().isoformat(), *whose, words))
            return
        if not self._heading_is_printed:
            self._table.heading()
            self._heading_is_printed = True
        _, agent_id, kind = whose
        when = f"{at.astimezone():%m-%d %H:%M:%S}"
        self._table.row((f"{sequence:>8}", when, agent_id, kind, words))


def one_line(text: str, *, max_characters: int | None = None) -> str:
    """The text without line breaks; one longer than `max_characters` is cut between two words."""
    words = " ".join(visible(text, keep="\r\n\t").split())
    if max_characters is None or len(words) <= max_characters:
        return words
    whole = words[:max_characters].rpartition(" ")[0]
    if len(whole) < max_characters // 2:  # it ends in one long word: a path, a hash
        whole = words[: max_characters - 1]
    return f"{whole}…"
