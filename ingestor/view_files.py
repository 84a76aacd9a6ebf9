"""Which views do people query? The files of `views/`, one each, in an order in which every view
comes behind those that it reads.

A file begins with what the view is, in comments; then comes its SELECT. What stands behind a line
of the outermost one, ` -- like this`, is the comment of that line's column; a column that is handed
on under its name has the comment that it has in `swarm.events`. `attribution.*` stands for a column
for each of its fields.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from importlib.resources import files
from typing import Final

from enchanted.events.v1.attribution_pb2 import Attribution
from ingestor.column_comments import COMMENTS
from ingestor.contract_columns import events
from ingestor.efficacy import FORMULAS
from ingestor.statements import quote_literal

_COLUMN: Final = re.compile(r" {4}(?:.*\bAS )?(?:\w+\.)*(\w+),? -- (.+)")
_HANDED_ON: Final = re.compile(r" {4}((?:\w+(?:, |,?$))+)")
_OUTERMOST: Final = re.compile(r"^(?:SELECT|FROM\b.*)$", re.MULTILINE)
_READS: Final = re.compile(r"\bswarm\.(\w+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One view; `name` is that of its file."""

    name: str
    text: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the text, and of the views that it reads, hex."""
        known = _texts()
        below = [View(name=each, text=known[each]).checksum for each in self.reads]
        return hashlib.sha256("\n".join((self.text, *below)).encode()).hexdigest()

    @property
    def reads(self) -> tuple[str, ...]:
        """The views that it reads."""
        return tuple(sorted({*_READS.findall(self.select)} & _texts().keys() - {self.name}))

    @property
    def select(self) -> str:
        """The query."""
        return "\n".join(self._lines[self._heading :]).strip()

    @property
    def comment(self) -> str:
        """What it is."""
        return " ".join(line.removeprefix("--").strip() for line in self._lines[: self._heading])

    @property
    def columns(self) -> dict[str, str]:
        """The comments of its columns."""
        known = {each.name: each.comment for each in events()}
        found: dict[str, str] = {}
        for line in _OUTERMOST.split(self.select)[1].splitlines():
            if match := _COLUMN.fullmatch(line):
                found[match[1]] = match[2]
            elif match := _HANDED_ON.fullmatch(line):
                found |= {name: known[name] for name in re.findall(r"\w+", match[1])}
        return found

    @property
    def statements(self) -> tuple[str, ...]:
        """Those that make it, and may run again. A view that has a parameter knows no columns until
        it is asked.
        """
        made = (
            f"CREATE OR REPLACE VIEW swarm.{self.name} AS\n{self.select}\n"
            f"COMMENT {quote_literal(self.comment)}"
        )
        if re.search(r"\{\w+:", self.select):
            return (made,)
        comments = (
            f"COMMENT COLUMN `{name}` {quote_literal(comment)}"
            for name, comment in self.columns.items()
        )
        return made, f"ALTER TABLE swarm.{self.name} {', '.join(comments)}"

    @property
    def _lines(self) -> list[str]:
        return self.text.splitlines()

    @property
    def _heading(self) -> int:
        return next(at for at, line in enumerate(self._lines) if not line.startswith("--"))


@cache
def views() -> tuple[View, ...]:
    """All of them, each behind those that it reads."""
    found = {name: View(name=name, text=text) for name, text in sorted(_texts().items())}
    order = TopologicalSorter({name: view.reads for name, view in found.items()})
    return tuple(found[name] for name in order.static_order())


@cache
def _texts() -> dict[str, str]:
    return {
        file.name.removesuffix(".sql"): _written_out(file.read_text(encoding="utf-8"))
        for file in (files("ingestor") / "views").iterdir()
        if file.name.endswith(".sql")
    }


def _written_out(text: str) -> str:
    """With what stands for something else put into words."""
    lines = (
        f"    attribution.{each.name} AS {each.name}, -- {COMMENTS[f'attribution.{each.name}']}"
        for each in Attribution.DESCRIPTOR.fields
    )
    text = text.replace("    attribution.*,", "\n".join(lines))
    for short, formula in FORMULAS.items():
        text = text.replace(short, formula)
    return text
