"""
How does an error read in a log? Where it happened and what it says, and no value of any variable.

A key that a task's code holds is in its local variables, and some loggers print those. So whoever
logs an error of somebody else's code logs this text, however logging is set up.
"""

from __future__ import annotations

import traceback
from typing import Final

from nervous_system.visible import visible

MOST_FRAMES: Final = 20
MOST_CHARACTERS: Final = 16_000
_MOST_OF_A_GROUP: Final = 5


def error_words(error: BaseException) -> str:
    """Its kind and what it says, bounded, as a text that can stand on the log."""
    return f"{type(error).__name__}: {said_by(error)}"


def said_by(error: BaseException) -> str:
    """What it says, bounded, as a text that can stand on the log."""
    try:
        said = str(error)
    except Exception as failure:  # noqa: BLE001 - its `__str__` is foreign code
        said = f"what it says cannot be read ({type(failure).__name__})"
    left_out = len(said) - MOST_CHARACTERS
    words = visible(said[:MOST_CHARACTERS], keep="\n\t")
    return f"{words}[… {left_out} characters left out]" if left_out > 0 else words


def error_text(error: BaseException) -> str:
    """The traceback as Python prints it, bounded: of each error the last frames, of a group the
    first errors, of the whole its beginning and end."""
    try:
        text = "".join(
            traceback.TracebackException(
                type(error),
                error,
                error.__traceback__,
                limit=-MOST_FRAMES,
                lookup_lines=True,
                capture_locals=False,
                max_group_width=_MOST_OF_A_GROUP,
                max_group_depth=_MOST_OF_A_GROUP,
                compact=True,
            ).format()
        )
    except Exception as failure:  # noqa: BLE001 - its own `__str__`, and all else, is foreign code
        text = f"{type(error).__name__}, which cannot be printed ({type(failure).__name__})"
    text = visible(text, keep="\n")
    if len(text) <= MOST_CHARACTERS:
        return text.rstrip("\n")
    half = MOST_CHARACTERS // 2
    left_out = len(text) - 2 * half
    return f"{text[:half]}[… {left_out} characters left out]{text[-half:]}".rstrip("\n")
