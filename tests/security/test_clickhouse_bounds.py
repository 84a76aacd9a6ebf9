"""Can one request hang the front of ClickHouse, or take more than it may?

Somebody asks `/ping` all the while, and looks at the memory of the process.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import brotli
import lz4.frame
import pytest

from embedded_clickhouse.compression import encoder
from tests.security.clickhouse_front import ANALYST, DEFAULT, Front

_ZEROS = b"\0" * (16 << 20)
_INTO = "INSERT INTO t FORMAT RawBLOB"
_FORM = {"Content-Type": "multipart/form-data; boundary=BB"}


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """One front with its usual limits, but for those that would take the tests gigabytes."""
    front = Front(
        tmp_path_factory.mktemp("front"),
        max_unpacked_bytes=256 << 20,
        max_body_bytes=64 << 20,
        max_result_bytes=32 << 20,
    )
    assert front.ask(b"CREATE TABLE t (s String) ENGINE = MergeTree ORDER BY ()").status == 200
    yield front
    assert front.ask(b"SELECT count() FROM t").text == "0\n"
    assert front.stop() == 0


def zstd(data: bytes) -> bytes:
    packer = encoder("zstd")
    return packer.compress(data) + packer.flush()


_PACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda data: gzip.compress(data, 9),
    "deflate": lambda data: zlib.compress(data, 9),
    "lz4": lz4.frame.compress,
    "zstd": zstd,
}


@pytest.mark.parametrize("encoding", [*_PACK, "br"])
@pytest.mark.parametrize("limit", ["max_unpacking_ratio", "max_unpacked_bytes"])
def test_a_bomb_is_refused_while_it_is_unpacked(front: Front, encoding: str, limit: str) -> None:
    """A gigabyte of zeros in a few kilobytes, and something that is packed only a little."""
    if encoding == "br":  # one stream cannot follow another
        packed = brotli.compress(b"\0" * (1 << 30), quality=1)
    else:
        packed = _PACK[encoding](_ZEROS) * 64
    reached = {"max_unpacking_ratio", "max_unpacked_bytes"}
    if encoding in ("zstd", "br"):
        reached = {"max_unpacking_ratio"}
    if limit not in reached:
        pytest.skip(f"{encoding} packs zeros too well for that limit")
    with front.watched():
        answer = front.ask(packed, headers={"Content-Encoding": encoding}, query=_INTO)
    assert any(answer.refuses(each, status=413, code=290) for each in reached), answer.text


@pytest.mark.parametrize("encoding", [*_PACK, "br"])
def test_a_bomb_for_a_statement_is_refused(front: Front, encoding: str) -> None:
    pack = _PACK.get(encoding, brotli.compress)
    with front.watched():
        answer = front.ask(
            pack(b"SELECT 1 -- " + b" " * (32 << 20)), headers={"Content-Encoding": encoding}
        )
    assert answer.refuses("max_statement_bytes", status=413, code=229), answer.text


@pytest.mark.parametrize("encoding", _PACK)
def test_a_body_of_tiny_members_is_refused(front: Front, encoding: str) -> None:
    with front.watched():
        answer = front.ask(
            _PACK[encoding](b"") * 200_000, headers={"Content-Encoding": encoding}, query=_INTO
        )
    assert answer.refuses("max_packed_members", status=413, code=290), answer.text


@pytest.mark.parametrize(
    ("encoding", "body", "code"),
    [
        ("gzip, zstd", b"", 89),
        ("zstd, zstd, zstd", b"", 89),
        ("gzip", b"no gzip", 271),
        ("zstd", b"no zstd", 271),
        ("lz4", b"no lz4", 271),
        ("br", b"no brotli \xff\xff", 271),
        ("deflate", b"no zlib", 271),
        # a frame whose header asks for a window of 2 GiB, and one that declares 2^62 bytes
        ("zstd", b"\x28\xb5\x2f\xfd\x00\xa8\x01\x00\x00", 271),
        ("zstd", b"\x28\xb5\x2f\xfd\xe0" + b"\xff" * 7 + b"\x3f" + b"\x01\x00\x00", 271),
        ("lz4", lz4.frame.LZ4FrameCompressor().begin(source_size=1 << 60), 271),
    ],
)
def test_what_claims_to_be_huge_or_is_no_packing_is_the_clients_fault(
    front: Front, encoding: str, body: bytes, code: int
) -> None:
    with front.watched(max_more_bytes=256 << 20):
        answer = front.ask(body, headers={"Content-Encoding": encoding}, query=_INTO)
    assert (answer.status, answer.code) == (400, code), answer.text


def test_a_body_that_is_sent_is_counted(front: Front) -> None:
    """Neither a length that is told nor one that is not helps."""
    with front.watched():
        told = front.ask(b"\0" * (65 << 20), query=_INTO)
        untold = front.ask((bytes(1 << 20) for _ in range(65)), query=_INTO)
    assert told.refuses("max_body_bytes", status=413, code=290), told.text
    assert untold.refuses("max_body_bytes", status=413, code=290), untold.text


_DEEP = [b"(", b"[", b"{", b"f(", b"SELECT (", b"if(1, ", b"tuple((["]
_LONG = [b"a,", b"1e-", b"f(1),", b"a.", b"- ", b"NOT ", b"\xff", b"\\", b"'\\'a", b"$a$ ", b"/*"]


@pytest.mark.parametrize("unit", _DEEP)
def test_deep_nesting_is_refused_before_the_engine_sees_it(front: Front, unit: bytes) -> None:
    with front.watched():
        answer = front.ask(b"SELECT " + unit * 100_000, max_parser_depth=10_000_000)
    assert answer.refuses("max_nesting", status=400, code=306), answer.text


@pytest.mark.parametrize("unit", _LONG)
def test_long_statements_leave_the_front_free(front: Front, unit: bytes) -> None:
    """Megabytes of one thing: too many words for us, or too long a text for the engine."""
    with front.watched(max_more_bytes=1 << 30):
        answer = front.ask(b"SELECT " + unit * (8_000_000 // len(unit)))
    assert answer.refuses("max_tokens", status=400, code=168) or answer.code == 62, answer.text


def test_a_long_list_is_no_long_statement(tmp_path: Path) -> None:
    """4 MB in an IN: once this kept everybody waiting for 23 seconds. The engine takes its own time
    and memory for it, or has not enough."""
    front = Front(tmp_path, "--max-memory-bytes", str(1 << 30))
    items = b",".join(b"%d" % number for number in range(600_000))
    with front.watched(max_more_bytes=3 << 30):
        answer = front.ask(b"SELECT 1 IN (" + items + b") FORMAT CSV", max_query_size=8_000_000)
    assert (answer.status, answer.text) == (200, "1\n") or answer.code == 241, answer.text
    assert front.stop() == 0


def test_a_text_of_many_heredocs_that_never_end_is_refused(front: Front) -> None:
    text = b"SELECT " + b"".join(b"$a%d$ " % number for number in range(500_000))
    with front.watched():
        answer = front.ask(text)
    assert answer.refuses("max_tokens", status=400, code=168), answer.text


@pytest.mark.parametrize(
    ("target", "headers", "limit"),
    [
        ("/?query=SELECT+1&x=" + "a" * 2_000_000, {}, "max_url_bytes"),
        ("/?" + "&".join(f"param_a{n}=1" for n in range(10_001)), {}, "max_fields"),
        ("/?" + "&" * 20_000, {}, "max_fields"),
        ("/?query=SELECT+1&" + "&".join(f"a{n}=1" for n in range(1001)), {}, "max_settings"),
        ("/?query=SELECT+1&query_id=" + "a" * 5000, {}, "max_name_bytes"),
        ("/?query=SELECT+1&session_id=" + "a" * 5000, {}, "max_name_bytes"),
        ("/?query=SELECT+1", {"X-Long": "a" * 10_000}, "max_header_bytes"),
        ("/?query=SELECT+1", {f"X-{n}": "" for n in range(1000)}, "max_headers"),
    ],
)
def test_what_is_long_in_a_request_is_refused_by_name(
    front: Front, target: str, headers: dict[str, str], limit: str
) -> None:
    with front.watched(max_more_bytes=256 << 20):
        answer = front.ask_raw(target, headers={**DEFAULT, **headers})
    assert answer.refuses(limit, status=413, code=290), answer.text


@pytest.mark.parametrize("name", ["query_id", "session_id", "database", "user"])
def test_a_name_breaks_no_header(front: Front, name: str) -> None:
    answer = front.ask_raw(f"/?query=SELECT+1&{name}=a%0D%0AX-Forged:+b", headers=DEFAULT)
    assert (answer.status, answer.code) == (400, 36)
    assert "X-Forged" not in answer.headers
    zone = front.ask(b"SELECT 1", session_timezone="UTC\r\nX-Forged: b")
    assert zone.status == 400
    assert "X-Forged" not in zone.headers


def part(disposition: str, content: bytes = b"1") -> bytes:
    return (
        f"--BB\r\nContent-Disposition: form-data; {disposition}\r\n\r\n".encode()
        + content
        + b"\r\n"
    )


def form(parts: list[bytes]) -> bytes:
    return b"".join(parts) + b"--BB--\r\n"


_TABLES = [part(f'name="t{n}"; filename="x"') for n in range(101)]


@pytest.mark.parametrize(
    ("body", "limit", "code"),
    [
        (form([part(f'name="param_a{n}"') for n in range(10_001)]), "max_form_parts", 290),
        (form(_TABLES), "max_external_tables", 290),
        (form([part('name="param_a"', b"1" * (20 << 20))]), "max_statement_bytes", 229),
        (
            form([part(f'name="param_{n}"', bytes(6 << 20)) for n in "abc"]),
            "max_statement_bytes",
            229,
        ),
        (form([part('name="t"; filename="x"', bytes(65 << 20))]), "max_body_bytes", 290),
    ],
    ids=["parts", "tables", "field", "fields", "file"],
)
def test_a_form_is_bounded(front: Front, body: bytes, limit: str, code: int) -> None:
    with front.watched():
        answer = front.ask(body, headers=_FORM, query="SELECT 1")
    assert answer.refuses(limit, status=413, code=code), answer.text


@pytest.mark.parametrize(
    "body",
    [
        b"garbage\r\n" * 100_000,
        b"g" * 10_000_000,
        b"--BB\r\n" + b"".join(b"X%d: 1\r\n" % n for n in range(10_000)) + b"\r\n1\r\n--BB--\r\n",
        b"--BB\r\n\r\n\r\n--BB--\r\n",
        b'--BB\r\nContent-Disposition: form-data; name="a"\r\n'
        b"Content-Type: multipart/mixed; boundary=CC\r\n\r\n--CC\r\n\r\n1\r\n--CC--\r\n--BB--\r\n",
        b"--BB",
        b"",
    ],
)
def test_what_is_no_form_is_the_clients_fault(front: Front, body: bytes) -> None:
    with front.watched():
        answer = front.ask(body, headers=_FORM, query="SELECT 1")
    assert (answer.status, answer.code) == (400, 36), answer.text


def test_rows_that_are_not_streamed_are_few(front: Front) -> None:
    """Statements that do not look like reads, and formats by odd names, held gigabytes."""
    rows = b"repeat('x', 1000) FROM numbers(6000000)"
    with front.watched(max_more_bytes=2 << 30):  # the engine formats blocks of 65 MB at once
        assert front.ask(rows, implicit_select=1).code == 452
        assert front.ask(b"SELECT " + rows + b" INTO x").code == 62
        quoted = front.ask(b"SELECT 1 FORMAT `CSV`")
        whole = front.ask(b"SELECT " + rows + b" FORMAT `TSV`", wait_end_of_query=1)
    assert quoted.text == "1\n"
    assert whole.refuses("max_result_bytes", status=413, code=290), whole.text


def test_a_query_writes_nothing_into_the_log(front: Front) -> None:
    """The engine's own logs, and a page for each request that is no HTTP."""
    before = front.log.stat().st_size
    assert front.ask(b"SELECT 'secret'", send_logs_level="trace").status == 200
    assert front.ask(b"SET send_logs_level = 'trace'").code == 452
    answer = front.ask(b"SELECT 'secret' SETTINGS send_logs_level = 'trace'", user=ANALYST)
    assert answer.code == 452
    for _ in range(100):
        assert front.ask_raw("/?x=" + "a" * 1_100_000, headers={}).status == 413
        with front.open(b"\x16\x03\x01 no HTTP at all\r\n\r\n") as connection:
            assert connection.recv(100).startswith(b"HTTP/1.0 400")
    assert front.log.stat().st_size == before
