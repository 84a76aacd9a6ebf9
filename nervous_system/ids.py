"""Where do ids come from?

New facts get a fresh one, what follows from a fact gets one derived from it.
"""

from __future__ import annotations

import base64
import hashlib
import re
import uuid

_CHILDREN = uuid.UUID("6f1d3c1e-5d0c-5b0e-9a55-4a0f6c7e2b11")
"""Namespace of all derived ids.

Never change it: a changed namespace would store old imports a second time.
"""

_VARIANTS = {digit: f"{8 | int(digit, 16) & 3:x}" for digit in "0123456789abcdef"}

_HEX = "[0-9a-fA-F]"
UUID = "-".join(f"{_HEX}{{{length}}}" for length in (8, 4, 4, 4, 12))
"""The pattern of a UUID in its usual form of 36 characters."""

_UUID = re.compile(UUID).fullmatch


def new_event_id() -> str:
    """A random UUID, for a fact that nothing on the log caused."""
    return str(uuid.uuid4())  # noqa: TID251 - the door itself


def child_id(cause: str, label: str) -> str:
    """The UUID of what follows from `cause` under `label`: the same every time, on every
    machine."""
    # As `uuid.uuid5`, without its object: a leader derives several ids for each request.
    named = f"{cause}\0{label}".encode(errors="surrogatepass")
    digest = hashlib.sha1(_CHILDREN.bytes + named, usedforsecurity=False)
    number = digest.hexdigest()
    variant = _VARIANTS[number[16]]
    return f"{number[:8]}-{number[8:12]}-5{number[13:16]}-{variant}{number[17:20]}-{number[20:32]}"


def is_uuid(text: str) -> bool:
    """Whether `text` is a UUID in its usual form of 36 characters."""
    return _UUID(text) is not None


def subject_key(*parts: str) -> str:
    """Any strings as one subject token: 26 characters of base32(SHA-256(parts joined by NUL)),
    lower case."""
    digest = hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).digest()
    return base64.b32encode(digest)[:26].decode().lower()


def content_hash(content: bytes | str | None) -> str:
    """SHA-256 in hex of a state's content; empty for None, which means that it does not exist."""
    if content is None:
        return ""
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()
