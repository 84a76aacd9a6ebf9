"""What may each kind of account do, and how much of the machine may it take? Pure.

What is not granted here, nobody has: no account reaches files, network, processes or Python,
whatever the engine learns to do next.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

Access = Literal["full", "record", "observe", "read"]
"""`full` changes everything in the tables; `record` does as well and has places that nobody else
can take; `observe` sees every table and how the engine is; `read` sees `swarm` and nothing else."""

OWNER: Final = "owner"
OBSERVER: Final = "observer"
READER: Final = "reader"

GRANTS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        OWNER: (
            "GRANT SELECT, INSERT, ALTER, CREATE DATABASE, CREATE TABLE, CREATE VIEW,"
            " CREATE TEMPORARY TABLE, DROP DATABASE, DROP TABLE, DROP VIEW, UNDROP TABLE, TRUNCATE,"
            " OPTIMIZE, CHECK, SHOW DATABASES, SHOW TABLES, SHOW COLUMNS, KILL QUERY ON *.*",
        ),
        OBSERVER: (
            "GRANT SELECT, SHOW DATABASES, SHOW TABLES, SHOW COLUMNS ON *.*",
            "GRANT CREATE TEMPORARY TABLE ON *.*",
        ),
        READER: (
            "GRANT SELECT ON swarm.*",
            "GRANT SHOW DATABASES, SHOW TABLES, SHOW COLUMNS ON system.*",
            "GRANT SHOW DATABASES ON default.*",  # JDBC uses it where its URL names none
            "GRANT CREATE TEMPORARY TABLE ON *.*",
        ),
    }
)
"""The roles. A temporary table is a request's own: external tables come as such."""

ALL_READ: Final = (
    *("one", "numbers", "numbers_mt", "zeros", "zeros_mt", "primes"),
    *("databases", "tables", "columns", "data_skipping_indices", "settings", "merge_tree_settings"),
    *("functions", "aggregate_function_combinators", "table_functions", "table_engines"),
    *("database_engines", "formats", "data_type_families", "collations", "codecs", "tokenizers"),
    *("keywords", "statements", "completions", "documentation", "unicode", "time_zones"),
    *("current_roles", "enabled_roles", "build_options", "contributors", "licenses"),
)
"""Tables of `system` that drivers and Grafana ask for, and that tell of nobody. Those of tables and
columns show what the account may read. The rest of `system` is empty for `read`."""


@dataclass(frozen=True, slots=True)
class Rights:
    """What one kind of account may do and take."""

    role: str
    may_write: bool = False
    queries: int | None = None
    """How many of its statements run at once; None: as many as are set for the server."""
    waiting: int | None = None
    settings: Mapping[str, int] = field(default_factory=dict)
    """In force unless a request says otherwise …"""
    most: Mapping[str, int] = field(default_factory=dict)
    """… which it can only up to these. Without bounds (0) is more than any."""


RIGHTS: Final[Mapping[Access, Rights]] = MappingProxyType(
    {
        "full": Rights(OWNER, may_write=True),
        "record": Rights(OWNER, may_write=True, queries=4, waiting=32),
        "observe": Rights(OBSERVER, queries=4, waiting=64),
        "read": Rights(
            READER,
            queries=4,
            waiting=64,
            settings={
                "max_execution_time": 60,
                "max_memory_usage": 300_000_000,
                "max_threads": 2,
                "max_result_rows": 10_000_000,
                "max_result_bytes": 2_000_000_000,
                "max_temporary_data_on_disk_size_for_query": 2_000_000_000,
            },
            most={
                "max_execution_time": 300,
                "max_memory_usage": 300_000_000,
                "max_threads": 2,
                "max_result_rows": 10_000_000,
                "max_result_bytes": 2_000_000_000,
                "max_temporary_data_on_disk_size_for_query": 2_000_000_000,
            },
        ),
    }
)
"""The limits of `read` are those of `analyst` in infra/clickhouse/users.d, too; a test compares."""
