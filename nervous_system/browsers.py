"""Does a request come from a page of another site, that a browser on this machine shows? Pure.

A page can make a browser send almost anything to a loopback port, and can have its own name lead
there (DNS rebinding). It can't change three headers: where it asks (`Host`), whose page it is
(`Origin`), and how far that is from here (`Sec-Fetch-Site`). There is no CORS: no page reads an
answer. Every HTTP port of the mesh asks here.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from ipaddress import IPv6Address
from typing import Final

LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
METHODS: Final = ("GET", "HEAD", "POST")
"""Nothing of ours is asked by another one."""

_HOST: Final = re.compile(
    r"(?:\[(?P<address>[0-9A-Fa-f:.]{2,45})\]|(?P<name>[0-9A-Za-z._-]{1,253}))(?::[0-9]{1,5})?"
)
_OF_NO_OTHER_SITE: Final = frozenset({"same-origin", "none"})


def asks_for_another(hosts: Sequence[str], names: Collection[str]) -> str:
    """Why a request with these `Host` headers is not for a server of these names; empty where it
    is. Exactly one header is, with a name or an address, and a port at most."""
    if len(hosts) != 1:
        return f"A request has one header Host, not {len(hosts)}."
    if _requested_host(hosts[0]) in names:
        return ""
    return f"This server is not {hosts[0][:100]!r}."


def comes_from_another_site(*, host: str, origins: Sequence[str], sites: Sequence[str]) -> str:
    """Why a page must have sent a request with these headers `Origin` and `Sec-Fetch-Site`; empty
    where it was a program, a person, or a page of `host` itself."""
    for origin in origins:
        if origin.lower() != f"http://{host}".lower():
            return f"Pages of {origin[:100]!r} may not use this server"
    for site in sites:
        if site.lower() not in _OF_NO_OTHER_SITE:
            return f"Pages of other sites may not use this server (Sec-Fetch-Site: {site[:100]!r})"
    return ""


def _requested_host(host: str) -> str | None:
    """The name or address in a `Host`, in lower case; None where it is more than that."""
    found = _HOST.fullmatch(host)
    if found is None:
        return None
    address: str | None = found["address"]
    if address is None:
        return str(found["name"]).lower()
    try:
        return str(IPv6Address(address))
    except ValueError:
        return None
