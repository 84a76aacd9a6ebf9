"""Does a request come from a page of another site, that a browser on this machine shows? Pure.

A page can make a browser send almost anything to a loopback port, and can have its own name lead
there (DNS rebinding). It can't change three headers: where it asks (`Host`), whose page it is
(`Origin`), and how far that is from here (`Sec-Fetch-Site`). There is no CORS: no page reads an
answer.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final
from urllib.parse import urlsplit

from ganglion.engines.clickhouse.exceptions import Code, refusal

LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_OF_NO_OTHER_SITE: Final = frozenset({"same-origin", "none"})


def asks_for_another(headers: Mapping[str, str], names: Collection[str]) -> str | None:
    """The sentence for a request whose `Host` is none of `names`; None for one that is."""
    host = headers.get("Host", "")
    try:
        asked = urlsplit(f"//{host}").hostname
    except ValueError:
        asked = None
    if asked in names:
        return None
    return (
        f"This server is not {host[:100]!r}. Ask it as 127.0.0.1, or name it in"
        " GANGLION_CLICKHOUSE_HOSTS.\n"
    )


def check_site(headers: Mapping[str, str]) -> None:
    """Refuse what a page of another site asks. Raises `ClickHouseError` (497)."""
    origin = headers.get("Origin")
    if origin is not None and origin.lower() != f"http://{headers.get('Host', '')}".lower():
        raise refusal(Code.ACCESS_DENIED, f"Pages of {origin[:100]!r} may not use this server")
    site = headers.get("Sec-Fetch-Site", "none").lower()
    if site not in _OF_NO_OTHER_SITE:
        raise refusal(
            Code.ACCESS_DENIED,
            f"Pages of other sites may not use this server (Sec-Fetch-Site: {site[:100]!r})",
        )
