"""Which JSON object stands on the command line, and where is it wrong?"""

from __future__ import annotations

import json
from typing import Any, Final

from nervous_system.errors import BadSetting
from nervous_system.json_object import json_object

MAX_SHOWN: Final = 20
"""Characters of what stands where it is wrong."""

_EXPECTED: Final = {
    "Expecting value": "a value is expected",
    "Expecting ',' delimiter": "a comma is expected",
    "Expecting ':' delimiter": "a colon is expected",
    "Expecting property name enclosed in double quotes": "a name in double quotes is expected",
    "Illegal trailing comma before end of object": "no comma is expected",
    "Illegal trailing comma before end of array": "no comma is expected",
    "Extra data": "nothing more is expected",
    "Unterminated string starting at": "a text begins that has no end",
}
"""What Python's reader says, in the words of who wrote the text."""


def given_object(text: str, *, option: str) -> dict[str, Any]:
    """The object. Raises BadSetting, which names the option and the place."""
    try:
        return json_object(text, once=True)
    except ValueError as error:
        wrong = error.__cause__
        if isinstance(wrong, json.JSONDecodeError):
            raise BadSetting(f"{option} is not JSON: {_place(wrong)}") from error
        raise BadSetting(f"{option} {error}") from error


def expected_token(wrong: json.JSONDecodeError) -> str:
    """What should stand there."""
    return _EXPECTED.get(wrong.msg, wrong.msg)


def _place(wrong: json.JSONDecodeError) -> str:
    rest = wrong.doc[wrong.pos :]
    shown = rest[:MAX_SHOWN] + ("…" if len(rest) > MAX_SHOWN else "")
    where = f"in line {wrong.lineno}, column {wrong.colno}" if rest else "where it ends"
    return f"{expected_token(wrong)} {where}" + (f": {shown}" if rest else "")
