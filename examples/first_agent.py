"""A first agent: it decides, changes a file, and says what came of it. Needs a running mesh."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

from nervous_system.client import open_agent


async def main() -> None:
    async with open_agent(role="coder", agent_id="first-agent") as agent:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "greeting.txt"
            decision = await agent.decide(
                rationale="Nobody greets the swarm yet.",
                alternatives=["leave it"],
                chosen="write greeting.txt",
                confidence=0.9,
            )
            path.write_text("Hello, swarm.\n")
            change = await agent.change(
                "greeting.txt", before=None, after=path.read_text(), because=decision
            )
            await agent.outcome(decision, status="succeeded", exit_code=0)
    print(f"decision at position {decision.sequence}, change at {change.sequence}")
    print(f"trace {decision.trace_id}")


if __name__ == "__main__":
    asyncio.run(main())
