"""Is a text for the engine one statement, whatever it was put together from? Pure, but for the
engine's own parser, which it is given.

The engine runs all statements of a text: after a semicolon, behind PARALLEL WITH, and behind the
data of an INSERT, which an EXPLAIN may hold, too. A text without any of these marks is no more than
one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from embedded_clickhouse.exceptions import Code, refusal
from embedded_clickhouse.sql import brings_data, says
from embedded_clickhouse.text_cache import TextCache, is_short

MAX_REMEMBERED: Final = 512
_MAY_HOLD_MORE = re.compile(rb";|parallel|insert", re.IGNORECASE).search
_ENDS_DATA = re.compile(rb";|\n\s*\n|explain", re.IGNORECASE).search
_OURS = re.compile(rb"(/\* ganglion:)[0-9a-f-]+( \*/)|('/proc/)[0-9]+(/fd/)[0-9]+(')")
"""What this server puts into a text, and is another each time: letters and digits in a place where
others of their kind mean the same."""


class SingleStatements:
    """Lets single statements pass."""

    def __init__(self, written_down: Callable[[bytes], bytes]) -> None:
        """`written_down` is the engine's parser: one statement in its plain way. Raises
        `ClickHouseError` (62) for what is none, and for several."""
        self._written_down = written_down
        self._single = TextCache(MAX_REMEMBERED)

    def check(self, text: bytes) -> None:
        """Refuse a text that may hold another statement. Raises `ClickHouseError` (62)."""
        if not _MAY_HOLD_MORE(text):
            return
        shape = _OURS.sub(rb"\1\g<3>0\g<4>\2\5", text) if is_short(text) else text
        if shape in self._single:
            return
        plain = self._written_down(text)
        holds_more = says(plain, "PARALLEL", "WITH")
        if holds_more or (brings_data(plain) and _ENDS_DATA(text)):
            raise refusal(
                Code.SYNTAX_ERROR,
                "Syntax error: Multi-statements are not allowed; send one at a time",
            )
        self._single.add(shape)
