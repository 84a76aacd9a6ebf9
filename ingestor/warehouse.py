"""How is the ingestor's port kept on ClickHouse? Over its HTTP interface, with one table as the
position of record.

Why the watermark can be trusted: a recording's rows enter `swarm.events` by one path, in one block
per insert, only above the last position of the current epoch, only from the last writer; what a
repair fills (`repair.py`) lies below it. So the rows of an epoch are everything up to its highest
sequence, less what a TTL removed from the low end and what is damaged, and `max(seq)` says where to
go on. `swarm.watermarks` copies that position; the higher of the two
is taken. If the copy is behind (it is made now and then) and a TTL has since removed every row,
reading goes on at the copy: the rows written a second time are ones that no longer exist.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self

import lz4.frame
from clickhouse_connect.driver.asyncclient import AsyncClient
from clickhouse_connect.driver.external import ExternalData

from ingestor import migrate
from ingestor.clickhouse import BORNE_OUT, ganglion_errors, open_client
from ingestor.door import reading
from ingestor.foreign import ForeignLook
from ingestor.ingest_schema import MESSAGE_NAME, ingest_columns, ingest_schema
from ingestor.model import (
    LISTED,
    Audit,
    Batch,
    Disposition,
    Epoch,
    Fingerprint,
    Identity,
    StoredPosition,
    Watermark,
)
from ingestor.schema import SchemaStep
from ingestor.statements import statement
from nervous_system.errors import Fenced, Permanent, Unavailable

HASHES_PER_FIELD: Final = 6_000
"""A server refuses a form field above 128 KiB by default; these are numbers of at most 20 digits
with a comma."""

_TAKE_OVER_ATTEMPTS: Final = 20
_EPOCH_START: Final = datetime(1970, 1, 1, tzinfo=UTC)

INSERT_SETTINGS: Final[dict[str, Any]] = {
    "format_schema_source": "string",
    "format_schema_message_name": MESSAGE_NAME,
    "async_insert": 0,  # the answer must come after the rows are in the table
    "deduplicate_insert": "enable",
    "deduplicate_blocks_in_dependent_materialized_views": 1,
    # One insert is one block is one part, which is what makes it atomic.
    "input_format_parallel_parsing": 0,
    "max_insert_threads": 1,
    "max_insert_block_size": 1_000_000,
    "min_insert_block_size_rows": 1_000_000,
    "min_insert_block_size_bytes": 1 << 30,
    "materialized_views_ignore_errors": 0,
}


class ClickHouseWarehouse:
    """Keeps the promises of `ports.Warehouse`."""

    def __init__(self, client: AsyncClient, *, insert_timeout_seconds: float = 30.0) -> None:
        self.client: Final = client
        self._insert_settings: Final[dict[str, Any]] = {
            **INSERT_SETTINGS,
            "max_execution_time": int(max(1, insert_timeout_seconds)),
        }

    @classmethod
    async def connect(cls, url: str, *, insert_timeout_seconds: float = 30.0) -> Self:
        """Opens connections to a ClickHouse HTTP address. The server gives an insert up after the
        timeout; we wait longer.
        """
        client = await open_client(url, timeout_seconds=insert_timeout_seconds + 10)
        return cls(client, insert_timeout_seconds=insert_timeout_seconds)

    async def close(self) -> None:
        await self.client.close()

    async def migrate(self) -> tuple[str, ...]:
        return _titles(await migrate.migrate(self.client))

    async def pending_migrations(self) -> tuple[str, ...]:
        return _titles(await migrate.pending(self.client))

    async def restore(self, *, dry_run: bool) -> tuple[str, ...]:
        """Makes tables and views that are gone again, empty; their names. Raises SchemaMismatch."""
        return await migrate.restore(self.client, dry_run=dry_run)

    async def restore_epochs(self, stream_created: str) -> None:
        """Opens the epochs again that `swarm.epochs` lost, as rows tell that their own bytes bear
        out; what the log never had opens none.
        """
        _, lost = await ForeignLook(self.client).of_lost_epochs()
        if not lost:
            return
        with ganglion_errors("restoring epochs", reads=True):
            await self.client.command(
                statement("restore_epochs").replace("%BORNE_OUT%", BORNE_OUT),
                parameters={
                    "stream_created_nanoseconds": _nanoseconds(
                        datetime.fromisoformat(stream_created)
                    ),
                    "lost": list(lost),
                },
            )

    async def take_over(self, holder: str) -> int:
        number = await self._become_writer(holder)
        await self._end_inserts_in_flight()
        return number

    async def _become_writer(self, holder: str) -> int:
        for _ in range(_TAKE_OVER_ATTEMPTS):
            await self._do(
                "taking over as the writer", "take_over", holder=holder, reading=reading()
            )
            rows = await self._rows("reading who may write", "last_writer")
            number, holders = rows[0]
            if holders == [holder]:
                return int(number)
            if holder not in holders:
                raise Fenced(
                    f"{holder} took over, but {holders[0]} did so after it with number {number}: "
                    "this ingestor must stop"
                )
        raise Unavailable(
            f"{holder} could not take over in {_TAKE_OVER_ATTEMPTS} tries because others do so "
            "all the time: let one ingestor run at a time"
        )

    async def _end_inserts_in_flight(self) -> None:
        """An insert that passed the fence before we took over must be finished before the watermark
        is read.
        """
        with ganglion_errors("ending the inserts of the writer before"):
            await self.client.command(statement("stop_inserts_in_flight"))
        rows = await self._rows("looking for inserts in flight", "inserts_in_flight")
        if rows[0][0]:
            raise Unavailable(
                f"{rows[0][0]} inserts of an earlier writer are still being executed; "
                "it is tried again"
            )

    async def watermark(self) -> Watermark | None:
        rows = await self._rows("reading the watermark", "watermark")
        if not rows:
            return None
        epoch, seq = rows[0]
        return Watermark(epoch=int(epoch), seq=int(seq))

    async def open_epoch(
        self,
        *,
        epoch: int,
        reason: str,
        stream_created: datetime,
        first_seq: int,
        forked_from_seq: int,
        holder: str,
    ) -> None:
        await self._do(
            f"opening epoch {epoch}",
            "open_epoch",
            epoch=epoch,
            reason=reason,
            stream_created_nanoseconds=_nanoseconds(stream_created),
            first_seq=first_seq,
            forked_from_seq=forked_from_seq,
            holder=holder,
        )

    async def epochs(self) -> tuple[Epoch, ...]:
        rows = await self._rows("reading the epochs", "epochs")
        return tuple(
            Epoch(
                epoch=int(row[0]),
                opened_at=_moment(row[1]),
                reason=str(row[2]),
                stream_created=_moment(row[3]),
                first_seq=int(row[4]),
                forked_from_seq=int(row[5]),
                holder=str(row[6]),
            )
            for row in rows
        )

    async def fingerprint(self, *, epoch: int, seq: int) -> Fingerprint | None:
        doing = f"reading the fingerprint of epoch {epoch}, sequence {seq}"
        rows = await self._rows(doing, "fingerprint", epoch=epoch, seq=seq)
        if not rows:
            return None
        event_id, recorded_at_nanoseconds, sha256 = rows[0]
        return Fingerprint(
            event_id=str(event_id),
            recorded_at_nanoseconds=int(recorded_at_nanoseconds),
            raw_sha256=bytes.fromhex(sha256),
        )

    async def existing_ids(self, events: Sequence[Identity]) -> frozenset[Identity]:
        """Two steps, because nearly always the first finds nothing and is the last."""
        if not events:
            return frozenset()
        ids = {each.event_id for each in events}
        asked = ExternalData(
            file_name="asked",
            data=b"".join(map(event_hash, ids)),
            fmt="RowBinary",
            structure="event_hash UInt64",
        )
        with ganglion_errors("looking ids up", reads=True):
            answer = await self.client.query(statement("known_hashes"), external_data=asked)
        rows: Sequence[Sequence[Any]] = answer.result_rows
        hashes = [row[0] for row in rows]
        found: set[Identity] = set()
        for start in range(0, len(hashes), HASHES_PER_FIELD):
            some = hashes[start : start + HASHES_PER_FIELD]
            rows = await self._rows("looking ids up", "known_ids", hashes=some)
            found.update(Identity(*map(str, row)) for row in rows)
        return frozenset(each for each in found if each.event_id in ids)

    async def insert(self, batch: Batch) -> None:
        if not batch.rows:
            raise Permanent(f"the batch at epoch {batch.epoch}, {batch.first_seq} is empty")
        doing = (
            f"inserting {batch.rows} positions of epoch {batch.epoch}, "
            f"{batch.first_seq} to {batch.last_seq}"
        )
        try:
            with ganglion_errors(doing):
                await self.client.raw_insert(
                    "swarm.landing",
                    column_names=ingest_columns(batch.kinds),
                    insert_block=lz4.frame.compress(batch.frames),
                    compression="lz4",
                    fmt="Protobuf",
                    settings={
                        **self._insert_settings,
                        "format_schema": ingest_schema(batch.kinds),
                        "insert_deduplication_token": batch.deduplication_token,
                    },
                )
        except Fenced as error:
            await self._refuse_unless_fenced(batch, error)
            raise
        await self._confirm(batch)

    async def _confirm(self, batch: Batch) -> None:
        """An insert that was taken is not believed until its last position is in the table: the
        door keeps nothing, so a missing view would lose every row without an error.
        """
        watermark = await self.watermark()
        reached = (watermark.epoch, watermark.seq) if watermark else (0, 0)
        if reached > (batch.epoch, batch.last_seq) and not await self.fingerprint(
            epoch=batch.epoch, seq=batch.last_seq
        ):
            raise Unavailable(
                f"a row at position {reached[1]} of epoch {reached[0]}, which the log has not"
                f" reached, keeps positions {batch.first_seq} to {batch.last_seq} out: somebody"
                " else wrote it. `ganglion repair` takes it out; the batch is tried again until"
                " then, and nothing is skipped"
            )
        if watermark is None or (watermark.epoch, watermark.seq) < (batch.epoch, batch.last_seq):
            raise Unavailable(
                f"ClickHouse took positions {batch.first_seq} to {batch.last_seq} of epoch "
                f"{batch.epoch} and stored them nowhere: the view swarm.landing_to_events is gone "
                "or was changed. Drop it if it is there, and `ganglion migrate` makes it again; "
                "the batch is tried again until then"
            )

    async def _refuse_unless_fenced(self, batch: Batch, error: Fenced) -> None:
        """The fence's number is that of `throwIf`, which a view that somebody added may use too:
        then nobody took over.
        """
        rows = await self._rows("seeing who may write", "fence")
        if rows[0] == (batch.writer, batch.epoch):
            raise Unavailable(
                f"{error}. Nobody has: number {batch.writer} still writes epoch {batch.epoch}, so "
                "another view on swarm.landing or swarm.events throws. Mend or drop that view; "
                "the batch is tried again until then"
            ) from error

    async def save_watermark(self) -> None:
        await self._do("remembering the watermark", "remember_watermark")

    async def remember_position(self, epoch: int, seq: int, held: Fingerprint) -> None:
        """The same for a position that the caller knows to be recorded, whatever its row says."""
        await self._do(
            "remembering how far was recorded",
            "remember_position",
            epoch=epoch,
            seq=seq,
            recorded_at_nanoseconds=held.recorded_at_nanoseconds,
            event_id=held.event_id,
            raw_sha256=held.raw_sha256.hex(),
        )

    async def apply_ttl(self, days: int | None) -> None:
        if days is not None and days < 1:
            raise Permanent(f"rows cannot be kept for {days} days: give 1 or more, or none at all")
        definition = str((await self._rows("reading the table's TTL", "table_definition"))[0][0])
        if days is None:
            if " TTL " in definition:
                await self._do("removing the TTL", "remove_ttl")
        elif f"toIntervalDay({days})" not in definition:
            await self.save_watermark()
            with ganglion_errors(f"setting a TTL of {days} days"):
                await self.client.command(statement("set_ttl").format(days=int(days)))

    async def positions_after(
        self, *, epoch: int, after_seq: int, limit: int, disposition: Disposition | None = None
    ) -> tuple[StoredPosition, ...]:
        rows = await self._rows(
            f"reading epoch {epoch} after sequence {after_seq}",
            "positions_after",
            epoch=epoch,
            after_seq=after_seq,
            limit=limit,
            disposition=disposition or "",
        )
        return tuple(
            StoredPosition(
                seq=int(row[0]),
                subject=str(row[1]),
                recorded_at_nanoseconds=int(row[2]),
                disposition=row[3],
                reason=str(row[4]),
                event_id=str(row[5]),
                raw=base64.b64decode(row[6]),
            )
            for row in rows
        )

    async def audit(self, epoch: int) -> Audit:
        doing = f"auditing epoch {epoch}"
        counts = (await self._rows(doing, "audit_counts", epoch=epoch))[0]
        doubled = await self._rows(doing, "audit_doubled", epoch=epoch, listed=LISTED)
        holes = await self._rows(doing, "audit_holes", epoch=epoch, listed=LISTED)
        repeated = await self._rows(doing, "audit_repeated_ids", listed=LISTED)
        first_seq, last_seq, rows, stored, parked, duplicate = (int(value) for value in counts)
        return Audit(
            epoch=epoch,
            first_seq=first_seq,
            last_seq=last_seq,
            rows=rows,
            stored=stored,
            parked=parked,
            duplicate=duplicate,
            doubled=tuple(int(row[0]) for row in doubled),
            holes=tuple((int(row[0]), int(row[1])) for row in holes),
            repeated_ids=tuple(str(row[0]) for row in repeated),
        )

    async def _rows(self, doing: str, name: str, **parameters: Any) -> Sequence[Sequence[Any]]:
        with ganglion_errors(doing, reads=True):
            result = await self.client.query(statement(name), parameters=parameters)
            rows: Sequence[Sequence[Any]] = result.result_rows
            return rows

    async def _do(self, doing: str, name: str, **parameters: Any) -> None:
        with ganglion_errors(doing, reads=True):
            await self.client.command(statement(name), parameters=parameters)


def _titles(taken: tuple[SchemaStep, ...]) -> tuple[str, ...]:
    return tuple(step.title for step in taken)


def event_hash(event_id: str) -> bytes:
    """The 8 bytes that column `event_hash` holds for this id. A filter: ids are compared after."""
    return hashlib.md5(event_id.encode(errors="replace"), usedforsecurity=False).digest()[:8]


def _nanoseconds(moment: datetime) -> int:
    return (moment - _EPOCH_START) // timedelta(microseconds=1) * 1000


def _moment(nanoseconds: int) -> datetime:
    return _EPOCH_START + timedelta(microseconds=nanoseconds // 1000)
