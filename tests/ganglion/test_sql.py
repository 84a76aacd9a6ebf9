"""Does `ganglion sql` only read, unless it is told to write?"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator

import pytest

from ganglion.exit_codes import OK, REFUSED
from local_mesh.supervisor.mesh_file import read_mesh
from tests.command_line import CommandLine
from tests.real_servers import ClickHouseServer
from tests.terminal_screen import on_a_terminal


@pytest.fixture
def asking(ganglion: CommandLine, clickhouse_server: ClickHouseServer) -> CommandLine:
    """The command line of somebody who has one table `kept` with one row."""
    ganglion.environment["CLICKHOUSE_URL"] = clickhouse_server.url
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


@pytest.fixture
def mesh(ganglion: CommandLine) -> Iterator[CommandLine]:
    """One that records, and no more."""
    only = [word for name in ("nats", "clickhouse", "ingestor") for word in ("--only", name)]
    started = ganglion("up", "--detach", *only)
    assert started.returncode == OK, started.stderr
    yield ganglion
    ganglion("down", "--kill")


def test_what_was_on_the_log_when_it_was_asked_for_is_in_the_answer(mesh: CommandLine) -> None:
    for count in range(1, 4):
        mesh("emit", "decision", "--rationale", "r", "--chosen", "c")
        answer = mesh("sql", "SELECT count() AS n FROM swarm.decisions", "--json")
        behind = "behind the log" in answer.stderr  # a machine that is slower than that
        assert answer.stdout == f'{{"n":{count}}}\n' or behind


def test_a_stuck_ingestor_is_said_and_the_answer_comes_all_the_same(mesh: CommandLine) -> None:
    found = read_mesh(mesh.home / "run" / "mesh.json")
    ingestor = found.process("ingestor") if found is not None else None
    assert ingestor is not None and ingestor.pid is not None
    os.kill(ingestor.pid, signal.SIGSTOP)
    try:
        event_id = mesh.json("emit", "signal", "HEALTHY", "--json")["event_id"]
        query = f"SELECT count() AS n FROM swarm.events WHERE event_id = '{event_id}'"
        late = mesh("sql", query, "--json")
        at_once = mesh("sql", query, "--json", "--no-wait")
    finally:
        os.kill(ingestor.pid, signal.SIGCONT)
    assert (late.returncode, late.stdout) == (OK, '{"n":0}\n')
    assert re.fullmatch(
        r"ganglion: ClickHouse is \d+ positions? behind the log, also after 5 s; this is the answer"
        r" up to position \d+ \(`ganglion status` shows how far it is\)\n",
        late.stderr,
    )
    assert (at_once.returncode, at_once.stdout, at_once.stderr) == (OK, '{"n":0}\n', "")


def test_where_only_clickhouse_is_given_no_log_is_looked_for(asking: CommandLine) -> None:
    answer = asking("sql", "SELECT 1")
    assert (answer.returncode, answer.stdout, answer.stderr) == (OK, "1\n", "")


@pytest.mark.timeout(600)  # a command for each length
def test_no_table_is_broken_by_the_edge_of_the_terminal(asking: CommandLine) -> None:
    for rows, lengths in ((1, (69, 70, 73, 74, 78, 79, 80, 90)), (1000, (69, 70))):
        for length in lengths:
            query = f"SELECT repeat('x', {length}) AS a FROM numbers({rows})"
            screen, code = on_a_terminal(
                asking.argv("sql", query), environment=asking.environment, columns=80
            )
            assert code == OK
            lines = screen.splitlines()
            assert max(map(len, lines)) <= 80, query
            if lines[0] != "Row 1:":
                assert length < 70, query
                assert {len(line) for line in lines[:100]} == {len(lines[0])}, query
            else:
                assert length >= 70, query
