"""Does a stranger's reply subject get him around his permissions? Not from an account of his own
(decision 16)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from nervous_system.bus import Bus, open_bus
from nervous_system.settings import MeshSettings
from nervous_system.transport.connection import Connection
from tests.real_servers import NatsServer

ONLY_THE_LEADERS = "swarm.events.overseer.leadership_taken.main"
OWN = "swarm.events.coder.decision"
READ = "$JS.API.DIRECT.GET.ENCHANTED_SWARM"
LOOK = "$JS.API.STREAM.INFO.ENCHANTED_SWARM"

PERMITTED = f'publish: ["{OWN}", "{READ}", "{LOOK}"], subscribe: ["_INBOX_stranger.>"]'
ONE_ACCOUNT = f"""
authorization {{ users: [
  {{ user: mesh, password: mesh }}
  {{ user: stranger, password: stranger, permissions: {{ {PERMITTED} }} }}
] }}
"""
OWN_ACCOUNT = f"""
accounts {{
  MESH {{
    jetstream: enabled
    users: [ {{ user: mesh, password: mesh }} ]
    exports: [
      {{ service: "swarm.events.coder.>" }}
      {{ service: "{READ}", response: stream }}
      {{ service: "{LOOK}" }}
    ]
  }}
  OTHERS {{
    users: [ {{ user: stranger, password: stranger, permissions: {{ {PERMITTED} }} }} ]
    imports: [
      {{ service: {{ account: MESH, subject: "swarm.events.coder.>" }} }}
      {{ service: {{ account: MESH, subject: "{READ}" }} }}
      {{ service: {{ account: MESH, subject: "{LOOK}" }} }}
    ]
  }}
}}
"""


def _as(user: str, server: NatsServer) -> MeshSettings:
    return MeshSettings(nats_url=server.url, nats_user=user, nats_password=user)


async def _misdirect(server: NatsServer) -> None:
    """Everything he may ask for, with the answer where he may not speak."""
    stranger = await Connection.open(_as("stranger", server), name="stranger")
    try:
        for subject, data in ((OWN, b"mine"), (LOOK, b""), (READ, b'{"seq": 1}')):
            await stranger.client.publish(subject, data, reply=ONLY_THE_LEADERS)
        await stranger.request(OWN, b"last", timeout_seconds=10)
        await stranger.request(READ, b'{"seq": 1}', timeout_seconds=10)
    finally:
        await stranger.close()


@pytest.fixture
def server(tmp_path: Path, request: pytest.FixtureRequest) -> NatsServer:
    server = NatsServer(tmp_path / "nats")
    server.start(extra=request.param)
    request.addfinalizer(server.kill)
    return server


async def _subjects(bus: Bus, until: str) -> list[str]:
    found: list[str] = []
    async with asyncio.timeout(300), bus.reader(start_sequence=1) as reader:
        while until not in found[1:]:
            found += [
                each.subject for each in await reader.batch(max_messages=10, within_seconds=5)
            ]
    return found


@pytest.mark.parametrize("server", [OWN_ACCOUNT], indirect=True, ids=[""])
async def test_from_an_account_of_his_own_he_is_answered_there(server: NatsServer) -> None:
    mesh = _as("mesh", server)
    async with open_bus(mesh, name="mesh") as bus:
        await bus.stream.ensure(mesh)
        await _misdirect(server)
        await bus.connection.request("swarm.events.mesh.end", b"", timeout_seconds=300)
        assert await _subjects(bus, "swarm.events.mesh.end") == [OWN, OWN, "swarm.events.mesh.end"]


@pytest.mark.parametrize("server", [ONE_ACCOUNT], indirect=True, ids=[""])
async def test_without_one_the_server_speaks_for_him(server: NatsServer) -> None:
    """Where this fails, the server has learned it, and the account may go."""
    mesh = _as("mesh", server)
    async with open_bus(mesh, name="mesh") as bus:
        await bus.stream.ensure(mesh)
        await _misdirect(server)
        assert ONLY_THE_LEADERS in await _subjects(bus, ONLY_THE_LEADERS)
