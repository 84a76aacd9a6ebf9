"""What is in a JSON object that somebody sent?"""

from __future__ import annotations

import json
from math import isfinite
from typing import Any, Final

from nervous_system.contract.given import half_character

MAX_NESTED: Final = 64
"""How deep: what Python itself can read depends on who calls."""


def nested_too_deeply(found: object) -> bool:
    """Whether lists and objects in it are nested deeper than `MAX_NESTED`."""
    level, depth = [found], 0
    while level:
        depth += 1
        level = [
            inner
            for each in level
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
    return depth > MAX_NESTED + 1


def json_object(text: str, *, accepted: bool = False, once: bool = False) -> dict[str, Any]:
    """The object; an empty one for an empty text. Raises ValueError with what is wrong.

    `accepted`: it is on record, and an earlier version let through what is no JSON. `once`: no name
    is said twice in one object, of which others take the last.
    """
    if not text:
        return {}
    try:
        found = json.loads(text) if accepted else _loads(text, once=once)
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    except SaidTwice as error:
        raise ValueError(f"says {error} twice in one object") from error
    except ValueError as error:
        raise ValueError(f"is not JSON: {error}") from error
    if nested_too_deeply(found):
        raise ValueError("is nested too deeply")
    if not isinstance(found, dict):
        raise ValueError("is not a JSON object")
    return found


def _loads(text: str, *, once: bool) -> Any:
    """As JSON is defined: Python reads NaN and infinities, too, and half characters."""
    found = json.loads(
        text,
        parse_constant=_no_number,
        parse_float=_finite,
        object_pairs_hook=_each_once if once else None,
    )
    if "\\ud" in text.lower() and half_character(json.dumps(found, ensure_ascii=False)) is not None:
        raise ValueError("it spells half a character (a surrogate), which is no text")
    return found


class SaidTwice(ValueError):
    """A name that stands twice in one object."""


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise SaidTwice(next(name for name in names if names.count(name) > 1))
    return found


def _no_number(constant: str) -> float:
    raise ValueError(f"{constant} is no number of it")


def _finite(digits: str) -> float:
    number = float(digits)
    if not isfinite(number):
        raise ValueError(f"{digits[:40]} is beyond every number that can be recorded")
    return number
