"""On what do the tests of what can be read stand? One mesh as `ganglion up` starts it, for a whole
file of them."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from bench.child import bare_environment
from local_mesh.supervisor.lock import holder
from tests.command_line import CommandLine
from tests.mission_control.door import Client
from tests.real_servers import free_port, wait_until

SERVICES = ("nats", "clickhouse", "ingestor", "governor", "overseer", "mission_control")
JAEGER = "http://jaeger.example:16686"
PORTS = ("NATS_PORT", "NATS_MONITOR_PORT", "CLICKHOUSE_PORT", "HTTP_PORT")


class ReadMesh(Client):
    """Its front door."""

    def __init__(self, line: CommandLine) -> None:
        self.line = line
        self.port = int(line.environment["GANGLION_HTTP_PORT"])

    def read(self, path: str, **query: object) -> Any:
        """What a GET answers, which has to be 200."""
        answer = self.get(f"{path}?{urlencode(query, doseq=True)}")
        assert answer.status == 200, answer.body
        return answer.json

    def pages(self, path: str, **query: object) -> Iterator[Any]:
        """All pages of what a GET answers."""
        cursor = ""
        while cursor is not None:
            page = self.read(path, **query, cursor=cursor)
            cursor = page["next_cursor"]
            yield page

    def whole(self, path: str, part: str) -> Any:
        """What a GET answers once it has this part, and nothing is left out: a busy machine may
        leave out what ClickHouse does not say soon enough."""
        asked: list[Any] = []

        def is_whole() -> bool:
            asked.append(self.read(path))
            return bool(asked[-1][part]) and not asked[-1]["left_out"]

        wait_until(is_whole, f"{path} has everything")
        return asked[-1]

    def record(self, *documents: dict[str, Any]) -> list[str]:
        """Put events on record, and wait until ClickHouse has them; their ids."""
        answer = self.post("/api/events", list(documents))
        assert answer.status == 201, answer.body
        self.wait_for(answer.json["as_of"])
        return [each["event_id"] for each in answer.json["events"]]

    def wait_for(self, position: int) -> None:
        """Until ClickHouse has it."""
        wait_until(
            lambda: self.read("/api/events", limit=1)["as_of"] >= position,
            f"position {position} is in ClickHouse",
        )


@contextmanager
def read_mesh(folder: Path) -> Iterator[ReadMesh]:
    """A mesh in this folder, without guardian and worker."""
    home = folder / "home"
    ports = {f"GANGLION_{each}": str(free_port()) for each in PORTS}
    own = {
        "GANGLION_HOME": str(home),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "GANGLION_JAEGER_URL": JAEGER,
    }
    line = CommandLine(
        home=home, environment={**bare_environment(), **own, **ports, "GANGLION_OPERATOR": "ada"}
    )
    only = [word for name in SERVICES for word in ("--only", name)]
    try:
        started = line("up", "--detach", *only)
        assert started.returncode == 0, started.stdout + started.stderr
        assert (
            f"mission control: http://localhost:{ports['GANGLION_HTTP_PORT']}/#key="
            in started.stdout
        )
        yield ReadMesh(line)
    finally:
        if (pid := holder(home / "run" / "lock")) is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
