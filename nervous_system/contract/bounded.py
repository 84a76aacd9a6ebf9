"""How much of a long output is kept on record?"""

from __future__ import annotations

from typing import Final

MAX_OUTPUT_CHARACTERS: Final = 65_536
"""The beginning and the end."""


def bounded(text: str, *, most_characters: int = MAX_OUTPUT_CHARACTERS) -> str:
    """The text, or its beginning and its end with a line between that says how much was left
    out."""
    if len(text) <= most_characters:
        return text
    half = most_characters // 2
    left_out = len(text) - 2 * half
    return f"{text[:half]}\n[… {left_out} characters left out …]\n{text[-half:]}"
