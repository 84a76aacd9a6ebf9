"""How long is `10m`?"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import typer

from nervous_system.whole_number import whole_number

MAX_DAYS: Final = 36_500
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def parse_duration(text: str, *, option: str = "--since") -> timedelta:
    """`90s`, `10m`, `2h`, `7d` as a length of time. Raises BadParameter, which names the option."""
    number, unit = whole_number(text[:-1]), text[-1:]
    if number is not None and 0 <= number < timedelta.max.days and unit in _UNITS:
        length = timedelta(**{_UNITS[unit]: number})
        if length < timedelta(days=MAX_DAYS):
            return length
    raise typer.BadParameter(f"{option} is {text!r}; give something like 30s, 10m, 2h or 7d")
