"""In what do we measure? Servers of our own in a temporary folder, gone at the end."""

from __future__ import annotations

import asyncio
import signal
import socket
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, closing
from pathlib import Path
from typing import Final, TypeVar

import aiohttp

from bench.child import Child, python, started
from embedded_clickhouse.passwords import own_passwords
from embedded_clickhouse.users import OWN_ACCOUNTS
from local_mesh.nats import LOOPBACK, NatsConfiguration, find_binary
from nervous_system.errors import QueryRefused, StartFailed
from nervous_system.settings import MeshSettings

Entered = TypeVar("Entered")

START_SECONDS: Final = 60.0

_PAYLOAD_BYTES: Final = 1024**2
_POLL_SECONDS: Final = 0.02


class Laboratory:
    """A folder, and the servers that were asked for, each on a free port."""

    def __init__(self, folder: Path, stack: AsyncExitStack) -> None:
        self.folder = folder
        self._stack = stack
        self._session: aiohttp.ClientSession | None = None
        self._clickhouse_url = ""
        self._nats_urls: dict[str, str] = {}

    async def nats(self, name: str, *, as_shipped: bool = False) -> str:
        """The address of a nats-server as `ganglion up` starts it (`sync_interval: always`), one
        for each name. `as_shipped`: with the server's own default, which acknowledges first."""
        if name not in self._nats_urls:
            self._nats_urls[name] = await self._start_nats(name, as_shipped=as_shipped)
        return self._nats_urls[name]

    def nats_store(self, name: str) -> Path:
        """Where the nats-server of that name keeps its streams."""
        return self.folder / name / "store"

    async def clickhouse(self) -> str:
        """The address of the embedded ClickHouse."""
        if not self._clickhouse_url:
            port = free_port()
            path = self.folder / "clickhouse"
            argv = python("embedded_clickhouse", "--path", str(path), "--port", str(port))
            child = await self._stack.enter_async_context(
                started("clickhouse", argv, folder=self.folder)
            )
            await listening(child, port)
            password = own_passwords(self.folder / "keys" / "clickhouse", OWN_ACCOUNTS)["default"]
            self._clickhouse_url = f"http://default:{password}@{LOOPBACK}:{port}"
        return self._clickhouse_url

    async def ask(self, statement: str) -> str:
        """What ClickHouse answers, without the last line's end. Raises QueryRefused."""
        if self._session is None:
            self._session = await self._stack.enter_async_context(aiohttp.ClientSession())
        url = await self.clickhouse()
        async with self._session.post(url, data=statement.encode()) as response:
            text = (await response.text()).rstrip("\n")
            if response.status != 200:
                raise QueryRefused(f"{statement.split()[0]} failed: {text}")
            return text

    async def _start_nats(self, name: str, *, as_shipped: bool) -> str:
        port = free_port()
        folder = self.folder / name
        folder.mkdir()
        configuration = folder / "nats.conf"
        text = NatsConfiguration(
            server_name=name,
            port=port,
            monitor_port=free_port(),
            store=self.nats_store(name),
            stream_max_bytes=MeshSettings.model_fields["stream_max_bytes"].default,
            max_payload_bytes=_PAYLOAD_BYTES,
        ).render()
        if as_shipped:
            text = text.replace("sync_interval: always", "")
        await asyncio.to_thread(configuration.write_text, text)
        argv = (str(find_binary()), "-c", str(configuration))
        await self.serve(name, argv, port=port)
        return f"nats://{LOOPBACK}:{port}"

    async def serve(
        self,
        name: str,
        argv: Sequence[str],
        *,
        port: int,
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        """Any other server, which runs until the end and listens on the port when this returns."""
        starting = started(name, argv, folder=self.folder, stop_signal=stop_signal)
        await listening(await self._stack.enter_async_context(starting), port)

    async def enter(self, context: AbstractAsyncContextManager[Entered]) -> Entered:
        """What is in force until the end."""
        return await self._stack.enter_async_context(context)


@asynccontextmanager
async def open_laboratory() -> AsyncIterator[Laboratory]:
    """A laboratory; at the end its servers stop and its folder goes."""
    with tempfile.TemporaryDirectory(prefix="ganglion-bench-") as folder:
        async with AsyncExitStack() as stack:
            yield Laboratory(Path(folder), stack)


def free_port() -> int:
    """A port that nobody listened on a moment ago."""
    with closing(socket.socket()) as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


async def listening(child: Child, port: int) -> None:
    """Wait until somebody listens there. Raises StartFailed where nobody does in time, or the child
    has ended."""
    try:
        async with asyncio.timeout(START_SECONDS):
            while child.running:
                try:
                    _, writer = await asyncio.open_connection(LOOPBACK, port)
                except OSError:
                    await asyncio.sleep(_POLL_SECONDS)
                else:
                    writer.close()
                    return
    except TimeoutError as error:
        raise StartFailed(f"{child.name} does not listen within {START_SECONDS:g} s") from error
    await child.line_with("never said", within_seconds=5)  # it ended: raises with its last words
