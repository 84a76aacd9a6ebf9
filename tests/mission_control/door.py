"""How is mission control asked from a test?"""

from __future__ import annotations

import http.client
import json
import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_mesh.home import Home
from tests.real_servers import PATIENCE_SECONDS, RealProcess, free_port, wait_until


@dataclass(frozen=True)
class Reply:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """Of whoever listens on `port` of this machine."""

    port: int

    def get(self, path: str, **headers: str) -> Reply:
        return self.ask("GET", path, headers=headers)

    def post(self, path: str, document: object, **headers: str) -> Reply:
        return self.ask("POST", path, document, headers=headers)

    def ask(
        self,
        method: str,
        path: str,
        document: object = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """One request on a connection of its own; `_` in a header's name is `-`."""
        given = {name.replace("_", "-"): value for name, value in (headers or {}).items()}
        body = None
        if document is not None:
            body = json.dumps(document).encode()
            given.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        with closing(connection):
            connection.putrequest(method, path, skip_host="Host" in given)
            for name, value in given.items():
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            return Reply(answer.status, answer.headers, answer.read())


class Door(Client):
    """`python -m mission_control`, and a client of it."""

    def __init__(self, home: Path, *, nats_url: str, **settings: str) -> None:
        self.home = home
        self.port = free_port()
        self.environment = {
            "GANGLION_HOME": str(home),
            "NATS_URL": nats_url,
            "CLICKHOUSE_URL": "http://127.0.0.1:1",
            "GANGLION_OPERATOR": "ada",
            "GANGLION_HTTP_PORT": str(self.port),
            **settings,
        }
        self.process: RealProcess | None = None

    def start(self) -> None:
        """And wait until it answers."""
        self.process = RealProcess(
            [sys.executable, "-m", "mission_control"],
            log=self.home / "mission_control.log",
            environment=self.environment,
        )
        wait_until(self._answers, f"mission control on port {self.port}")

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.running, self.log
        try:
            return self.get("/health").status == 200
        except OSError:
            return False

    @property
    def log(self) -> str:
        return (self.home / "mission_control.log").read_text()

    @property
    def key(self) -> str:
        return Home.at(self.home).http_key.read_text()

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
