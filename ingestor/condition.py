"""In what condition are the rows that ClickHouse keeps? What it can say of itself: where rows are
missing or doubled, which parts no longer read, who wrote when.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from clickhouse_connect.driver.asyncclient import AsyncClient
from clickhouse_connect.driver.external import ExternalData

from ingestor.clickhouse import ganglion_errors
from ingestor.model import Epoch, Identity
from ingestor.spans import PositionSpan, join, uneven
from ingestor.statements import quote_literal, statement
from nervous_system.clickhouse.error_families import Damaged
from nervous_system.contract.stored import Stored
from nervous_system.errors import Permanent

STRETCH: Final = 65_536
"""Positions that are counted together; where the count is wrong, one by one."""

SILENT_SECONDS: Final = 30
"""A repair that said nothing for so long is not at work any more."""

SALVAGE_STRETCH: Final = 4_096
"""Positions of a damaged part that are read together, and where that fails in halves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of `swarm.events`."""

    name: str
    bytes: int
    rows: int
    looked_at_ns: int  # when it was last read whole; 0: never


@dataclass(frozen=True, slots=True, kw_only=True)
class DetachedPart:
    """One that was set aside, with its folder."""

    name: str
    reason: str  # why, in the engine's word; empty: by hand, or by a repair
    bytes: int
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """From where to where an epoch was recorded."""

    epoch: int
    first: int
    last: int  # below `first`: nothing yet
    owned_to: int  # the last sequence for which the stream, if it has it, has this epoch's


@dataclass(frozen=True, slots=True)
class Writer:
    """Who wrote, from when, and how it read."""

    number: int
    taken_at_ns: int
    reading: str


class Condition:
    """Looks, and changes nothing but `swarm.audits`."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    async def extents(self, epochs: Sequence[Epoch]) -> tuple[Extent, ...]:
        """What must be there, by epoch, less what has aged out. Raises Damaged."""
        rows = await self._rows("reading how far each epoch was recorded", "last_rows")
        last = {int(epoch): int(seq) for epoch, seq in rows}
        return tuple(
            Extent(
                epoch=each.epoch,
                first=each.first_seq,
                last=last.get(each.epoch, 0),
                owned_to=min((x.first_seq for x in epochs if x.epoch > each.epoch), default=2**63)
                - 1,
            )
            for each in epochs
        )

    async def remembered_epochs(self) -> set[int]:
        """The epochs that remembered positions belong to."""
        doing = "reading the remembered epochs"
        return {int(epoch) for (epoch,) in await self._rows(doing, "remembered_epochs")}

    async def uneven(
        self, extent: Extent
    ) -> tuple[tuple[PositionSpan, ...], tuple[PositionSpan, ...]]:
        """Where rows are missing, and where there are too many, in an epoch."""
        if extent.last < extent.first:
            return (), ()
        whole = {"epoch": extent.epoch, "first": extent.first, "last": extent.last}
        doing = f"counting the rows of epoch {extent.epoch}"
        counted = {
            int(stretch): (int(rows), int(positions))
            for stretch, rows, positions in await self._rows(
                doing, "stretches", size=STRETCH, **whole
            )
        }
        missing: list[PositionSpan] = []
        doubled: list[PositionSpan] = []
        for stretch in range(extent.first // STRETCH, extent.last // STRETCH + 1):
            span = PositionSpan(
                max(extent.first, stretch * STRETCH),
                min(extent.last, (stretch + 1) * STRETCH - 1),
            )
            rows, positions = counted.get(stretch, (0, 0))
            if rows == positions == span.size:
                continue
            if not rows:
                missing.append(span)
                continue
            found = await self._rows(
                doing, "rows_by_position", epoch=extent.epoch, first=span.first, last=span.last
            )
            without, twice = uneven(span, {int(seq): int(count) for seq, count in found})
            missing += without
            doubled += twice
        return join(missing), join(doubled)

    async def parts(self) -> tuple[Part, ...]:
        """All that are in use; first those that were not read whole for longest."""
        return tuple(
            Part(name=str(name), bytes=int(size), rows=int(rows), looked_at_ns=int(at))
            for name, size, rows, at in await self._rows("reading the parts", "parts")
        )

    async def detached_parts(self) -> tuple[DetachedPart, ...]:
        """Those that were set aside."""
        return tuple(
            DetachedPart(name=str(name), reason=str(reason), bytes=int(size), path=str(path))
            for name, reason, size, path in await self._rows(
                "reading the parts that were set aside", "detached_parts"
            )
        )

    async def fault_of(self, part: str) -> str:
        """Why a part does not read, every byte of it; empty: it does, or is no longer there."""
        try:
            with ganglion_errors(f"reading part {part} whole"):
                answer = await self._client.raw_query(
                    f"CHECK TABLE swarm.events PART {quote_literal(part)}"
                    " SETTINGS check_query_single_value_result = 0, max_threads = 1",
                    fmt="JSONEachRow",
                )
        except Permanent:
            if part in {each.name for each in await self.parts()}:
                raise
            return ""
        for line in answer.splitlines():
            found = json.loads(line)
            if not int(found["is_passed"]) and part in {each.name for each in await self.parts()}:
                return str(found["message"]) or "it does not read"
        return ""

    async def extent_of_part(self, part: str) -> tuple[tuple[int, PositionSpan], ...]:
        """Which positions it has, by epoch. Raises Damaged where even that does not read."""
        rows = await self._rows(f"reading the extent of part {part}", "extent_of_part", part=part)
        return tuple(
            (int(epoch), PositionSpan(int(first), int(last))) for epoch, first, last in rows
        )

    async def writers(self) -> tuple[Writer, ...]:
        """Everybody who ever wrote, in turn."""
        return tuple(
            Writer(int(number), int(taken_at), str(how))
            for number, taken_at, how in await self._rows("reading who wrote", "writers")
        )

    async def writers_around(self, epoch: int, span: PositionSpan) -> tuple[int, int]:
        """Who wrote the rows below and above a run without any; 0: nobody."""
        below, above = (
            await self._rows("reading who wrote", "writers_around", **_at(epoch, span))
        )[0]
        return int(below), int(above)

    async def times_around(self, epoch: int, span: PositionSpan) -> tuple[int, int]:
        """When the rows below and above were recorded, nanoseconds since 1970; 0: there is none."""
        doing = "reading when it was recorded"
        below, above = (await self._rows(doing, "times_around", **_at(epoch, span)))[0]
        return int(below), int(above)

    async def stored_at(self, hashes: bytes) -> list[tuple[Identity, int, int]]:
        """Whose, epoch and sequence, of the stored events whose ids may have these hashes."""
        asked = ExternalData(
            file_name="asked", data=hashes, fmt="RowBinary", structure="event_hash UInt64"
        )
        with ganglion_errors("looking ids up", reads=True):
            answer = await self._client.query(statement("stored_hashes"), external_data=asked)
        return [
            (Identity(*map(str, row[:3])), int(row[3]), int(row[4])) for row in answer.result_rows
        ]

    async def own_bytes(self, epoch: int, span: PositionSpan) -> list[Stored]:
        """The positions as their rows have them."""
        rows = await self._rows(
            f"reading rows of epoch {epoch}", "rows_of_positions", **_at(epoch, span)
        )
        return [_stored_of(row) for row in rows]

    async def salvaged_rows(self, epoch: int, span: PositionSpan) -> list[Stored]:
        """The positions as they were read from damaged parts."""
        rows = await self._rows("reading what was salvaged", "salvaged", **_at(epoch, span))
        return [_stored_of(row) for row in rows]

    async def remember(
        self, subject: str, *, epoch: int = 0, seq: int = 0, result: str = ""
    ) -> None:
        """Writes down what was looked at."""
        with ganglion_errors("remembering what was looked at"):
            await self._client.command(
                statement("remember_look"),
                parameters={"subject": subject, "epoch": epoch, "seq": seq, "result": result},
            )

    async def reached_position(self) -> tuple[int, int]:
        """Epoch and sequence up to which contents were compared; zeros: from the beginning."""
        rows = await self._rows("reading how far the audit is", "last_look")
        return (int(rows[0][0]), int(rows[0][1])) if rows else (0, 0)

    async def repair_under_way(self) -> bool:
        """Whether a repair is at work, so that rows may be missing for a moment."""
        doing = "seeing whether a repair is under way"
        return bool((await self._rows(doing, "repair_under_way", seconds=SILENT_SECONDS))[0][0])

    async def last_mended(self) -> int:
        """When damage was last found to be mended, nanoseconds since 1970; 0: never."""
        return int((await self._rows("reading when it was mended", "last_mended"))[0][0])

    async def kept_days(self) -> int | None:
        """Days after which rows go; None: never."""
        text = str((await self._rows("reading the table's TTL", "table_definition"))[0][0])
        _, found, rest = text.partition("toIntervalDay(")
        return int(rest.partition(")")[0]) if found else None

    async def _rows(self, doing: str, name: str, **parameters: Any) -> Sequence[Sequence[Any]]:
        with ganglion_errors(doing, reads=True):
            result = await self._client.query(statement(name), parameters=parameters)
            rows: Sequence[Sequence[Any]] = result.result_rows
            return rows


class Salvage:
    """Saves what still reads of a part that does not read whole."""

    def __init__(self, client: AsyncClient, *, mender: int) -> None:
        self._client = client
        self._mender = mender

    async def save(self, part: str, epoch: int, span: PositionSpan) -> None:
        """Copies the readable positions of a span to `swarm.salvaged`; the rest is left."""
        for first in range(span.first, span.last + 1, SALVAGE_STRETCH):
            await self._save(
                part, epoch, PositionSpan(first, min(span.last, first + SALVAGE_STRETCH - 1))
            )

    async def _save(self, part: str, epoch: int, span: PositionSpan) -> None:
        try:
            with ganglion_errors(f"reading what is left of part {part}", reads=True):
                await self._client.command(
                    statement("salvage"),
                    parameters={"mender": self._mender, "part": part, **_at(epoch, span)},
                )
        except Damaged:
            if span.size > 1:
                middle = (span.first + span.last) // 2
                await self._save(part, epoch, PositionSpan(span.first, middle))
                await self._save(part, epoch, PositionSpan(middle + 1, span.last))


def _at(epoch: int, span: PositionSpan) -> dict[str, int]:
    return {"epoch": epoch, "first": span.first, "last": span.last}


def _stored_of(row: Sequence[Any]) -> Stored:
    return Stored(int(row[0]), str(row[1]), int(row[2]), base64.b64decode(row[3]))
