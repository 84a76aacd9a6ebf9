"""How do others hand out tasks? As each one's documentation sets it up, in `bench/peers/`.

Their packages are no dependencies of ours: they have an environment of their own, and where it or
a server is missing, that is said instead of a figure.
"""

from __future__ import annotations

import json
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal

from bench.candidates.order import BEGIN
from bench.child import Child, started
from bench.environment import Laboratory, free_port
from bench.peer_servers import BENCH, missing, peers_python, postgres, redis
from bench.task_queue import Cycles
from local_mesh.nats import LOOPBACK

PROGRAMS: Final = BENCH / "peers"

MANY: Final = 16
_RUN_SECONDS: Final = 120.0
_FILL_SECONDS: Final = 300.0
_START_SECONDS: Final = 60.0

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
        return missing(self._peer.server)

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
        argv = redis(folder, port=port, as_shipped=self._peer is CELERY_DEFAULT)
        await self._laboratory.serve(self._file_name, argv, port=port)
        return f"redis://{LOOPBACK}:{port}/0"

    async def _start_postgres(self) -> str:
        port = free_port()
        argv = await postgres(self._laboratory.folder / "postgresql", port=port)
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
            (str(peers_python()), *arguments),
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
            (str(peers_python()), program, argument),
            folder=self._laboratory.folder,
            environment=self._environment,
        ) as child:
            yield child
