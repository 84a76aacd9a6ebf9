"""What holds a large state that is never changed in place? Maps and heaps that share nearly all of
themselves with those they were made from.

`Map` is a hash trie (`immutables`): a changed copy costs microseconds however large it is, and
snapshots write it as a JSON object; its order is another in each process, so a decision must not go
by it. `Heap` is an index over such a state, made from it again after a snapshot, so it is never
written; it gives no order to equal keys.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final, Generic, TypeVar, get_args

from immutables import Map
from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

Key = TypeVar("Key")
Value = TypeVar("Value")
Item = TypeVar("Item")


class _AsJsonObject:
    """Lets pydantic read and write a `Map[str, …]`."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        key, value = get_args(source)
        as_dict = handler.generate_schema(dict[key, value])  # type: ignore[valid-type]
        as_map = core_schema.no_info_after_validator_function(Map, as_dict)
        return core_schema.json_or_python_schema(
            json_schema=as_map,
            python_schema=core_schema.no_info_before_validator_function(dict, as_map),
            serialization=core_schema.wrap_serializer_function_ser_schema(
                lambda whole, write: write(dict(whole)), schema=as_dict
            ),
        )


EMPTY: Final[Map[Any, Any]] = Map()
"""The map with nothing in it."""

Table = Annotated[Map[Key, Value], _AsJsonObject]
"""A Map in a frozen state that has snapshots."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Heap(Generic[Item]):
    """A leftist heap of (key, item), the smallest key first. None is the empty one."""

    key: Any
    item: Item
    left: Heap[Item] | None
    right: Heap[Item] | None
    rank: int

    @staticmethod
    def push(heap: Heap[Item] | None, key: Any, item: Item) -> Heap[Item]:
        """The heap with one more."""
        merged = _merged(heap, Heap(key, item, None, None, 1))
        assert merged is not None
        return merged

    def rest(self) -> Heap[Item] | None:
        """The heap without its first."""
        return _merged(self.left, self.right)


def _merged(one: Heap[Item] | None, other: Heap[Item] | None) -> Heap[Item] | None:
    if one is None:
        return other
    if other is None:
        return one
    if other.key < one.key:
        one, other = other, one
    left, right = one.left, _merged(one.right, other)  # right spines are logarithmic
    if left is None or (right is not None and left.rank < right.rank):
        left, right = right, left
    return Heap(one.key, one.item, left, right, (right.rank if right is not None else 0) + 1)
