"""Is a request decided on whatever stands under the ids of what it leads to?"""

from __future__ import annotations

from enchanted.events.v1.leadership_pb2 import LeadershipTaken
from enchanted.events.v1.task_pb2 import TaskSubmitted
from nervous_system import names
from nervous_system.bus import Bus, decode_stored
from nervous_system.client import proposing
from nervous_system.client.agent import open_agent
from nervous_system.contract.event import Event
from nervous_system.errors import Transient
from nervous_system.ids import child_id
from nervous_system.settings import MeshSettings
from overseer.vocabulary import SERVICE
from tests.overseer.overseer_program import StartOverseer

TURNS = 200


async def junk(bus: Bus, *message_ids: str) -> None:
    for each in message_ids:
        await bus.connection.request(
            "swarm.events.stranger.junk",
            b"junk",
            headers={names.MESSAGE_ID: each},
            timeout_seconds=5,
        )


async def on_log(bus: Bus, kind: type) -> list[Event]:
    found = []
    async for stored in bus.replay(subjects=[f"{names.EVENTS}.*.*.>"]):
        if stored.data != b"junk":
            found.append(decode_stored(stored).event)
    return [event for event in found if isinstance(event.payload, kind)]


async def test_a_task_is_taken_whatever_stands_under_foreseen_ids(
    start_overseer: StartOverseer, bus: Bus, mesh_settings: MeshSettings
) -> None:
    step: proposing.TaskFields = {"action": "work", "id": "t1"}
    asked = proposing.request_id(
        proposing.task(step, task_id="t1", owner="coder-1"), agent_id="coder-1"
    )
    await junk(bus, asked, child_id(asked, f"{SERVICE}/main/submitted 0"))
    overseer = start_overseer()
    async with open_agent(
        mesh_settings.nats_url, role="coder", agent_id="coder-1", settings=mesh_settings
    ) as agent:
        first = False
        while not first:
            try:
                first = await agent.propose_task(action="work", id="t0") == "t0"
            except Transient:
                continue  # it has yet to lead
        *_, term = await on_log(bus, LeadershipTaken)
        await junk(bus, *(child_id(term.event_id, f"requests {turn}") for turn in range(1, TURNS)))
        await agent.propose_task(**step)
        submitted = await on_log(bus, TaskSubmitted)
        assert [event.payload.manifest.task_id for event in submitted] == ["t0", "t1"]
        assert [event.causation_id for event in submitted][1] == asked
        # On a busy machine it may lose its lease; nothing else has it begin anew.
        anew = [line for line in overseer.log.read_text().splitlines() if "restarting" in line]
        assert [line for line in anew if "lease" not in line] == []
        await agent.propose_task(**step)  # asked again, it is answered, and nothing is added
        assert len(await on_log(bus, TaskSubmitted)) == 2
