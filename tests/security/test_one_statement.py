"""Does a request ever bring the engine more than one statement, whatever it hides it in?"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from embedded_clickhouse.exceptions import ClickHouseError
from embedded_clickhouse.single import SingleStatements
from tests.security.clickhouse_front import ANALYST, DEFAULT, Front

WRITES = "CREATE TABLE swarm.pwned (a String) ENGINE = Memory"
BECOMES = "SET ROLE owner"
ROLES = b"SELECT currentRoles()"
FORM = {"Content-Type": "multipart/form-data; boundary=BB"}


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """A front with a table that `analyst` may read."""
    front = Front(tmp_path_factory.mktemp("front"))
    assert front.ask(b"CREATE DATABASE swarm").status == 200
    assert front.ask(b"CREATE TABLE swarm.facts (a String) ENGINE = Memory").status == 200
    yield front
    assert front.ask(b"SELECT count() FROM swarm.facts").text == "0\n"
    assert front.ask(b"EXISTS TABLE swarm.pwned").text == "0\n"
    assert front.stop() == 0


def _part(name: str, value: str, *, file: str = "") -> bytes:
    return (
        f'--BB\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n{value}\r\n'.encode()
    )


def _form(fields: dict[str, str], *, table: str = "t") -> bytes:
    parts = b"".join(_part(name, value) for name, value in fields.items())
    return parts + _part(table, "x", file='; filename="f"') + b"--BB--\r\n"


_GOOD = {"t_format": "TSV", "t_structure": "a String"}
_HIDING = {
    "format": {"t_format": f"TSV; {BECOMES}"},
    "format, with a line": {"t_format": f"TSV\n\n{BECOMES}"},
    "format, in parallel": {"t_format": f"TSV PARALLEL WITH {BECOMES}"},
    "format, with settings": {"t_format": "TSV SETTINGS max_threads = 1"},
    "format, quoted": {"t_format": f"`TSV`; {BECOMES}"},
    "format, with a comment": {"t_format": "TSV --"},
    "format, empty": {"t_format": ""},
    "structure": {"t_structure": f"a String); {BECOMES}; SELECT (1"},
    "structure, with a comment": {"t_structure": f"a String); {BECOMES} --"},
    "structure, in parallel": {
        "t_structure": f"a String) PARALLEL WITH {BECOMES} PARALLEL WITH"
        " CREATE TEMPORARY TABLE u (a String"
    },
    "types": {"t_types": f"String); {BECOMES}; SELECT (1"},
    "database": {"database": f"swarm`; {BECOMES}; USE `swarm"},
    "setting's value": {"max_threads": f"1'; {BECOMES}; SET max_threads = '1"},
    "setting's name": {f"max_threads = 1; {BECOMES}; SET max_threads": "1"},
    "default format": {"default_format": f"TSV; {BECOMES}"},
    "parameter's name": {f"param_a = 1; {BECOMES}; SET param_b": "1"},
}


@pytest.mark.parametrize("where", ["URL", "form"])
@pytest.mark.parametrize("hiding", _HIDING)
@pytest.mark.parametrize("user", [ANALYST, DEFAULT], ids=["analyst", "default"])
def test_no_field_of_a_request_holds_a_statement(
    front: Front, user: dict[str, str], hiding: str, where: str
) -> None:
    hidden = _HIDING[hiding]
    fields = {**_GOOD, **hidden}
    if "t_types" in hidden:
        del fields["t_structure"]
    writing = {
        name.replace(BECOMES, WRITES): value.replace(BECOMES, WRITES)
        for name, value in fields.items()
    }
    for each in (fields, writing):
        in_url, in_form = (each, {}) if where == "URL" else ({}, each)
        session = {"session_id": f"{hiding} {where}"}
        question = {"query": ROLES.decode(), **session, **in_url}
        answer = front.ask(_form(in_form), headers={**user, **FORM}, user=user, **question)
        assert answer.status >= 400, answer.text
        assert answer.status < 500 or "DB::Exception: " in answer.text
        roles = front.ask(ROLES, user=ANALYST, **session).text  # type: ignore[arg-type]
        assert roles == "['reader']\n"
        assert front.ask(b"EXISTS TABLE swarm.pwned").text == "0\n"


@pytest.mark.parametrize("name", ["t`; SET ROLE owner; --", "t\\", "t'; SELECT 1; --"])
def test_the_name_of_a_table_is_a_name(front: Front, name: str) -> None:
    session = {"session_id": name}
    fields = {f"{name}_format": "TSV", f"{name}_structure": "a String"}
    answer = front.ask(
        _form(fields, table=name), headers=FORM, user=ANALYST, query="SELECT 1", **session
    )
    assert (answer.status, answer.text) == (200, "1\n") or answer.status == 400
    assert front.ask(ROLES, user=ANALYST, **session).text == "['reader']\n"  # type: ignore[arg-type]


def test_a_good_table_is_read(front: Front) -> None:
    fields = {"t_format": "TSV", "t_structure": "a String DEFAULT ';'"}
    answer = front.ask(_form(fields), headers=FORM, user=ANALYST, query="SELECT a, ';' FROM t")
    assert answer.text == "x\t;\n"


@pytest.mark.parametrize("header", [f"TSV; {BECOMES}", f"TSV SETTINGS max_threads = 1; {WRITES}"])
@pytest.mark.parametrize("statement", ["SELECT 1", "INSERT INTO swarm.facts SELECT 1 WHERE 0"])
def test_a_header_names_a_format_only(front: Front, statement: str, header: str) -> None:
    answer = front.ask(statement.encode(), headers={"X-ClickHouse-Format": header})
    assert (answer.status, answer.code) == (404, 73)


@pytest.mark.parametrize(
    "text",
    [
        f"EXPLAIN AST INSERT INTO swarm.facts FORMAT CSV 1\n\n{BECOMES}",
        f"EXPLAIN PIPELINE INSERT INTO swarm.facts FORMAT CSV 1\r\n\r\n{BECOMES}",
        f"EXPLAIN AST INSERT INTO swarm.facts FORMAT CSV '\n\n{BECOMES}; --'",
        "EXPLAIN AST INSERT INTO swarm.facts SELECT * FROM input('a String') FORMAT CSV 1\n\n"
        + BECOMES,
        f"EXPLAIN SYNTAX INSERT INTO swarm.facts VALUES ('1')\n\n{BECOMES}",
        f"SET max_threads = 1 PARALLEL WITH {BECOMES}",
        f"USE swarm PARALLEL WITH {BECOMES}",
        f"SELECT 1 PARALLEL WITH {BECOMES}",
        f"DESCRIBE swarm.facts /* */ parallel /* */ with {BECOMES}",
    ],
)
def test_no_reader_says_two_things_at_once(front: Front, text: str) -> None:
    session = {"session_id": repr(text)}
    for statement in (text, text.replace(BECOMES, WRITES)):
        answer = front.ask(statement.encode(), user=ANALYST, **session)  # type: ignore[arg-type]
        assert answer.status >= 400, answer.text
        assert front.ask(ROLES, user=ANALYST, **session).text == "['reader']\n"  # type: ignore[arg-type]


def test_a_reader_keeps_its_profile(front: Front) -> None:
    """It has the bounds."""
    for text in (
        "SET profile = 'default'",
        "SET max_threads = 1, `profile` = 'owner'",
        "SELECT 1 SETTINGS max_threads = 1, profile = 'default'",
        "SELECT 1 FROM (SELECT 1 SETTINGS additional_x = {'a': 'b'}, profile = 'owner')",
        "SELECT 1 FROM (SELECT 1 SETTINGS log_comment = 'a', profile = 'owner') SETTINGS limit = 1",
    ):
        answer = front.ask(text.encode(), user=ANALYST)
        assert (answer.status, answer.code) == (403, 497), answer.text
    answer = front.ask(b"SELECT 1", user=ANALYST, profile="default")
    assert (answer.status, answer.code) == (403, 497), answer.text
    answer = front.ask(
        b"SELECT 'a' = 'b', profile = 'x' FROM (SELECT 'x' AS profile)", user=ANALYST
    )
    assert answer.text == "0\t1\n"


def test_a_password_that_is_no_text_is_a_wrong_one(front: Front) -> None:
    for target in ("/?user=analyst&password=%ff", "/?user=nobody&password=%ff%00"):
        assert front.ask_raw(target, b"SELECT 1", headers={}).code == 516
    key = {**ANALYST, "X-ClickHouse-Key": "\xff"}
    assert front.ask(b"SELECT 1", user=key).code == 516
    name = {**ANALYST, "X-ClickHouse-User": "\xff"}
    assert front.ask(b"SELECT 1", user=name).code == 516


@pytest.mark.parametrize("header", ["X-ClickHouse-Format", "X-ClickHouse-Database"])
def test_a_name_that_is_no_text_is_refused(front: Front, header: str) -> None:
    answer = front.ask(b"SELECT 1", headers={header: "\xff"})
    assert answer.status in (400, 404), answer.text


@pytest.mark.parametrize("seconds", ["٣", "\uff13", "²", "1e3", "1_0", "+1", " 1", "-1", "nan", ""])
def test_seconds_are_digits(front: Front, seconds: str) -> None:
    answer = front.ask(b"SELECT 1", session_id="s", session_timeout=seconds)
    assert answer.code == 374, answer.text


def test_nothing_is_asked_of_what_can_be_one_only() -> None:
    """So most texts cost nothing; and one that passed is not looked at again, though what this
    server adds to it is new each time."""
    looked: list[bytes] = []

    def written_down(text: bytes) -> bytes:
        looked.append(text)
        if text.endswith(b"; SELECT 2"):
            raise ClickHouseError("Syntax error", code=62, name="SYNTAX_ERROR")
        return text

    single = SingleStatements(written_down)
    single.check(b"SELECT 1")
    assert looked == []
    for number in range(3):
        single.check(
            b"SELECT ';' INTO OUTFILE '/proc/1/fd/%d' /* ganglion:%d-a */" % (number, number)
        )
    assert len(looked) == 1
    for _ in range(2):
        with pytest.raises(ClickHouseError):
            single.check(b"SELECT '/* ganglion:0 */'; SELECT 2")
    single.check(b"SELECT '/* ganglion:0 */; --'")
    single.check(b"SELECT '''; --'")
    assert len(looked) == 5
