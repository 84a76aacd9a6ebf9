"""How is each thing that the engine lists made to reach out? Statements to try, by kind and name.

Each try is a tuple: what follows the first is asked only where that one succeeded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

Try = tuple[str, ...]


@dataclass(frozen=True)
class Outside:
    """What nobody may get at: a file to read, one that must not come to be, a port that listens, a
    program that would leave a mark."""

    secret: str
    written: str
    port: int
    program: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/x"

    @property
    def targets(self) -> tuple[str, ...]:
        """Each as one argument may name it."""
        host = f"127.0.0.1:{self.port}"
        return (self.secret, self.url, host, self.program)


def _arguments(outside: Outside) -> Iterator[str]:
    """Argument lists with every target in the places where functions and engines take one."""
    for target in outside.targets:
        yield f"'{target}'"
        yield f"'{target}', 'LineAsString', 'line String'"
        yield f"LineAsString, '{target}'"
    host = f"127.0.0.1:{outside.port}"
    yield f"'{host}', 'base', 'table', 'user', 'password'"
    yield f"'{host}', system.one"
    yield f"'{host}', 'list', 'group', 'JSONEachRow'"
    yield f"'{outside.program}', 'LineAsString', 'line String', (SELECT 1)"
    yield f"'{outside.program} {outside.written}', 'LineAsString'"
    yield f"'DSN=x;Server={host}', 'base', 'table'"
    yield f"'{outside.url}', 'key', 'secret', 'LineAsString', 'line String'"
    yield f"'{outside.url}', 'container', 'blob', 'account', 'a2V5', 'CSV', 'auto', 'line String'"


def of_table_function(name: str, outside: Outside) -> Iterator[Try]:
    """Read by it, and write by it."""
    for arguments in _arguments(outside):
        yield (f"SELECT * FROM `{name}`({arguments}) LIMIT 10",)
    for target in (outside.written, outside.url):
        into = f"INSERT INTO FUNCTION `{name}`('{target}', 'LineAsString', 'line String')"
        yield (f"{into} SELECT 'x'",)


def of_function(name: str, outside: Outside) -> Iterator[Try]:
    """Call it."""
    yield (f"SELECT `{name}`('{outside.secret}')",)
    yield (f"SELECT `{name}`('{outside.url}', 'x')",)


def of_table_engine(name: str, outside: Outside) -> Iterator[Try]:
    """Make a table of it and read it."""
    for arguments in _arguments(outside):
        yield (
            f"CREATE TABLE swarm.walked (line String) ENGINE = `{name}`({arguments})",
            "SELECT * FROM swarm.walked LIMIT 10",
            "INSERT INTO swarm.walked VALUES ('x')",
            "DROP TABLE IF EXISTS swarm.walked SYNC",
        )


def of_database_engine(name: str, outside: Outside) -> Iterator[Try]:
    """Make a database of it and look into it."""
    for arguments in _arguments(outside):
        yield (
            f"CREATE DATABASE walked ENGINE = `{name}`({arguments})",
            "SHOW TABLES FROM walked",
            f"SELECT * FROM walked.`{outside.secret}`",
            "DROP DATABASE IF EXISTS walked SYNC",
        )


def of_dictionary_source(name: str, outside: Outside) -> Iterator[Try]:
    """Make a dictionary of it and load it."""
    host = f"HOST '127.0.0.1' PORT {outside.port} DB 'base' TABLE 'table' USER 'u' PASSWORD 'p'"
    for settings in (
        f"PATH '{outside.secret}' FORMAT 'LineAsString'",
        f"URL '{outside.url}' FORMAT 'LineAsString'",
        f"COMMAND '{outside.program}' FORMAT 'LineAsString'",
        host,
    ):
        yield (
            "CREATE DICTIONARY swarm.walked (line String) PRIMARY KEY line"
            f" SOURCE({name}({settings})) LAYOUT(COMPLEX_KEY_HASHED()) LIFETIME(0)",
            "SELECT * FROM dictionary('swarm.walked')",
            "DROP DICTIONARY IF EXISTS swarm.walked",
        )


def of_format(name: str, outside: Outside) -> Iterator[Try]:
    """Read and write by it, with every option that names a file."""
    options = (
        f"format_schema = '{outside.secret}:Message',"
        f" format_template_resultset = '{outside.secret}',"
        f" format_template_row = '{outside.secret}',"
        f" input_format_record_errors_file_path = '{outside.written}'"
    )
    yield (f"SELECT 'x' AS line FORMAT {name} SETTINGS {options}",)
    yield (f"SELECT * FROM format('{name}', 'line String', 'x') SETTINGS {options}",)
    yield (f"SELECT 'x' AS line INTO OUTFILE '{outside.written}' FORMAT {name}",)
    yield (f"INSERT INTO swarm.facts FROM INFILE '{outside.secret}' FORMAT {name}",)


def of_statements(outside: Outside) -> Iterator[Try]:
    """What is in no list."""
    secret, written, url = outside.secret, outside.written, outside.url
    default = f"b String DEFAULT file(''{secret}'')"
    for statement in (
        f"BACKUP TABLE swarm.facts TO File('{written}')",
        f"RESTORE TABLE swarm.facts FROM File('{secret}')",
        f"CREATE NAMED COLLECTION walked AS url = '{url}'",
        "SYSTEM RELOAD CONFIG",
        "SYSTEM START LISTEN TCP",
        "SYSTEM SHUTDOWN",
        f"CREATE FUNCTION walked AS (x) -> file('{secret}')",
        "DROP FUNCTION file",
        "SET ROLE ALL",
        "SET ROLE owner",
        "SET DEFAULT ROLE ALL TO default",
        "EXECUTE AS default",
        "GRANT ALL ON *.* TO default",
        f"SELECT * FROM `{secret}`",
        f"SELECT * FROM default.`{secret}`",
        f"SELECT * FROM _nowhere.`{secret}`",
        f"ATTACH TABLE swarm.walked FROM '{secret}' (line String) ENGINE = MergeTree ORDER BY 1",
        f"SELECT * FROM format(JSONEachRow, 'a String, {default}', '{{\"a\":1}}')",
        f"SELECT arrayMap(x -> file(x), ['{secret}'])",
        f"SELECT `f\\x69le`('{secret}')",
        f"SELECT `f\x69le`('{secret}')",
        f"WITH file('{secret}') AS a SELECT a",
        "SELECT file('/proc/self/environ')",
        "SELECT file('/proc/self/fd/0')",
        "SELECT reverseDNSQuery('127.0.0.1')",
        f"SELECT 1; SELECT * FROM file('{secret}', 'LineAsString')",
    ):
        yield (statement,)
    for disk in (
        f"disk(type = local, path = '{secret}.d/')",
        f"disk(type = web, endpoint = '{url}/')",
        f"disk(type = s3, endpoint = '{url}/', access_key_id = 'a', secret_access_key = 'b')",
    ):
        table = "CREATE TABLE swarm.walked (a Int8) ENGINE = MergeTree ORDER BY a SETTINGS disk ="
        yield (f"{table} {disk}", "DROP TABLE IF EXISTS swarm.walked SYNC")
