"""Which SELECT makes a row of what comes in by the door? It is derived from the contract and never
read from the database, where somebody may have altered it.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from typing import Final

from ingestor.contract_columns import select_list
from ingestor.ingest_schema import ingest_schema
from ingestor.statements import statement

VIEW: Final = "landing_to_events"
"""The view between `swarm.landing` and `swarm.events`."""

READING: Final = 2
"""Grows when the same bytes become other columns without the contract or the view changing."""


@cache
def row_of(source: str) -> str:
    """The SELECT of whole rows from a table that has the columns of `swarm.landing`."""
    return f"SELECT\n    {select_list()}\nFROM {source}"


@cache
def door() -> tuple[str, ...]:
    """The statements that make the view, with fence and guard, or bring it up to date."""
    query = statement("door").replace("%ROW%", row_of("swarm.landing"))
    return (
        f"CREATE MATERIALIZED VIEW IF NOT EXISTS swarm.{VIEW} TO swarm.events AS\n{query}\n"
        "COMMENT 'The one path into swarm.events: names for numbers, the fence and the guard.'",
        f"ALTER TABLE swarm.{VIEW} MODIFY QUERY\n{query}",
    )


@cache
def reading() -> str:
    """Digest of all that turns bytes into columns: rows of the same reading must be the same."""
    secrets = (files("nervous_system") / "contract" / "secret_shapes.py").read_text("utf-8")
    text = f"{READING}\n{ingest_schema()}\n{row_of('swarm.landing')}\n{secrets}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]
