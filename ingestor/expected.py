"""What must the rows of these positions be? Decoded by the engine as a recording would have had it,
into a table of its own, to be compared with what is kept or to fill what is missing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import lz4.frame
from clickhouse_connect.driver.asyncclient import AsyncClient

from ingestor.cleaning import REDACTED
from ingestor.clickhouse import ganglion_errors
from ingestor.condition import Condition, Writer
from ingestor.core import (
    REFUSED_BY_ENGINE,
    Examined,
    cut,
    examine,
    park,
    prepare,
)
from ingestor.door import reading, row_of
from ingestor.ingest_schema import ingest_columns, ingest_schema
from ingestor.model import Batch, Identity
from ingestor.row_encoder import RowEncoder
from ingestor.spans import PositionSpan
from ingestor.statements import statement
from ingestor.turns import worked_on
from ingestor.warehouse import INSERT_SETTINGS, event_hash
from nervous_system.contract.live_keys import LiveKeys
from nervous_system.contract.stored import Stored
from nervous_system.errors import Permanent

FACTS: Final = ("subject", "recorded_at", "raw")
"""What the log itself says; the other columns are read from the bytes."""

NOT_COMPARED: Final = frozenset({"epoch", "seq", "writer", "reason", "warnings", *FACTS})
"""Position and facts apart: who wrote, and words, which another version may choose otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One position whose row is not what it must be."""

    seq: int
    missing: bool
    facts: bool  # its bytes, subject or time differ; else only what was read of them


class Expected:
    """Positions, as rows that nobody sees yet. Close it to take the table away."""

    def __init__(
        self, client: AsyncClient, condition: Condition, *, table: str, keys: LiveKeys
    ) -> None:
        self._client = client
        self.condition: Final = condition
        self._table = table
        self._keys = keys
        self._columns: tuple[str, ...] = ()

    async def open(self) -> None:
        """Makes the table, empty."""
        with ganglion_errors(f"making the table {self._table}"):
            await self._client.command(
                f"CREATE OR REPLACE TABLE {self._table} AS swarm.landing ENGINE = Memory"
            )
            found = await self._client.query(statement("columns"))
        self._columns = tuple(str(name) for (name,) in found.result_rows)

    async def close(self) -> None:
        """Takes the table away."""
        with ganglion_errors(f"dropping the table {self._table}"):
            await self._client.command(f"DROP TABLE IF EXISTS {self._table}")

    async def differences(
        self,
        epoch: int,
        positions: Sequence[Stored],
        *,
        writers: Sequence[Writer],
        rows_age: bool,
    ) -> list[Difference]:
        """Those of consecutive positions whose rows are not what they must be. Where somebody wrote
        who read otherwise than this version, only the facts are compared; where rows age out, a
        repeat may outlive what it repeats.
        """
        await self._decode(epoch, positions, writer=0)
        ours = {each.number for each in writers if each.reading == reading()}
        with ganglion_errors(f"comparing rows of epoch {epoch}", reads=True):
            found = await self._client.query(
                self._sql("differences"),
                parameters={
                    "epoch": epoch,
                    "first": positions[0].sequence,
                    "last": positions[-1].sequence,
                    "refused": REFUSED_BY_ENGINE,
                    "aged": rows_age,
                    "redacted": REDACTED,
                },
                settings={"join_use_nulls": 0, "max_threads": 1},
            )
        return [
            Difference(seq=int(seq), missing=not there, facts=bool(facts))
            for seq, there, writer, facts, vouched, columns in found.result_rows
            if not there or ((facts or columns) if int(writer) in ours else (facts and not vouched))
        ]

    async def others_stored(self, epoch: int, positions: Sequence[Stored]) -> list[tuple[int, int]]:
        """Epoch and sequence of rows that are stored though an event of `positions` came first
        under their id: repeats that were recorded while the first was missing.
        """
        look = partial(examine, positions, RowEncoder(epoch=epoch, writer=0))
        examined = await worked_on(look, positions)
        first = _first_places(epoch, examined)
        return [
            (at, seq)
            for identity, at, seq in await self._stored_positions(list(first))
            if identity in first and (at, seq) > first[identity]
        ]

    async def fill(
        self, epoch: int, positions: Sequence[Stored], *, number: int, writers: Sequence[Writer]
    ) -> None:
        """Adds the rows that these positions lack, whole partitions at a time. Raises Fenced where
        another repair has begun.
        """
        span = PositionSpan(positions[0].sequence, positions[-1].sequence)
        below, above = await self.condition.writers_around(epoch, span)
        for writer, run in by_writer(positions, writers, below=below, above=above):
            await self._decode(epoch, run, writer=writer)
            with ganglion_errors(f"filling positions of epoch {epoch}"):
                await self._client.command(
                    self._sql("fill"),
                    parameters={
                        "number": number,
                        "epoch": epoch,
                        "first": run[0].sequence,
                        "last": run[-1].sequence,
                    },
                    settings={
                        "async_insert": 0,
                        # The same rows may have to be filled twice: they were lost in between.
                        "insert_deduplicate": 0,
                        "deduplicate_insert": "disable",
                        "max_threads": 1,
                        "max_insert_threads": 1,
                        "materialized_views_ignore_errors": 0,
                    },
                )

    async def _decode(self, epoch: int, positions: Sequence[Stored], *, writer: int) -> None:
        with ganglion_errors(f"emptying the table {self._table}"):
            await self._client.command(f"TRUNCATE TABLE {self._table}")
        framer = RowEncoder(epoch=epoch, writer=writer)
        look = partial(examine, positions, framer, self._keys.in_force)
        examined = await worked_on(look, positions)
        known = await self._existing_ids(epoch, examined)
        for run in cut(examined):
            await self._decode_run(run, framer, known)

    async def _decode_run(
        self, run: Sequence[Examined], framer: RowEncoder, known: frozenset[Identity]
    ) -> None:
        prepared = prepare(run, framer, known=known)
        try:
            await self._insert(prepared.batch)
        except Permanent as error:
            if len(run) == 1:
                parked = park(run[0].stored, framer, reason=f"{REFUSED_BY_ENGINE}: {error}")
                await self._insert(prepare([parked], framer, known=frozenset()).batch)
                return
            middle = len(run) // 2
            await self._decode_run(run[:middle], framer, known)
            await self._decode_run(run[middle:], framer, known | prepared.new)

    async def _insert(self, batch: Batch) -> None:
        with ganglion_errors(f"decoding {batch.rows} positions of epoch {batch.epoch}"):
            await self._client.raw_insert(
                self._table,
                column_names=ingest_columns(batch.kinds),
                insert_block=lz4.frame.compress(batch.frames),
                compression="lz4",
                fmt="Protobuf",
                settings={**INSERT_SETTINGS, "format_schema": ingest_schema(batch.kinds)},
            )

    async def _existing_ids(self, epoch: int, examined: Sequence[Examined]) -> frozenset[Identity]:
        """What is stored before the place where it first occurs here."""
        first = _first_places(epoch, examined)
        return frozenset(
            identity
            for identity, at, seq in await self._stored_positions(list(first))
            if identity in first and (at, seq) < first[identity]
        )

    async def _stored_positions(
        self, events: Sequence[Identity]
    ) -> list[tuple[Identity, int, int]]:
        if not events:
            return []
        ids = {each.event_id for each in events}
        return await self.condition.stored_at(b"".join(map(event_hash, ids)))

    def _sql(self, name: str) -> str:
        read = [name for name in self._columns if name not in NOT_COMPARED]
        return (
            statement(name)
            .replace("%ROW%", row_of(self._table))
            .replace("%FACTS%", ", ".join(FACTS))
            .replace("%COLUMNS%", ", ".join(read))
            .replace("%ALL%", ", ".join(self._columns))
        )


def by_writer(
    positions: Sequence[Stored], writers: Sequence[Writer], *, below: int, above: int
) -> Iterator[tuple[int, list[Stored]]]:
    """The positions in runs, each with who recorded it first: the last to take over before its
    time, but nobody before who wrote the row below, nor after who wrote the row above (0: none).
    """
    taken = [each.taken_at_ns for each in writers]
    run: list[Stored] = []
    wrote = 0
    for stored in positions:
        index = bisect_right(taken, stored.recorded_at_ns)
        number = writers[max(0, index - 1)].number if writers else 0
        number = max(below, min(number, above) if above else number)
        if run and number != wrote:
            yield wrote, run
            run = []
        wrote = number
        run.append(stored)
    if run:
        yield wrote, run


def _first_places(epoch: int, examined: Iterable[Examined]) -> dict[Identity, tuple[int, int]]:
    first: dict[Identity, tuple[int, int]] = {}
    for each in examined:
        if each.identity is not None:
            first.setdefault(each.identity, (epoch, each.stored.sequence))
    return first
