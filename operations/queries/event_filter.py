"""Which events does somebody want to see?"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from nervous_system.contract.event import Event
from nervous_system.contract.payload import KINDS
from nervous_system.errors import BadSetting
from operations.descriptions.table import is_failure

_WORDS: Final = {
    word: kind.field for kind in KINDS.values() for word in (kind.field, kind.subject_word)
}


class EventFilter:
    """By who says it, what kind it is and whether it went wrong; nothing said is all."""

    def __init__(self, *, agents: Iterable[str], kinds: Iterable[str], failed: bool) -> None:
        """Raises BadSetting for a kind that there is not."""
        self._agents = frozenset(agents)
        self._kinds = frozenset(map(_field, kinds))
        self._failed = failed

    @property
    def all(self) -> bool:
        """Whether nothing is left out."""
        return not (self._agents or self._kinds or self._failed)

    def takes(self, event: Event) -> bool:
        """Whether it is to be seen."""
        return (
            (not self._agents or event.agent_id in self._agents)
            and (not self._kinds or event.kind.field in self._kinds)
            and (not self._failed or is_failure(event.payload))
        )


def _field(word: str) -> str:
    if (field := _WORDS.get(word.replace("-", "_"))) is not None:
        return field
    close = get_close_matches(word, _WORDS)
    meant = f"did you mean {' or '.join(close)}?" if close else f"there are {', '.join(_WORDS)}"
    raise BadSetting(f"--kind is {word!r}, and no event is one; {meant}")
