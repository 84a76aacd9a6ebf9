"""Are ClickHouse's answers handed on as they come, and its errors said in one sentence?

The answers are those of a real server, byte by byte; `test_up_command.py` asks the real engine.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from nervous_system.clickhouse.error_families import Unmigrated
from nervous_system.clickhouse.query import ClickHouseAddress, run_query
from nervous_system.clickhouse.service_query import ask_clickhouse
from nervous_system.errors import Fatal, Forbidden, NotRunning, QueryRefused, Unavailable

TAG = "634237c425334e69"
HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
TAGGED = HEAD + f"X-ClickHouse-Exception-Tag: {TAG}\r\n\r\n".encode()
BLOCK = (
    f"\r\n__exception__\r\n{TAG}\r\nCode: 395. DB::Exception: Value passed to 'throwIf' is"
    " non-zero. (FUNCTION_THROW) (version 26.9.2.1 (official build))\n"
    f"292 {TAG}\r\n__exception__\r\n"
).encode()

Serve = Callable[[bytes], str]


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """A server that gives one answer, then hangs up."""
    threads: list[threading.Thread] = []

    def start(answer: bytes) -> str:
        listening = socket.create_server(("127.0.0.1", 0))

        def answer_once() -> None:
            with listening, listening.accept()[0] as connection:
                received = b""
                while not received.endswith(b"SELECT 1"):
                    received += connection.recv(4096)
                connection.sendall(answer)

        thread = threading.Thread(target=answer_once)
        thread.start()
        threads.append(thread)
        return f"http://127.0.0.1:{listening.getsockname()[1]}"

    yield start
    for thread in threads:
        thread.join(5)


def ask(url: str) -> bytes:
    return b"".join(run_query(url, "SELECT 1", default_format="TSV"))


def test_an_answer(serve: Serve) -> None:
    assert ask(serve(TAGGED + chunk(b"1\r\n") + chunk(b"__exception__\r\n2\n") + chunk(b""))) == (
        b"1\r\n__exception__\r\n2\n"
    )


def test_a_refusal(serve: Serve) -> None:
    body = b"Code: 60. DB::Exception: Unknown table\nnix. (UNKNOWN_TABLE) (version 26.9 (x))\n"
    answer = b"HTTP/1.1 404 Not Found\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    with pytest.raises(QueryRefused) as refused:
        ask(serve(answer))
    assert refused.value.code == 60
    assert str(refused.value) == (
        "ClickHouse refused the query: Unknown table nix. (UNKNOWN_TABLE) (code 60)"
    )


def test_who_is_not_let_in_is_told_what_helps(serve: Serve) -> None:
    body = b"Code: 516. DB::Exception: default: Authentication failed. (AUTHENTICATION_FAILED)\n"
    answer = b"HTTP/1.1 403 Forbidden\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    with pytest.raises(QueryRefused, match=r"\(code 516\); set GANGLION_HOME .*keys/clickhouse"):
        ask(serve(answer))


def test_a_refusal_does_not_list_all_that_could_have_been(serve: Serve) -> None:
    body = (
        b"Code: 62. DB::Exception: Syntax error: failed at position 1 (SELEC) (line 1, col 1):"
        b" SELEC 1. Expected one of: Query, Query with output, end of query. (SYNTAX_ERROR)"
        b" (version 26.9.2.1 (official build))\n"
    )
    answer = b"HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    with pytest.raises(QueryRefused) as refused:
        ask(serve(answer))
    assert refused.value.code == 62
    assert str(refused.value) == (
        "ClickHouse refused the query: Syntax error: failed at position 1 (SELEC) (line 1, col 1):"
        " SELEC 1; it expected something else (SYNTAX_ERROR) (code 62)"
    )


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (
            b'INFO {"server_id":"NDJK","version":"2.12.1","max_payload":1048576}\r\n',
            "it does not speak HTTP",
        ),
        (
            b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 13\r\n\r\n<html></html>",
            "HTTP 502 without a code of ClickHouse's",
        ),
    ],
)
def test_somebody_else_at_the_address(serve: Serve, answer: bytes, why: str) -> None:
    url = serve(answer)
    with pytest.raises(NotRunning) as refused:
        ask(url)
    assert str(refused.value) == (
        f"what answers at {url} is not ClickHouse ({why});"
        " correct CLICKHOUSE_URL or GANGLION_CLICKHOUSE_PORT"
    )


@pytest.mark.parametrize("size", [1, 7, 30, 1000])
def test_an_error_in_the_middle(serve: Serve, size: int) -> None:
    data = b"0\n0\n" + BLOCK
    pieces = b"".join(chunk(data[i : i + size]) for i in range(0, len(data), size))
    got = b""
    with pytest.raises(QueryRefused, match=r"'throwIf' is non-zero.*395") as refused:
        for piece in run_query(serve(TAGGED + pieces), "SELECT 1", default_format="TSV"):
            got += piece
    assert got == b"0\n0\n"
    assert refused.value.code == 395
    assert TAG not in str(refused.value)


def test_an_answer_that_breaks_off(serve: Serve) -> None:
    for answer in (TAGGED + chunk(b"1\n") + b"5\r\n12", b""):
        with pytest.raises(NotRunning, match=r"broke off its answer .* not complete"):
            ask(serve(answer))


def test_nobody_there(free_port: Callable[[], int]) -> None:
    with pytest.raises(NotRunning, match=r"no ClickHouse answers at http://127\.0"):
        ask(f"http://u:secret@127.0.0.1:{free_port()}")


def test_addresses() -> None:
    address = ClickHouseAddress.parse("https://me:p%40ss@host/path")
    assert (address.user, address.password, address.port) == ("me", "p@ss", 443)
    assert str(address) == "https://host:443"
    with pytest.raises(Fatal, match="not an http:// or https:// address"):
        ClickHouseAddress.parse("clickhouse://host")


async def test_a_service_has_rows_by_column(serve: Serve) -> None:
    url = serve(b'HTTP/1.1 200 OK\r\nContent-Length: 24\r\n\r\n{"n": 1}\n{"n": "\xc3\xa4"}   \n')
    assert await ask_clickhouse(url, "SELECT 1", seconds=60) == [{"n": 1}, {"n": "ä"}]


@pytest.mark.parametrize(
    ("answer", "family"),
    [
        (b"Code: 60. DB::Exception: no table. (UNKNOWN_TABLE) (version 26.9.2.1)", Unmigrated),
        (b"Code: 516. DB::Exception: who? (AUTHENTICATION_FAILED) (version 26.9.2.1)", Forbidden),
        (b"Code: 202. DB::Exception: busy. (TOO_MANY) (version 26.9.2.1)", Unavailable),
        (b"<h1>teapot</h1>", Unavailable),
    ],
)
async def test_a_service_knows_what_may_be_asked_again(
    serve: Serve, answer: bytes, family: type[Exception]
) -> None:
    url = serve(b"HTTP/1.1 500 Error\r\nConnection: close\r\n\r\n" + answer)
    with pytest.raises(family) as raised:
        await ask_clickhouse(url, "SELECT 1", seconds=60)
    assert type(raised.value) is family


async def test_what_answers_with_something_else_is_no_clickhouse(serve: Serve) -> None:
    url = serve(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<h1>teapot</h1>")
    with pytest.raises(Unavailable, match="is not ClickHouse"):
        await ask_clickhouse(url, "SELECT 1", seconds=60)
