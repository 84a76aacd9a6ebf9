"""What does ClickHouse answer to a query? The bytes as they come, over plain HTTP."""

from __future__ import annotations

import base64
import http.client
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote, urlencode, urlsplit

from nervous_system.errors import Fatal, NotRunning, QueryRefused

CONNECT_SECONDS: Final = 10.0
_CHUNK_BYTES: Final = 256 * 1024
_MAX_ERROR_BYTES: Final = 64 * 1024
_CODE: Final = re.compile(r"^\s*Code: (\d+)\. (?:DB::\w+: )?(.*?)\s*(?:\(version .*\))?\s*$", re.S)
_NOT_LET_IN: Final = frozenset({192, 193, 194, 516})
"""UNKNOWN_USER, WRONG_PASSWORD, REQUIRED_PASSWORD, AUTHENTICATION_FAILED."""
_WHO_YOU_ARE: Final = (
    "; set GANGLION_HOME to the home of the mesh that listens there, whose keys/clickhouse has the"
    " passwords, or give CLICKHOUSE_URL the right user and password"
)
_EXPECTED: Final = re.compile(r"(.*)\. Expected one of: .*?( \([A-Z0-9_]+\))?$", re.S)


@dataclass(frozen=True, slots=True)
class ClickHouseAddress:
    """Where to ask, and as whom."""

    scheme: str
    host: str
    port: int
    path: str
    user: str | None
    password: str | None

    @classmethod
    def parse(cls, url: str) -> ClickHouseAddress:
        """From CLICKHOUSE_URL. Raises Fatal for what is not an http(s) URL."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Fatal(
                "CLICKHOUSE_URL is not an http:// or https:// address;"
                " set it to something like http://user:password@host:8123"
            )
        return cls(
            scheme=parts.scheme,
            host=parts.hostname,
            port=parts.port or (443 if parts.scheme == "https" else 8123),
            path=parts.path or "/",
            user=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
        )

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"

    def headers(self) -> dict[str, str]:
        """Of every request: what its body is, and as whom it asks."""
        headers = {"Content-Type": "text/plain; charset=utf-8", "User-Agent": "ganglion"}
        if self.user is not None:
            pair = f"{self.user}:{self.password or ''}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        return headers


def run_query(
    url: str,
    query: str,
    *,
    default_format: str,
    settings: Mapping[str, str] | None = None,
    silent_seconds: float | None = None,
) -> Iterator[bytes]:
    """The answer in pieces, each handed on as it comes; memory does not grow with the answer.

    A FORMAT in the query wins over `default_format`. Raises NotRunning when nobody answers, for
    `silent_seconds` if they are given, or somebody else does; QueryRefused with ClickHouse's own
    code and words, also in the middle of an answer.
    """
    address = ClickHouseAddress.parse(url)
    kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    connection = kind(address.host, address.port, timeout=CONNECT_SECONDS)
    try:
        try:
            connection.connect()
        except OSError as error:
            raise NotRunning(
                f"no ClickHouse answers at {address} ({error.strerror or error});"
                " start the mesh with `ganglion up`, or set CLICKHOUSE_URL"
            ) from error
        assert connection.sock is not None  # connected just now
        # By itself a query takes what it takes; Ctrl-C ends it.
        connection.sock.settimeout(silent_seconds)
        target = (
            f"{address.path}?{urlencode({'default_format': default_format, **(settings or {})})}"
        )
        try:
            connection.request("POST", target, body=query.encode(), headers=address.headers())
            response = connection.getresponse()
            if response.status != 200:
                raise refusal(
                    response.read(_MAX_ERROR_BYTES), address=address, status=response.status
                )
            tag = response.headers.get("X-ClickHouse-Exception-Tag", "")
            yield from _until_exception(_pieces(response), address=address, tag=tag)
        except TimeoutError as error:
            raise NotRunning(
                f"ClickHouse at {address} says nothing for {silent_seconds} s"
            ) from error
        except http.client.RemoteDisconnected as error:
            raise _broken_off(address, error) from error
        except (http.client.BadStatusLine, http.client.UnknownProtocol) as error:
            raise _another(address, "it does not speak HTTP") from error
        except (http.client.HTTPException, ConnectionError) as error:
            raise _broken_off(address, error) from error
    finally:
        connection.close()


def query_rows(
    url: str,
    query: str,
    *,
    parameters: Mapping[str, str] | None = None,
    silent_seconds: float | None = None,
) -> list[dict[str, Any]]:
    """All rows, by column; `parameters` are the values of `{name:Type}`. Raises as `run_query`."""
    settings = {f"param_{name}": value for name, value in (parameters or {}).items()}
    answer = run_query(
        url, query, default_format="JSONEachRow", settings=settings, silent_seconds=silent_seconds
    )
    return [json.loads(line) for line in b"".join(answer).splitlines()]


def refusal(body: bytes, *, address: ClickHouseAddress, status: int) -> QueryRefused | NotRunning:
    """ClickHouse's error text as ours: one sentence with its code, without the list of everything
    that could have stood there. NotRunning where the text is not ClickHouse's.
    """
    found = _CODE.match(body.decode(errors="replace").strip())
    if found is None:
        if status == 200:  # it began as ClickHouse's
            return QueryRefused("ClickHouse broke the query off and did not say why")
        return _another(address, f"HTTP {status} without a code of ClickHouse's")
    words = " ".join(found[2].split()).rstrip(".")
    words = _EXPECTED.sub(r"\1; it expected something else\2", words)
    code = int(found[1])
    remedy = _WHO_YOU_ARE if code in _NOT_LET_IN else ""
    return QueryRefused(f"ClickHouse refused the query: {words} (code {code}){remedy}", code=code)


def _another(address: ClickHouseAddress, answer: str) -> NotRunning:
    return NotRunning(
        f"what answers at {address} is not ClickHouse ({answer});"
        " correct CLICKHOUSE_URL or GANGLION_CLICKHOUSE_PORT"
    )


def _broken_off(address: ClickHouseAddress, error: Exception) -> NotRunning:
    return NotRunning(
        f"ClickHouse at {address} broke off its answer"
        f" ({type(error).__name__}: {error}); what came so far is not complete"
    )


def _pieces(response: http.client.HTTPResponse) -> Iterator[bytes]:
    # read1 returns what is there: a row is shown when it comes, not when a buffer is full.
    while piece := response.read1(_CHUNK_BYTES):
        yield piece


def _until_exception(
    pieces: Iterator[bytes], *, address: ClickHouseAddress, tag: str
) -> Iterator[bytes]:
    """Hand pieces on; raise QueryRefused where the answer turns into an error.

    ClickHouse then writes a marker with the answer's own tag, the error, its length, the tag and
    the marker again, and breaks the connection off.
    """
    marker = f"\r\n__exception__\r\n{tag}".encode()
    held = b""
    for piece in pieces:
        held += piece
        place = held.find(marker)
        if place >= 0:
            yield held[:place]
            text = _error_text(held[place + len(marker) :], pieces)
            raise refusal(text, address=address, status=200)
        kept = _beginning_at_end(held, marker)
        yield held[: len(held) - kept]
        held = held[len(held) - kept :]
    yield held


def _beginning_at_end(data: bytes, marker: bytes) -> int:
    """How many bytes at the end of `data` could be the beginning of `marker`."""
    most = min(len(data), len(marker) - 1)
    return next((size for size in range(most, 0, -1) if marker.startswith(data[-size:])), 0)


def _error_text(beginning: bytes, pieces: Iterator[bytes]) -> bytes:
    text = beginning
    try:
        for piece in pieces:
            text = (text + piece)[:_MAX_ERROR_BYTES]
    except (http.client.HTTPException, ConnectionError):
        pass  # broken off on purpose, so that nobody takes the answer for complete
    return text.strip(b"\r\n").rpartition(b"\r\n")[0].rpartition(b"\n")[0] or text
