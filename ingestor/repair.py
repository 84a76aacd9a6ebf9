"""How is damage mended? Parts that do not read are set aside, rows that are not what they must be
are taken out, and what has no row is filled from the log, or from what could be saved: once each.

Safe beside a recording, which writes above the watermark only; one repair at a time, by a fence as
the writers have it; and one that was killed is simply run again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from ingestor.clickhouse import ganglion_errors
from ingestor.condition import Condition, Extent, Salvage, Writer
from ingestor.examination import CHUNK, BrokenPart, Damage, Examiner, Found, Told
from ingestor.expected import Expected
from ingestor.foreign import ForeignRows
from ingestor.spans import PositionSpan, join, pieces, size_of, spans, subtract
from ingestor.statements import quote_literal, statement
from ingestor.warehouse import ClickHouseWarehouse
from nervous_system.bus import Bus
from nervous_system.clickhouse.error_families import Damaged
from nervous_system.contract.stored import Stored
from nervous_system.errors import Fenced, Unavailable
from nervous_system.ids import new_event_id

LOOK_SECONDS: Final = 0.2
"""Between two looks at a deletion that is under way."""

SAY_SECONDS: Final = 5.0
"""How often a repair says that it is at work; see `condition.SILENT_SECONDS`."""

AT_WORK: Final = "repair"

_SPANS_PER_DELETION: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """Positions that neither the log nor ClickHouse has: only a backup can bring them."""

    epoch: int
    first: int
    last: int
    after: str  # when the row before was recorded, UTC; empty: there is none
    before: str  # and the row behind

    @property
    def span(self) -> PositionSpan:
        """The positions."""
        return PositionSpan(self.first, self.last)


@dataclass(slots=True, kw_only=True)
class Repaired:
    """What a repair did."""

    found: Found = field(default_factory=Found)  # what it began with
    tables: tuple[str, ...] = ()  # that were gone and were made again
    parts_set_aside: list[str] = field(default_factory=list)
    salvaged: int = 0  # positions saved from them that the log no longer has
    foreign: list[ForeignRows] = field(default_factory=list)  # removed, kept in foreign_rows
    filled: int = 0  # positions that have their row again
    replaced: int = 0  # of them: those whose row was another
    doubtful: dict[int, tuple[PositionSpan, ...]] = field(
        default_factory=dict
    )  # by epoch; see `_sources`
    lost: list[Lost] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether nothing is left to be mended."""
        return not (self.lost or self.doubtful)


class Repair:
    """One repair. Use `repairing`."""

    def __init__(
        self, bus: Bus, warehouse: ClickHouseWarehouse, expected: Expected, *, number: int
    ) -> None:
        self._warehouse = warehouse
        self._client = warehouse.client
        self._examiner = Examiner(bus, warehouse)
        self._condition = self._examiner.condition
        self._expected = expected
        self._number = number
        self._writers: Sequence[Writer] = ()
        self._extents: dict[int, Extent] = {}

    async def examine(self, *, told: Told) -> Found:
        """What is damaged. Changes nothing."""
        return await self._examiner.everything(self._expected, told=told)

    async def run(self, *, told: Told) -> Repaired:
        """Mend what can be mended. Raises Unavailable, Fenced."""
        await self._condition.remember(AT_WORK, seq=self._number, result="it is at work")
        done = Repaired()
        self._writers = await self._condition.writers()
        found = done.found = await self.examine(told=told)
        foreign = found.foreign
        if found.broken or found.unknown:
            await self._remember_how_far()
            for part in found.broken:
                await self._set_aside(part, done)
            found = await self._examiner.count_rows()
            if found.unknown:
                raise Damaged(found.unknown)
            foreign = found.foreign
        for rows in foreign:
            await self._take_foreign_out(rows, done)
        if foreign:
            found = await self._examiner.count_rows()
        await self._mend(found, done, told=told)
        # Only now can every row be compared, and repeats be told from what they repeat.
        found = await self._examiner.count_rows()
        await self._examiner.compare_rows(self._expected, found, told=told)
        done.found.epochs = _together(done.found.epochs, found.epochs)
        await self._mend(found, done, told=told)
        left = await self._examiner.count_rows()
        for each in left.epochs:
            done.lost += [await self._read_lost(each.epoch, span) for span in each.missing]
        return done

    async def _take_foreign_out(self, foreign: ForeignRows, done: Repaired) -> None:
        """After they were copied to where a person can look at them, and nothing is filled from."""
        await self._examiner.foreign_look.keep(foreign, mender=self._number)
        await self._delete_where(foreign.epoch, foreign.where)
        done.foreign.append(foreign)

    async def _remember_how_far(self) -> None:
        """The last part may be one of those that are set aside."""
        for extent in await self._extents_if_readable():
            self._examiner.was_recorded_to(extent.epoch, extent.last)
        with suppress(Damaged):
            await self._warehouse.save_watermark()

    async def _mend(self, found: Found, done: Repaired, *, told: Told) -> None:
        self._extents = {extent.epoch: extent for extent in await self._examiner.extents()}
        for damage in found.epochs:
            await self._mend_epoch(self._extents[damage.epoch], damage, done, told=told)

    async def _mend_epoch(
        self, extent: Extent, damage: Damage, done: Repaired, *, told: Told
    ) -> None:
        """Rows that are wrong are taken out only where there is something to put in their place."""
        wrong = join((*damage.doubled, *damage.altered))
        for span in pieces(damage.doubled, size=CHUNK):
            await self._keep_copies(extent, span)
        sure = await self._sources(extent, wrong)
        doubtful = subtract(wrong, sure)
        if doubtful:
            done.doubtful[extent.epoch] = doubtful
        total = size_of(damage.missing) + size_of(sure)
        filled = 0
        seen = 0  # of what is missing some may be nowhere
        for span in pieces(sure, size=CHUNK):
            told("replacing rows", seen, total)
            await self._delete(extent.epoch, [span])
            filled += await self._fill(extent, span)
            done.replaced += span.size
            seen += span.size
            told("replacing rows", seen, total)
        for span in pieces(damage.missing, size=CHUNK):
            told("filling holes", seen, total)
            filled += await self._fill(extent, span)
            seen += span.size
            told("filling holes", seen, total)
        done.filled += filled

    async def _keep_copies(self, extent: Extent, span: PositionSpan) -> None:
        """Of doubled positions that the log no longer has, where all copies agree."""
        if await self._examiner.on_the_log(extent, [span]) == (span,):
            return
        with ganglion_errors("keeping copies of doubled rows"):
            await self._client.command(
                statement("keep_copies"),
                parameters={
                    "mender": self._number,
                    "epoch": extent.epoch,
                    "first": span.first,
                    "last": span.last,
                },
            )

    async def _sources(
        self, extent: Extent, where: Sequence[PositionSpan]
    ) -> tuple[PositionSpan, ...]:
        """Those of the positions that the log has, or of which a copy was saved. For the others
        nobody knows whether the row or its bytes were altered: they stay.
        """
        have: list[int] = []
        for span in pieces(where, size=CHUNK):
            async for positions in self._positions(extent, span):
                have += [stored.sequence for stored in positions]
        return spans(have)

    async def _positions(self, extent: Extent, span: PositionSpan) -> AsyncIterator[list[Stored]]:
        """What there is for a span: from the log, and what that has not from what was saved."""
        have: list[int] = []
        for some in await self._examiner.on_the_log(extent, [span]):
            async for positions in self._examiner.read(some):
                have += [stored.sequence for stored in positions]
                yield positions
        for some in subtract([span], spans(have)):
            saved = await self._condition.salvaged_rows(extent.epoch, some)
            if saved:
                yield saved

    async def _fill(self, extent: Extent, span: PositionSpan) -> int:
        """Fill what a span has no rows of; how many positions there was something for."""
        filled = 0
        async for positions in self._positions(extent, span):
            repeats = await self._take_repeats_out(extent.epoch, positions)
            await self._fill_from(extent.epoch, positions)
            for epoch, where in repeats.items():
                for some in pieces(where, size=CHUNK):
                    async for others in self._positions(self._extents[epoch], some):
                        await self._fill_from(epoch, others)
            filled += len(positions)
        return filled

    async def _fill_from(self, epoch: int, positions: Sequence[Stored]) -> None:
        await self._expected.fill(epoch, positions, number=self._number, writers=self._writers)

    async def _take_repeats_out(
        self, epoch: int, positions: Sequence[Stored]
    ) -> dict[int, tuple[PositionSpan, ...]]:
        """Rows that were stored as events while what they repeat had no row; by epoch."""
        found = await self._expected.others_stored(epoch, positions)
        repeats = {}
        for at in {at for at, _ in found}:
            where = spans(seq for place, seq in found if place == at)
            repeats[at] = await self._sources(self._extents[at], where)
            await self._delete(at, repeats[at])
        return repeats

    async def _set_aside(self, part: BrokenPart, done: Repaired) -> None:
        """Take a part out of use, after all that only it has was saved from it, so far as it reads.
        Its files stay in the folder `detached` of the table.
        """
        extents = {extent.epoch: extent for extent in await self._extents_if_readable()}
        salvage = Salvage(self._client, mender=self._number)
        for epoch, span in await self._extent_of(part):
            if epoch not in extents:
                continue
            gone = subtract([span], await self._examiner.on_the_log(extents[epoch], [span]))
            for some in gone:
                await salvage.save(part.name, epoch, some)
                done.salvaged += len(await self._condition.salvaged_rows(epoch, some))
        with ganglion_errors(f"setting part {part.name} aside"):
            await self._client.command(
                f"ALTER TABLE swarm.events DETACH PART {quote_literal(part.name)}"
            )
        done.parts_set_aside.append(part.name)

    async def _extents_if_readable(self) -> tuple[Extent, ...]:
        try:
            return await self._examiner.extents()
        except Damaged:
            return ()

    async def _extent_of(self, part: BrokenPart) -> tuple[tuple[int, PositionSpan], ...]:
        try:
            return await self._condition.extent_of_part(part.name)
        except Damaged:  # not even its positions read, so nothing can be saved from it
            return ()

    async def _delete(self, epoch: int, where: Sequence[PositionSpan]) -> None:
        if not where:
            return
        for start in range(0, len(where), _SPANS_PER_DELETION):
            some = where[start : start + _SPANS_PER_DELETION]
            ranges = " OR ".join(f"seq BETWEEN {each.first} AND {each.last}" for each in some)
            await self._delete_where(epoch, f"epoch = {epoch} AND ({ranges})")

    async def _delete_where(self, epoch: int, condition: str) -> None:
        with ganglion_errors(f"taking rows of epoch {epoch} out"):
            await self._client.command(
                f"ALTER TABLE swarm.events DELETE WHERE {condition}",
                settings={"mutations_sync": 0},
            )
        while True:
            with ganglion_errors("waiting until rows are taken out", reads=True):
                result = await self._client.query(statement("mutations_under_way"))
            under_way, reason = result.result_rows[0]
            if not under_way:
                return
            if reason:
                raise Damaged(f"rows could not be taken out: {reason}")
            await asyncio.sleep(LOOK_SECONDS)

    async def _read_lost(self, epoch: int, span: PositionSpan) -> Lost:
        below, above = await self._condition.times_around(epoch, span)
        return Lost(
            epoch=epoch,
            first=span.first,
            last=span.last,
            after=_moment(below),
            before=_moment(above),
        )


@asynccontextmanager
async def repairing(
    bus: Bus, warehouse: ClickHouseWarehouse, *, holder: str, dry_run: bool = False
) -> AsyncIterator[Repair]:
    """A repair that may fill, until another begins; a dry run may not, and disturbs none. Raises
    Fenced, Unavailable.
    """
    number = 0 if dry_run else await _become_mender(warehouse, holder)
    expected = Expected(
        warehouse.client,
        Condition(warehouse.client),
        table=f"swarm.mending_{number}" if number else f"swarm.looking_{new_event_id()[-12:]}",
        keys=bus.keys,
    )
    await expected.open()
    saying = asyncio.create_task(_say_at_work(expected.condition, number), name="say at work")
    try:
        yield Repair(bus, warehouse, expected, number=number)
    finally:
        saying.cancel()
        with suppress(asyncio.CancelledError):
            await saying
        await expected.close()
        if number:
            await expected.condition.remember(AT_WORK, seq=number)


async def _say_at_work(condition: Condition, number: int) -> None:
    """So that the audit does not take for damage what is missing for a moment."""
    while number:
        with suppress(Unavailable):
            await condition.remember(AT_WORK, seq=number, result="it is at work")
        await asyncio.sleep(SAY_SECONDS)


async def _become_mender(warehouse: ClickHouseWarehouse, holder: str) -> int:
    client = warehouse.client
    with ganglion_errors("beginning a repair"):
        await client.command(statement("become_mender"), parameters={"holder": holder})
        number, holders = (await client.query(statement("last_mender"))).result_rows[0]
        if holders != [holder]:
            raise Fenced(f"another repair ({holders[0]}) began at the same time: let it finish")
        await client.command(statement("stop_fills_in_flight"))
    return int(number)


def _moment(nanoseconds: int) -> str:
    if not nanoseconds:
        return ""
    return datetime.fromtimestamp(nanoseconds // 10**9, tz=UTC).strftime("%Y-%m-%d %H:%M:%S")


def _together(before: Sequence[Damage], after: Sequence[Damage]) -> list[Damage]:
    """What was damaged at first, with what could only be seen later."""
    late = {each.epoch: each for each in after}
    return [
        replace(each, altered=join((*each.altered, *late[each.epoch].altered))) for each in before
    ]
