"""Can the headers of a message be relied on, as they travelled?

NATS takes any bytes as headers and delivers them as they are. What the server adds, it puts in the
place of the last two bytes: behind a block that does not end as it must, inside somebody's header.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

from nervous_system import names

UNRELIABLE: Final = "header block is not whole, or has one of our headers more than once"
"""What is wrong with a message of the log, without values: so it can be counted."""

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
        names.TRACEPARENT,
    )
)
"""Headers that say one thing or none: readers that take the first of two, and those that take the
last, would hear different things. In lower case, as some clients compare names."""
_TEXT: Final = "[ -~]*+"
"""We write what is printable; one range takes half the time of an exception."""
_VALUE: Final = rf":{_TEXT}\r\n"
written_by_us: Final = re.compile(
    "".join(
        (
            r"NATS/1\.0\r\n",
            rf"(?:{names.MESSAGE_ID}: (?P<message_id>{_TEXT})\r\n)?",
            rf"(?:{names.SEAL}: (?P<seal>{_TEXT})\r\n)?",
            rf"(?:{names.KEY_ID}{_VALUE}{names.NONCE}{_VALUE}",
            rf"{names.ISSUED_AT}{_VALUE}{names.SIGNATURE}{_VALUE})?",
            rf"(?P<republished>{names.REPUBLISHED_FROM}{_VALUE})?",
            rf"(?:{names.TRACEPARENT}{_VALUE})?",
            rf"(?:Nats-(?:Expected|Batch)-[A-Za-z-]++{_VALUE})*\r\n",
        )
    ).encode()
).fullmatch
"""A block as this library writes it, which is reliable: each of our headers stands there once. One
look, for nearly all are such. No group is possessive: before 3.11.5, Python stands wrongly behind
one that did not match."""


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


def unreliable(raw: bytes) -> str:
    """Why a message that is on the log counts for nothing, whatever its headers say; empty where
    they can be relied on, and where none of them is one of ours."""
    block = raw.lower()
    if any(each in block for each in _ONCE) and malformed(raw):
        return UNRELIABLE
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


def parse_headers(raw: bytes | None) -> dict[str, str]:
    """The headers of a message, with values as the server reads them: what stands behind one is a
    part of it, a blank, too. A status message has its code and words as `Status` and `Description`.
    """
    if not raw:
        return {}
    first, *lines = raw.decode(errors="replace").split("\r\n")
    headers: dict[str, str] = {}
    _, _, status = first.partition(" ")
    if status:
        code, _, description = status.strip().partition(" ")
        headers = {"Status": code, "Description": description}
    for line in lines:
        name, colon, value = line.partition(":")
        if colon:
            headers.setdefault(name, value.lstrip(" "))
    return headers
