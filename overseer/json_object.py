"""What is in a JSON object that somebody sent?"""

from __future__ import annotations

import json
from math import isfinite
from typing import Any, Final

from nervous_system.contract.given import half_character

MOST_NESTED: Final = 64
"""How deep: what Python itself can read depends on who calls."""


def nested_too_deeply(found: object) -> bool:
    """Whether lists and objects in it are nested deeper than `MOST_NESTED`."""
    level, depth = [found], 0
    while level:
        depth += 1
        level = [
            inner
            for each in level
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
    return depth > MOST_NESTED + 1


def json_object(text: str, *, accepted: bool = False) -> dict[str, Any]:
    """The object; an empty one for an empty text. Raises ValueError with what is wrong.

    `accepted`: it is on record, and an earlier version let through what is no JSON.
    """
    if not text:
        return {}
    try:
        found = json.loads(text) if accepted else _loads(text)
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"is not JSON: {error}") from error
    if nested_too_deeply(found):
        raise ValueError("is nested too deeply")
    if not isinstance(found, dict):
        raise ValueError("is not a JSON object")
    return found


def _loads(text: str) -> Any:
    """As JSON is defined: Python reads NaN and infinities, too, and half characters."""
    found = json.loads(text, parse_constant=_no_number, parse_float=_finite)
    if "\\ud" in text.lower() and half_character(json.dumps(found, ensure_ascii=False)) is not None:
        raise ValueError("it spells half a character (a surrogate), which is no text")
    return found


def _no_number(constant: str) -> float:
    raise ValueError(f"{constant} is no number of it")


def _finite(digits: str) -> float:
    number = float(digits)
    if not isfinite(number):
        raise ValueError(f"{digits[:40]} is beyond every number that can be recorded")
    return number
