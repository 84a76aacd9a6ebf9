"""Is a column's type the one that is wanted, or can it grow to be? Pure.

A named Tuple grows by elements. Everything else that differs cannot be mended without losing what
is stored, and is not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_NAMED: Final = re.compile(r"(?:`([^`]+)`|(\w+)) (.+)", re.DOTALL)


class UnknownElement(ValueError):
    """The actual type has an element that the wanted one lacks."""


class OtherType(ValueError):
    """It is another type altogether."""


@dataclass(frozen=True, slots=True)
class _Type:
    """`name(inner, …)`; of a named Tuple the inner ones have names."""

    name: str
    inner: tuple[tuple[str, _Type], ...] = ()

    def __str__(self) -> str:
        if not self.inner:
            return self.name
        inside = (f"{name} {kind}" if name else str(kind) for name, kind in self.inner)
        return f"{self.name}({', '.join(inside)})"


def grown(actual: str, wanted: str) -> str:
    """The actual type with what it lacks of the wanted one behind what it has: itself, if that is
    nothing. Raises UnknownElement, OtherType.
    """
    return str(_grown(_parse(actual), _parse(wanted)))


def _grown(actual: _Type, wanted: _Type) -> _Type:
    if actual.name != wanted.name:
        raise OtherType
    if actual.name != "Tuple":
        if len(actual.inner) != len(wanted.inner):
            raise OtherType
        pairs = zip(actual.inner, wanted.inner, strict=True)
        return _Type(actual.name, tuple(("", _grown(old, new)) for (_, old), (_, new) in pairs))
    old, new = dict(actual.inner), dict(wanted.inner)
    unknown = [name for name in old if name not in new]
    if unknown:
        raise UnknownElement(unknown[0])
    both = tuple((name, _grown(kind, new[name])) for name, kind in old.items())
    return _Type("Tuple", (*both, *((name, new[name]) for name in new if name not in old)))


def _parse(text: str) -> _Type:
    text = text.strip()
    name, opened, rest = text.partition("(")
    if not opened or name not in ("Tuple", "Array", "Nullable", "LowCardinality", "Map"):
        return _Type(text)
    parts = _split(rest.removesuffix(")"))
    if name != "Tuple":
        return _Type(name, tuple(("", _parse(part)) for part in parts))
    named = [_NAMED.fullmatch(part.strip()) for part in parts]
    return _Type("Tuple", tuple((each[1] or each[2], _parse(each[3])) for each in named if each))


def _split(text: str) -> list[str]:
    """At the commas that are within no brackets."""
    parts, depth, start = [], 0, 0
    for place, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if sign == "," and not depth:
            parts.append(text[start:place])
            start = place + 1
    return [*parts, text[start:]]
