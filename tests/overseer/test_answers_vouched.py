"""Does a stranger's answer to a request ever count, once the mesh has a key?"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from nats.aio.msg import Msg

from enchanted.events.v1.alarm_pb2 import AlarmRaised
from enchanted.events.v1.answer_pb2 import Answer
from enchanted.events.v1.task_pb2 import TaskSubmitted
from local_mesh.key_files import ensure_mesh_key
from nervous_system import names
from nervous_system.bus import Bus, decode_stored
from nervous_system.client.agent import open_agent
from nervous_system.errors import NotAcknowledged, Rejected
from nervous_system.settings import TRUSTED_KEYS, MeshSettings
from tests.overseer.overseer_program import StartOverseer

FORGED = (
    Answer(accepted=True),
    Answer(accepted=False, reasons=["never"]),
    Answer(again=True),
    Answer(untrusted=True, reasons=["go away"]),
)


@asynccontextmanager
async def a_stranger_answers(bus: Bus) -> AsyncIterator[None]:
    """Each request, at once, with all that there is to say; also as if he had a key."""
    client = bus.connection.client

    async def lie(message: Msg) -> None:
        for answer in FORGED:
            data = answer.SerializeToString()
            await client.publish(message.reply, data)
            for header in (names.SEAL, names.SIGNATURE):
                await client.publish(
                    message.reply, data, headers={header: "0" * 64, names.KEY_ID: "mesh"}
                )
        await client.publish(message.reply, b"\xff\xff")

    subscription = await client.subscribe(f"{names.REQUESTS}.{names.OVERSEER}", cb=lie)
    await client.flush()
    yield
    await subscription.unsubscribe()


def patient(settings: MeshSettings) -> MeshSettings:
    """An overseer may take a while to start."""
    return settings.model_copy(update={"publish_deadline_seconds": 30.0})


@pytest.fixture(params=["the mesh's key", "its public half"])
def asker(
    request: pytest.FixtureRequest, mesh_settings: MeshSettings, home: Path, tmp_path: Path
) -> MeshSettings:
    ensure_mesh_key(home)
    mesh_settings = patient(mesh_settings)
    if request.param == "the mesh's key":
        return mesh_settings.model_copy(update={"home": home})
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / TRUSTED_KEYS).write_text((home / TRUSTED_KEYS).read_text())
    return mesh_settings.model_copy(update={"home": elsewhere})


async def on_log(bus: Bus, kind: type) -> list[object]:
    events = [decode_stored(stored).event async for stored in bus.replay()]
    return [event.payload for event in events if isinstance(event.payload, kind)]


async def test_only_who_leads_is_believed(
    bus: Bus, asker: MeshSettings, start_overseer: StartOverseer
) -> None:
    start_overseer()
    async with (
        open_agent(asker.nats_url, role="coder", agent_id="c1", settings=asker) as agent,
        AsyncExitStack() as stack,
    ):
        await agent.propose_task(action="work", id="t0")  # as soon as it leads
        await stack.enter_async_context(a_stranger_answers(bus))
        for number in range(1, 5):
            await agent.propose_task(action="work", id=f"t{number}")
        with pytest.raises(Rejected) as refused:
            await agent.propose_task(action="", id="none")
        assert refused.value.reasons != ("never",)
    assert len(await on_log(bus, TaskSubmitted)) == 5
    raised = [each.name for each in await on_log(bus, AlarmRaised) if isinstance(each, AlarmRaised)]
    assert raised.count("unauthentic_answer") == 1  # not for each of them


async def test_where_only_a_stranger_answers_nothing_was_answered(
    bus: Bus, asker: MeshSettings
) -> None:
    settings = asker.model_copy(update={"publish_deadline_seconds": 1.0})
    async with (
        open_agent(asker.nats_url, role="coder", agent_id="c1", settings=settings) as agent,
        a_stranger_answers(bus),
    ):
        with pytest.raises(NotAcknowledged, match="nobody vouched for"):
            async with asyncio.timeout(300):
                await agent.propose_task(action="work", id="t")
    assert await on_log(bus, TaskSubmitted) == []


async def test_without_a_key_nothing_is_asked_for(
    bus: Bus, mesh_settings: MeshSettings, start_overseer: StartOverseer
) -> None:
    start_overseer()
    async with open_agent(
        mesh_settings.nats_url, role="coder", agent_id="c1", settings=patient(mesh_settings)
    ) as agent:
        await agent.propose_task(action="work", id="t")
    assert len(await on_log(bus, TaskSubmitted)) == 1
