"""How fast does an event on the stream become a row that queries see, against the plain recipe and
against what the two ends could do at best?

Each contender is a process of its own. The clock starts when it says that it begins to read (start
of Python, schema and lease are not measured) and stops when a query from outside counts all rows.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from bench.candidates.order import BEGIN, END, Order
from bench.candidates.plain_recipe import CREATE_TABLE
from bench.candidates.plain_recipe import TABLE as PLAIN_TABLE
from bench.child import Child, python, started
from bench.environment import Laboratory
from bench.figure import Figure
from bench.profile import Size
from bench.progress import ProgressDisplay
from bench.rounds import Measure, interleave
from nervous_system.clock import stopwatch

NATS: Final = "nats-ingest"
OURS, PLAIN, PULL, READER, INSERT = (
    "ingestor",
    "plain recipe",
    "nats-py fetch(500)",
    "our reader",
    "raw insert",
)
_RUN_SECONDS: Final = 120.0
_POLL_SECONDS: Final = 0.02
_OUR_TABLE: Final = "swarm.events"


class Ingest:
    """The stream that all contenders read, and one run of each."""

    def __init__(self, laboratory: Laboratory, size: Size) -> None:
        self._laboratory = laboratory
        self._size = size
        self._filled = False

    async def fill(self) -> None:
        """Put the events on the stream, once."""
        if self._filled:
            return
        order = Order(nats_url=await self.nats(), count=self._size.ingest_events)
        async with self._contender("bulk_publish", order) as child:
            await child.answer(within_seconds=_RUN_SECONDS)
        self._filled = True

    async def ingestor(self, *, otlp_endpoint: str = "") -> float:
        """Rows per second of the real process, with the whole stream behind it."""
        await self._drop()
        environment = {
            "NATS_URL": await self.nats(),
            "CLICKHOUSE_URL": await self._laboratory.clickhouse(),
            "GANGLION_HOME": str(self._laboratory.folder),
            "OTEL_EXPORTER_OTLP_ENDPOINT": otlp_endpoint,
        }
        async with started(
            OURS, python("ingestor"), folder=self._laboratory.folder, environment=environment
        ) as child:
            word = '"ingestor.recording"'
            return await self._until_counted(child, word, _OUR_TABLE, self._size.ingest_events)

    async def plain(self) -> float:
        """Rows per second of the plain recipe."""
        await self._laboratory.ask("DROP DATABASE IF EXISTS plain SYNC")
        await self._laboratory.ask("CREATE DATABASE plain")
        await self._laboratory.ask(CREATE_TABLE)
        count = self._size.plain_events
        order = Order(
            nats_url=await self.nats(),
            clickhouse_url=await self._laboratory.clickhouse(),
            count=count,
        )
        async with self._contender("plain_recipe", order) as child:
            return await self._until_counted(child, BEGIN, PLAIN_TABLE, count)

    async def insert(self) -> float:
        """Rows per second that the engine takes."""
        await self._drop()
        count = self._size.ingest_events
        order = Order(clickhouse_url=await self._laboratory.clickhouse(), count=count)
        async with self._contender("raw_insert", order) as child:
            return await self._until_counted(child, BEGIN, _OUR_TABLE, count)

    async def pull(self) -> float:
        """Events per second that nats-py pulls."""
        return await self._read("raw_pull", self._size.plain_events)

    async def reader(self) -> float:
        """Events per second that our reader pulls."""
        return await self._read("our_reader", self._size.ingest_events)

    async def _read(self, contender: str, count: int) -> float:
        async with self._contender(contender, Order(nats_url=await self.nats(), count=count)) as c:
            began, _ = await c.line_with(BEGIN, within_seconds=_RUN_SECONDS)
            ended, _ = await c.line_with(END, within_seconds=_RUN_SECONDS)
            return count / (ended - began)

    async def _until_counted(self, child: Child, word: str, table: str, count: int) -> float:
        began, _ = await child.line_with(word, within_seconds=_RUN_SECONDS)
        async with asyncio.timeout(_RUN_SECONDS):
            while int(await self._laboratory.ask(f"SELECT count() FROM {table}")) < count:
                if not child.running:
                    await child.line_with("never said", within_seconds=5)
                await asyncio.sleep(_POLL_SECONDS)
        return count / (stopwatch() - began)

    @asynccontextmanager
    async def _contender(self, name: str, order: Order) -> AsyncIterator[Child]:
        argv = python("bench.candidates", name, order.argument())
        async with started(name, argv, folder=self._laboratory.folder) as child:
            yield child

    async def _drop(self) -> None:
        await self._laboratory.ask("DROP DATABASE IF EXISTS swarm SYNC")

    async def nats(self) -> str:
        """The address of the server that has the stream."""
        return await self._laboratory.nats(NATS)


async def measure(ingest: Ingest, size: Size, show: ProgressDisplay) -> list[Figure]:
    """The figures of ingest."""
    contenders: dict[str, Measure] = {
        OURS: ingest.ingestor,
        PLAIN: ingest.plain,
        PULL: ingest.pull,
        READER: ingest.reader,
        INSERT: ingest.insert,
    }
    show.expect(1 + len(contenders) * (size.rounds + size.warm_up))
    show.step("filling the stream")
    await ingest.fill()
    show.done()
    found = await interleave(
        contenders,
        rounds=size.rounds,
        warm_up=size.warm_up,
        max_seconds=size.suite_seconds,
        show=show,
    )

    def detail(*others: str) -> str:
        sides = "; ".join(f"{each} {found.median(each):,.0f}/s" for each in (OURS, *others))
        return f"{sides}; {found.ratio(OURS, *others).spread}"

    return [
        Figure(
            name="ingest.plain",
            what="stream to queryable row, over the plain recipe",
            value=found.ratio(OURS, PLAIN).median,
            unit="x",
            target=5.0,
            at_least=True,
            detail=detail(PLAIN),
        ),
        Figure(
            name="ingest.limit",
            what="stream to queryable row, of the slower of raw pull and raw insert",
            value=found.ratio(OURS, PULL, INSERT).median * 100,
            unit="%",
            target=60.0,
            at_least=True,
            detail=detail(PULL, INSERT),
        ),
        Figure(
            name="ingest.best_limit",
            what="the same, with our own reader as the pull",
            value=found.ratio(OURS, READER, INSERT).median * 100,
            unit="%",
            target=None,
            at_least=True,
            detail=detail(READER, INSERT),
        ),
    ]
