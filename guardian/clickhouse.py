"""How far is ClickHouse?"""

from __future__ import annotations

from importlib.resources import files
from typing import Final

from guardian.ports import ClickHouseLook, Parked
from nervous_system.clickhouse.error_families import Unmigrated
from nervous_system.clickhouse.service_query import ask_clickhouse
from nervous_system.errors import Unavailable

LOOK_SECONDS: Final = 10.0
_QUERY: Final = (files("guardian") / "sql" / "record.sql").read_text(encoding="utf-8")


class ClickHouseRecord:
    """The `ClickHouseProbe` behind CLICKHOUSE_URL."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def look(self, *, parked_epoch: int, parked_sequence: int) -> ClickHouseLook | None:
        """As `ClickHouseProbe.look` promises."""
        after = {"parked_epoch": parked_epoch, "parked_sequence": parked_sequence}
        try:
            rows = await ask_clickhouse(self._url, _QUERY, parameters=after, seconds=LOOK_SECONDS)
        except Unmigrated:
            return None  # the ingestor has not been here yet
        if not rows:
            return None
        try:
            count, first, last = map(int, rows[0]["parked"])
            return ClickHouseLook(
                epoch=int(rows[0]["epoch"]),
                watermark=int(rows[0]["watermark"]),
                parked=Parked(count=count, first_sequence=first, last_sequence=last),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise Unavailable(f"ClickHouse answered something else: {rows[0]!r:.300}") from error
