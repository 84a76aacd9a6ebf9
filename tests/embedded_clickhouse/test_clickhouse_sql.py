"""Is SQL cut at the right places?"""

from __future__ import annotations

import pytest

from embedded_clickhouse.sql import Bounds, TooMuchSqlError, parse_statement, quote, says


@pytest.mark.parametrize(
    ("text", "output_format", "end"),
    [
        (b"SELECT 1", None, b"SELECT 1"),
        (b"SELECT 1 FORMAT JSON ;; ", "JSON", b"SELECT 1 FORMAT JSON"),
        (b"select 1 format TSV settings max_threads = 1", "TSV", None),
        (b"SELECT format FROM t", None, None),
        (b"SELECT a AS format FROM t", None, None),
        (b"SELECT 'FORMAT JSON' -- FORMAT CSV\n", None, b"SELECT 'FORMAT JSON'"),
        (b"SELECT 1 /* a /* FORMAT X */ ; b */ FORMAT Native", "Native", None),
        (b"(SELECT 1 FORMAT TSV) UNION ALL SELECT 2", None, None),
        (b"SELECT 13;\xc2\xa0", None, b"SELECT 13"),
        (b"WITH insert AS (SELECT 1) SELECT * FROM insert", None, None),
        (b"WITH 13 AS insert SELECT insert", None, None),
        (b"SELECT $tag$ ; FORMAT CSV $tag$", None, None),
        (b"SELECT 'it\\'s;' || 'a'';b'", None, None),
        (b"SELECT \xe2\x80\x98;\xe2\x80\x99, \xff", None, None),
    ],
)
def test_the_format_clause_of_a_read(
    text: bytes, output_format: str | None, end: bytes | None
) -> None:
    statement = parse_statement(text)
    assert (statement.kind, statement.is_single) == ("read", True)
    assert statement.format == output_format
    if end is not None:
        assert statement.text[: statement.end] == end


@pytest.mark.parametrize(
    ("text", "input_format", "data"),
    [
        (b"INSERT INTO t FORMAT TSV\n1\t2\n", "TSV", b"1\t2\n"),
        (b"INSERT INTO t FORMAT Protobuf\r\n\x00\n;'", "Protobuf", b"\x00\n;'"),
        (b"INSERT INTO t (a, b) FORMAT CSV \n\n1", "CSV", b"\n1"),
        (
            b"insert into t values (1, ';'), (2, 'FORMAT X');",
            "Values",
            b" (1, ';'), (2, 'FORMAT X');",
        ),
        (b"INSERT INTO format FORMAT TSV 1", "TSV", b"1"),
        (b"INSERT INTO values VALUES (1)", "Values", b" (1)"),
        (b"WITH {SELECT:Int8} AS v INSERT INTO t (s) FORMAT TSV\nv;\n", "TSV", b"v;\n"),
        (b"INSERT INTO t SETTINGS async_insert = 0 FORMAT TSV\n1", "TSV", b"1"),
    ],
)
def test_the_data_of_an_insert(text: bytes, input_format: str, data: bytes) -> None:
    statement = parse_statement(text)
    assert (statement.kind, statement.format) == ("insert", input_format)
    assert statement.text[statement.data_start :] == data


def test_an_insert_from_input_names_its_structure() -> None:
    statement = parse_statement(
        b"INSERT INTO t SELECT a, 'FORMAT' FROM input('a Enum8(\\'x\\' = 1), b ''q''') WHERE a > 1"
        b" FORMAT RowBinary\n\x00\x01"
    )
    assert statement.kind == "insert"
    assert statement.format == "RowBinary"
    assert statement.input_call is not None
    assert statement.input_call.structure == b"a Enum8('x' = 1), b 'q'"
    assert statement.text[statement.data_start :] == b"\x00\x01"


@pytest.mark.parametrize(
    "text",
    [
        b"INSERT INTO t SELECT 1",
        b"INSERT INTO t (a) WITH 1 AS x SELECT x",
        b"WITH 1 AS x INSERT INTO t SELECT x",
        b"CREATE TABLE t (a Int8) ENGINE = Memory",
        b"SET a = 1",
        b"",
        b"-- nothing",
    ],
)
def test_what_neither_reads_nor_takes_data(text: bytes) -> None:
    assert parse_statement(text).kind == "other"


def test_several_statements_are_noticed() -> None:
    assert not parse_statement(b"SELECT 1; DROP TABLE t").is_single
    assert not parse_statement(b"INSERT INTO t SELECT 1; DROP TABLE t").is_single
    assert parse_statement(b"SELECT 1; -- and nothing more").is_single


def test_files_are_noticed() -> None:
    assert parse_statement(b"SELECT `File` ('/etc/passwd'), sum(a) INTO OUTFILE 'x'").names_file
    assert parse_statement(b"INSERT INTO t FROM INFILE 'x' FORMAT TSV").names_file


def test_quoting_survives_whatever_it_holds() -> None:
    assert quote("a'b\\c\0") == "'a\\'b\\\\c\\0'"


@pytest.mark.parametrize(
    "items",
    [
        b"1, -2.5e-3 ,\n'it''s', 'a\\'b'",
        b"(1, 'a'), (2, 'b'),(3,'c')",
        b"[1, 2], [3], [-1, 0x1f]",
    ],
)
def test_a_list_of_literals_costs_next_to_nothing(items: bytes) -> None:
    text = b"SELECT a IN (" + b", ".join([items] * 20_000) + b"), file('x') FORMAT CSV"
    statement = parse_statement(text, Bounds(max_tokens=50, max_nesting=3))
    assert (statement.kind, statement.format) == ("read", "CSV")


@pytest.mark.parametrize("call", [b"f ('a', 1), 2", b"`f`(1), (2), 3", b'"f" (1), [2]', b"f(1),1"])
def test_arguments_are_no_tuple_of_a_list(call: bytes) -> None:
    assert says(b"SELECT 1, " + call.replace(b"`", b"").replace(b'"', b""), "F", "(")


@pytest.mark.heavy
@pytest.mark.parametrize(
    "unit",
    [
        b"'\\'",
        b"`\\",
        b"\xe2\x80\x98",
        b"$a$ ",
        b"/*",
        b"a,",
        b"(1,1",
        b"1e-",
        b"f(1),",
        b"-\\",
        b"\xff",
    ],
)
def test_no_text_takes_more_than_its_length(unit: bytes) -> None:
    """Twice the text takes no more than twice as many steps: either all of it is read in a bounded
    number of tokens, or it is refused. A quadratic reader would not come to an end here."""
    try:
        statement = parse_statement(b"SELECT " + unit * (8_000_000 // len(unit)))
    except TooMuchSqlError as error:
        assert error.limit in ("max_tokens", "max_nesting")
    else:
        assert statement.kind == "read"


def test_many_heredocs_that_never_end_are_refused() -> None:
    with pytest.raises(TooMuchSqlError):
        parse_statement(b"SELECT " + b"".join(b"$a%d$ " % n for n in range(1_000_000)))
    assert parse_statement(b"SELECT $a$ ; $a$").is_single
    assert not parse_statement(b"SELECT $a$ ; b").is_single


def test_nesting_is_bounded() -> None:
    parse_statement(b"SELECT " + b"(" * 1000 + b"1" + b")" * 1000)
    with pytest.raises(TooMuchSqlError) as deep:
        parse_statement(b"SELECT " + b"([{" * 334)
    assert deep.value.limit == "max_nesting"
