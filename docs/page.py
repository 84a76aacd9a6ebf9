"""How does a page of the reference say its rows?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A Markdown table behind an empty line; whatever stands in a cell stays in it."""
    lines = [head, ["---" for _ in head], *rows]
    return "\n" + "".join(f"| {' | '.join(map(_cell, line))} |\n" for line in lines)


def one_line(text: Any) -> str:
    """Without line feeds; nothing of None."""
    return " ".join((text or "").split())


def _cell(text: Any) -> str:
    return one_line(text).replace("|", "\\|")
