"""How is a frozen value changed? A copy with other values in some of its fields.

`dataclasses.replace` builds a dictionary, and the constructor then checks and sets field by field;
where states are changed for every event of the log that is a good part of the work. For frozen
dataclasses with slots this takes half the time, for those without a fifth: what there is only one
of, such as a whole state, is copied quickly; what there are many of takes less memory with slots. A
`__post_init__` does not run: only what it made is copied.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from operator import attrgetter
from typing import Any, TypeVar

Value = TypeVar("Value")

_Learnt = tuple[Callable[[Any], tuple[Any, ...]], tuple[Callable[..., None], ...], dict[str, int]]

_LEARNT: dict[type, _Learnt] = {}


def replace(value: Value, /, **changes: object) -> Value:
    """A copy of `value`, which has at least two fields, with these changes.

    Raises KeyError for a field that it does not have.
    """
    kind = type(value)
    fields_of = getattr(value, "__dict__", None)
    if fields_of is not None:
        copy = object.__new__(kind)
        copied = copy.__dict__
        copied.update(fields_of)
        copied.update(changes)
        if len(copied) != len(fields_of):
            raise KeyError(*changes.keys() - fields_of.keys())
        return copy
    read, writes, places = _LEARNT.get(kind) or _learn(kind)
    values = [*read(value)]
    for name, new in changes.items():
        values[places[name]] = new
    copy = object.__new__(kind)
    for write, each in zip(writes, values, strict=True):
        write(copy, each)
    return copy


def _learn(kind: type) -> _Learnt:
    names = [each.name for each in fields(kind)]
    writes = tuple(getattr(kind, name).__set__ for name in names)
    learnt = (attrgetter(*names), writes, {name: place for place, name in enumerate(names)})
    _LEARNT[kind] = learnt
    return learnt
