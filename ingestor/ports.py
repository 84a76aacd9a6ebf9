"""What does the ingestor need from the place where rows are kept? The promises that the adapter
must keep.

Errors, for every method: `Unavailable` (transient) when the address does not answer, is overloaded
or short of space, and as `TooLargeNow` when it is short of memory; `Fenced` (fatal) when another
ingestor has taken over; `Forbidden` when the user may not; `Permanent` for all that would be
refused every time. An `insert` is the only call whose failure leaves its fate open; see there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from ingestor.model import (
    Audit,
    Batch,
    Disposition,
    Epoch,
    Fingerprint,
    Identity,
    StoredPosition,
    Watermark,
)


class Warehouse(Protocol):
    """Rows by position, written by one ingestor at a time. Any call may be repeated."""

    async def migrate(self) -> tuple[str, ...]:
        """Brings the schema up to date and returns the names of what was applied.

        Raises SchemaMismatch (fatal) where an applied migration was changed or the database is
        newer than this code.
        """

    async def pending_migrations(self) -> tuple[str, ...]:
        """The names of the migrations that `migrate` would apply. Writes nothing."""

    async def take_over(self, holder: str) -> int:
        """Becomes the one writer and returns the number that goes into every frame.

        When it returns, no insert of an earlier writer is being executed and none will ever succeed
        again, so a watermark read afterwards stays true. `holder` names this run and no other. Call
        it again after a failed insert whose batch will not be repeated as it was.
        """

    async def watermark(self) -> Watermark | None:
        """How far the current epoch was recorded; None before the first `open_epoch`. Milliseconds,
        at any size.
        """

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
        """Opens an epoch, from which moment inserts into any earlier one are refused as Fenced.
        Nothing if it is open.
        """

    async def epochs(self) -> tuple[Epoch, ...]:
        """Every epoch, oldest first."""

    async def fingerprint(self, *, epoch: int, seq: int) -> Fingerprint | None:
        """What is held at a position; at the remembered watermark also after its row has aged out.
        None: nothing.
        """

    async def existing_ids(self, events: Sequence[Identity]) -> frozenset[Identity]:
        """Who has said something under the ids of these, in any epoch. Those of one batch that
        repeat each other are the caller's to find.
        """

    async def insert(self, batch: Batch) -> None:
        """Stores the batch whole or not at all; returns once it is on disk and every query sees it.

        Positions at or below the last stored one are left out, so overlap is harmless. On
        `Unavailable` the batch may or may not have been stored, or may still be on its way: repeat
        the very same batch, which is stored once however often it is sent. To cut it anew, first
        `take_over`, then read the watermark.
        """

    async def save_watermark(self) -> None:
        """Copies the watermark to where no TTL reaches. Call it now and then, and before
        `apply_ttl`.
        """

    async def apply_ttl(self, days: int | None) -> None:
        """Rows older than `days` by the stream's time go, in the background; None keeps them for
        ever. Repeating costs nothing.
        """

    async def positions_after(
        self, *, epoch: int, after_seq: int, limit: int, disposition: Disposition | None = None
    ) -> tuple[StoredPosition, ...]:
        """Up to `limit` rows after a position in their order, with the exact bytes; all of them, or
        those of one disposition.
        """

    async def audit(self, epoch: int) -> Audit:
        """Counts an epoch's positions by SQL alone. Seconds on millions of rows: for tests and
        `ganglion doctor`.
        """

    async def close(self) -> None:
        """Gives up the connections."""
