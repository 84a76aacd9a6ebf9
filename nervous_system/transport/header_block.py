"""Can the headers of a message be relied on, as they travelled?

NATS takes any bytes as headers and delivers them as they are. What the server adds, it puts in the
place of the last two bytes: behind a block that does not end as it must, inside somebody's header.
"""

from __future__ import annotations

from collections import Counter

from nervous_system import names

_STAMP = names.REQUEST_INFO.lower().encode()

_ONCE = frozenset(
    each.lower().encode()
    for each in (
        names.REQUEST_INFO,
        names.MESSAGE_ID,
        names.KEY_ID,
        names.NONCE,
        names.ISSUED_AT,
        names.SIGNATURE,
        names.SEAL,
        names.ASK,
        names.REPUBLISHED_FROM,
    )
)
"""In lower case, as some clients compare names."""


def malformed(raw: bytes | None) -> str:
    """Why nothing in this block can be relied on; empty where it can, and where there is none."""
    if not raw:
        return ""
    if not raw.endswith(b"\r\n\r\n"):
        return "its headers do not end in two line ends"
    first, *lines = raw[:-4].split(b"\r\n")
    if not first.startswith(b"NATS/1.0"):
        return "its headers do not begin with NATS/1.0"
    found: Counter[bytes] = Counter()
    for line in lines:
        name, colon, _ = line.partition(b":")
        if not colon or not name or name != name.strip() or b"\n" in line or b"\r" in line:
            return "one of its headers is no line of a name and a value"
        found[name.lower()] += 1
    for name in sorted(_ONCE):
        if found[name] > 1:
            return f"it has more than one header {name.decode()}"
    return ""


def unstamped(raw: bytes | None) -> str:
    """Why these headers do not say who sent the message; empty where the server's own word of it is
    there.

    The server always adds it at the end. So its name stands there once, and begins a line, or
    somebody has written another one, or had it added to a header of his own.
    """
    block = (raw or b"").lower()
    if block.count(_STAMP) != 1 or b"\r\n" + _STAMP + b":" not in block:
        return "the server's word of who sent it is not there, or not alone"
    return ""
