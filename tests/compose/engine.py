"""Stands in for the ClickHouse image: the embedded engine, which listens on the loopback only, and
a door to it from the other containers."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

STORE = Path("/var/lib/clickhouse")
HASHES = Path("/etc/ganglion-clickhouse")
ENGINE_PORT = 8124
DOOR_PORT = 8123


def write_users() -> Path:
    """The accounts that are there anyway, by the hashes that the real server would read."""
    lines = []
    for file in sorted(HASHES.iterdir()):
        lines += [f"[users.{file.name}]", f"password_sha256 = {json.dumps(file.read_text())}"]
    path = Path("/tmp/users.toml")
    path.write_text("\n".join(lines))
    return path


async def pipe(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Until one side ends."""
    try:
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
    except ConnectionError:
        pass
    finally:
        target.close()


async def come_in(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection through the door."""
    try:
        engine = await asyncio.open_connection("127.0.0.1", ENGINE_PORT)
    except OSError:
        writer.close()
        return
    await asyncio.gather(pipe(reader, engine[1]), pipe(engine[0], writer))


async def main() -> int:
    """The engine's exit code."""
    engine = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "embedded_clickhouse"),
        *("--path", str(STORE / "embedded"), "--port", str(ENGINE_PORT)),
        env={
            **os.environ,
            "GANGLION_CLICKHOUSE_USERS_FILE": str(write_users()),
            "GANGLION_CLICKHOUSE_HOSTS": '["clickhouse"]',
        },
    )
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, engine.terminate)
    async with await asyncio.start_server(come_in, "0.0.0.0", DOOR_PORT):
        return await engine.wait()


sys.exit(asyncio.run(main()))
