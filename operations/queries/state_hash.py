"""A hash of a state: the same for the same state, whichever process folded it.

Tables and sets have no order of their own, so they are sorted. A version that keeps other things in
the state has another hash for it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Set
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from nervous_system.ids import content_hash


def state_hash(state: object) -> str:
    """SHA-256 of a frozen state, in hex."""
    return content_hash(_text(_plain(state)))


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        # What is derived from the rest is left out, as it is in comparisons.
        return {
            each.name: _plain(getattr(value, each.name)) for each in fields(value) if each.compare
        }
    if isinstance(value, Mapping):
        return sorted(([_plain(key), _plain(each)] for key, each in value.items()), key=_text)
    if isinstance(value, Set):
        return sorted(map(_plain, value), key=_text)
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError(f"a state holds a {type(value).__name__}, which has no hash")


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True)
