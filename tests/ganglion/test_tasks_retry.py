"""Does `ganglion tasks retry` let a task be tried again, also with another payload?"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from subprocess import CompletedProcess

from ganglion.exit_codes import USAGE
from tests.command_line import CommandLine
from tests.real_servers import NatsServer, RealProcess

TASKS = [{"id": "a", "action": "dig"}, {"action": "sow", "after": ["a"]}]
PLAN = ("--metadata", json.dumps({"tasks": TASKS}))
GENEROUS_SECONDS = 300


async def test_a_failed_task_is_tried_again_from_the_command_line(
    ganglion: CommandLine, overseer: RealProcess, nats_server: NatsServer, tmp_path: Path
) -> None:
    ganglion.environment["NATS_URL"] = nats_server.url

    async def run(*arguments: str) -> CompletedProcess[str]:
        return await asyncio.to_thread(ganglion, *arguments)

    async def statuses() -> list[str]:
        return [each["status"] for each in json.loads((await run("tasks", "--json")).stdout)]

    assert (await run("objective", "add", "a garden", "--id", "o", *PLAN)).returncode == 0
    cancelled = await run("tasks", "cancel", "o.a", "--yes")
    assert (cancelled.stdout, cancelled.stderr) == ("o.a is cancelled\n", "")
    async with asyncio.timeout(GENEROUS_SECONDS):
        while await statuses() != ["cancelled", "cancelled"]:
            pass
    odd = await run("tasks", "retry", "o.a", "--yes", "--payload", "[1]")
    assert "--payload is not a JSON object" in odd.stderr
    missing = await run("tasks", "retry", "o.a", "--yes", "--payload", f"@{tmp_path / 'none'}")
    assert "--payload cannot be read" in missing.stderr
    assert (odd.returncode, missing.returncode) == (USAGE, USAGE)
    payload = tmp_path / "payload.json"
    payload.write_text('{"depth": 2}')
    at = f"@{payload}"
    again = await run("tasks", "retry", "o.a", "--yes", "--payload", at, "--reason", "deeper")
    assert again.stdout == "o.a waits again\n"
    assert await statuses() == ["waits for 1", "ready"]
    shown = (await run("tasks", "show", "o.a")).stdout
    assert "o.a may be tried again with another payload" in shown
    assert "deeper" in shown
