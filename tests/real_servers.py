"""What do tests run against? Real servers in processes of their own, on free ports."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from itertools import cycle
from pathlib import Path

from embedded_clickhouse.passwords import own_passwords
from embedded_clickhouse.users import OWN_ACCOUNTS
from local_mesh.nats import NatsConfiguration, find_binary
from tests.forking import ForkedProcess, can_be_forked

PATIENCE_SECONDS = 300.0
"""For what comes at once, on a machine that has much else to do. Only a defect takes as long."""


def _ports() -> Iterator[int]:
    """Those of this process of the suite: below what the kernel gives to clients, apart from those
    of its neighbours, and begun elsewhere in each run."""
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 8
    first, count = 12_000 + number * 2_500, 2_500
    begin = os.getpid() * 37
    return cycle(first + (begin + each) % count for each in range(count))


_own_ports = _ports()


def free_port() -> int:
    """A port that nobody listened on a moment ago, and that no other test is given soon."""
    while True:
        port = next(_own_ports)
        with closing(socket.socket()) as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def wait_until(
    condition: Callable[[], bool], what: str, *, seconds: float = PATIENCE_SECONDS
) -> None:
    """Wait for a condition, looking often."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true within {seconds:g} s")
        time.sleep(0.02)


def _state(thread: Path) -> str:
    """One letter, as the kernel says it."""
    try:
        return (thread / "stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "X"


class RealProcess:
    """A process of the test's, whose output goes to a file. A Python program is forked."""

    def __init__(
        self, command: list[str], *, log: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self.log = log
        env = {**os.environ, **(environment or {})}
        self._process: subprocess.Popen[bytes] | ForkedProcess
        if can_be_forked(command):
            self._process = ForkedProcess(command, log=log, environment=env)
            return
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command, stdout=output, stderr=subprocess.STDOUT, env=env
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def wait(self, *, seconds: float = PATIENCE_SECONDS) -> int:
        """The exit code, negative for a signal."""
        return self._process.wait(timeout=seconds)

    def terminate(self, *, seconds: float = PATIENCE_SECONDS) -> int:
        """SIGTERM, and the exit code."""
        self._process.terminate()
        return self.wait(seconds=seconds)

    def kill(self) -> None:
        """SIGKILL; also one that is stopped."""
        if self.running:
            self._process.kill()
        self._process.wait(timeout=PATIENCE_SECONDS)

    def pause(self) -> None:
        """SIGSTOP; all its threads stand still when this returns."""
        self._process.send_signal(signal.SIGSTOP)
        threads = Path(f"/proc/{self.pid}/task")
        while any(_state(thread) not in "TtZX" for thread in threads.iterdir()):
            time.sleep(0.001)

    def resume(self) -> None:
        """SIGCONT."""
        self._process.send_signal(signal.SIGCONT)


class NatsServer:
    """A nats-server with JetStream as `ganglion up` configures it."""

    def __init__(self, folder: Path, *, store: Path | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.store = store or folder / "store"
        self.port = free_port()
        self.monitor_port = free_port()
        self.url = f"nats://127.0.0.1:{self.port}"
        self._process: RealProcess | None = None

    def start(self, *, extra: str = "", stream_max_bytes: int = 64 * 1024**3) -> None:
        """Start, on the same store each time, and wait until it answers."""
        configuration = self.folder / "nats.conf"
        configuration.write_text(
            NatsConfiguration(
                server_name="test",
                port=self.port,
                monitor_port=self.monitor_port,
                store=self.store,
                stream_max_bytes=stream_max_bytes,
                max_payload_bytes=1024**2,
            ).render()
            + extra
        )
        self._process = RealProcess(
            [str(find_binary()), "-c", str(configuration)], log=self.folder / "nats.log"
        )
        wait_until(self._answers, f"nats-server on port {self.port}")

    def _answers(self) -> bool:
        assert self._process is not None
        if not self._process.running:
            raise AssertionError(f"nats-server ended: {(self.folder / 'nats.log').read_text()}")
        with closing(socket.socket()) as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        """As an operator stops it."""
        if self._process is not None and self._process.running:
            self._process.terminate()

    def kill(self) -> None:
        """As a crash does."""
        if self._process is not None:
            self._process.kill()

    def pause(self) -> None:
        assert self._process is not None
        self._process.pause()

    def resume(self) -> None:
        assert self._process is not None
        self._process.resume()


class ClickHouseServer:
    """The embedded ClickHouse, on the same folder and port after each start."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.port = free_port()
        password = own_passwords(folder / "keys" / "clickhouse", OWN_ACCOUNTS)["default"]
        self.url = f"http://default:{password}@127.0.0.1:{self.port}"
        self._process: RealProcess | None = None

    def start(self) -> None:
        """Start and wait until it answers."""
        self._process = RealProcess(
            [
                *(sys.executable, "-m", "embedded_clickhouse"),
                *("--path", str(self.folder / "data"), "--port", str(self.port)),
            ],
            log=self.folder / "clickhouse.log",
        )
        wait_until(self._answers, f"ClickHouse on port {self.port}")

    def _answers(self) -> bool:
        assert self._process is not None
        if not self._process.running:
            raise AssertionError((self.folder / "clickhouse.log").read_text())
        with closing(socket.socket()) as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        """As an operator stops it."""
        if self._process is not None and self._process.running:
            self._process.terminate()

    def kill(self) -> None:
        """As a crash does."""
        if self._process is not None:
            self._process.kill()
