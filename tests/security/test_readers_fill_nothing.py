"""Can an account that only reads take what others need before their statements run: memory, disk,
sessions, and the time in which statements are read?"""

from __future__ import annotations

import select
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.security.clickhouse_front import ANALYST, Front, wait_until

Begin = Callable[..., Front]
_WHO = "".join(f"{name}: {value}\r\n" for name, value in ANALYST.items())
_FORM = b'--b\r\nContent-Disposition: form-data; name="t"; filename="t"\r\n\r\n'


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    """Starts a front with limits of a test's own; it ends with it, cleanly."""
    with ExitStack() as ending:

        def start(*options: str, **limits: object) -> Front:
            front = Front(tmp_path, *options, **limits)
            ending.callback(lambda: _ends(front))
            return front

        yield start


def _ends(front: Front) -> None:
    assert front.stop() == 0


def _post(front: Front, body: bytes, *, more: int, fields: str = "", form: bool = False) -> bytes:
    kind = "Content-Type: multipart/form-data; boundary=b\r\n" if form else ""
    head = f"POST /?{fields} HTTP/1.1\r\nHost: 127.0.0.1\r\n{_WHO}{kind}"
    return f"{head}Content-Length: {len(body) + more}\r\n\r\n".encode() + body


def _fill(front: Front, held: ExitStack, request: bytes) -> Callable[[], bool]:
    """Sends a request that never ends once more at each call, until one is answered: refused."""
    open_ones: list[socket.socket] = []

    def is_full() -> bool:
        one = held.enter_context(front.open(b""))
        with suppress(ConnectionError):
            one.sendall(request)
        open_ones.append(one)
        return bool(select.select(open_ones, [], [], 0.2)[0])

    return is_full


def test_texts_of_readers_leave_memory_for_others(begin: Begin) -> None:
    front = begin(max_held_bytes=8 << 20)
    text = b"SELECT 1 -- " + b"x" * (1 << 20)
    with ExitStack() as held:
        full = _fill(front, held, _post(front, text, more=1 << 29))
        wait_until(full, "there is no memory for more of the analyst's")
        answer = front.ask(b"SELECT 2 -- " + b"y" * 1_500_000, max_query_size=8 << 20)
        assert answer.text == "2\n"


def test_tables_of_readers_leave_disk_for_others(begin: Begin) -> None:
    front = begin(max_spool_bytes=16 << 20)
    assert front.ask(b"CREATE TABLE t (s String) ENGINE = MergeTree ORDER BY ()").status == 200
    fields = "query=SELECT+count()+FROM+t&t_structure=s+String"
    with ExitStack() as held:
        body = _FORM + b"x\n" * (1 << 20)
        request = _post(front, body, more=1 << 29, fields=fields, form=True)
        wait_until(_fill(front, held, request), "there is no disk for more of the analyst's")
        answer = front.ask(b"y\n" * (1 << 20), query="INSERT INTO t FORMAT TSV")
        assert answer.status == 200, answer.text


def test_statements_that_take_long_to_read_keep_nobody_else_waiting(begin: Begin) -> None:
    """All of the analyst's are there before the owner's comes."""
    front = begin("--max-wait-seconds", "600")
    long = b"SELECT 1 " + b"+1" * 200_000
    with ExitStack() as held, front.watched():
        several = [held.enter_context(front.open(b"")) for _ in range(40)]
        for each in several:
            each.sendall(_post(front, long, more=0))
        assert front.ask(b"SELECT 2 -- " + b"y" * 100_000).text == "2\n"
        answered, _, _ = select.select(several, [], [], 0)
    assert len(answered) < 20


def test_who_opens_many_sessions_ends_none_of_another_account(begin: Begin) -> None:
    front = begin(max_sessions=8)
    assert front.ask(b"CREATE TEMPORARY TABLE mine (a Int8)", session_id="s").status == 200
    for number in range(20):
        asked = front.ask(b"SELECT 1", user=ANALYST, session_id=number, session_timeout=3600)
        assert asked.status == 200
    assert front.ask(b"SELECT count() FROM mine", session_id="s").text == "0\n"


def test_a_session_remembers_so_much(begin: Begin) -> None:
    front = begin()
    of_session = {"user": ANALYST, "session_id": "s"}
    for _ in range(4):  # the same again is remembered once
        again = front.ask(b"SET max_threads /*" + b"x" * 200_000 + b"*/ = 1", **of_session)
        assert again.status == 200, again.text
    more = front.ask(b"SET max_threads /*" + b"x" * 200_000 + b"*/ = 2", **of_session)
    assert more.code == 290, more.text
    assert "remembers no more" in more.text
    asked = front.ask(b"SELECT getSetting('max_threads')", max_block_size=100, **of_session)
    assert asked.text == "1\n"
    assert front.ask(b"SELECT getSetting('max_threads')", **of_session).text == "1\n"
