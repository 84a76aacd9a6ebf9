"""How is ClickHouse asked how far it is? One query over plain HTTP: a driver would be large."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Final
from urllib.parse import urlsplit

import aiohttp

from guardian.ports import ClickHouseLook, Parked
from nervous_system.errors import Unavailable

LOOK_SECONDS: Final = 10.0
_NOT_SET_UP: Final = frozenset({"60", "81"})
"""UNKNOWN_TABLE, UNKNOWN_DATABASE: the ingestor has not been here yet."""


class ClickHouseRecord:
    """The `ClickHouseProbe` behind CLICKHOUSE_URL."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        self._url = f"{parts.scheme}://{host}/"
        self._authentication = (
            aiohttp.BasicAuth(parts.username, parts.password or "") if parts.username else None
        )

    async def look(self, *, parked_epoch: int, parked_sequence: int) -> ClickHouseLook | None:
        """As `ClickHouseProbe.look` promises."""
        parameters = {
            "param_parked_epoch": str(parked_epoch),
            "param_parked_sequence": str(parked_sequence),
            "output_format_json_quote_64bit_integers": "0",
        }
        timeout = aiohttp.ClientTimeout(total=LOOK_SECONDS)
        try:
            async with (
                aiohttp.ClientSession(auth=self._authentication, timeout=timeout) as session,
                session.post(self._url, params=parameters, data=_query()) as answer,
            ):
                text = await answer.text()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unavailable(f"ClickHouse at {self._url} does not answer: {error}") from error
        if answer.headers.get("X-ClickHouse-Exception-Code") in _NOT_SET_UP:
            return None
        if answer.status != 200:
            raise Unavailable(f"ClickHouse at {self._url} says {answer.status}: {text[:300]}")
        return _read(text)


def _read(text: str) -> ClickHouseLook | None:
    try:
        rows = json.loads(text)["data"]
        if not rows:
            return None
        epoch, watermark, (count, first, last) = rows[0]
        parked = Parked(count=int(count), first_sequence=int(first), last_sequence=int(last))
        return ClickHouseLook(epoch=int(epoch), watermark=int(watermark), parked=parked)
    except (ValueError, KeyError, TypeError) as error:
        raise Unavailable(f"ClickHouse answered something else: {text[:300]}") from error


@cache
def _query() -> str:
    return files("guardian").joinpath("sql/record.sql").read_text()
