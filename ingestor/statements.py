"""The named SQL statements of `ingestor/sql`, and how a text stands in one."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def statement(name: str) -> str:
    """The text of `ingestor/sql/<name>.sql`."""
    return (files("ingestor") / "sql" / f"{name}.sql").read_text(encoding="utf-8")


def quote_literal(text: str) -> str:
    """A string literal."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
