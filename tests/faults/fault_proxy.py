"""How is the way to ClickHouse made bad? A TCP proxy whose faults a test switches."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

INSERT = b"swarm.landing"
CHUNK = 65_536


@dataclass(slots=True)
class Faults:
    """What is wrong at the moment, and how often it was."""

    lose_answers: int = 0  # so many answers to inserts are thrown away, with their connection
    cut_requests: int = 0  # so many inserts are cut off in the middle of their body
    insert_memory_bytes: int = 0  # what ClickHouse may take for one insert; 0: any
    seconds_per_answer: float = 0.0  # an answer to an insert is held for so long
    passing: asyncio.Event = field(default_factory=asyncio.Event)  # clear: nothing passes at all
    answers_lost: int = 0
    requests_cut: int = 0


class FaultProxy:
    """One address that leads to another."""

    def __init__(self, target: str) -> None:
        self._target = urlsplit(target)
        self._open: set[asyncio.StreamWriter] = set()
        self.faults = Faults()
        self.faults.passing.set()
        self.url = ""

    async def serve(self) -> asyncio.Server:
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        account, at, _ = self._target.netloc.rpartition("@")
        self.url = f"http://{account}{at}127.0.0.1:{server.sockets[0].getsockname()[1]}"
        return server

    def close(self) -> None:
        for writer in self._open:
            writer.transport.abort()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            with suppress(OSError):
                above, below = await asyncio.open_connection(
                    self._target.hostname, self._target.port
                )
                await _Passage(self.faults, reader, writer, above, below).run()
        finally:
            self._open.discard(writer)
            writer.transport.abort()


class _Passage:
    """One connection through the proxy."""

    def __init__(
        self,
        faults: Faults,
        client_reader: asyncio.StreamReader,
        client_writer: asyncio.StreamWriter,
        server_reader: asyncio.StreamReader,
        server_writer: asyncio.StreamWriter,
    ) -> None:
        self._faults = faults
        self._from_client, self._to_client = client_reader, client_writer
        self._from_server, self._to_server = server_reader, server_writer
        self._inserting = False

    async def run(self) -> None:
        ways = [asyncio.create_task(self._up()), asyncio.create_task(self._down())]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            self._to_server.transport.abort()

    async def _up(self) -> None:
        while chunk := await self._from_client.read(CHUNK):
            await self._heard()
            if INSERT in chunk:
                self._inserting = True
                if self._faults.insert_memory_bytes:
                    less = b"max_memory_usage=%d&max_exec" % self._faults.insert_memory_bytes
                    chunk = chunk.replace(b"max_exec", less, 1)
                if self._faults.cut_requests:
                    self._faults.cut_requests -= 1
                    self._faults.requests_cut += 1
                    self._to_server.write(chunk[: len(chunk) // 2])
                    await self._to_server.drain()
                    return
            self._to_server.write(chunk)
            await self._to_server.drain()

    async def _down(self) -> None:
        while chunk := await self._from_server.read(CHUNK):
            await self._heard()
            if self._inserting:
                self._inserting = False
                if self._faults.lose_answers:
                    self._faults.lose_answers -= 1
                    self._faults.answers_lost += 1
                    return
                await asyncio.sleep(self._faults.seconds_per_answer)
            self._to_client.write(chunk)
            await self._to_client.drain()

    async def _heard(self) -> None:
        await self._faults.passing.wait()


@asynccontextmanager
async def fault_proxy(target: str) -> AsyncIterator[FaultProxy]:
    """A proxy in front of `target`, without faults at first."""
    proxy = FaultProxy(target)
    server = await proxy.serve()
    try:
        yield proxy
    finally:
        server.close()
        proxy.close()
