"""What changed between two states, as a patch that can be applied and taken back?"""

from __future__ import annotations

import difflib

MAX_DIFFED_LINES = 20_000
"""Above this no diff is computed: difflib's time grows with the square of what differs."""


def unified_diff(before: str | None, after: str | None, *, path: str) -> str | None:
    """A unified diff that `patch` and `git apply` take; None where the texts are too large to
    compare.

    None as a side is a file that does not exist. Source: GNU diffutils, "Detailed Description of
    Unified Format".
    """
    old, new = _lines(before), _lines(after)
    if len(old) + len(new) > MAX_DIFFED_LINES:
        return None
    lines = difflib.unified_diff(
        old,
        new,
        fromfile="/dev/null" if before is None else f"a/{path}",
        tofile="/dev/null" if after is None else f"b/{path}",
    )
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )


def _lines(text: str | None) -> list[str]:
    """Lines with their ends.

    Only a newline ends a line: a lone carriage return is content.
    """
    if not text:
        return []
    parts = text.split("\n")
    last = parts.pop()
    return [f"{part}\n" for part in parts] + ([last] if last else [])
