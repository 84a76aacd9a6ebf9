"""What of the rows is damaged, by everything that can be known: their number, their bytes on disk,
and the log, so far as it still has them?
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from ingestor.condition import Condition, Extent, Part
from ingestor.expected import Expected
from ingestor.foreign import ForeignLook, ForeignRows
from ingestor.spans import PositionSpan, common, pieces, size_of, spans, subtract
from ingestor.warehouse import ClickHouseWarehouse
from nervous_system.bus import Bus
from nervous_system.clickhouse.error_families import Damaged
from nervous_system.contract.stored import Stored
from nervous_system.errors import Unavailable
from nervous_system.names import ALL_EVENTS
from nervous_system.transport.reader import Reader

CHUNK: Final = 2_000
"""Positions that are compared or filled at once."""

CHUNK_BYTES: Final = 16 * 1024**2

ANSWER_SECONDS: Final = 10.0
"""How long the log may be silent in the middle of a stretch that it has."""

Told = Callable[[str, int, int], None]
"""What is being done, how much of it is done, of how much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenPart:
    """A part of `swarm.events` that does not read whole."""

    name: str
    reason: str
    rows: int


@dataclass(slots=True, kw_only=True)
class Damage:
    """What was found of one epoch."""

    epoch: int
    missing: tuple[PositionSpan, ...] = ()  # no row
    doubled: tuple[PositionSpan, ...] = ()  # more than one
    altered: tuple[PositionSpan, ...] = ()  # rows that are not what the log or their bytes say

    @property
    def all(self) -> tuple[PositionSpan, ...]:
        """Every position concerned."""
        return tuple(sorted((*self.missing, *self.doubled, *self.altered)))


@dataclass(slots=True, kw_only=True)
class Found:
    """What an examination found."""

    broken: tuple[BrokenPart, ...] = ()
    epochs: list[Damage] = field(default_factory=list)
    foreign: tuple[ForeignRows, ...] = ()
    unknown: str = ""  # why rows could not be counted; empty: they were

    @property
    def sound(self) -> bool:
        """Whether nothing is damaged."""
        return not (
            self.broken or self.foreign or self.unknown or any(each.all for each in self.epochs)
        )

    def sentence(self) -> str:
        """What is damaged, for a person; empty where nothing is."""
        said = [
            f"{len(self.broken)} of the files' parts ({sum(x.rows for x in self.broken):,} rows) no"
            " longer read"
        ] * bool(self.broken)
        said += map(str, self.foreign)
        for each in self.epochs:
            for what, where in (
                ("have no row", each.missing),
                ("have more than one row", each.doubled),
                ("are not as they were recorded", each.altered),
            ):
                if where:
                    said.append(
                        f"{size_of(where):,} positions of epoch {each.epoch} {what}"
                        f" ({list_spans(where)})"
                    )
        if self.unknown:
            said.append(f"rows cannot be counted: {self.unknown}")
        return "; ".join(said)


class Examiner:
    """Looks at both sides. Raises Unavailable where one does not answer."""

    def __init__(self, bus: Bus, warehouse: ClickHouseWarehouse) -> None:
        self._bus = bus
        self._warehouse = warehouse
        self.condition: Final = Condition(warehouse.client)
        self.foreign_look: Final = ForeignLook(warehouse.client)
        self._recorded_to: dict[int, int] = {}

    def was_recorded_to(self, epoch: int, seq: int) -> None:
        """Rows up to here were there, whatever the table says of its last one from now on."""
        self._recorded_to[epoch] = max(seq, self._recorded_to.get(epoch, 0))

    async def extents(self) -> tuple[Extent, ...]:
        """What must be there of each epoch, less what has aged out. Raises Damaged."""
        extents, _ = await self._extents()
        return await self._within_ttl(extents)

    async def _within_ttl(self, extents: tuple[Extent, ...]) -> tuple[Extent, ...]:
        days = await self.condition.kept_days()
        if days is None:
            return extents
        first = await self._first_since((await self._bus.stream.time()) - timedelta(days=days))
        return tuple(replace(each, first=max(each.first, first)) for each in extents)

    async def _extents(self) -> tuple[tuple[Extent, ...], tuple[ForeignRows, ...]]:
        """From where to where each epoch was recorded, and the rows outside of that."""
        extents = await self.condition.extents(await self._warehouse.epochs())
        state = await self._bus.stream.state()
        newest = max((each.epoch for each in extents), default=0)
        inside: list[Extent] = []
        outside: list[ForeignRows] = []
        for each in extents:
            extent, foreign = await self.foreign_look.outside(
                each,
                on_log=min(each.owned_to, state.last_sequence),
                reached=self._recorded_to.get(each.epoch, 0),
                newest=each.epoch == newest,
            )
            inside.append(extent)
            outside += foreign
        return tuple(inside), tuple(outside)

    async def _first_since(self, moment: datetime) -> int:
        """The first position of the stream that is not older than this."""
        state = await self._bus.stream.state()
        low, high = state.first_sequence, state.last_sequence + 1
        while low < high:
            middle = (low + high) // 2
            found = await self._bus.stream.next_on(ALL_EVENTS, at_least=middle)
            if found is None or found.recorded_at >= moment:
                high = middle
            else:
                low = found.sequence + 1
        return low

    async def count_rows(self) -> Found:
        """Where rows are missing or doubled."""
        found = Found()
        try:
            foreign, with_rows = await self.foreign_look.of_lost_epochs()
            inside, outside = await self._extents()
            found.foreign = (*foreign, *outside)
            known = {each.epoch for each in inside}
            foreign_epochs = {each.epoch for each in foreign}
            lost = {*with_rows, *(await self.condition.remembered_epochs() - foreign_epochs)}
            if lost - known:
                numbers = ", ".join(map(str, sorted(lost - known)))
                found.unknown = f"epoch {numbers}, which rows belong to, is not in swarm.epochs"
            for extent in await self._within_ttl(inside):
                missing, doubled = await self.condition.uneven(extent)
                found.epochs.append(Damage(epoch=extent.epoch, missing=missing, doubled=doubled))
        except Damaged as error:
            found.unknown = str(error)
        return found

    async def broken(self, part: Part) -> BrokenPart | None:
        """The part, where it does not read."""
        reason = await self.condition.fault_of(part.name)
        await self.condition.remember(f"part {part.name}", result=reason)
        return BrokenPart(name=part.name, reason=reason, rows=part.rows) if reason else None

    async def on_the_log(
        self, extent: Extent, parts: Sequence[PositionSpan]
    ) -> tuple[PositionSpan, ...]:
        """Which of these positions of an epoch the stream may still have."""
        state = await self._bus.stream.state()
        last = min(extent.owned_to, state.last_sequence)
        if last < state.first_sequence:
            return ()
        return common(parts, [PositionSpan(max(1, state.first_sequence), last)])

    async def read(self, span: PositionSpan) -> AsyncIterator[list[Stored]]:
        """What the stream has of a span, in order, in bounded lists. Raises Interrupted."""
        async with Reader(
            self._bus.connection, start_sequence=span.first, buffer_messages=CHUNK
        ) as reader:
            reached = span.first - 1
            while reached < span.last and not reader.at_end:
                most = min(CHUNK, span.last - reached)
                batch = await reader.batch(
                    max_messages=most, within_seconds=ANSWER_SECONDS, max_bytes=CHUNK_BYTES
                )
                if not batch:
                    raise Unavailable(f"the log does not answer behind position {reached:,}")
                reached = batch[-1].sequence
                own = [stored for stored in batch if stored.sequence <= span.last]
                if own:
                    yield own

    async def find_altered(
        self,
        expected: Expected,
        extent: Extent,
        span: PositionSpan,
        *,
        rows_age: bool,
        compared: Callable[[int], None] = lambda positions: None,
    ) -> tuple[PositionSpan, ...]:
        """Positions of a span whose rows are not what they must be: by the stream where it has
        them, else by their own bytes. Missing rows are not among them. `compared` is told of how
        many more positions there is something to say.
        """
        writers = await self.condition.writers()
        found: list[int] = []

        async def compare(positions: list[Stored]) -> None:
            for each in await expected.differences(
                extent.epoch, positions, writers=writers, rows_age=rows_age
            ):
                if not each.missing:
                    found.append(each.seq)
            compared(len(positions))

        on_log = await self.on_the_log(extent, [span])
        for some in on_log:
            async for positions in self.read(some):
                await compare(positions)
        for some in pieces(subtract([span], on_log), size=CHUNK):
            own = await self.condition.own_bytes(extent.epoch, some)
            if own:
                await compare(own)
        return spans(found)

    async def everything(self, expected: Expected, *, told: Told) -> Found:
        """All there is to know, now. Contents are compared once every part reads and is counted."""
        parts = await self.condition.parts()
        broken = []
        told("reading the parts", 0, len(parts))
        for number, part in enumerate(parts, 1):
            fault = await self.broken(part)
            if fault is not None:
                broken.append(fault)
            told("reading the parts", number, len(parts))
        told("counting rows", 0, 1)
        found = await self.count_rows()
        told("counting rows", 1, 1)
        found.broken = tuple(broken)
        if not broken and not found.unknown:
            await self.compare_rows(expected, found, told=told)
        return found

    async def compare_rows(self, expected: Expected, found: Found, *, told: Told) -> None:
        """Adds to what was counted the rows that are not what they must be."""
        rows_age = await self.condition.kept_days() is not None
        extents = {extent.epoch: extent for extent in await self.extents()}
        total = sum(extent.last - extent.first + 1 for extent in extents.values())
        done = 0

        def compared(positions: int) -> None:
            nonlocal done
            done += positions
            told("comparing rows with the log", done, total)

        compared(0)
        for damage in found.epochs:
            extent = extents[damage.epoch]
            altered: list[PositionSpan] = []
            before = done
            for span in pieces([PositionSpan(extent.first, extent.last)], size=10 * CHUNK):
                altered += await self.find_altered(
                    expected, extent, span, rows_age=rows_age, compared=compared
                )
            damage.altered = tuple(altered)
            compared(before + extent.last - extent.first + 1 - done)  # what is nowhere, too


def list_spans(where: Sequence[PositionSpan], *, max_named: int = 5) -> str:
    """The first of these spans, in words."""
    shown = ", ".join(str(span) for span in where[:max_named])
    return f"{shown} and {len(where) - max_named:,} more runs" if len(where) > max_named else shown
