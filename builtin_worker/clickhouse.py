"""How does the worker ask ClickHouse?"""

from __future__ import annotations

from importlib.resources import files
from typing import Any, Final

from nervous_system.clickhouse.service_query import ask_clickhouse
from nervous_system.shown_address import display_address

ANSWER_SECONDS: Final = 15.0
"""How long one statement may take."""


class ClickHouse:
    """Reads from a ClickHouse HTTP address, which need not answer yet when this is made."""

    def __init__(self, url: str, *, answer_seconds: float = ANSWER_SECONDS) -> None:
        self.address = display_address(url)
        self._url = url
        self._answer_seconds = answer_seconds

    async def rows(self, name: str, **parameters: int) -> list[tuple[Any, ...]]:
        """What `builtin_worker/sql/<name>.sql` selects. Raises as `ask_clickhouse`."""
        query = (files("builtin_worker") / "sql" / f"{name}.sql").read_text(encoding="utf-8")
        rows = await ask_clickhouse(
            self._url, query, parameters=parameters, seconds=self._answer_seconds
        )
        return [tuple(row.values()) for row in rows]
