"""Which texts were looked at and found good? The latest of them, none of them long."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Final

MAX_BYTES: Final = 16 * 1024


class TextCache:
    """A bounded set of texts, for several threads."""

    def __init__(self, max_texts: int) -> None:
        self._max_texts = max_texts
        self._texts: OrderedDict[bytes, None] = OrderedDict()
        self._lock = Lock()

    def __contains__(self, text: bytes) -> bool:
        """Whether it is one of them."""
        with self._lock:
            return text in self._texts

    def add(self, text: bytes) -> None:
        """Remember it, where it is not too long; the one that was added first is forgotten."""
        if not is_short(text):
            return
        with self._lock:
            self._texts[text] = None
            self._texts.move_to_end(text)
            if len(self._texts) > self._max_texts:
                self._texts.popitem(last=False)


def is_short(text: bytes) -> bool:
    """Whether it may be remembered."""
    return len(text) <= MAX_BYTES
