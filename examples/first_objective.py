"""A first objective: an agent has others do something. Needs a running mesh, and somebody who can
do it, as `first_worker.py`.
"""

import asyncio

from nervous_system.client import open_agent


async def main() -> None:
    async with open_agent(role="architect", agent_id="first-architect") as agent:
        decision = await agent.decide(
            rationale="Whoever comes here finds nobody.", chosen="have the swarm greeted"
        )
        objective_id = await agent.propose(
            "Greet the swarm",
            priority=7,
            tasks=[
                {"id": "hello", "action": "greet"},
                {"action": "greet", "payload": {"whom": "world"}, "after": ["hello"]},
            ],
            because=decision,
        )
    print(f"see `ganglion objectives show {objective_id}`")


if __name__ == "__main__":
    asyncio.run(main())
