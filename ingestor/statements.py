"""The named SQL statements of `ingestor/sql`."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def statement(name: str) -> str:
    """The text of `ingestor/sql/<name>.sql`."""
    return (files("ingestor") / "sql" / f"{name}.sql").read_text(encoding="utf-8")
