"""What is a fault run made of? NATS, ClickHouse and ingestors, each a process of its own."""

from __future__ import annotations

import asyncio
import json
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from ingestor.warehouse import ClickHouseWarehouse
from nervous_system.bus import Bus, open_bus
from nervous_system.failpoint import VARIABLE as FAILPOINT
from nervous_system.settings import MeshSettings
from tests.conservation import Evidence, Ledger, Report, examine, gather
from tests.events_under_test import Publishing
from tests.real_servers import NatsServer, RealProcess, free_port

GENEROUS_SECONDS = 300.0


async def until(
    condition: Callable[[], Awaitable[bool]], what: str, *, seconds: float = GENEROUS_SECONDS
) -> None:
    """Wait for a condition, looking often."""
    deadline = time.monotonic() + seconds
    while not await condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true within {seconds:g} s")
        await asyncio.sleep(0.05)


class IngestorProcess(RealProcess):
    """`python -m ingestor`."""

    def __init__(self, *, log: Path, environment: dict[str, str]) -> None:
        self._port = free_port()
        super().__init__(
            [sys.executable, "-m", "ingestor"],
            log=log,
            environment={"GANGLION_METRICS_PORT": str(self._port), **environment},
        )

    async def health(self) -> dict[str, Any] | None:
        """What /healthz says; None while nobody answers."""
        return await asyncio.to_thread(self._health)

    def _health(self) -> dict[str, Any] | None:
        address = f"http://127.0.0.1:{self._port}/healthz"
        try:
            with urllib.request.urlopen(address, timeout=300) as answer:
                document: dict[str, Any] = json.load(answer)
        except urllib.error.HTTPError as error:
            document = json.load(error)
        except OSError:
            return None
        return document

    async def fact(self, name: str) -> Any:
        """One fact of /healthz; None while nobody answers."""
        health = await self.health()
        return None if health is None else health["facts"].get(name)

    async def metrics(self) -> str:
        """What /metrics says."""
        return await asyncio.to_thread(self._metrics)

    def _metrics(self) -> str:
        with urllib.request.urlopen(
            f"http://127.0.0.1:{self._port}/metrics", timeout=300
        ) as answer:
            text: str = answer.read().decode()
        return text

    async def records(self) -> None:
        """Wait until it leads and reads."""
        await self.says("ingestor.recording")

    async def says(self, text: str, *, seconds: float = GENEROUS_SECONDS) -> None:
        """Wait until its log has this text."""

        async def said() -> bool:
            return text in self.told

        await until(said, f"{text!r} in {self.log}", seconds=seconds)

    async def dies(self, *, seconds: float = GENEROUS_SECONDS) -> int:
        """Wait for its end; the exit code."""
        return await asyncio.to_thread(self.wait, seconds=seconds)

    @property
    def told(self) -> str:
        """Its log so far."""
        return self.log.read_text(errors="replace")

    @property
    def resident_bytes(self) -> int:
        """Memory it holds now."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) * 1024


class Mesh:
    """One NATS server of the test's own, and ingestors between it and a ClickHouse."""

    def __init__(
        self, folder: Path, *, clickhouse_url: str, nats: NatsServer | None = None
    ) -> None:
        self.folder = folder
        self.nats = nats or NatsServer(folder / "nats")
        self.clickhouse_url = clickhouse_url
        self.ledger = Ledger()
        self.ingestors: list[IngestorProcess] = []
        self.stream_max_bytes = 1024**3

    @property
    def settings(self) -> MeshSettings:
        """For a bus of the test's."""
        return MeshSettings(
            nats_url=self.nats.url,
            stream_max_bytes=self.stream_max_bytes,
            publish_deadline_seconds=20.0,
        )

    def ingestor(
        self, *, failpoint: str = "", clickhouse_url: str = "", **settings: object
    ) -> IngestorProcess:
        """Start one; `settings` are GANGLION_INGESTOR_<NAME>."""
        environment = {
            "NATS_URL": self.nats.url,
            "CLICKHOUSE_URL": clickhouse_url or self.clickhouse_url,
            "GANGLION_STREAM_MAX_BYTES": str(self.stream_max_bytes),
            "GANGLION_HOME": str(self.folder),
            "GANGLION_INGESTOR_BATCH_SECONDS": "0.1",
            FAILPOINT: failpoint,
            **{f"GANGLION_INGESTOR_{name.upper()}": str(value) for name, value in settings.items()},
        }
        log = self.folder / f"ingestor-{len(self.ingestors) + 1}.log"
        process = IngestorProcess(log=log, environment=environment)
        self.ingestors.append(process)
        return process

    @asynccontextmanager
    async def bus(self) -> AsyncIterator[Bus]:
        """A bus on the stream, which is made where it is missing."""
        async with open_bus(self.settings, name="test") as bus:
            await bus.stream.ensure(self.settings)
            yield bus

    @asynccontextmanager
    async def publishing(self) -> AsyncIterator[Publishing]:
        """Publishing into this mesh's ledger."""
        async with self.bus() as bus:
            yield Publishing(bus, self.ledger)

    @asynccontextmanager
    async def warehouse(self) -> AsyncIterator[ClickHouseWarehouse]:
        """ClickHouse as the ingestor sees it, for reading."""
        warehouse = await ClickHouseWarehouse.connect(self.clickhouse_url)
        try:
            yield warehouse
        finally:
            await warehouse.close()

    async def recorded(self, *, seconds: float = GENEROUS_SECONDS) -> None:
        """Wait until an ingestor says that it has recorded everything that is on the stream now."""
        async with self.bus() as bus:
            state = await bus.stream.state()

            async def caught_up() -> bool:
                for ingestor in self.ingestors:
                    health = await ingestor.health() if ingestor.running else None
                    if health is None:
                        continue
                    facts = health["facts"]
                    if (
                        facts.get("state") == "recording"
                        and facts["watermark"] >= state.last_sequence
                    ):
                        return True
                return False

            logs = f"position {state.last_sequence} being recorded; see {self.folder}"
            await until(caught_up, logs, seconds=seconds)

    async def evidence(self) -> Evidence:
        """Both sides as they are now."""
        async with self.bus() as bus, self.warehouse() as warehouse:
            return await gather(bus, warehouse)

    async def law(self, *, alarms: Collection[str] = (), tail_lost: bool = False) -> Report:
        """Wait until all is recorded, end the ingestors as an operator does, and hold everything
        against the law.
        """
        await self.recorded()
        if alarms:
            await self.recorded()  # an alarm may have come after the first look at the stream
        for ingestor in self.ingestors:
            if ingestor.running:
                code = await asyncio.to_thread(ingestor.terminate)
                assert code == 0, ingestor.told
        report = examine(await self.evidence(), self.ledger, alarms=alarms, tail_lost=tail_lost)
        assert not report.breaches, f"{report}\n(logs are in {self.folder})"
        return report

    def end(self) -> None:
        """Whatever still runs is killed."""
        for ingestor in self.ingestors:
            ingestor.kill()
        self.nats.kill()
