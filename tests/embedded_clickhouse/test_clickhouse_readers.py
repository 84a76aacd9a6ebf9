"""What may an account with access `read` do, and can it get out?"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

import pytest

from embedded_clickhouse.exceptions import ClickHouseError
from embedded_clickhouse.users import OWN_ACCOUNTS, Credentials, users_with

if TYPE_CHECKING:
    from tests.embedded_clickhouse.conftest import Http, Reply

Ask = Callable[..., Coroutine[Any, Any, "Reply"]]


@pytest.fixture
async def analyst(http: Http) -> Ask:
    """Asks as the analyst."""
    await http.post("CREATE DATABASE IF NOT EXISTS swarm")
    await http.post("CREATE OR REPLACE TABLE swarm.facts (a Int8) ENGINE = MergeTree ORDER BY a")
    await http.post("INSERT INTO swarm.facts VALUES (1), (2)")

    async def ask(query: str, **fields: object) -> Reply:
        return await http.post(query, user="analyst", password="look, don't touch", **fields)  # type: ignore[arg-type]

    return ask


async def test_a_wrong_password_and_an_unknown_user_look_the_same(http: Http) -> None:
    for user in ("analyst", "nobody"):
        reply = await http.post("SELECT 1", user=user, password="guess")
        assert (reply.status, reply.headers["X-ClickHouse-Exception-Code"]) == (403, "516")


async def test_basic_authentication_and_headers_work(http: Http) -> None:
    headers = {"X-ClickHouse-User": "analyst", "X-ClickHouse-Key": "look, don't touch"}
    assert (await http.post("SELECT 1", headers=headers)).status == 200


@pytest.mark.parametrize(
    "query",
    [
        "SELECT sum(a) FROM swarm.facts",
        "SHOW TABLES FROM swarm",
        "DESCRIBE swarm.facts",
        "EXPLAIN SELECT a FROM swarm.facts",
        "SELECT count() FROM system.tables",
        "SELECT sum(a) FROM swarm.facts SETTINGS max_execution_time = 5",
        "WITH (SELECT max(a) FROM swarm.facts) AS best SELECT best",
    ],
)
async def test_a_reader_reads(analyst: Ask, query: str) -> None:
    # Grafana sends max_execution_time with every query.
    reply = await analyst(query, max_execution_time=60)
    assert reply.status == 200, reply.text


@pytest.mark.parametrize(
    "query",
    [
        "INSERT INTO swarm.facts VALUES (3)",
        "INSERT INTO swarm.facts FORMAT TSV 3",
        "INSERT INTO swarm.facts SELECT 3",
        "DROP TABLE swarm.facts",
        "TRUNCATE TABLE swarm.facts",
        "ALTER TABLE swarm.facts DELETE WHERE 1",
        "CREATE TABLE mine (a Int8) ENGINE = Memory",
        "OPTIMIZE TABLE swarm.facts",
        "SYSTEM FLUSH LOGS",
        "SET readonly = 0",
        "SET ROLE owner",
        "SET DEFAULT ROLE owner TO default",
        "SELECT 1 SETTINGS readonly = 0",
        "SELECT * FROM file('/etc/hostname', 'LineAsString')",
        "SELECT file('/etc/hostname')",
        "SELECT `file`('/etc/hostname')",
        "SELECT FILE /* hidden */ ('/etc/hostname')",
        "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
        "INSERT INTO FUNCTION file('/tmp/x', 'TSV') SELECT 1",
        "CREATE TEMPORARY TABLE t (a Int8) ENGINE = File(TSV, '/tmp/x')",
        "SELECT 1; DROP TABLE swarm.facts",
    ],
)
async def test_a_reader_changes_nothing_and_reaches_nothing(
    http: Http, analyst: Ask, query: str
) -> None:
    reply = await analyst(query)
    assert reply.status != 200, reply.text
    assert reply.headers["X-ClickHouse-Exception-Code"] in ("46", "62", "164", "395", "452", "497")
    assert await http.rows("SELECT count() FROM swarm.facts") == [["2"]]


async def test_a_reader_cannot_ask_for_more_in_the_url_or_in_a_session(analyst: Ask) -> None:
    assert (await analyst("SELECT 1", readonly=0)).status == 500
    assert (await analyst("SELECT 1", role="owner")).status != 200
    for query in ("SET readonly = 0", "SET ROLE owner"):
        assert (await analyst(query, session_id="escape")).status != 200
    assert (await analyst("DROP TABLE swarm.facts", session_id="escape")).status != 200
    assert (await analyst("SELECT a FROM swarm.facts", session_id="escape")).status == 200


def test_every_account_of_its_own_has_its_password() -> None:
    users = users_with({name: f"of {name}" for name in OWN_ACCOUNTS})
    assert users.authenticate(Credentials("analyst", "of analyst")).access == "read"
    for name in OWN_ACCOUNTS:
        for wrong in ("", "of somebody"):
            with pytest.raises(ClickHouseError, match="Authentication failed"):
                users.authenticate(Credentials(name, wrong))
