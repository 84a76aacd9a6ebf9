"""Who hands out tasks here, and with which settings? The columns of `docs/outcomes.md`.

Each has servers of its own on free ports, in a folder of its own. Its workers, and the client that
submits, looks and cancels, are programs of `bench/peers/outcomes/`.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

import psutil

from bench.child import Child, python, started
from bench.environment import free_port
from bench.outcomes.broker import Broker
from bench.outcomes.situation import HEARTBEAT_SECONDS, LEASE_SECONDS
from bench.peer_servers import BENCH, missing, peers_python, postgres, postgres_program, redis
from local_mesh.nats import LOOPBACK, find_binary

PROGRAMS: Final = BENCH / "peers" / "outcomes"
START_SECONDS: Final = 120.0

_VERSIONS: Final = (
    "import importlib.metadata as of, sys;"
    "print(*(f'{each} {of.version(each)}' for each in sys.argv[1:]), sep=', ')"
)


class System(ABC):
    """One column."""

    name: str
    settings: str  # in words
    python: str  # the interpreter that has its packages
    packages: tuple[str, ...]  # whose versions matter
    server: str  # the program of its broker

    def __init__(self, folder: Path, *, program: str) -> None:
        self.folder = folder
        self.stamps = folder / "stamps"
        self._program = PROGRAMS / program
        self.environment = {
            "OUTCOMES_STAMPS": str(self.stamps),
            "OUTCOMES_LEASE_SECONDS": str(LEASE_SECONDS),
            "OUTCOMES_HEARTBEAT_SECONDS": str(HEARTBEAT_SECONDS),
            "PYTHONPATH": str(PROGRAMS),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    @property
    @abstractmethod
    def missing(self) -> str:
        """What has to be installed first, and how; empty where nothing has."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Its servers, while the block runs. Raises StartFailed."""
        self.folder.mkdir()
        self.stamps.touch()
        async with AsyncExitStack() as stack:
            await self._start(stack)
            yield

    @abstractmethod
    async def _start(self, stack: AsyncExitStack) -> None:
        """Its servers until the end of the stack."""

    @abstractmethod
    async def restart_broker(self, *, kill: bool) -> None:
        """In good order, or not; returns when it is there again, or somebody sees to that."""

    def worker(self, queue: str, name: str) -> tuple[str, ...]:
        """The command line of a worker that does one task at a time."""
        return (self.python, str(self._program), "worker", queue, name)

    def client(self, *words: str) -> AbstractAsyncContextManager[Child]:
        """Its program, while the block runs."""
        return self.started((self.python, str(self._program), *words))

    def started(self, argv: Sequence[str]) -> AbstractAsyncContextManager[Child]:
        """A process with what it has to know, while the block runs."""
        name = f"{self.name}: {Path(argv[0]).name}"
        return started(name, argv, folder=self.folder, environment=self.environment)

    def versions(self) -> str:
        """Of its packages, and its broker."""
        packages = _output(self.python, "-c", _VERSIONS, *self.packages)
        server = re.search(r"\d+\.\d[\d.]*", _output(self.server, "--version"))
        name = Path(self.server).name
        return f"{packages}, {name} {server.group() if server else 'of an unknown version'}"


def _output(*argv: str) -> str:
    ended = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=START_SECONDS)
    return ended.stdout.strip()


class Ganglion(System):
    """Ours: the whole mesh, as `ganglion up` starts it."""

    name = "Ganglion"
    settings = (
        "`ganglion up`, and workers that `serve` a table; a task may fail once (`max_attempts` 1)"
        " and be lost with three workers (`max_losses` 3)"
    )
    python = sys.executable
    packages = ("ganglion", "nats-py")
    server = str(find_binary())
    missing = ""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, program="ganglion_outcomes.py")
        ports = {name: str(free_port()) for name in ("NATS", "NATS_MONITOR", "CLICKHOUSE", "HTTP")}
        self.environment |= {
            "GANGLION_HOME": str(folder / "home"),
            **{f"GANGLION_{name}_PORT": port for name, port in ports.items()},
            "GANGLION_OVERSEER_LEASE_SECONDS": str(LEASE_SECONDS),
            "GANGLION_OVERSEER_WORKER_TIMEOUT_SECONDS": str(LEASE_SECONDS),
        }
        self._mesh: Child | None = None

    async def _start(self, stack: AsyncExitStack) -> None:
        starting = self.started(python("ganglion", "up"))
        self._mesh = await stack.enter_async_context(starting)
        await self._mesh.line_with("ganglion is up", within_seconds=START_SECONDS)

    async def restart_broker(self, *, kill: bool) -> None:
        """Its supervisor starts it again."""
        assert self._mesh is not None
        processes = psutil.Process(self._mesh.pid).children(recursive=True)
        (server,) = (each for each in processes if each.name() == "nats-server")
        server.send_signal(signal.SIGKILL if kill else signal.SIGTERM)


class Celery(System):
    """On Redis: as it comes, or as its documentation has it for tasks that must not get lost."""

    python = str(peers_python())
    packages = ("celery", "redis")
    server = "redis-server"

    def __init__(self, folder: Path, *, careful: bool) -> None:
        super().__init__(folder, program="celery_outcomes.py")
        self.name = "Celery, at least once" if careful else "Celery"
        self.settings = (
            "`task_acks_late`, `task_reject_on_worker_lost`, `worker_prefetch_multiplier` 1,"
            " `task_track_started`; Redis with `appendfsync always`"
            if careful
            else "its defaults, and those of Redis"
        ) + "; one process (`--concurrency 1`)"
        self._careful = careful
        self._broker: Broker | None = None

    @property
    def missing(self) -> str:
        return missing("redis-server")

    async def _start(self, stack: AsyncExitStack) -> None:
        port = free_port()
        self.environment["OUTCOMES_URL"] = f"redis://{LOOPBACK}:{port}/0"
        self.environment["OUTCOMES_CAREFUL"] = "yes" if self._careful else ""
        argv = redis(self.folder / "redis", port=port, as_shipped=not self._careful)
        self._broker = Broker(argv, port=port, folder=self.folder, stop_signal=signal.SIGTERM)
        await stack.enter_async_context(self._broker.running())

    async def restart_broker(self, *, kill: bool) -> None:
        assert self._broker is not None
        await self._broker.restart(kill=kill)

    def worker(self, queue: str, name: str) -> tuple[str, ...]:
        program = ("-m", "celery", "-A", "celery_outcomes", "worker", "--loglevel", "WARNING")
        return (self.python, *program, "-Q", queue, "-n", f"{name}@%h", "--concurrency", "1")


class Procrastinate(System):
    """On PostgreSQL."""

    name = "procrastinate"
    settings = (
        "its asynchronous worker with its defaults, and a periodic task that retries stalled jobs,"
        " as its guide has it, every 5 s"
    )
    python = str(peers_python())
    packages = ("procrastinate", "psycopg")
    server = postgres_program("postgres") or "postgres"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, program="procrastinate_outcomes.py")
        self._broker: Broker | None = None

    @property
    def missing(self) -> str:
        return missing("postgres")

    async def _start(self, stack: AsyncExitStack) -> None:
        port = free_port()
        self.environment["OUTCOMES_URL"] = f"postgresql://bench@{LOOPBACK}:{port}/postgres"
        argv = await postgres(self.folder.with_suffix(".data"), port=port)
        self._broker = Broker(argv, port=port, folder=self.folder, stop_signal=signal.SIGINT)
        await stack.enter_async_context(self._broker.running())
        async with self.client("schema") as child:
            await child.output(within_seconds=START_SECONDS)

    async def restart_broker(self, *, kill: bool) -> None:
        assert self._broker is not None
        await self._broker.restart(kill=kill)


SYSTEMS: Final[dict[str, Callable[[Path], System]]] = {
    "ganglion": Ganglion,
    "celery": partial(Celery, careful=False),
    "celery-at-least-once": partial(Celery, careful=True),
    "procrastinate": Procrastinate,
}
