"""Stage two: what of a run is new to ClickHouse, and which batch does that make?"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from functools import partial

from ingestor.core import Examined, Prepared, identities, prepare
from ingestor.model import Identity
from ingestor.ports import Warehouse
from ingestor.recording.patience import Patience
from ingestor.row_encoder import RowEncoder
from ingestor.turns import worked_on
from nervous_system.clickhouse.error_families import TooLargeNow


class Preparation:
    """From examined positions to a batch."""

    def __init__(self, warehouse: Warehouse, framer: RowEncoder, patience: Patience) -> None:
        self._warehouse = warehouse
        self._framer = framer
        self._patience = patience

    async def prepare(
        self, run: Sequence[Examined], *, on_its_way: AbstractSet[Identity] = frozenset()
    ) -> Prepared:
        """The batch of a run; what ClickHouse has, and what is `on_its_way` there, is a duplicate.

        Repeats are looked through once more, so a run of them takes as long as it did.
        """
        known = await self._look_up(identities(run))
        work = partial(prepare, run, self._framer, known=known | on_its_way)
        return await worked_on(work, [each.stored for each in run])

    async def _look_up(self, events: Sequence[Identity]) -> frozenset[Identity]:
        """Those that ClickHouse has."""
        lookup = partial(self._warehouse.existing_ids, events)
        try:
            return await self._patience.with_retries(
                "looking ids up", lookup, cuttable=len(events) > 1
            )
        except TooLargeNow:
            middle = len(events) // 2
            return await self._look_up(events[:middle]) | await self._look_up(events[middle:])
