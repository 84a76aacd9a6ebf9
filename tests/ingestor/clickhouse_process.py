"""How does a test start, stop and kill an embedded ClickHouse of its own?"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from embedded_clickhouse.passwords import own_passwords
from embedded_clickhouse.users import OWN_ACCOUNTS


class ClickHouseProcess:
    """An embedded ClickHouse that a test may kill and start again on the same folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = ""
        self._process: subprocess.Popen[str] | None = None
        self._port = 0

    def start(self) -> None:
        """Returns once it listens; after the first time on the same port."""
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "embedded_clickhouse",
                "--path",
                str(self.path),
                "--port",
                str(self._port),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        for line in self._process.stdout:
            told = json.loads(line)
            if told["action"] == "clickhouse_serving":
                keys = self.path.parent / "keys" / "clickhouse"
                password = own_passwords(keys, OWN_ACCOUNTS)["default"]
                self.url = told["url"].replace("://", f"://default:{password}@")
                self._port = int(self.url.rpartition(":")[2])
                return
        raise AssertionError(f"the embedded ClickHouse did not start: exit {self._process.wait()}")

    def stop(self) -> None:
        """As an operator stops it."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait(timeout=300)

    def kill(self) -> None:
        """As a crash does."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(timeout=300)
