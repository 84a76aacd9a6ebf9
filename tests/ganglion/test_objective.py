"""Does `ganglion objective` say what became of an objective?"""

from __future__ import annotations

import asyncio
import json

from command_line import CommandLine
from real_servers import NatsServer, RealProcess

PLAN = ("--metadata", json.dumps({"tasks": [{"action": "dig"}]}))
HIGH_RISK = ("--metadata", json.dumps({"tasks": [{"action": "dig", "risk_tier": "high-risk"}]}))


async def test_what_waits_for_a_person_is_not_called_planned(
    ganglion: CommandLine, overseer: RealProcess, nats_server: NatsServer
) -> None:
    ganglion.environment["NATS_URL"] = nats_server.url

    async def said(*arguments: str) -> str:
        answer = await asyncio.to_thread(ganglion, "objective", *arguments)
        assert answer.returncode == 0, answer.stderr
        return answer.stdout

    assert await said("add", "plant a tree", "--id", "o1", *PLAN) == (
        "o1 is planned; see it with `ganglion tasks --objective o1`\n"
    )
    assert await said("add", "fell a tree", "--id", "o 2", *HIGH_RISK) == (
        "o 2 waits for a person; say yes with `ganglion objective approve 'o 2'`\n"
    )
    listed = await said("list")
    assert "1 task open  plant a tree" in listed
    assert "waits for approval   0 tasks open  fell a tree" in listed
    assert await said("approve", "o 2") == "o 2 is approved\n"
    assert "plan explicit        1 task open  fell a tree" in await said("list")
