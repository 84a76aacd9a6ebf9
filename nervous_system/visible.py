"""
How does a text from outside look, so that it shows what it says and does nothing?

A terminal obeys what it is shown: characters that move, colour, hide, turn or join what stands
around them. They are shown by their escapes instead.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Final

_NAMED: Final = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}
_BLANK: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0d\uffa0\U000e0100-\U000e01ef]"
)
"""Letters and marks that no font draws. The two selectors that make a sign an emoji, or not, stay.
"""

_MAX_MARKS: Final = 8
"""Marks over and under one letter. No script has more; hundreds cover the lines around them."""


def visible(text: str, *, keep: str = "") -> str:
    r"""
    The text with an escape (`\x1b`, `\u202e`, `\n`) for each character that is not drawn.

    Those are controls, format, private, unassigned and surrogate characters, line and paragraph
    separators, letters without a shape, and marks beyond the eighth of one letter. Spaces stay, and
    what is in `keep`.
    """
    if _is_drawn(text) and not _is_heaped(text):
        return text
    return _replace_hidden(text, keep, _escape)


def visible_json(text: str) -> str:
    """
    A JSON text that is safe to show, and means the same: its strings say it by their own escapes.
    """
    if _is_drawn(text) and not _is_heaped(text):
        return text
    return _replace_hidden(text, "\n", lambda character: json.dumps(character)[1:-1])


def says_something(text: str) -> bool:
    """Whether anything in it is drawn."""
    return any(not character.isspace() and _is_drawn(character) for character in text)


def _is_drawn(text: str) -> bool:
    return text.isprintable() and _BLANK.search(text) is None


def _replace_hidden(text: str, keep: str, escape: Callable[[str], str]) -> str:
    return "".join(
        character
        if marks <= _MAX_MARKS
        and (character in keep or _is_drawn(character) or unicodedata.category(character) == "Zs")
        else escape(character)
        for character, marks in _with_marks(text)
    )


def _is_heaped(text: str) -> bool:
    return not text.isascii() and any(marks > _MAX_MARKS for _, marks in _with_marks(text))


def _with_marks(text: str) -> Iterator[tuple[str, int]]:
    """Each character, and which of the marks on its letter it is: 0 for the letter."""
    marks = 0
    for character in text:
        is_mark = character > "\u02ff" and unicodedata.category(character).startswith("M")
        marks = marks + 1 if is_mark else 0
        yield character, marks


def _escape(character: str) -> str:
    number = ord(character)
    if character in _NAMED:
        return _NAMED[character]
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
