"""
How much of a text goes into one event, and how does its reader see that there was more?

NATS takes 1 MiB per message by default. An event of ours stays well below: the largest holds one
diff of 512 KiB and little else. Sizes are of UTF-8 bytes.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

MAX_DIFF_BYTES: Final = 512 * 1024
"""A larger diff is left out as a whole: half a diff reverses nothing."""
MAX_COMMIT_DIFF_BYTES: Final = 64 * 1024**2
"""All diffs of one commit together; what comes after is left out, to fit into memory."""
MAX_OUTPUT_BYTES: Final = 64 * 1024
MAX_RATIONALE_BYTES: Final = 64 * 1024
MAX_ACTION_BYTES: Final = 64 * 1024
MAX_TRIGGER_BYTES: Final = 4 * 1024
MAX_NAME_BYTES: Final = 256
MAX_PATH_BYTES: Final = 4096
"""No file system of today has longer ones; a tree of git may."""

_MARKER_BYTES: Final = 48
_TOKEN_END: Final = re.compile(r"[0-9A-Za-z_.+/=-]{1,1024}\Z")
"""A cut never goes through a word: half a secret would not be recognised, and published."""


def cut(text: str, max_bytes: int) -> tuple[str, int]:
    """
    The beginning of `text` in at most `max_bytes`, and how many bytes were left out.

    0 means that it is whole.
    """
    if len(text) * 4 <= max_bytes:
        return text, 0
    data = text.encode()
    if len(data) <= max_bytes:
        return text, 0
    kept = _TOKEN_END.sub("", data[:max_bytes].decode(errors="ignore"))
    return kept, len(data) - len(kept.encode())


def mark_cut(text: str, max_bytes: int) -> str:
    """
    As `cut`, with a visible mark at the end where something was left out.

    For fields without a flag.
    """
    kept, left_out = cut(text, max_bytes)
    if not left_out:
        return text
    kept, left_out = cut(text, max_bytes - _MARKER_BYTES)
    return f"{kept}[… {left_out} bytes left out]"


def distinct(name: str, max_bytes: int) -> str:
    """As `mark_cut`, of a name: two that are cut stay two, by a part of their digest."""
    kept, left_out = cut(name, max_bytes)
    if not left_out:
        return name
    kept, left_out = cut(name, max_bytes - 2 * _MARKER_BYTES)
    digest = hashlib.sha256(name.encode()).hexdigest()[:16]
    return f"{kept}[… {left_out} bytes left out, SHA-256 {digest}]"
