"""Can those who are slow, many, or not entitled keep ClickHouse's front from its work?"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.security.clickhouse_front import ANALYST, DEFAULT, Front, wait_until

Begin = Callable[..., Front]
_WHO = "".join(f"{name}: {value}\r\n" for name, value in DEFAULT.items())
_ANALYST = "".join(f"{name}: {value}\r\n" for name, value in ANALYST.items())
_TABLE = b"CREATE TABLE t (s String) ENGINE = MergeTree ORDER BY ()"


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    """Starts fronts with limits of a test's own; they end with it, cleanly."""
    fronts: list[Front] = []

    def start(*options: str, **limits: object) -> Front:
        fronts.append(Front(tmp_path / str(len(fronts)), *options, **limits))
        return fronts[-1]

    yield start
    assert [front.stop() for front in fronts] == [0] * len(fronts)


def head(query: str, *, length: int = 1 << 30, who: str = _WHO) -> bytes:
    """Line and headers of a request whose body is announced."""
    target = f"/?query={query.replace(' ', '+')}"
    host = "Host: 127.0.0.1\r\n"
    return f"POST {target} HTTP/1.1\r\n{host}{who}Content-Length: {length}\r\n\r\n".encode()


def is_closed(connection: socket.socket) -> bool:
    """Whether the other side has closed it."""
    connection.settimeout(0.01)
    try:
        return connection.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionResetError:
        return True


def test_idle_connections_make_room_for_the_next(begin: Begin) -> None:
    front = begin(max_connections=64)
    with ExitStack() as held, front.watched():
        idle = [held.enter_context(front.open(b"GET / HTT")) for _ in range(100)]
        assert front.ask(b"SELECT 1").text == "1\n"
        wait_until(lambda: is_closed(idle[0]), "the oldest one is closed")
        assert front.ask(b"SELECT 1").text == "1\n"


def test_bodies_that_do_not_come_make_room_and_take_no_place(begin: Begin) -> None:
    """More of them than there are places, then more than there are connections."""
    front = begin("--max-queries", "2", "--max-wait-seconds", "20", max_connections=128)
    assert front.ask(_TABLE).status == 200
    with ExitStack() as held, front.watched():
        for _ in range(200):
            held.enter_context(front.open(head("INSERT INTO t FORMAT TSV") + b"x\n" * 100))
        assert front.ask(b"SELECT 1").text == "1\n"
        assert front.ask(b"a\n", query="INSERT INTO t FORMAT TSV").status == 200
    assert front.ask(b"SELECT count() FROM t").text == "1\n"


def test_a_statement_that_runs_is_not_closed_to_make_room(begin: Begin) -> None:
    front = begin(max_connections=64)
    with ExitStack() as held, front.watched():
        runs = held.enter_context(front.open(head("SELECT sleep(3), 7", length=0)))
        wait_until(lambda: front.running() == 1, "it runs")
        idle = [held.enter_context(front.open(b"GET")) for _ in range(100)]
        wait_until(lambda: is_closed(idle[0]), "one that waits is closed")
        answer = runs.recv(65536)
    assert answer.startswith(b"HTTP/1.1 200")


def test_heads_that_do_not_end_take_so_much_memory_together(begin: Begin) -> None:
    """The longest go; a short one stays, and so does one that asked before, however often."""
    front = begin(max_heads_bytes=2 << 20)
    ping = b"GET /ping HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"x" * 7000 + b"\r\n\r\n"
    with ExitStack() as held, front.watched():
        often = held.enter_context(front.open(b""))
        for _ in range(400):
            often.sendall(ping)
            assert often.recv(4096).startswith(b"HTTP/1.1 200 ")
        short = held.enter_context(front.open(b"GET /ping HTTP/1.1\r\nHost: "))
        long = b"GET /?x=" + b"y" * (1 << 19)
        several = [held.enter_context(front.open(long)) for _ in range(12)]
        wait_until(lambda: sum(map(is_closed, several)) >= 4, "the longest are closed")
        for each in (often, short):
            each.settimeout(60)
        short.sendall(b"127.0.0.1\r\n\r\n")
        often.sendall(ping)
        assert short.recv(4096).startswith(b"HTTP/1.1 200 ")
        assert often.recv(4096).startswith(b"HTTP/1.1 200 ")


def test_a_head_that_does_not_end_is_given_up(begin: Begin) -> None:
    front = begin(max_head_seconds=1)
    with front.watched(), front.open() as nothing, front.open() as half, front.open() as slow:
        half.sendall(b"POST /?query=SELECT+1 HTTP/1.1\r\nHost:")
        wait_until(lambda: is_closed(nothing), "who says nothing is closed")
        wait_until(lambda: is_closed(half), "who stops in the middle is closed")

        def drips() -> bool:
            try:
                slow.sendall(b"G")
            except OSError:
                return True
            return is_closed(slow)

        wait_until(drips, "who drips is closed")


@pytest.mark.parametrize("query", ["INSERT INTO t FORMAT TSV", ""])
def test_a_body_that_stops_is_given_up(begin: Begin, query: str) -> None:
    front = begin(max_body_idle_seconds=0.5)
    assert front.ask(_TABLE).status == 200
    with front.watched(), front.open(head(query) + b"SELECT 1") as connection:
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"X-ClickHouse-Exception-Code: 159" in answer
    assert b"(GANGLION_CLICKHOUSE_MAX_BODY_IDLE_SECONDS)" in answer


def test_who_does_not_read_ends_its_query(begin: Begin) -> None:
    front = begin("--max-queries", "2", max_reply_idle_seconds=0.5)
    endless = head("SELECT number FROM numbers(1000000000000) FORMAT RowBinary", length=0)
    with ExitStack() as held, front.watched():
        for _ in range(2):
            held.enter_context(front.open(endless))
        wait_until(lambda: front.running() == 0, "both are ended")
        assert front.ask(b"SELECT 1").text == "1\n"


@pytest.mark.parametrize(
    "query",
    [
        "SELECT sum(sipHash64(number)) FROM numbers(1000000000000)",
        "INSERT INTO t SELECT toString(sum(sipHash64(number))) FROM numbers(1000000000000)",
        "CREATE TABLE u ENGINE = Memory AS SELECT sum(number) FROM numbers(1000000000000)",
    ],
)
def test_who_leaves_ends_its_statement_whatever_it_is(begin: Begin, query: str) -> None:
    front = begin()
    assert front.ask(_TABLE).status == 200
    with front.watched():
        connection = front.open(head(query, length=0))
        wait_until(lambda: front.running() == 1, "it runs")
        connection.close()
        wait_until(lambda: front.running() == 0, "it is ended")


@pytest.mark.parametrize(
    ("query", "who"),
    [
        ("INSERT INTO t FORMAT TSV", _ANALYST),
        ("INSERT INTO nowhere FORMAT TSV", _WHO),
        ("INSERT INTO t (no_such_column) FORMAT TSV", _WHO),
    ],
)
def test_who_may_not_insert_is_told_so_before_the_data_is_taken(
    begin: Begin, query: str, who: str
) -> None:
    """A gigabyte is announced, a third of a megabyte sent, and there is the answer."""
    front = begin()
    assert front.ask(_TABLE).status == 200
    with front.watched(), front.open(head(query, who=who)) as connection:
        connection.sendall(b"x\n" * 200_000)
        answer = connection.recv(65536)
    assert not answer.startswith(b"HTTP/1.1 200")
    assert b"X-ClickHouse-Exception-Code: " in answer


def test_all_bodies_together_take_so_much_of_the_disk(begin: Begin) -> None:
    front = begin(max_spool_bytes=8 << 20)
    assert front.ask(_TABLE).status == 200
    insert = "INSERT INTO t FORMAT TSV"
    with front.watched():
        with ExitStack() as held:
            answers = []

            def is_refused() -> bool:
                one = held.enter_context(front.open(head(insert)))
                with suppress(ConnectionError):  # it may be refused itself
                    one.sendall(b"x" * (2 << 20))
                answers.append(front.ask(b"y" * (3 << 20), query=insert))
                return answers[-1].status != 200

            wait_until(is_refused, "there is no room for more")
            assert answers[-1].refuses("max_spool_bytes", status=500, code=202), answers[-1].text
        wait_until(
            lambda: front.ask(b"z" * (5 << 20), query=insert).status == 200, "there is room again"
        )


def test_all_statements_together_take_so_much_memory(begin: Begin) -> None:
    front = begin(max_held_bytes=8 << 20)
    with front.watched(), ExitStack() as held:
        answers = []

        def is_refused() -> bool:
            one = held.enter_context(front.open(head("")))
            with suppress(ConnectionError):  # it may be refused itself
                one.sendall(b"SELECT 1 -- " + b"x" * (2 << 20))
            answers.append(front.ask(b"SELECT 1 -- " + b"y" * (3 << 20), max_query_size=8 << 20))
            return answers[-1].status != 200

        wait_until(is_refused, "there is no memory for more")
        assert answers[-1].refuses("max_held_bytes", status=500, code=202), answers[-1].text
        assert front.ask(b"SELECT 1").text == "1\n"


def test_no_body_takes_the_last_of_the_disk(begin: Begin) -> None:
    front = begin(min_free_bytes=1 << 60)
    assert front.ask(_TABLE).status == 200
    with front.watched():
        answer = front.ask(b"x\n" * (10 << 20), query="INSERT INTO t FORMAT TSV")
    assert answer.refuses("min_free_bytes", status=500, code=243), answer.text
