"""
How does an error read in a log? Where it happened and what it says, and no value of any variable.

A key that a task's code holds is in its local variables, and some loggers print those. So whoever
logs an error of somebody else's code logs this text, however logging is set up.
"""

from __future__ import annotations

import traceback
from typing import Final

from nervous_system.visible import visible

MAX_FRAMES: Final = 20
MAX_CHARACTERS: Final = 16_000
_MAX_GROUP_ERRORS: Final = 5
_MAX_NAME_CHARACTERS: Final = 200


def error_words(error: BaseException) -> str:
    """Its kind and what it says, bounded, as a text that can stand on the log; of a group what the
    first of its errors say."""
    kind, said = visible(type(error).__name__[:_MAX_NAME_CHARACTERS]), said_by(error)
    words = f"{kind}: {said}" if said else kind
    if not isinstance(error, BaseExceptionGroup):
        return words
    return _beginning(f"{words}: {'; '.join(map(error_words, _first_within(error)))}")


def _first_within(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    """The first errors in it that are no groups themselves, however deep they lie."""
    found: list[BaseException] = []
    left: list[BaseException] = [group]
    while left and len(found) < _MAX_GROUP_ERRORS:
        each = left.pop(0)
        if isinstance(each, BaseExceptionGroup):
            left[:0] = each.exceptions[:_MAX_GROUP_ERRORS]
        else:
            found.append(each)
    return found


def said_by(error: BaseException) -> str:
    """What it says, bounded, as a text that can stand on the log."""
    try:
        said = str.__str__(str(error))  # no subclass, which would have ways of its own
    except BaseException as failure:  # noqa: BLE001 - its `__str__` is foreign code
        said = f"what it says cannot be read ({type(failure).__name__[:_MAX_NAME_CHARACTERS]})"
    return _beginning(said)


def _beginning(text: str) -> str:
    """Cut before it is escaped, as that takes long for a long text, and then again."""
    words = visible(text[:MAX_CHARACTERS], keep="\n\t")
    left_out = sum(max(0, len(each) - MAX_CHARACTERS) for each in (text, words))
    kept = words[:MAX_CHARACTERS]
    return f"{kept}[… {left_out} characters left out]" if left_out else kept


def raised_at(error: BaseException) -> str:
    """File and line, bounded; empty for one that was never raised."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return ""
    return visible(f"{trace.tb_frame.f_code.co_filename[-_MAX_NAME_CHARACTERS:]}:{trace.tb_lineno}")


def error_text(error: BaseException) -> str:
    """The traceback as Python prints it, bounded: of each error the last frames, of a group the
    first errors, of the whole its beginning and end."""
    try:
        text = "".join(
            traceback.TracebackException(
                type(error),
                error,
                error.__traceback__,
                limit=-MAX_FRAMES,
                lookup_lines=True,
                capture_locals=False,
                max_group_width=_MAX_GROUP_ERRORS,
                max_group_depth=_MAX_GROUP_ERRORS,
                compact=True,
            ).format()
        )
    except BaseException as failure:  # noqa: BLE001 - its own `__str__`, and all else, is foreign code
        kinds = [type(each).__name__[:_MAX_NAME_CHARACTERS] for each in (error, failure)]
        text = f"{kinds[0]}, which cannot be printed ({kinds[1]})"
    text = _both_ends(visible(_both_ends(text), keep="\n"))
    return text.rstrip("\n")


def _both_ends(text: str) -> str:
    """Cut before it is escaped, and then again, as `_beginning`."""
    if len(text) <= MAX_CHARACTERS:
        return text
    half = MAX_CHARACTERS // 2
    left_out = len(text) - 2 * half
    return f"{text[:half]}[… {left_out} characters left out]{text[-half:]}"
