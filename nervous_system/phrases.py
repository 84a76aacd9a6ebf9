"""What are the sentences made of? Numbers, lists, reasons and enums, as a person says them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from google.protobuf.internal.enum_type_wrapper import _EnumTypeWrapper

_NUMBER = TypeVar("_NUMBER", bound=int)
MAX_LISTED: Final = 5
"""A longer list is cut, and says so."""

TES: Final = (
    "TES: tool efficacy score, 0 to 100, for how well, how fast and how small it was done; - where"
    " nobody ever began it"
)
PULSE: Final = "the overseer's regular look at the swarm"
LAG: Final = "positions of the log that ClickHouse does not have yet"
POSITION: Final = "an event's number on the log, from 1"
EPOCH: Final = "a life of the log: a new one begins where it was truncated or made anew"
PARKED: Final = "positions of the log that could not be read as events, kept with their bytes"


def with_reason(reason: str) -> str:
    """What stands behind a sentence that has a reason; nothing where it has none."""
    return f": {reason}" if reason.strip() else ""


def pluralize(number: int, noun: str, plural: str = "") -> str:
    """`1 task`, `2,000 tasks`; `plural` where it is more than an s behind the noun."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def join_list(words: Sequence[str]) -> str:
    """`a, b and 7 more`; `nothing` where there is none."""
    if not words:
        return "nothing"
    shown, left_out = list(words[:MAX_LISTED]), len(words) - MAX_LISTED
    last = f"{left_out:,} more" if left_out > 0 else shown.pop()
    return f"{', '.join(shown)} and {last}" if shown else last


def moment(at: datetime) -> str:
    """As clocks here show it, with their zone: `2026-11-30 10:09:41 CET`."""
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S %Z}"


def enum_label(enum: _EnumTypeWrapper[_NUMBER], number: _NUMBER) -> str:
    """RESULT_CHECKS_FAILED is `checks failed`; a number this version does not know, its digits."""
    if number not in enum.values():
        return str(int(number))
    return enum.Name(number).partition("_")[2].replace("_", " ").lower()


def percent(share: float) -> str:
    """0.3 is `30 %`."""
    return f"{share * 100:.0f} %"


def seconds(length: float) -> str:
    """To the millisecond: `0.035 s`, `120 s`, `86,400 s`."""
    return f"{length:,.3f}".rstrip("0").rstrip(".") + " s"


def size(count: float) -> str:
    """In the unit that fits: `512 B`, `1.5 GiB`."""
    units = ["B", "KiB", "MiB", "GiB", "TiB"]
    while abs(count) >= 1024 and len(units) > 1:
        count /= 1024
        del units[0]
    return f"{count:,.1f}".removesuffix(".0") + f" {units[0]}"


def or_nobody(name: str) -> str:
    """Who; `nobody` where it is not said."""
    return name or "nobody"


def taken_out(secrets: int) -> str:
    """`1 secret was taken out`, `2 secrets were taken out`."""
    return f"{pluralize(secrets, 'secret')} {'was' if secrets == 1 else 'were'} taken out"
