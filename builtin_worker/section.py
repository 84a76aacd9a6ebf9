"""What is one part of a report, as people read it?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_UNITS: Final = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading, what was found, and what of it somebody should look at."""

    title: str
    body: str  # Markdown
    concerns: tuple[str, ...] = ()

    @property
    def markdown(self) -> str:
        """The section as a report holds it."""
        return f"## {self.title}\n\n{self.body.strip()}\n"


def table(header: Sequence[str], rows: Sequence[Sequence[object]], *, max_rows: int = 50) -> str:
    """A table; rows beyond `max_rows` are counted instead."""
    if not rows:
        return f"No {header[0]}."
    lines = [_row(header), _row(["---"] * len(header)), *(_row(row) for row in rows[:max_rows])]
    if len(rows) > max_rows:
        lines.append(f"\n… and {len(rows) - max_rows} more")
    return "\n".join(lines)


def facts(pairs: Sequence[tuple[str, object]]) -> str:
    """A list of what is what."""
    return "\n".join(f"- {name}: {_plain(value)}" for name, value in pairs)


def size(count: float) -> str:
    """Bytes for people: `3.2 GiB`."""
    for unit in _UNITS[:-1]:
        if abs(count) < 1024:
            return f"{count:.0f} B" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} {_UNITS[-1]}"


def duration(seconds: float) -> str:
    """A time span for people, in its two largest units: `3 d 4 h`."""
    left = max(0, round(seconds))
    words = []
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, left = divmod(left, length)
        if count:
            words.append(f"{count} {unit}")
    return " ".join(words[:2]) or "0 s"


def _row(cells: Sequence[object]) -> str:
    return f"| {' | '.join(_plain(cell) for cell in cells)} |"


def _plain(value: object) -> str:
    """On one line and in one cell, whatever a process or a file calls itself."""
    text = " ".join(str(value).split())[:200].encode(errors="replace").decode()
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
