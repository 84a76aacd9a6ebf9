"""What is in a JSON object that somebody sent?"""

from __future__ import annotations

import json
from typing import Any, Final

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


def json_object(text: str) -> dict[str, Any]:
    """The object; an empty one for an empty text. Raises ValueError with what is wrong."""
    if not text:
        return {}
    try:
        found = json.loads(text)
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"is not JSON: {error}") from error
    if nested_too_deeply(found):
        raise ValueError("is nested too deeply")
    if not isinstance(found, dict):
        raise ValueError("is not a JSON object")
    return found
