"""What is attacked here? The real front of ClickHouse, while somebody looks after it."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import psutil

PATIENCE_SECONDS = 60.0
"""How long one request, also a health check, may take on a machine that others press, too."""
USERS = """
[users.default]
access = "full"
password = "owns it"
[users.analyst]
access = "read"
password = "looks at it"
"""
DEFAULT = {"X-ClickHouse-User": "default", "X-ClickHouse-Key": "owns it"}
ANALYST = {"X-ClickHouse-User": "analyst", "X-ClickHouse-Key": "looks at it"}


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    @property
    def code(self) -> int:
        """ClickHouse's number, 0 without one."""
        return int(self.headers.get("X-ClickHouse-Exception-Code", "0"))

    def refuses(self, limit: str, *, status: int, code: int) -> bool:
        """Whether it is a refusal as ClickHouse words it, naming the limit and its setting."""
        return (
            (self.status, self.code) == (status, code)
            and self.text.startswith(f"Code: {code}. DB::Exception: ")
            and f"the limit {limit} is " in self.text
            and f"(GANGLION_CLICKHOUSE_{limit.upper()})" in self.text
        )


@dataclass
class Watch:
    """What somebody saw who asked `/ping` all the time."""

    pings: int = 0
    failures: list[str] = field(default_factory=list)
    peak_bytes: int = 0


class Front:
    """A running front."""

    def __init__(self, folder: Path, *options: str, **limits: object) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        users = folder / "users.toml"
        users.write_text(USERS)
        self.log = folder / "front.log"
        environment = {
            f"GANGLION_CLICKHOUSE_{name.upper()}": str(value) for name, value in limits.items()
        }
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "embedded_clickhouse", "--port", "0"),
                    *("--path", str(folder / "data"), "--users", str(users), *options),
                ],
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, **environment},
                text=True,
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, self.log.read_text()
        self.port = int(json.loads(line)["url"].rpartition(":")[2])

    def stop(self) -> int:
        """End it as an operator would. Returns its exit status."""
        self._process.terminate()
        try:
            return self._process.wait(timeout=PATIENCE_SECONDS)
        finally:
            if self._process.poll() is None:
                self._process.kill()
                self._process.wait(timeout=300)
            if self._process.stdout is not None:
                self._process.stdout.close()

    def memory_bytes(self) -> int:
        """What it holds of the machine's memory."""
        return int(psutil.Process(self._process.pid).memory_info().rss)

    def ask(
        self,
        body: bytes | Iterator[bytes] = b"",
        /,
        *,
        headers: Mapping[str, str] | None = None,
        user: Mapping[str, str] = DEFAULT,
        method: str = "POST",
        **fields: object,
    ) -> Answer:
        """One request on a connection of its own."""
        return self.ask_raw(
            f"/?{urlencode(fields)}" if fields else "/",
            body,
            headers={**user, **(headers or {})},
            method=method,
        )

    def ask_raw(
        self,
        target: str,
        body: bytes | Iterator[bytes] = b"",
        *,
        headers: Mapping[str, str],
        method: str = "POST",
    ) -> Answer:
        """One request with this very target."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        try:
            # Who is refused early is answered before it has sent all of it.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.request(method, target, body=body, headers=dict(headers))
            response = connection.getresponse()
            return Answer(response.status, dict(response.headers.items()), response.read())
        finally:
            connection.close()

    def open(self, data: bytes = b"") -> socket.socket:
        """A bare connection on which `data` was sent."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_SECONDS)
        connection.sendall(data)
        return connection

    def running(self) -> int:
        """How many statements run beside the one that asks."""
        answer = self.ask(
            b"SELECT count() FROM system.processes WHERE query NOT LIKE '%system.processes%'"
        )
        assert answer.status == 200, answer.text
        return int(answer.text)

    @contextmanager
    def watched(self, *, max_more_bytes: int = 512 << 20) -> Iterator[Watch]:
        """Ask `/ping` all the time while the block lasts: it has to answer each time, and the
        process may hold `max_more_bytes` more than before."""
        watch, over, before_bytes = Watch(), threading.Event(), self.memory_bytes()

        def look() -> None:
            while not over.is_set():
                try:
                    answer = self.ask_raw("/ping", headers={}, method="GET")
                    watch.pings += 1
                    if (answer.status, answer.text) != (200, "Ok.\n"):
                        watch.failures.append(answer.text)
                except OSError as error:
                    watch.failures.append(repr(error))
                watch.peak_bytes = max(watch.peak_bytes, self.memory_bytes())
                over.wait(0.02)

        thread = threading.Thread(target=look)
        thread.start()
        try:
            yield watch
        finally:
            over.set()
            thread.join()
        assert watch.pings
        assert watch.failures == []
        assert watch.peak_bytes - before_bytes < max_more_bytes


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Wait for a condition, looking often."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come true"
        time.sleep(0.02)
