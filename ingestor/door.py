"""Which SELECT makes a row of what comes in by the door? That of the migrations, not the one that
is in the database: what is filled or compared must not go by what somebody may have altered.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from importlib.resources import files
from typing import Final

from ingestor.ingest_schema import ingest_schema
from ingestor.migrate import migrations

VIEW: Final = "swarm.landing_to_events"
_DEFINED: Final = re.compile(
    rf"(?:CREATE MATERIALIZED VIEW IF NOT EXISTS {VIEW} TO swarm\.events AS"
    rf"|ALTER TABLE {VIEW} MODIFY QUERY)\s+(.*)\Z",
    re.DOTALL,
)
_BEFORE_FIRST_COLUMN: Final = (
    "timestamp.seconds BETWEEN"  # behind fence and guard, which are not ours
)
_SOURCE: Final = "\nFROM swarm.landing\n"

READING: Final = 2
"""Grows when the same bytes become other columns without the contract or the view changing."""


@cache
def row_of(source: str) -> str:
    """The SELECT of whole rows from a table that has the columns of `swarm.landing`."""
    defined = [
        match[1]
        for migration in migrations()
        for text in migration.statements
        if (match := _DEFINED.search(text))
    ]
    head, found, _ = defined[-1].partition(_SOURCE)
    _, began, columns = head.partition(_BEFORE_FIRST_COLUMN)
    if not (found and began):
        raise AssertionError(f"the last definition of {VIEW} is not of the form that is expected")
    return f"WITH {_BEFORE_FIRST_COLUMN}{columns}\nFROM {source}"


@cache
def reading() -> str:
    """Digest of all that turns bytes into columns: rows of the same reading must be the same."""
    secrets = (files("nervous_system") / "contract" / "secret_shapes.py").read_text("utf-8")
    text = f"{READING}\n{ingest_schema()}\n{row_of('swarm.landing')}\n{secrets}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]
