"""Does `ganglion tasks wait` wait for the end of a task, and say what came of it?"""

from __future__ import annotations

import asyncio
import json

from ganglion.exit_codes import FAILURE, USAGE
from nervous_system.client.claimed_task import ClaimedTask
from nervous_system.client.serving import serve
from nervous_system.client.worker import open_worker
from nervous_system.settings import MeshSettings
from tests.command_line import Run
from tests.real_servers import NatsServer


async def test_the_end_of_a_task_is_waited_for_and_its_output_printed(
    run: Run, nats_server: NatsServer, mesh_settings: MeshSettings
) -> None:
    unknown = await run("tasks", "wait", "nobody")
    assert (unknown.returncode, "knows no task nobody" in unknown.stderr) == (USAGE, True)
    assert (await run("tasks", "add", "--action", "dig", "--id", "hole")).returncode == 0
    not_yet = await run("tasks", "wait", "hole", "--for", "1s")
    assert (not_yet.returncode, not_yet.stdout) == (FAILURE, "")
    assert not_yet.stderr == "hole has not ended in 1s; see `ganglion tasks show hole`\n"

    waiting = asyncio.create_task(run("tasks", "wait", "hol"))
    stop = asyncio.Event()

    async def dig(task: ClaimedTask) -> str:
        return "two metres"

    async with open_worker(nats_server.url, worker_id="w", settings=mesh_settings) as worker:
        serving = asyncio.create_task(serve(worker, {"dig": dig}, stop))
        ended = await waiting
        stop.set()
        await serving
    said, output = ended.stdout.splitlines()
    assert ended.returncode == 0, ended.stderr
    assert said.startswith("hole ended as completed after 1 attempt")
    assert output == "two metres"
    event = json.loads((await run("tasks", "wait", "hole", "--json")).stdout)
    assert event["task_acknowledged"]["output"] == "two metres"

    assert (await run("tasks", "add", "--action", "dig", "--id", "pit")).returncode == 0
    assert (await run("tasks", "cancel", "pit", "--yes")).returncode == 0
    cancelled = await run("tasks", "wait", "pit")
    assert cancelled.returncode == FAILURE
    assert cancelled.stdout.startswith("pit ended as cancelled and was never tried")
