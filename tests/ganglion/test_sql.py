"""Does `ganglion sql` only read, unless it is told to write?"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from command_line import CommandLine
from real_servers import ClickHouseServer

from ganglion.errors import OK, REFUSED


@pytest.fixture(scope="module")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseServer]:
    server = ClickHouseServer(tmp_path_factory.mktemp("clickhouse"))
    server.start()
    yield server
    server.kill()


@pytest.fixture
def asking(ganglion: CommandLine, clickhouse: ClickHouseServer) -> CommandLine:
    """The command line of somebody who has one table `kept` with one row."""
    ganglion.environment["CLICKHOUSE_URL"] = clickhouse.url
    for query in (
        "DROP TABLE IF EXISTS default.kept",
        "CREATE TABLE default.kept ENGINE = MergeTree ORDER BY n AS SELECT 7 AS n",
    ):
        assert ganglion("sql", "--write", query).returncode == OK
    return ganglion


@pytest.mark.parametrize(
    "query",
    [
        "DROP TABLE default.kept",
        "TRUNCATE TABLE default.kept",
        "INSERT INTO default.kept VALUES (8)",
        "ALTER TABLE default.kept DELETE WHERE 1",
        "SET readonly = 0",
    ],
)
def test_nothing_is_changed_by_a_query(asking: CommandLine, query: str) -> None:
    refused = asking("sql", query)
    assert refused.returncode == REFUSED
    assert "needs --write" in refused.stderr
    assert asking("sql", "SELECT n FROM default.kept").stdout == "7\n"


def test_settings_and_json_work_all_the_same(asking: CommandLine) -> None:
    query = "SELECT n, toUInt64(1) AS big FROM default.kept SETTINGS max_threads = 1"
    assert asking("sql", query, "--json").stdout == '{"n":7,"big":1}\n'
