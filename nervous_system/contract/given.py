"""
Can what a caller gave be recorded as it is? Each parameter is looked at, and what is wrong with all
of them is said at once, by name.

Protobuf would take a string for a list of its letters, a truth for a number and a NaN for JSON, and
fail on half a character with an error of its own. Nothing is changed in silence here: either it is
recorded as it was given, or InvalidEvent says why not. Only what is told of work that was done is
never refused for what it says: its escapes, and what is said of what was left out, stand in it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any, Final

from google.protobuf.message import Message

from nervous_system.contract.truncation import (
    MAX_CHANGED_FILES,
    MAX_CHANGED_FILES_CHARACTERS,
    recordable,
    truncate_middle,
)
from nervous_system.error_text import error_words
from nervous_system.errors import InvalidEvent
from nervous_system.visible import says_something

MAX_PROBLEMS: Final = 20
MAX_NESTED: Final = 64
"""Objects and lists within each other, in what becomes JSON."""
ENVELOPE_BYTES: Final = 16_384
"""What is kept free of the server's payload limit for the envelope around a payload."""
MAX_NAME_BYTES: Final = 8_192
INT32: Final = (-(2**31), 2**31 - 1)
UINT32: Final = (0, 2**32 - 1)
UINT64: Final = (0, 2**64 - 1)


class Given:
    """The parameters of one call. Every method hands the value on, or notes what is wrong with it
    and hands on one that does no harm until `check`."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def check(self) -> None:
        """Raises InvalidEvent with everything that was wrong, or the first of very much."""
        if not self.problems:
            return
        more = len(self.problems) - MAX_PROBLEMS
        said = [f"and {more:,} more"] if more > 0 else []
        raise InvalidEvent(self.problems[:MAX_PROBLEMS] + said)

    def text(self, name: str, value: Any, *, say: str = "", max_bytes: int | None = None) -> str:
        """Any text. With `say`, one in which something is to be seen: that is what to say. With
        `max_bytes`, one that is no longer."""
        if not isinstance(value, str):
            self._wrong(name, value, "a text")
            return ""
        if (broken := half_character(value)) is not None:
            self.problems.append(f"{name} is no text: half a character (a surrogate) at {broken}")
            return ""
        if say and not says_something(value):
            self.problems.append(f"{name} is empty: {say}")
        elif max_bytes is not None and len(value.encode()) > max_bytes:
            self.problems.append(f"{name} has more than {max_bytes:,} bytes")
            return ""
        return value

    def text_within(self, name: str, value: Any, *, max_characters: int) -> str:
        """What is told of work: any text, recordable, and of a long one both ends."""
        if isinstance(value, str):
            return truncate_middle(recordable(value), max_characters=max_characters)
        self._wrong(name, value, "a text")
        return ""

    def files(self, name: str, value: Any) -> tuple[list[str], str]:
        """As `texts`, of names of files: the first of them, recordable, and what there is to say of
        the others; empty where there are none."""
        many = self._several(name, value)
        kept: list[str] = []
        size = 0
        for number, each in enumerate(many[:MAX_CHANGED_FILES]):
            told = self.text_within(f"{name}[{number}]", each, max_characters=MAX_NAME_BYTES)
            size += len(told)
            if size > MAX_CHANGED_FILES_CHARACTERS:
                break
            kept.append(told)
        if len(kept) == len(many):
            return kept, ""
        return kept, f"of {len(many):,} changed files the first {len(kept):,} are named"

    def name(self, name: str, value: Any, *, say: str) -> str:
        """A text that stands in every event. It may show nothing, but not be empty."""
        text = self.text(name, value)
        if value == "":
            self.problems.append(f"{name} is empty: {say}")
        if len(text.encode()) > MAX_NAME_BYTES:
            self.problems.append(f"{name} has more than {MAX_NAME_BYTES:,} bytes")
        return text

    def texts(self, name: str, value: Any) -> list[str]:
        """A list or tuple of texts."""
        several = self._several(name, value)
        return [self.text(f"{name}[{number}]", each) for number, each in enumerate(several)]

    def _several(self, name: str, value: Any) -> Sequence[Any]:
        if isinstance(value, str | bytes | bytearray | memoryview) or not isinstance(
            value, Sequence
        ):
            self._wrong(name, value, "a list of texts")
            return ()
        return value

    def one_of(self, name: str, value: Any, allowed: Iterable[str]) -> str:
        """One of these words."""
        known = tuple(allowed)
        if self.text(name, value) != value or value in known:
            return str(value) if isinstance(value, str) else ""
        self.problems.append(f"{name} is {value[:40]!r}, and it is one of {', '.join(known)}")
        return ""

    def number(
        self, name: str, value: Any, *, min_value: float = 0.0, max_value: float = math.inf
    ) -> float:
        """A finite number between these."""
        if isinstance(value, bool) or not isinstance(value, Real):
            self._wrong(name, value, "a number")
            return min_value
        try:
            number = float(value)
            kept = math.isfinite(number) and number == value
        except (OverflowError, ValueError):
            kept = False
        if not kept:
            self.problems.append(f"{name} is not finite, or has more digits than are recorded")
            return min_value
        if not min_value <= number <= max_value:
            upwards = "up" if max_value == math.inf else f"to {max_value:g}"
            self.problems.append(f"{name} is {number:g}, and it is from {min_value:g} {upwards}")
        return number

    def number_or_none(self, name: str, value: Any, *, max_value: float = math.inf) -> float | None:
        """A finite number from 0 up, or None."""
        return None if value is None else self.number(name, value, max_value=max_value)

    def whole(self, name: str, value: Any, limits: tuple[int, int]) -> int:
        """A whole number within the limits."""
        if isinstance(value, bool) or not isinstance(value, Integral):
            self._wrong(name, value, "a whole number")
            return limits[0]
        if not limits[0] <= (number := int(value)) <= limits[1]:
            self.problems.append(f"{name} is not from {limits[0]:,} to {limits[1]:,}")
            return limits[0]
        return number

    def whole_or_none(self, name: str, value: Any, limits: tuple[int, int]) -> int | None:
        """A whole number within the limits, or None."""
        return None if value is None else self.whole(name, value, limits)

    def content(self, name: str, value: Any) -> bytes | str | None:
        """A resource's whole content: bytes, a text, or None."""
        if value is None or isinstance(value, bytes):
            return value
        if isinstance(value, str):
            return self.text(name, value)
        self._wrong(name, value, "bytes, a text, or None")
        return None

    def instance(self, name: str, value: Any, kind: type, *, what: str) -> None:
        """One of ours, or None."""
        if value is not None and not isinstance(value, kind):
            self._wrong(name, value, what)

    def json_object(self, name: str, value: Any) -> str:
        """An object whose JSON says the same; empty where there is nothing in it."""
        if not isinstance(value, Mapping):
            self._wrong(name, value, "an object with names")
            return ""
        return self.json(name, dict(value)) if value else ""

    def json(self, name: str, value: Any) -> str:
        """The JSON that says the same."""
        before = len(self.problems)
        try:
            self._json(name, value, ())
            if len(self.problems) == before:
                return json.dumps(value, sort_keys=True, allow_nan=False)
        except Exception as error:  # noqa: BLE001 - a subclass can have ways of its own
            self.problems.append(f"{name} is not JSON: {error_words(error)}")
        return ""

    def _json(self, name: str, value: Any, within: tuple[int, ...]) -> None:
        if isinstance(value, Mapping | list | tuple):
            self._json_of_many(name, value, within)
        elif isinstance(value, str):
            self.text(name, value)
        elif isinstance(value, float) and not math.isfinite(value):
            self.problems.append(f"{name} is not a finite number, and JSON has no other")
        elif value is not None and not isinstance(value, bool | int | float):
            self._wrong(name, value, "anything that JSON has")

    def _json_of_many(
        self, name: str, value: Mapping[Any, Any] | Sequence[Any], within: tuple[int, ...]
    ) -> None:
        here = (*within, id(value))
        if len(within) == MAX_NESTED:
            self.problems.append(f"{name} is nested more than {MAX_NESTED} times")
        elif id(value) in within:
            self.problems.append(f"{name} is what it is within, and JSON has no end then")
        elif isinstance(value, Mapping):
            for key, each in value.items():
                if not isinstance(key, str):
                    self._wrong(f"a name in {name}", key, "a text")
                elif self.text(f"a name in {name}", key) == key:
                    self._json(f"{name}.{key[:100]}", each, here)
        else:
            for number, each in enumerate(value):
                self._json(f"{name}[{number}]", each, here)

    def _wrong(self, name: str, value: Any, wanted: str) -> None:
        self.problems.append(f"{name} is of type {type(value).__name__}, and it has to be {wanted}")


def half_character(text: str) -> int | None:
    """Where half of a surrogate pair stands, which no UTF-8 can say; None where there is none."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return error.start
    return None


def check_size(payload: Message, *, max_bytes: int) -> None:
    """Raises InvalidEvent, which names the largest part, where it cannot fit into a message."""
    size = payload.ByteSize()
    if size <= max_bytes:
        return
    sizes: dict[str, int] = {}
    for field, value in payload.ListFields():
        every = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
        sizes[field.name] = sum(len(str(each).encode()) for each in every)
    largest = max(sizes, key=lambda name: sizes[name])
    raise InvalidEvent(
        [
            f"{largest} has {sizes[largest]:,} bytes, and all of an event may have {max_bytes:,}:"
            " record less, or raise the server's payload limit"
        ]
    )
