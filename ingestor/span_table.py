"""How are spans kept in ClickHouse? In a table of their own, for some days, up to a size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from clickhouse_connect.driver.asyncclient import AsyncClient

from ingestor.clickhouse import ganglion_errors
from ingestor.statements import statement

_INSERT_SETTINGS: Final[dict[str, Any]] = {
    "async_insert": 0,
    "input_format_parallel_parsing": 0,
    "max_insert_threads": 1,
}


class ReadTo(NamedTuple):
    """A position of the stream of spans."""

    recorded_at_ns: int
    sequence: int


class SpanTable:
    """`swarm.span_rows`. Everything raises as `ganglion_errors`."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    async def insert(self, lines: Sequence[bytes]) -> None:
        """Rows, one JSON object each. Those that are there already are there twice until a merge,
        and once for whoever asks `swarm.spans`."""
        with ganglion_errors(f"inserting {len(lines)} spans"):
            await self._client.raw_insert(
                "swarm.span_rows",
                insert_block=b"\n".join(lines),
                fmt="JSONEachRow",
                settings=_INSERT_SETTINGS,
            )

    async def read_to(self) -> ReadTo | None:
        """The last position that is in it."""
        rows = await self._rows("reading how far spans were stored", "spans_read_to")
        return ReadTo(*map(int, rows[0])) if rows else None

    async def keep_below(self, max_bytes: int) -> int:
        """Remove what came first until the table is no larger; how many parts of time went. The
        newest stays."""
        partitions = await self._rows("reading what spans take", "spans_partitions")
        gone = [name for name, size in partitions[1:] if int(size) > max_bytes]
        for name in gone:
            with ganglion_errors(f"removing the spans of {name}"):
                await self._client.command(
                    statement("drop_spans"), parameters={"partition": str(name)}
                )
        return len(gone)

    async def apply_ttl(self, days: int) -> None:
        """Rows go after so many days."""
        definition = await self._rows("reading the TTL of spans", "spans_definition")
        if definition and f"toIntervalDay({days})" not in str(definition[0][0]):
            with ganglion_errors(f"setting a TTL of {days} days for spans"):
                await self._client.command(statement("set_spans_ttl").format(days=int(days)))

    async def _rows(self, doing: str, name: str) -> Sequence[Sequence[Any]]:
        with ganglion_errors(doing, reads=True):
            result = await self._client.query(statement(name))
            rows: Sequence[Sequence[Any]] = result.result_rows
            return rows
