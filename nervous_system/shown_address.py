"""How does the address of a server look where people read: on a terminal, in a log, in an error?
Without whatever proves who one is.

Whoever gives an address may put a token, a name and a password, or a key of its query into it. This
is the one place that knows all of them, and it takes away too much rather than too little.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

_NEXT: Final = re.compile(r",(?=\s*[A-Za-z][A-Za-z0-9+.-]*://)")
"""Before another address of a list; a comma within a password is none."""

_KEYS: Final = re.compile(
    r"([?&#;][^=&#;\s]*(?:pass|pwd|secret|token|key|auth|cred|sig|user|jwt)[^=&#;\s]*=)[^&#;\s]*",
    re.I,
)
MASK: Final = "********"


def display_address(url: str, *, instead: str = "") -> str:
    """An address of a server, or several with commas between them, without what proves who one is;
    `instead` stands where that stood before an `@`."""
    return ",".join(_one(each, instead) for each in _NEXT.split(url))


def _one(url: str, instead: str) -> str:
    scheme, separator, rest = url.partition("://")
    if not separator:
        scheme, rest = "", url
    _, at, behind = rest.rpartition("@")  # the last: a password can hold any character
    if at:
        rest = f"{instead}{behind}"
    return _KEYS.sub(rf"\1{MASK}", f"{scheme}{separator}{rest}")


def problem_of(url: str) -> str:
    """Why this cannot be the address of a server, or several; empty where it can. Without any part
    of it: where a password is not written as it must be, its pieces lie anywhere."""
    try:
        for each in url.split(","):
            parts = urlsplit(each.strip() if "://" in each else f"//{each.strip()}")
            if parts.port is None and not parts.hostname:
                return "it names no host"
    except ValueError:
        return (
            "its host and port cannot be read; what a password or a token holds besides letters and"
            " digits is written with %, as / is %2F, @ is %40 and a comma is %2C"
        )
    return ""
