"""How much of what is told of work is kept on record, and how does it look there?"""

from __future__ import annotations

from typing import Final

MAX_OUTPUT_CHARACTERS: Final = 65_536
"""The beginning and the end."""
MAX_NOTES_CHARACTERS: Final = 16_000
"""Likewise: why it failed, how far it is, what else there is to say."""
MAX_CHANGED_FILES: Final = 1_000
MAX_CHANGED_FILES_CHARACTERS: Final = 65_536
"""Of their names together: whatever a task leaves on the log stays below the limit of an event."""


def recordable(text: str) -> str:
    """The text as UTF-8 can say it: half a character (a surrogate), as Python makes one of a byte
    that it cannot read, is shown by its escape."""
    text = str.__str__(text)  # no subclass, which would have ways of its own
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="backslashreplace").decode()
    return text


def truncate_middle(text: str, *, max_characters: int = MAX_OUTPUT_CHARACTERS) -> str:
    """The text, or its beginning and its end with a line between that says how much was left
    out."""
    if len(text) <= max_characters:
        return text
    half = max_characters // 2
    left_out = len(text) - 2 * half
    return f"{text[:half]}\n[… {left_out} characters left out …]\n{text[-half:]}"
