"""Do errors, requests, packing and accounts mean what ClickHouse means by them? No server here."""

from __future__ import annotations

from pathlib import Path

import pytest

from embedded_clickhouse.compression import choose_encoding, encoder, supported_encodings
from embedded_clickhouse.exceptions import ClickHouseError, Code, from_engine
from embedded_clickhouse.limits import Limits
from embedded_clickhouse.request import external_table, read_request
from embedded_clickhouse.response import exception_tag
from embedded_clickhouse.settings import ClickHouseSettings
from embedded_clickhouse.unpacking import Decoder
from embedded_clickhouse.users import (
    OWN_ACCOUNTS,
    Credentials,
    UsersFileError,
    read_users,
    users_with,
)


@pytest.mark.parametrize(
    ("text", "code", "name", "status", "message"),
    [
        (
            "Code: 60. DB::Exception: No table t. (UNKNOWN_TABLE)",
            60,
            "UNKNOWN_TABLE",
            404,
            "No table t",
        ),
        (
            "Code: 164. DB::Exception: Code: 164. DB::Exception: No. (READONLY)"
            " (version 26.9.2.1). (READONLY)",
            164,
            "READONLY",
            500,
            "No",
        ),
        ("Code: 62. DB::Exception: Bad (x). (SYNTAX_ERROR)", 62, "SYNTAX_ERROR", 400, "Bad (x)"),
        ("out of the blue", 1002, "UNKNOWN_EXCEPTION", 500, "out of the blue"),
    ],
)
def test_an_engine_error_keeps_its_number(
    text: str, code: int, name: str, status: int, message: str
) -> None:
    error = from_engine(text)
    assert (error.code, error.name, error.status, error.message) == (code, name, status, message)
    assert error.text(version="1.2").endswith(f". ({name}) (version 1.2 (official build))")


def test_an_engine_error_that_quotes_a_whole_statement_is_cut_and_read_at_once() -> None:
    for text in ("(version " + "a" * 5_000_000, " " * 5_000_000 + "x", "(A" * 2_000_000):
        whole = f"Code: 395. DB::Exception: {text}: while executing. (WHY_NOT) (version 1)"
        error = from_engine(whole)
        assert (error.code, error.name) == (395, "WHY_NOT")
        assert len(error.message) < 40_000


def test_a_url_becomes_settings_parameters_and_the_rest() -> None:
    ask = read_request(
        method="POST",
        query_string="query=SELECT+%7Ba%3AInt8%7D&param_a=1&max_threads=2&database=d&wait_end_of_query=1",
        headers={"X-ClickHouse-User": "u", "X-ClickHouse-Key": "k"},
        limits=Limits(),
    )
    assert ask.query == b"SELECT {a:Int8}"
    assert (dict(ask.parameters), dict(ask.settings)) == ({"a": "1"}, {"max_threads": "2"})
    assert (ask.database, ask.waits_for_end) == ("d", True)
    assert ask.credentials == Credentials("u", "k")


def test_a_value_that_is_not_utf8_is_escaped() -> None:
    ask = read_request(
        method="POST", query_string="param_a=x%FF%C3%A9%80", headers={}, limits=Limits()
    )
    assert ask.parameters["a"] == "x\\xff\u00e9\\x80"


def test_the_tag_of_a_broken_stream_is_letters() -> None:
    tag = exception_tag("01234567-89ab-4cde-8f01-23456789abcd")
    assert (len(tag), tag.isalpha(), tag.islower()) == (16, True, True)


@pytest.mark.parametrize("query_string", ["a%20b=1", "param_a%27=1", "session_timeout=x"])
def test_fields_that_make_no_sense_are_refused(query_string: str) -> None:
    with pytest.raises(ClickHouseError):
        read_request(method="POST", query_string=query_string, headers={}, limits=Limits())


def test_a_body_is_packed_once() -> None:
    with pytest.raises(ClickHouseError):
        read_request(
            method="POST",
            query_string="decompress=1",
            headers={"Content-Encoding": "gzip"},
            limits=Limits(),
        )


def test_the_types_of_an_external_table_become_columns() -> None:
    ask = read_request(
        method="POST",
        query_string="t_types=Int8,Map(String,Int8)&t_format=CSV",
        headers={"Content-Type": "multipart/form-data; boundary=x"},
        limits=Limits(),
    )
    table = external_table(ask, "t")
    assert (table.structure, table.input_format) == ("_1 Int8, _2 Map(String,Int8)", "CSV")


@pytest.mark.parametrize("encoding", sorted(supported_encodings()))
def test_what_is_packed_can_be_unpacked_in_any_pieces(encoding: str) -> None:
    data = b"ganglion " * 10_000
    packer = encoder(encoding)
    packed = packer.compress(data[:5]) + packer.compress(data[5:]) + packer.flush()
    decoder = Decoder(encoding, available=supported_encodings(), limits=Limits())
    both = packed if encoding == "br" else packed + packed  # members in a row are one body
    unpacked = b""
    for start in range(0, len(both), 7):
        unpacked += decoder.decompress(both[start : start + 7], max_bytes=100)
        while decoder.has_more:
            unpacked += decoder.decompress(b"", max_bytes=100)
    decoder.finish()
    assert unpacked == data * (len(both) // len(packed))


def test_packing_that_breaks_off_or_is_unknown_is_refused() -> None:
    decoder = Decoder("gzip", available=supported_encodings(), limits=Limits())
    decoder.decompress(b"\x1f\x8b\x08", max_bytes=100)
    with pytest.raises(ClickHouseError) as broken:
        decoder.finish()
    assert broken.value.code == Code.CANNOT_DECOMPRESS
    with pytest.raises(ClickHouseError) as unknown:
        Decoder("rot13", available=supported_encodings(), limits=Limits())
    assert unknown.value.code == Code.UNKNOWN_COMPRESSION_METHOD


def test_the_cheapest_accepted_encoding_is_chosen() -> None:
    assert choose_encoding("gzip, lz4;q=0.5, zstd", available=supported_encodings()) == "lz4"
    assert choose_encoding("gzip, lz4;q=0", available=supported_encodings()) == "gzip"
    assert choose_encoding("identity", available=supported_encodings()) is None


def test_accounts_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "users.toml"
    file.write_text('[users.analyst]\npassword = "x"\n[users.default]\npassword = "y"\n')
    users = read_users(file, users_with(dict.fromkeys(OWN_ACCOUNTS, "own")))
    assert users.authenticate(Credentials("analyst", "x")).access == "read"
    assert users.authenticate(Credentials("default", "y")).access == "full"
    with pytest.raises(ClickHouseError) as refused:
        users.authenticate(Credentials("default", ""))
    assert (refused.value.code, refused.value.status) == (516, 403)


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "[users.a]\n",
        "[users.a]\npassword = 1\n",
        '[users.a]\npassword = "x"\naccess = "all"\n',
        '[users.a]\npassword_sha256 = "xyz"\n',
        '[users.a]\npassword = "x"\nrights = "all"\n',
    ],
)
def test_a_users_file_that_makes_no_sense_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "users.toml"
    file.write_text(text)
    with pytest.raises(UsersFileError, match=str(file)):
        read_users(file, users_with(dict.fromkeys(OWN_ACCOUNTS, "own")))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.1", "example.org"])
def test_only_the_loopback_is_listened_on(host: str) -> None:
    with pytest.raises(ValueError, match="loopback"):
        ClickHouseSettings(host=host)
