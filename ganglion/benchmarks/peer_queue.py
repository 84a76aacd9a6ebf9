"""How do others hand out tasks? As each one's documentation sets it up, in `bench/peers/`.

Their packages are no dependencies of ours: they have an environment of their own, and where it or
a server is missing, that is said instead of a figure.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import ganglion
from ganglion.benchmarks.child import Child, started
from ganglion.benchmarks.contenders.order import BEGIN
from ganglion.benchmarks.laboratory import Laboratory, free_port
from ganglion.benchmarks.task_queue import Cycles
from ganglion.engines.nats import LOOPBACK

PROGRAMS: Final = Path(ganglion.__file__).parent.parent / "bench" / "peers"
ENVIRONMENT: Final = "GANGLION_BENCH_PEERS"
"""Where their packages are, if not in `bench/peers/.venv`."""

MANY: Final = 16
_RUN_SECONDS: Final = 120.0
_FILL_SECONDS: Final = 300.0
_START_SECONDS: Final = 60.0
_DEBIAN_POSTGRES: Final = Path("/usr/lib/postgresql")

Kind = Literal["celery", "procrastinate", "taskiq"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerKind:
    """What is known of one peer."""

    kind: Kind
    name: str
    settings: str
    guarantees: str
    server: str  # the program that keeps its tasks


CELERY: Final = PeerKind(
    kind="celery",
    name="Celery on Redis",
    settings="append-only file, appendfsync always; late acknowledgement, prefetch 1",
    guarantees="run at least once, result kept a day under its id, no history",
    server="redis-server",
)
CELERY_DEFAULT: Final = PeerKind(
    kind="celery",
    name="Celery on Redis as shipped",
    settings="snapshots every minute at best",
    guarantees="what was accepted or done since the last snapshot is lost with the server",
    server="redis-server",
)
PROCRASTINATE: Final = PeerKind(
    kind="procrastinate",
    name="procrastinate on PostgreSQL",
    settings="fsync and synchronous_commit on, its defaults",
    guarantees="run at least once (what stalls is retried by a task of one's own), end in a row",
    server="postgres",
)
TASKIQ: Final = PeerKind(
    kind="taskiq",
    name="taskiq-nats",
    settings="JetStream, sync_interval always; acknowledged when the result is saved",
    guarantees="run at least once, result in an object store, acknowledgements not synced",
    server="nats-server",
)
TASKIQ_DEFAULT: Final = PeerKind(
    kind="taskiq",
    name="taskiq-nats on NATS as shipped",
    settings="JetStream, sync_interval 2 min",
    guarantees="what was accepted or done in the last two minutes may be lost with the server",
    server="nats-server",
)


class PeerQueue:
    """One peer with servers of its own."""

    def __init__(self, kind: PeerKind, laboratory: Laboratory) -> None:
        self.name, self.settings, self.guarantees = kind.name, kind.settings, kind.guarantees
        self._peer = kind
        self._laboratory = laboratory
        self._url = ""
        self._run = self._batch = 1

    @property
    def missing(self) -> str:
        """What has to be installed first, and how; empty where nothing has."""
        if not self._python.exists():
            return "not installed: run `make bench-peers-setup` in a checkout"
        if self._peer.server == "redis-server" and shutil.which("redis-server") is None:
            return "not installed: `apt-get install redis-server`"
        if self._peer.server == "postgres" and _postgres("initdb") is None:
            return "not installed: `apt-get install postgresql`"
        return ""

    async def cycles(self, workers: int, count: int) -> Cycles:
        await self._ready()
        self._batch = 10
        async with self._workers(workers):
            found = await self._client({"what": "rate", "count": count, "at_once": workers})
        self._run += 1
        return Cycles(per_second=found["done"] / found["seconds"])

    async def pickups(self, count: int) -> list[float]:
        await self._ready()
        self._batch = 1
        async with self._workers(1):
            found = await self._client({"what": "latency", "count": count})
        self._run += 1
        pickups: list[float] = found["pickups"]
        return pickups

    async def fill(self, count: int) -> None:
        await self._ready()
        await self._client({"what": "fill", "count": count}, within_seconds=_FILL_SECONDS)

    @property
    def _environment(self) -> dict[str, str]:
        return {
            "PEER_URL": self._url,
            "PEER_RUN": str(self._run),
            "PEER_BATCH": str(self._batch),
            "PEER_STAMPS": str(self._laboratory.folder / f"{self._file_name}.stamps"),
            "PYTHONPATH": str(PROGRAMS),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    @property
    def _python(self) -> Path:
        return Path(os.environ.get(ENVIRONMENT) or PROGRAMS / ".venv") / "bin" / "python"

    @property
    def _file_name(self) -> str:
        return self.name.replace(" ", "-").lower()

    async def _ready(self) -> None:
        if self._url:
            return
        if self._peer.kind == "celery":
            self._url = await self._start_redis()
        elif self._peer.kind == "procrastinate":
            self._url = await self._start_postgres()
            async with self._program("schema") as child:
                await child.output(within_seconds=_START_SECONDS)
        else:
            self._url = await self._laboratory.nats(
                self._file_name, as_shipped=self._peer is TASKIQ_DEFAULT
            )

    async def _start_redis(self) -> str:
        port = free_port()
        folder = self._laboratory.folder / self._file_name
        folder.mkdir()
        argv = ["redis-server", "--port", str(port), "--bind", LOOPBACK, "--dir", str(folder)]
        if self._peer is not CELERY_DEFAULT:
            argv += ["--appendonly", "yes", "--appendfsync", "always", "--save", ""]
        await self._laboratory.serve(self._file_name, argv, port=port)
        return f"redis://{LOOPBACK}:{port}/0"

    async def _start_postgres(self) -> str:
        port = free_port()
        folder = self._laboratory.folder / "postgresql"
        folder.mkdir(mode=0o700)
        before: tuple[str, ...] = ()
        if os.geteuid() == 0:  # it refuses to run as root
            shutil.chown(folder, "postgres", "postgres")
            self._laboratory.folder.chmod(0o711)
            as_user = ("--reuid=postgres", "--regid=postgres", "--clear-groups")
            before = ("setpriv", *as_user, "--pdeathsig", "KILL")
        initdb, server = _postgres("initdb"), _postgres("postgres")
        assert initdb is not None
        assert server is not None
        make = (*before, initdb, "-D", str(folder), "-U", "bench", "-A", "trust", "--no-sync")
        async with started("initdb", make, folder=Path("/")) as child:
            await child.output(within_seconds=_START_SECONDS)
        settings = ("unix_socket_directories=", f"listen_addresses={LOOPBACK}", f"port={port}")
        durable = ("fsync=on", "synchronous_commit=on")
        given = [word for each in (*settings, *durable) for word in ("-c", each)]
        argv = (*before, server, "-D", str(folder), *given)
        await self._laboratory.serve("postgresql", argv, port=port, stop_signal=signal.SIGINT)
        return f"postgresql://bench@{LOOPBACK}:{port}/postgres"

    @asynccontextmanager
    async def _workers(self, count: int) -> AsyncIterator[None]:
        arguments: Sequence[str]
        if self._peer.kind == "celery":
            arguments = ("-m", "celery", "-A", "celery_peer", "worker", "--concurrency", str(count))
            arguments = (*arguments, "--loglevel", "WARNING", "--without-gossip")
            # Threads are faster where there are many more of them than cores, processes else.
            arguments = (*arguments, "--pool", "threads" if count > MANY else "prefork")
        elif self._peer.kind == "procrastinate":
            arguments = (str(PROGRAMS / "procrastinate_peer.py"), "worker", str(count))
        else:
            arguments = ("-m", "taskiq", "worker", "taskiq_peer:broker", "--workers", "1")
            arguments = (*arguments, "--max-async-tasks", str(count), "--log-level", "WARNING")
        async with started(
            f"{self.name}: workers",
            (str(self._python), *arguments),
            folder=self._laboratory.folder,
            environment=self._environment,
        ) as child:
            await child.line_with(BEGIN, within_seconds=_START_SECONDS)
            yield

    async def _client(
        self, order: dict[str, object], *, within_seconds: float = _RUN_SECONDS
    ) -> dict[str, Any]:
        async with self._program(json.dumps(order)) as child:
            return await child.answer(within_seconds=within_seconds)

    @asynccontextmanager
    async def _program(self, argument: str) -> AsyncIterator[Child]:
        program = str(PROGRAMS / f"{self._peer.kind}_peer.py")
        async with started(
            f"{self.name}: client",
            (str(self._python), program, argument),
            folder=self._laboratory.folder,
            environment=self._environment,
        ) as child:
            yield child


def _postgres(program: str) -> str | None:
    """The newest there is: Debian keeps them beside the path."""
    versions = sorted(
        _DEBIAN_POSTGRES.glob(f"*/bin/{program}"), key=lambda each: float(each.parts[4])
    )
    return str(versions[-1]) if versions else shutil.which(program)
