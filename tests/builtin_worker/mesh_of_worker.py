"""What do the tests of the worker's actions have in common?"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import signal
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import clickhouse_connect
from clickhouse_connect.driver.exceptions import ClickHouseError

from builtin_worker.action import ActionContext, ActionRequest, ActionResult
from builtin_worker.actions import ACTIONS
from enchanted.events.v1.swarm_event_pb2 import ROLE_OVERSEER, ROLE_WORKER, AgentRole
from nervous_system import failpoint
from nervous_system.bus import Bus
from nervous_system.client.agent import Agent
from nervous_system.contract.event import Event
from nervous_system.contract.payload import Payload
from nervous_system.ids import new_event_id
from tests.real_servers import ClickHouseServer, NatsServer, RealProcess, free_port

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def agent_of(bus: Bus) -> Agent:
    """The built-in worker, as it puts things on record."""
    return Agent(bus, role=ROLE_WORKER, agent_id="worker-1", clock=lambda: NOW)


def job(
    action: str,
    *,
    task_id: str = "task-1",
    key: str = "",
    payload: Mapping[str, object] | None = None,
) -> ActionRequest:
    """One attempt at a task."""
    return ActionRequest(
        task_id=task_id,
        action=action,
        payload=payload or {},
        attempt=1,
        idempotency_key=key,
    )


class Told:
    """The progress that an action reported."""

    def __init__(self) -> None:
        self.steps: list[tuple[float, str]] = []

    async def __call__(self, fraction: float, note: str) -> None:
        self.steps.append((fraction, note))


async def do(work: ActionRequest, place: ActionContext) -> ActionResult:
    """Do a job as a worker does it; its progress must go forward."""
    told = Told()
    done = await ACTIONS[work.action](work, place, told)
    fractions = [fraction for fraction, _ in told.steps]
    assert fractions == sorted(fractions)
    assert all(0 <= fraction <= 1 for fraction in fractions)
    return done


async def killed_at(
    point: str, place: ActionContext, nats: NatsServer, asked: Mapping[str, object], folder: Path
) -> None:
    """Let a worker of its own do a job until it is killed at a failpoint; see
    `acting_program.py`."""
    here = Path(__file__).parent
    command = [sys.executable, here / "acting_program.py", nats.url, place.home, json.dumps(asked)]
    killed = RealProcess(
        [str(each) for each in command],
        log=folder / "acting.txt",
        environment={failpoint.VARIABLE: point},
    )
    code = await asyncio.to_thread(killed.wait)
    assert code == -signal.SIGKILL, (folder / "acting.txt").read_text()


async def publish(
    bus: Bus, payload: Payload, *, role: AgentRole.ValueType = ROLE_OVERSEER, key: str | None = None
) -> int:
    """Put a fact on the log; its sequence."""
    acknowledgement = await bus.publish(
        Event(
            event_id=new_event_id(),
            timestamp=NOW,
            agent_role=role,
            agent_id="test",
            payload=payload,
        ),
        key=key,
    )
    return acknowledgement.last_sequence


def tree(folder: Path) -> dict[str, str]:
    """Every file below, with the hash of its content and the time it was written."""
    return {
        str(path.relative_to(folder)): (
            f"{hashlib.sha256(path.read_bytes()).hexdigest()} {path.stat().st_mtime_ns}"
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "maintenance.lock"
    }


def packed(home: Path) -> dict[str, bytes]:
    """What is in the archive by its path, unpacked; each file is as the manifest says."""
    manifest = (home / "archive" / "manifest.jsonl").read_text().splitlines()
    found = {}
    for entry in map(json.loads, manifest):
        content = (home / "archive" / entry["path"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == entry["sha256"]
        assert len(content) == entry["bytes"]
        found[entry["path"]] = gzip.decompress(content)
        assert hashlib.sha256(found[entry["path"]]).hexdigest() == entry["content_sha256"]
    present = {str(p.relative_to(home / "archive")) for p in (home / "archive").rglob("*.gz")}
    assert present == set(found)
    return found


class Ingesting:
    """`python -m ingestor`."""

    def __init__(self, folder: Path, *, nats: NatsServer, clickhouse: ClickHouseServer) -> None:
        self._folder = folder
        self._nats = nats
        self._clickhouse = clickhouse
        self._process: RealProcess | None = None

    def start(self) -> None:
        """It migrates first."""
        self._process = RealProcess(
            [sys.executable, "-m", "ingestor"],
            log=self._folder / "ingestor.txt",
            environment={
                "NATS_URL": self._nats.url,
                "CLICKHOUSE_URL": self._clickhouse.url,
                "GANGLION_METRICS_PORT": str(free_port()),
                "GANGLION_INGESTOR_BATCH_SECONDS": "0.1",
            },
        )

    async def until(self, sequence: int) -> None:
        """Wait for ClickHouse to have the log up to here; 0 waits for the tables only."""
        deadline = time.monotonic() + 300
        while await asyncio.to_thread(self._watermark) < sequence:
            assert self._process is not None
            assert self._process.running, (self._folder / "ingestor.txt").read_text()
            assert time.monotonic() < deadline, (self._folder / "ingestor.txt").read_text()
            await asyncio.sleep(0.05)

    def _watermark(self) -> int:
        try:
            with clickhouse_connect.get_client(dsn=self._clickhouse.url) as client:
                opened = client.query("SELECT count() FROM swarm.epochs").result_rows[0][0]
                found = client.query("SELECT max(seq) FROM swarm.events").result_rows[0][0]
                return int(found) if opened else -1
        except ClickHouseError:
            return -1

    def kill(self) -> None:
        """As a crash does."""
        if self._process is not None:
            self._process.kill()
