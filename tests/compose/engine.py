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
SECRETS = Path("/run/secrets")
ENGINE_PORT = 8124
DOOR_PORT = 8123


def write_users() -> Path:
    """As infra/clickhouse/users.d has them."""
    lines = ["[users.default]", 'access = "read"', 'password = ""']
    for name, access, secret in (
        ("ganglion", "full", "ganglion_clickhouse_password"),
        ("analyst", "read", "ganglion_clickhouse_analyst_password"),
    ):
        password = (SECRETS / secret).read_text().strip()
        lines += [f"[users.{name}]", f'access = "{access}"', f"password = {json.dumps(password)}"]
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
        *(sys.executable, "-P", "-m", "ganglion.engines.clickhouse"),
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
