"""How does the worker ask ClickHouse, and what do its errors mean to us?"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from importlib.resources import files
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
import clickhouse_connect
from clickhouse_connect.driver.asyncclient import AsyncClient
from clickhouse_connect.driver.exceptions import ClickHouseError

from nervous_system.errors import GanglionError, Permanent, Unavailable

ANSWER_SECONDS: Final = 15.0
"""How long one statement may take."""

ABOUT_THE_REQUEST: Final = {
    47: "run `ganglion migrate`",  # UNKNOWN_IDENTIFIER
    60: "run `ganglion migrate`",  # UNKNOWN_TABLE
    81: "run `ganglion migrate`",  # UNKNOWN_DATABASE
    192: "give CLICKHOUSE_URL a user that may read",  # UNKNOWN_USER
    193: "give CLICKHOUSE_URL the right password",  # WRONG_PASSWORD
    194: "give CLICKHOUSE_URL a password",  # REQUIRED_PASSWORD
    497: "give CLICKHOUSE_URL a user that may read",  # ACCESS_DENIED
    516: "give CLICKHOUSE_URL the right user and password",  # AUTHENTICATION_FAILED
}
"""Errors that the same request meets every time, and what to do; others may pass by themselves."""


class ClickHouse:
    """Reads from a ClickHouse HTTP address, which need not answer yet when this is made."""

    def __init__(self, url: str, *, answer_seconds: float = ANSWER_SECONDS) -> None:
        parts = urlsplit(url)
        self.address = f"{parts.scheme}://{parts.hostname}:{parts.port}"  # without the password
        self._url = url
        self._answer_seconds = answer_seconds
        self._client: AsyncClient | None = None
        self._opening = asyncio.Lock()

    async def rows(self, name: str, **parameters: Any) -> Sequence[Sequence[Any]]:
        """What `builtin_worker/sql/<name>.sql` selects.

        Raises Unavailable where it may succeed later, Permanent where a person must act first.
        """
        doing = f"asking ClickHouse at {self.address} for {name}"
        try:
            async with asyncio.timeout(self._answer_seconds):
                client = await self._open()
                result = await client.query(statement(name), parameters=parameters)
                rows: Sequence[Sequence[Any]] = result.result_rows
                return rows
        except ClickHouseError as error:
            raise _translate(doing, error) from error
        except (aiohttp.ClientError, OSError) as error:  # a timeout is an OSError, too
            sentence = str(error) or f"nothing within {self._answer_seconds:g} s"
            raise Unavailable(f"{doing}: no answer ({sentence}); see that it runs there") from error

    async def close(self) -> None:
        """Let go of the connections; the next question opens them again."""
        client, self._client = self._client, None
        if client is not None:
            with suppress(aiohttp.ClientError, OSError):
                await client.close()

    async def _open(self) -> AsyncClient:
        async with self._opening:
            if self._client is None:
                self._client = await clickhouse_connect.get_async_client(
                    dsn=self._url,
                    compress=False,
                    connect_timeout=min(5.0, self._answer_seconds),
                    send_receive_timeout=self._answer_seconds,
                    autogenerate_session_id=False,
                    form_encode_query_params=True,
                )
            return self._client


def _translate(doing: str, error: ClickHouseError) -> GanglionError:
    code = getattr(error, "code", None)
    remedy = ABOUT_THE_REQUEST.get(code) if code is not None else None
    if remedy is not None:
        return Permanent(f"{doing}: {error}; {remedy}")
    return Unavailable(f"{doing}: {error}")


@cache
def statement(name: str) -> str:
    """The text of `builtin_worker/sql/<name>.sql`."""
    return (files("builtin_worker") / "sql" / f"{name}.sql").read_text(encoding="utf-8")
