"""What holds a large state that is never changed in place? Maps and heaps that share nearly all of
themselves with those they were made from.

`Map` is a hash trie (`immutables`): a changed copy costs microseconds however large it is; its
order is another in each process, so a decision must not go by it. As JSON it is an object, or,
where `ChunkedTables` are pydantic's context, two numbers: it stands in them, and what is left of
the state is small. `Heap` is an index over such a state, made from it again after a snapshot, so it
is never written; it gives no order to equal keys."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Annotated, Any, Final, Generic, TypeVar, get_args

from immutables import Map
from pydantic import GetCoreSchemaHandler, SerializationInfo, TypeAdapter, ValidationInfo
from pydantic_core import CoreSchema, core_schema

Key = TypeVar("Key")
Value = TypeVar("Value")
Item = TypeVar("Item")


CHUNK_ITEMS: Final = 500
"""A few milliseconds of work, in which no other thread of the process gets a turn."""


class ChunkedTables:
    """The tables of one state, apart from it: a few items of one of them to a line of JSON.

    Other threads run between any two lines, so a process that does this in a thread of its own
    keeps its lease and answers meanwhile, however large the state is.
    """

    def __init__(
        self, lines: Sequence[bytes] = (), *, progress: Callable[[], None] = lambda: None
    ) -> None:
        self.lines = list(lines)
        self._progress = progress  # called for every line that is read

    def write(self, table: Map[Any, Any], items: TypeAdapter[Any]) -> tuple[int, int]:
        """Where its lines are: the first, and the one behind the last."""
        first = len(self.lines)
        left = iter(table.items())
        while some := dict(islice(left, CHUNK_ITEMS)):
            self.lines.append(items.dump_json(some))
        return first, len(self.lines)

    def read(self, where: Any, items: TypeAdapter[Any]) -> Map[Any, Any]:
        """The table that stands there. Raises ValueError where it does not."""
        first, end = where
        if not 0 <= first <= end <= len(self.lines):
            raise ValueError(f"lines {first} to {end} of {len(self.lines)} cannot be read")
        table: dict[Any, Any] = {}
        for line in self.lines[first:end]:
            self._progress()
            table.update(items.validate_json(line))
        return Map(table)


class TablesAsTheyAre(ChunkedTables):
    """The tables of one state, in the order in which they are written, and no JSON of them."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[Map[Any, Any]] = []

    def write(self, table: Map[Any, Any], items: TypeAdapter[Any]) -> tuple[int, int]:
        """Keeps the table."""
        self.tables.append(table)
        return 0, 0


class ChangedTables(ChunkedTables):
    """The tables of one state, as what is another in them than in those of a state before: for each
    a line of items, and one of keys that are gone.

    An item is the same if it is the same object: a fold leaves what it does not change as it is.
    """

    def __init__(self, before: Sequence[Map[Any, Any]], lines: Sequence[bytes] = ()) -> None:
        super().__init__(lines)
        self._before = before
        self._written = 0

    def write(self, table: Map[Any, Any], items: TypeAdapter[Any]) -> tuple[int, int]:
        """Which of the tables before it is compared with, and where its lines are."""
        number = self._written
        self._written += 1
        before = self._before[number]
        changed: dict[Any, Any] = {}
        gone: list[Any] = []
        if table is not before:
            changed = {
                key: value for key, value in table.items() if before.get(key, _NOTHING) is not value
            }
            new = sum(key not in before for key in changed)
            if len(table) != len(before) + new:
                gone = [key for key in before if key not in table]
        first = len(self.lines)
        self.lines += (items.dump_json(changed), json.dumps(gone).encode())
        return number, first

    def read(self, where: Any, items: TypeAdapter[Any]) -> Map[Any, Any]:
        """The table as it was written. Raises ValueError, KeyError, IndexError if it was written
        against others."""
        number, first = where
        table = self._before[number].mutate()
        for key in json.loads(self.lines[first + 1]):
            del table[key]
        for key, value in items.validate_json(self.lines[first]).items():
            table[key] = value
        changed: Map[Any, Any] = table.finish()
        return changed


_NOTHING: Final = object()


class _AsJsonObject:
    """Lets pydantic read and write a `Map[str, …]`."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        key, value = get_args(source)
        as_dict = handler.generate_schema(dict[key, value])  # type: ignore[valid-type]

        @cache
        def items() -> TypeAdapter[Any]:
            return TypeAdapter(dict[key, value])  # type: ignore[valid-type]

        def read(given: Any, validate: Any, info: ValidationInfo) -> Map[Any, Any]:
            if isinstance(info.context, ChunkedTables):
                return info.context.read(given, items())
            return Map(validate(dict(given)))

        def write(table: Map[Any, Any], serialize: Any, info: SerializationInfo) -> Any:
            if isinstance(info.context, ChunkedTables):
                return info.context.write(table, items())
            return serialize(dict(table))

        return core_schema.with_info_wrap_validator_function(
            read,
            as_dict,
            serialization=core_schema.wrap_serializer_function_ser_schema(
                write, info_arg=True, schema=as_dict
            ),
        )


EMPTY: Final[Map[Any, Any]] = Map()
"""The map with nothing in it."""

PersistentMap = Annotated[Map[Key, Value], _AsJsonObject]
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
    def of(ascending: Sequence[tuple[Any, Item]]) -> Heap[Item] | None:
        """The heap of these keys and items, of which each key is larger than the one before."""
        heap: Heap[Item] | None = None
        for key, item in reversed(ascending):
            heap = Heap(key, item, heap, None, 1)
        return heap

    @staticmethod
    def push(heap: Heap[Item] | None, key: Any, item: Item) -> Heap[Item]:
        """The heap with one more."""
        merged = _merge(heap, Heap(key, item, None, None, 1))
        assert merged is not None
        return merged

    def rest(self) -> Heap[Item] | None:
        """The heap without its first."""
        return _merge(self.left, self.right)


def _merge(one: Heap[Item] | None, other: Heap[Item] | None) -> Heap[Item] | None:
    if one is None:
        return other
    if other is None:
        return one
    if other.key < one.key:
        one, other = other, one
    left, right = one.left, _merge(one.right, other)  # right spines are logarithmic
    if left is None or (right is not None and left.rank < right.rank):
        left, right = right, left
    return Heap(one.key, one.item, left, right, (right.rank if right is not None else 0) + 1)
