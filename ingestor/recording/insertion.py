"""Stage three: how is a batch stored, whatever ClickHouse has against it?"""

from __future__ import annotations

from functools import partial

import structlog

from ingestor.core import REFUSED_BY_ENGINE, Prepared, park, prepare
from ingestor.model import Batch
from ingestor.ports import Warehouse
from ingestor.recording.patience import Patience
from ingestor.recording.preparation import Preparation
from ingestor.row_encoder import RowEncoder
from nervous_system.clickhouse.error_families import TooLargeNow
from nervous_system.errors import Permanent, Unavailable
from nervous_system.failpoint import failpoint

_log = structlog.get_logger()


class Insertion:
    """Whole, or in the parts into which it had to be cut."""

    def __init__(
        self,
        warehouse: Warehouse,
        framer: RowEncoder,
        preparation: Preparation,
        patience: Patience,
    ) -> None:
        self._warehouse = warehouse
        self._framer = framer
        self._preparation = preparation
        self._patience = patience

    async def store(self, prepared: Prepared) -> list[Prepared]:
        """What was stored, in order, however long that takes: the batch, or its parts, in which
        what the engine refuses is parked. Raises Fenced."""
        insert = partial(self._insert, prepared.batch)
        several = len(prepared.examined) > 1
        try:
            await self._patience.with_retries("inserting", insert, cuttable=several)
        except TooLargeNow:
            # If the whole was stored after all, the guard leaves out the halves, by their place.
            reason = "ClickHouse has no memory"
            _log.warning("ingestor.batch_cut", rows=len(prepared.examined), reason=reason)
            return await self._in_halves(prepared)
        except Permanent:
            if several:  # until the position that the engine refuses stands alone
                return await self._in_halves(prepared)
            alone = partial(self._store_or_park, prepared)
            return [await self._patience.with_retries("storing it alone", alone)]
        return [prepared]

    async def _in_halves(self, prepared: Prepared) -> list[Prepared]:
        """Each is prepared when the one before is stored, and cut again if it has to be."""
        examined = prepared.examined
        middle = len(examined) // 2
        stored: list[Prepared] = []
        for half in (examined[:middle], examined[middle:]):
            stored += await self.store(await self._preparation.prepare(half))
        return stored

    async def _insert(self, batch: Batch) -> None:
        failpoint("ingestor.during_insert")
        await self._warehouse.insert(batch)

    async def _store_or_park(self, alone: Prepared) -> Prepared:
        """Where the position's bare bytes are refused as well, the cause is not the event: that is
        waited for like any other outage, and then the event itself is tried first.
        """
        try:
            await self._insert(alone.batch)
        except Permanent as error:
            reason = f"{REFUSED_BY_ENGINE}: {error}"
            position = park(alone.examined[0].stored, self._framer, reason=reason)
            parked = prepare([position], self._framer, known=frozenset())
            try:
                await self._insert(parked.batch)
            except Permanent as general:
                raise Unavailable(f"ClickHouse refuses every insert: {general}") from general
            sequence = position.stored.sequence
            held = await self._warehouse.fingerprint(epoch=self._framer.epoch, seq=sequence)
            if held is not None and held.event_id:
                return alone  # somebody's view threw after the event had been written
            _log.error(
                "ingestor.refused_by_engine",
                sequence=sequence,
                reason=str(error),
                remedy="look at it with `ganglion parked show`; if views were added, check them",
            )
            return parked
        return alone
