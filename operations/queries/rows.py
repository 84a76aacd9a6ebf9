"""What do the tables say of agents, their sessions, and what they changed? As of the question."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from local_mesh.addresses import client_settings
from nervous_system.clickhouse.query import query_rows
from operations.queries.caught_up import wait_until_caught_up
from operations.queries.record import Parameter, as_parameter, statement, with_times


def rows(
    name: str, *, tell: Callable[[str], None], wait: bool = True, **parameters: Parameter
) -> list[dict[str, Any]]:
    """
    The rows of `sql/<name>.sql`, with these values of its parameters; `tell` hears that they may be
    behind the log.

    Not `wait`: as of what was waited for before. A column whose name ends in `_at` holds a
    datetime, UTC. Raises NotRunning, QueryRefused.
    """
    mesh = client_settings()
    if wait:
        wait_until_caught_up(mesh, tell=tell)
    given = {key: as_parameter(value) for key, value in parameters.items()}
    found = query_rows(mesh.clickhouse_dsn, statement(name), parameters=given)
    return [with_times(row) for row in found]


def document(row: dict[str, Any]) -> dict[str, Any]:
    """One row as JSON has it."""
    return {
        key: value.isoformat() if isinstance(value, datetime) else value
        for key, value in row.items()
    }
