"""What is in a JSON object that somebody sent?"""

from __future__ import annotations

import json
from typing import Any


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
    if not isinstance(found, dict):
        raise ValueError("is not a JSON object")
    return found
