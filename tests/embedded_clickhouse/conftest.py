"""How do these tests get a server? The real process on a free port with an empty folder."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

USERS = """
[users.default]
password = ""

[users.analyst]
access = "read"
password = "look, don't touch"
"""


SERVE = (sys.executable, "-m", "embedded_clickhouse")


@dataclass(frozen=True)
class Server:
    """A running server."""

    process: subprocess.Popen[str]
    url: str
    path: Path

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def stop(self) -> int:
        """End it as an operator would. Returns its exit status."""
        self.process.terminate()
        return self.process.wait(timeout=300)


Start = Callable[..., Server]


def start_server(path: Path, *options: str) -> Server:
    """Start a server and wait for its line that says where it serves. Unless told otherwise, its
    accounts are those of `USERS`."""
    if "--users" not in options:
        users = path.parent / "users.toml"
        users.write_text(USERS)
        options = (*options, "--users", str(users))
    process = subprocess.Popen(
        [*SERVE, "--path", str(path), "--port", "0", *options],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise AssertionError(f"the server did not start, exit status {process.wait(timeout=300)}")
    serving = json.loads(line)
    assert serving["action"] == "clickhouse_serving"
    return Server(process, serving["url"], path)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests that leave it as they found it, with the account `analyst`."""
    folder = tmp_path_factory.mktemp("clickhouse")
    server = start_server(folder / "data")
    yield server
    assert server.stop() == 0


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts servers of a test's own; they end with it."""
    started: list[Server] = []

    def begin(*options: str, path: Path | None = None) -> Server:
        started.append(start_server(path or tmp_path / "data", *options))
        return started[-1]

    yield begin
    for server in started:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait(timeout=300)


@dataclass(frozen=True)
class Reply:
    """An answer of the server."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def summary(self) -> dict[str, int]:
        return {
            name: int(value)
            for name, value in json.loads(self.headers["X-ClickHouse-Summary"]).items()
        }


class Http:
    """A bare HTTP client."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self.session = session
        self.url = url

    async def post(
        self, data: bytes | str = b"", /, *, headers: dict[str, str] | None = None, **fields: object
    ) -> Reply:
        parameters = {name: str(value) for name, value in fields.items()}
        async with self.session.post(
            self.url, params=parameters, data=data, headers=headers
        ) as answer:
            return Reply(answer.status, dict(answer.headers), await answer.read())

    async def rows(self, text: str, /, **fields: object) -> list[list[str]]:
        """The rows of a query that has to succeed."""
        reply = await self.post(text, **fields)  # type: ignore[arg-type]
        assert reply.status == 200, reply.text
        return [line.split("\t") for line in reply.text.splitlines()]


@pytest.fixture
async def http(server: Server) -> AsyncIterator[Http]:
    """A bare HTTP client of the shared server."""
    connector = aiohttp.TCPConnector(limit=300)
    async with aiohttp.ClientSession(
        connector=connector, auto_decompress=False, skip_auto_headers={"Accept-Encoding"}
    ) as session:
        yield Http(session, server.url)
