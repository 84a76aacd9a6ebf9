"""Does a program that has not set up a log keep its stdout for what it says itself?"""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from nervous_system.bus import Bus
from nervous_system.settings import MeshSettings

AGENT = """
import asyncio, sys, structlog
from nervous_system.client.agent import open_agent
{before}
async def main():
    async with open_agent(sys.argv[1], role="coder", agent_id="coder") as agent:
        await agent.change("t.py", before="a", after="b")
        await agent.change("t.py", before="somebody's", after="c")
    print("the decision")
asyncio.run(main())
"""
WORKER = """
import asyncio, sys, structlog
from nervous_system.client.worker import open_worker
{before}
async def main():
    async with open_worker(sys.argv[1], worker_id="w-1"):
        structlog.get_logger().warning("chain.external_change")
    print("the decision")
asyncio.run(main())
"""
SET_UP = "structlog.configure(processors=[structlog.processors.JSONRenderer()])"


@pytest.mark.parametrize("program", [AGENT, WORKER])
@pytest.mark.parametrize("before", ["", SET_UP])
async def test_log_lines_of_a_program_are_on_stderr_unless_it_has_set_up_a_log(
    bus: Bus, mesh_settings: MeshSettings, program: str, before: str
) -> None:
    ended = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", program.format(before=before), mesh_settings.nats_url],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert ("chain.external_change" in ended.stderr) is (not before)
    assert ("chain.external_change" in ended.stdout) is bool(before)
    assert ended.stdout.splitlines()[-1] == "the decision"
