"""Does a statement leave anything in the engine's own folder that is no table, or read what lies
there? Everything that the engine lists is tried, and it must start again afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded_clickhouse.access import (
    ENGINES,
    HOLDING_SCHEMAS,
    HOLDING_SQL,
    NAMING_PLACES,
    TABLE_FUNCTIONS,
)
from embedded_clickhouse.set_aside import SET_ASIDE_FOLDER, set_strangers_aside
from tests.security.clickhouse_front import ANALYST, DEFAULT, Front

SECRET = "WHAT_ONLY_THE_OWNER_READS"
SCHEMA = 'syntax = "proto3"; message Row { int32 x = 1; }'
OTHER_ACCOUNT_SETTINGS = {"format_schema_source": "string", "format_schema": SCHEMA}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of the front, whose data lie in `data`."""
    return tmp_path / "front"


@pytest.fixture
def front(folder: Path) -> Iterator[Front]:
    """A front with a table, and a view in a database that `analyst` does not see."""
    front = Front(folder)
    try:
        for statement in (
            "CREATE DATABASE swarm",
            "CREATE TABLE swarm.facts (line String) ENGINE = MergeTree ORDER BY line",
            "INSERT INTO swarm.facts VALUES ('x')",
            "CREATE DATABASE private",
            f"CREATE VIEW private.secret AS SELECT '{SECRET}' AS told",
        ):
            answer = front.ask(statement.encode())
            assert answer.status == 200, answer.text
        yield front
    finally:
        front.stop()


def _names(folder: Path) -> set[str]:
    """Every name in the data folder."""
    return {str(path.relative_to(folder)) for path in (folder / "data").rglob("*")}


def _listed(front: Front, question: str) -> list[str]:
    answer = front.ask(question.encode())
    assert answer.status == 200, answer.text
    return answer.text.splitlines()


def _check_start(front: Front, folder: Path) -> None:
    """It ends, starts again, and has its rows."""
    front.stop()
    again = Front(folder)
    try:
        assert _listed(again, "SELECT line FROM swarm.facts") == ["x"]
    finally:
        again.stop()
    assert not (folder / "data" / SET_ASIDE_FOLDER).exists()


def _hiding(call: str) -> Iterator[str]:
    """Statements in which a call of a table function stands, or is kept in another text."""
    quoted = call.replace("'", "''")
    yield f"SELECT * FROM {call}"
    yield f"EXPLAIN SELECT * FROM {call}"
    yield f"DESCRIBE TABLE {call}"
    yield f"SELECT 1 IN (SELECT 1 FROM {call})"
    yield f"SELECT 1 IN {call}"
    yield f"SELECT * FROM view(SELECT * FROM {call})"
    yield f"SELECT * FROM remote('127.0.0.1', {call})"
    yield f"SELECT * FROM cluster('default', {call})"
    yield f"SELECT * FROM loop({call}) LIMIT 1"
    yield f"SELECT * FROM viewIfPermitted(SELECT 1 ELSE {call})"
    yield (
        f"SELECT * FROM eval('SELECT * FROM {quoted}')"
        " SETTINGS allow_experimental_eval_table_function = 1"
    )
    for name in ("additional_result_filter", "filter", "select", "order"):
        yield f"SELECT 1 AS a SETTINGS {name} = 'a IN (SELECT 1 FROM {quoted})'"
    tables = f"{{'swarm.facts': 'line IN (SELECT 1 FROM {quoted})'}}"
    yield f"SELECT * FROM swarm.facts SETTINGS additional_table_filters = {tables}"
    default = f"a Int8, b Int8 DEFAULT 1 IN (SELECT 1 FROM {quoted})"
    yield f"SELECT * FROM format(JSONEachRow, '{default}', '{{\"a\":1}}')"
    yield f"SELECT * FROM format(Values, 'a Int8', '(1 IN (SELECT 1 FROM {quoted}))')"


def _writing(call: str) -> Iterator[str]:
    """Statements of one who may write, in which the call of a table function stands."""
    quoted = call.replace("'", "''")
    yield f"INSERT INTO FUNCTION {call} VALUES (1)"
    yield f"INSERT INTO swarm.facts SELECT * FROM {call}"
    yield f"INSERT INTO swarm.facts VALUES ((SELECT 'x' FROM {call}))"
    for structure in (f"a String DEFAULT 1 IN {quoted}", f"a String); SELECT * FROM {quoted} --"):
        yield f"INSERT INTO swarm.facts SELECT a FROM input('{structure}') FORMAT CSV\nx"
    yield f"CREATE TABLE swarm.made AS {call}"
    yield f"CREATE VIEW swarm.made AS SELECT * FROM {call}"
    yield f"CREATE OR REPLACE VIEW swarm.made (a String) AS SELECT * FROM {call}"
    yield f"CREATE TABLE swarm.made (a Int8, b Int8 DEFAULT 1 IN {call}) ENGINE = Memory"
    yield f"CREATE TABLE swarm.made (a Int8) ENGINE = Memory AS SELECT 1 FROM {call}"
    yield f"ALTER TABLE swarm.facts ADD COLUMN more Int8 DEFAULT 1 IN (SELECT 1 FROM {call})"
    yield f"ALTER TABLE swarm.facts DELETE WHERE 1 IN (SELECT 1 FROM {call})"
    yield f"SELECT 1; SELECT * FROM {call}"
    query = f"'SELECT 1 FROM {quoted}'"
    yield (
        "SELECT 1::Int32 AS x FORMAT Protobuf SETTINGS format_schema_source = 'query',"
        f" format_schema = {query}, format_schema_message_name = 'Row'"
    )


def test_no_table_function_leaves_a_file(front: Front, folder: Path) -> None:
    names = _listed(front, "SELECT name FROM system.table_functions")
    assert {name.lower() for name in names} > TABLE_FUNCTIONS
    assert "sqlite" in names
    before = _names(folder)
    for name in names:
        target = folder / "data" / "metadata" / f"{name}.sql"
        for arguments in (
            f"'{target}'",
            f"'{target}', 't'",
            f"'{target}', 'LineAsString', 'line String'",
            f"LineAsString, '{target}'",
        ):
            for written in (name, f"`{name}`", name.upper()):
                statement = f"SELECT * FROM {written}({arguments}) LIMIT 10".encode()
                front.ask(statement, user=ANALYST, max_execution_time="5")
    assert _names(folder) - before == set()
    for method, user in (("POST", ANALYST), ("GET", ANALYST), ("POST", DEFAULT)):
        for hidden in _hiding(f"sqlite('{folder}/data/metadata/evil.sql', 't')"):
            if method == "GET":
                front.ask(user=user, method="GET", query=hidden)
            else:
                front.ask(hidden.encode(), user=user)
            assert _names(folder) - before == set(), hidden
    _check_start(front, folder)


def _left(front: Front, folder: Path) -> set[str]:
    """Names in the folder that are those of no table: who writes makes tables, and their data."""
    made = ("data/store/", "data/tmp/", "data/data/swarm/")
    names = {name for name in _names(folder) if not name.startswith(made)}
    return names - {"data/metadata_dropped"}


def test_who_writes_leaves_no_file_by_a_table_function(front: Front, folder: Path) -> None:
    names = _listed(front, "SELECT name FROM system.table_functions")
    before = _left(front, folder)
    for name in names:
        target = f"{folder}/data/metadata/{name}.sql"
        for arguments in (f"'{target}', 't'", f"'{target}', 'LineAsString', 'line String'"):
            read = f"SELECT * FROM `{name}`({arguments}) LIMIT 10"
            front.ask(read.encode(), max_execution_time="5")
            into = f"INSERT INTO FUNCTION {name}({arguments}) SELECT 'x'"
            front.ask(into.encode(), max_execution_time="5")
    assert _left(front, folder) - before == set()
    for statement in _writing(f"sqlite('{folder}/data/metadata/evil.sql', 't')"):
        answer = front.ask(statement.encode())
        assert answer.status != 200, statement
        assert _left(front, folder) - before == set(), statement
    _check_start(front, folder)


def test_a_table_with_a_request_is_only_columns(front: Front, folder: Path) -> None:
    before = _left(front, folder)
    call = f"sqlite('{folder}/data/metadata/evil.sql', 't')"
    boundary = "a-line-between"
    part = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="more"; filename="more"\r\n\r\nx\n'
    )
    body = f"{part}\r\n--{boundary}--\r\n".encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    for user in (DEFAULT, ANALYST):
        for structure, status in (
            ("a String", 200),
            (f"a String DEFAULT 1 IN {call}", 403),
            (f"a String) ENGINE = Memory AS (SELECT 'x' FROM {call}", 403),
            (f"a String); SELECT * FROM {call} --", 400),
        ):
            answer = front.ask(
                body,
                headers=headers,
                user=user,
                query="SELECT * FROM more",
                more_structure=structure,
                more_format="TSV",
            )
            assert answer.status == status, (structure, answer.text)
            assert _left(front, folder) - before == set(), structure


def test_no_engine_but_those_that_keep_to_their_folder(front: Front, folder: Path) -> None:
    tables = _listed(front, "SELECT name FROM system.table_engines")
    databases = _listed(front, "SELECT name FROM system.database_engines")
    assert {name.lower() for name in (*tables, *databases)} > ENGINES
    before = _left(front, folder)
    for name in tables:
        target = f"{folder}/data/metadata/{name}.sql"
        for arguments in ("", f"'{target}', 'LineAsString'", f"0, '{target}'"):
            made = f"CREATE TABLE swarm.made (line String) ENGINE = {name}({arguments})"
            for statement in (made, f"{made} PRIMARY KEY line"):
                answer = front.ask(statement.encode())
                assert answer.status != 200 or name.lower() in ENGINES, statement
                assert _left(front, folder) - before == set(), statement
                front.ask(b"DROP TABLE IF EXISTS swarm.made SYNC")
    for name in databases:
        target = f"{folder}/data/metadata/{name}.sql"
        for arguments in ("", f"('{target}')", f"('{target}', 't')"):
            answer = front.ask(f"CREATE DATABASE made ENGINE = {name}{arguments}".encode())
            assert answer.status != 200 or name.lower() in ENGINES, name
            front.ask(b"DROP DATABASE IF EXISTS made SYNC")
            assert _left(front, folder) - before == set(), name
    disk = f"disk(type = local, path = '{folder}/data/other/')"
    made = "CREATE TABLE swarm.made (a Int8) ENGINE = MergeTree ORDER BY a SETTINGS disk ="
    assert front.ask(f"{made} {disk}".encode()).code == 497
    assert _left(front, folder) - before == set()
    _check_start(front, folder)


def test_who_writes_does_what_keeps_to_the_tables(front: Front) -> None:
    """Also where a table has the name of a function that reaches out, and twice: what was looked at
    once is known."""
    for statement in (
        *("CREATE DATABASE more", "CREATE DATABASE other ENGINE = Atomic"),
        "CREATE TABLE more.url (line String, n Int8) ENGINE = ReplacingMergeTree ORDER BY line",
        "CREATE TABLE more.filled (line String) ENGINE = Null",
        "CREATE MATERIALIZED VIEW more.file TO more.url AS SELECT line, 1 AS n FROM more.filled",
        "CREATE VIEW more.sqlite AS SELECT line FROM more.url WHERE line IN ('executable', 'file')",
        "CREATE TABLE more.copy ENGINE = MergeTree ORDER BY line AS SELECT * FROM more.url",
        "INSERT INTO more.url (line, n) VALUES (concat('a', 'b'), 1 + 1), ('file(', (SELECT 3))",
        "INSERT INTO more.filled (line) FORMAT JSONEachRow\n{\"line\": \"sqlite('x', 't')\"}",
        "INSERT INTO more.url SELECT line, 1 FROM input('line String') FORMAT CSV\nx\n",
        "INSERT INTO more.url (line) SELECT line FROM more.copy SETTINGS max_threads = 1",
        "ALTER TABLE more.url ADD COLUMN IF NOT EXISTS other Int8 DEFAULT n + 1",
        "SELECT * FROM more.sqlite AS a, numbers(3) AS b",
        "OPTIMIZE TABLE more.url FINAL",
        "TRUNCATE TABLE more.copy",
    ):
        for _ in range(1 if statement.startswith("CREATE") else 2):
            answer = front.ask(statement.encode())
            assert answer.status == 200, (statement, answer.text)
    assert _listed(front, "SELECT line FROM more.url FINAL ORDER BY line") == [
        *("ab", "file(", "sqlite(\\'x\\', \\'t\\')", "x")
    ]


def test_an_open_front_lets_who_writes_name_them(folder: Path) -> None:
    front = Front(folder / "open", open="true")
    try:
        (folder / "lines").write_text("let in\n")
        assert _listed(front, f"SELECT * FROM file('{folder}/lines', 'LineAsString')") == ["let in"]
        refused = front.ask(b"SELECT * FROM file('lines', 'LineAsString')", user=ANALYST)
        assert refused.code == 497
    finally:
        front.stop()


def test_no_setting_reads_or_leaves_a_file(front: Front, folder: Path) -> None:
    listed = "SELECT name FROM system.settings WHERE type IN ('String', 'URI', 'Map')"
    settings = _listed(front, listed)
    assert set(_listed(front, "SELECT name FROM system.settings")) > {
        *NAMING_PLACES,
        *HOLDING_SQL,
        *HOLDING_SCHEMAS,
    }
    secret = folder / "data" / "metadata" / "private.sql"
    (view,) = [
        path
        for path in (folder / "data" / "store").glob("*/*/secret.sql")
        if SECRET in path.read_text()
    ]
    before = _names(folder)
    for name in settings:
        for file in (view, secret, folder / "data" / "metadata" / f"{name}.sql"):
            for format_name in ("Template", "Protobuf", "JSONEachRow"):
                statement = f"SELECT 1 AS x FORMAT {format_name} SETTINGS {name} = '{file}'"
                answer = front.ask(statement.encode(), user=ANALYST)
                assert SECRET not in answer.text, statement
                assert "_ ENGINE" not in answer.text, statement
    assert _names(folder) - before == set()
    _check_start(front, folder)


def test_no_format_leaves_a_file(front: Front, folder: Path) -> None:
    names = _listed(front, "SELECT name FROM system.formats WHERE is_output")
    before = _names(folder)
    for name in names:
        front.ask(f"SELECT 1 AS x FORMAT {name}".encode(), user=ANALYST)
    assert _names(folder) - before == set()


def test_a_reader_changes_no_setting_that_names_a_place_or_holds_a_text(front: Front) -> None:
    for name in (*NAMING_PLACES, *HOLDING_SQL, *HOLDING_SCHEMAS):
        _check_constant(front, name)


def _check_constant(front: Front, name: str) -> None:
    value = "{'a': 'b'}" if name == "additional_table_filters" else "'1'"
    if name == "format_schema_source":
        value = "'string'"
    statement = f"SELECT 1 SETTINGS {name} = {value}".encode()
    set_it = f"SET {name} = {value}".encode()
    refused = [
        front.ask(statement, user=ANALYST),
        front.ask(set_it, user=ANALYST),
        front.ask(b"SELECT 1", user=ANALYST, **{name: value.strip("'")}),  # type: ignore[arg-type]
        front.ask(user=ANALYST, method="GET", query=statement.decode()),
    ]
    assert {answer.code for answer in refused} == {452}, name
    for profile in ("owner", "default"):
        assert front.ask(statement, user=ANALYST, profile=profile).code == 497, name
    if name not in HOLDING_SCHEMAS:
        assert front.ask(statement, user=DEFAULT).code == 452


def test_who_records_gives_the_schema_of_a_format(front: Front) -> None:
    fields = {**OTHER_ACCOUNT_SETTINGS, "format_schema_message_name": "Row"}
    answer = front.ask(b"SELECT 1::Int32 AS x FORMAT Protobuf", user=DEFAULT, **fields)  # type: ignore[arg-type]
    assert (answer.status, answer.body) == (200, b"\x02\x08\x01")


def test_the_engine_tells_a_reader_no_path(front: Front, folder: Path) -> None:
    answer = front.ask(b"SELECT getServerSetting('path')", user=ANALYST)
    assert answer.code == 395
    assert str(folder) not in answer.text


def test_the_engine_starts_in_spite_of_files_that_it_did_not_write(
    front: Front, folder: Path
) -> None:
    front.stop()
    data = folder / "data"
    (table,) = (path for path in data.glob("store/*/*/facts.sql"))
    strangers = [data / "metadata" / "evil.sql", table.with_name("zzz.sql")]
    for stranger in strangers:
        stranger.touch()
    (data / "metadata" / "text.sql").write_text("DROP DATABASE swarm")
    cached = data / "tmp" / "__cache__" / "old.proto"
    cached.parent.mkdir(exist_ok=True)
    cached.touch()
    again = Front(folder)
    try:
        assert _listed(again, "SELECT line FROM swarm.facts") == ["x"]
        assert _listed(again, "SELECT told FROM private.secret") == [SECRET]
    finally:
        again.stop()
    assert [path for path in (*strangers, cached) if path.exists()] == []
    kept = sorted(path.name.partition(".")[2] for path in (data / SET_ASIDE_FOLDER).iterdir())
    assert kept == ["evil.sql", "text.sql", "zzz.sql"]


def test_what_is_set_aside_is_named(tmp_path: Path) -> None:
    (tmp_path / "metadata").mkdir()
    (tmp_path / "metadata" / "good.sql").write_text("ATTACH DATABASE _ UUID 'x'")
    (tmp_path / "metadata" / "evil.sql").touch()
    ((action, fields),) = set_strangers_aside(tmp_path)
    assert (action, fields["file"]) == ("clickhouse_file_set_aside", "metadata/evil.sql")
    assert Path(str(fields["kept"])).exists()
    assert (tmp_path / "metadata" / "good.sql").exists()
    assert set_strangers_aside(tmp_path) == []
