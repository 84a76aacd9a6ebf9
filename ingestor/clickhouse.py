"""How does the ingestor reach ClickHouse, and what do the errors of its driver mean?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import aiohttp
import clickhouse_connect
from clickhouse_connect.driver.asyncclient import AsyncClient
from clickhouse_connect.driver.exceptions import (
    ClickHouseError,
    DataError,
    NotSupportedError,
    ProgrammingError,
)
from clickhouse_connect.driver.exceptions import Error as DriverError

from nervous_system.clickhouse.error_families import family_of
from nervous_system.errors import Permanent, Unavailable
from nervous_system.shown_address import display_address


async def open_client(url: str, *, timeout_seconds: float) -> AsyncClient:
    """A client for a ClickHouse HTTP address. Raises Unavailable, Forbidden or Permanent."""
    with ganglion_errors(f"connecting to ClickHouse at {display_address(url)}"):
        return await clickhouse_connect.get_async_client(
            dsn=url,
            compress=False,
            connect_timeout=min(5.0, timeout_seconds),
            send_receive_timeout=timeout_seconds,
            autogenerate_session_id=False,
            form_encode_query_params=True,
        )


BORNE_OUT: Final = (
    "epoch > 0 AND seq > 0 AND writer > 0 AND subject != '' AND (disposition != 'stored'"
    " OR event_id != '' AND (position(raw, event_id) > 0 OR startsWith(reason, 'redacted')))"
)
"""What is true of every row that a recording or a repair ever wrote, by what it says itself."""


@contextmanager
def ganglion_errors(doing: str, *, reads: bool = False) -> Iterator[None]:
    """Turns what the driver raises while we are `doing` something into an error of our families.

    `reads`: it only reads what ClickHouse keeps, so what cannot be read is damage there.
    """
    try:
        yield
    except (ProgrammingError, DataError, NotSupportedError) as error:
        if error.code is not None:
            raise family_of(error.code, f"{doing}: {error}", reads=reads) from error
        raise Permanent(f"{doing}: the driver would not send it: {error}") from error
    except DriverError as error:
        raise family_of(error.code, f"{doing}: {error}", reads=reads) from error
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise Unavailable(
            f"{doing}: no answer ({type(error).__name__}: {error}); it is tried again, "
            "see that ClickHouse runs there"
        ) from error
    except ClickHouseError as error:
        raise Permanent(f"{doing}: {error}") from error
