"""Does the answer to what is no HTTP request repeat it, with the password in it?"""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest

from tests.security.clickhouse_front import Front

_SECRET = base64.b64encode(b"default:owns it").decode()
_HEAD = f"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic {_SECRET}\r\n"


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    front = Front(tmp_path_factory.mktemp("front"))
    yield front
    assert front.stop() == 0


@pytest.mark.parametrize(
    "request_text",
    [
        f"{_HEAD}Content-Length: 8\r\n\r\nSELECT 1".replace("\r\n", "\n"),
        f"{_HEAD} folded\r\n\r\n",
        f"{_HEAD.rstrip()}\x01\r\n\r\n",
        f"{_HEAD.rstrip()}\rx\r\n\r\n",
        f"{_HEAD}Content-Length: +8\r\n\r\nSELECT 1",
        f"POST /?password={_SECRET} HTTP/1.9\r\nHost: 127.0.0.1\r\n\r\n",
        f"POST /?password={_SECRET} x HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        f"{_SECRET}\r\n\r\n",
        f"Basic {_SECRET}: / HTTP/1.1\r\n\r\n",
    ],
    ids=["bare LF", "fold", "control", "bare CR", "length", "version", "line", "alone", "method"],
)
def test_who_is_refused_is_not_quoted(front: Front, request_text: str) -> None:
    with front.open(request_text.encode()) as connection:
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    assert answer.startswith(b"HTTP/1.0 400 ")
    assert b"This is no HTTP request: " in answer
    assert _SECRET.encode() not in answer
    assert _SECRET not in front.log.read_text()
