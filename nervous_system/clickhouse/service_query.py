"""How does a service ask ClickHouse while it does other things? Over plain HTTP: a driver would be
large. What goes wrong is an error of our families, which say whether to ask again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import aiohttp

from nervous_system.clickhouse.error_families import family_of
from nervous_system.clickhouse.query import ClickHouseAddress, refusal
from nervous_system.errors import QueryRefused, Unavailable

_WHOLE: Final = {"wait_end_of_query": "1", "output_format_json_quote_64bit_integers": "0"}
"""An error is known before the answer begins, and an integer is one in JSON."""


async def ask_clickhouse(
    url: str, query: str, *, parameters: Mapping[str, str | int] | None = None, seconds: float
) -> list[dict[str, Any]]:
    """All rows of an answer that is small, by column; `parameters` are the values of `{name:Type}`.

    Raises Unavailable if nobody answers within `seconds`, or it may succeed later; Unmigrated,
    Forbidden and Permanent if a person has to act first; Fatal for what is no address.
    """
    address = ClickHouseAddress.parse(url)
    given = {f"param_{name}": str(value) for name, value in (parameters or {}).items()}
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=seconds)) as session,
            session.post(
                f"{address}{address.path}",
                params={"default_format": "JSONEachRow", **_WHOLE, **given},
                data=query.encode(),
                headers=address.headers(),
            ) as answer,
        ):
            body = await answer.read()
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        what = str(error) or f"nothing within {seconds:g} s"
        raise Unavailable(
            f"ClickHouse at {address} does not answer ({what}); see that it runs there"
        ) from error
    if answer.status != 200:
        refused = refusal(body, address=address, status=answer.status)
        code = refused.code if isinstance(refused, QueryRefused) else None
        raise family_of(code, str(refused), reads=True)
    try:
        rows = [json.loads(line) for line in body.splitlines()]
    except ValueError as error:
        raise Unavailable(f"what answers at {address} is not ClickHouse") from error
    return rows
