"""Is the state at a position the same, from wherever the folding begins, and is it the leader's?"""

from __future__ import annotations

import shutil
from pathlib import Path
from random import Random  # noqa: TID251 - the seed is given
from typing import Any

import pytest

from enchanted.events.v1.pulse_pb2 import HaltOrdered
from enchanted.events.v1.swarm_event_pb2 import ROLE_OPERATOR
from enchanted.events.v1.task_pb2 import TaskManifest
from enchanted.events.v1.task_request_pb2 import TasksProposed
from nervous_system import names
from nervous_system.bus import Bus
from nervous_system.client.request_client import RequestClient
from nervous_system.errors import Permanent
from nervous_system.service.packing import Packing, Snapshot
from nervous_system.service.projection import Projection
from nervous_system.settings import MeshSettings
from tests.nervous_system.led_mesh import ROLES, LedMesh, led
from tests.real_servers import NatsServer

pytestmark = [pytest.mark.usefixtures("quickly"), pytest.mark.timeout(600)]

STEPS = 50
POSITIONS = 3
BASES = 3


async def packed_at(
    bus: Bus,
    name: str,
    position: int,
    *,
    base: Snapshot[Any] | None = None,
    by_leader: bool = False,
) -> bytes:
    """The state at a position, from a base or from the first."""
    role = ROLES[name]
    state = await Projection(bus, role, base=base, by_leader=by_leader).state_at(position)
    bare = Snapshot(
        state=state, sequence=position, stream_created="", fingerprint="", pending_ids=frozenset()
    )
    return Packing(role.key, role.state_type).packed(bare)


async def assert_one_state(mesh: LedMesh) -> None:
    """At random positions, whatever was kept, by leaders or by one who followed: now, or on a log
    that has gone meanwhile."""
    bus, chance = mesh.bus, mesh.chance
    last = (await bus.stream.state()).last_sequence
    for name, role in ROLES.items():
        positions = sorted({last, *(chance.randint(1, last) for _ in range(POSITIONS))})
        follower = Projection(bus, role)
        for position in positions:
            first = await packed_at(bus, name, position)
            await follower.state_at(position)
            kept = await follower.kept()
            bases = [(each, True) for each in mesh.kept[name] if each.sequence <= position]
            bases += [(each, False) for each in mesh.followed[name] if each.sequence <= position]
            assert await packed_at(bus, name, position, base=kept) == first, (name, position)
            for base, by_leader in chance.sample(bases, min(BASES, len(bases))):
                found = await packed_at(bus, name, position, base=base, by_leader=by_leader)
                assert found == first, (name, position, base.sequence, by_leader)
        mesh.followed[name].append(kept)


async def test_one_state_at_a_position_whatever_happened(
    mesh_settings: MeshSettings,
    nats_server: NatsServer,
    tmp_path: Path,
) -> None:
    """Leaders come and go, the stream is made anew, and it is truncated."""
    chance = Random(14)
    async with led(mesh_settings, chance) as mesh:
        await mesh.live(STEPS)
        await assert_one_state(mesh)
        assert all(mesh.kept.values())
        await mesh.bus.connection.request_json(f"$JS.API.STREAM.DELETE.{names.STREAM}", {})
        await mesh.bus.stream.ensure(mesh_settings)
        await mesh.live(STEPS)
        await assert_one_state(mesh)
        kept, followed = mesh.kept, mesh.followed
    (stream,) = nats_server.store.rglob(f"streams/{names.STREAM}")
    nats_server.stop()
    shutil.copytree(stream, tmp_path / "copy")
    nats_server.start()
    async with led(mesh_settings, chance) as mesh:
        mesh.kept, mesh.followed = kept, followed
        await mesh.live(STEPS)
    nats_server.stop()
    shutil.rmtree(stream)
    shutil.copytree(tmp_path / "copy", stream)
    nats_server.start()
    async with led(mesh_settings, chance) as mesh:
        mesh.kept, mesh.followed = kept, followed
        await assert_one_state(mesh)
        await mesh.live(STEPS)
        await assert_one_state(mesh)


async def test_the_last_snapshot_is_the_state_that_is_followed(
    mesh_settings: MeshSettings,
) -> None:
    async with led(mesh_settings, Random(7)) as mesh:
        await mesh.live(STEPS)
        for role in ROLES.values():
            short = await Projection.from_snapshot(mesh.bus, role)
            assert short.sequence > 0
            assert await short.state_at_end() == await Projection(mesh.bus, role).state_at_end()


async def test_there_is_no_state_of_what_is_not_on_the_log(
    bus: Bus, mesh_settings: MeshSettings
) -> None:
    projection = Projection(bus, ROLES["overseer"])
    with pytest.raises(Permanent, match="the log ends at 0"):
        await projection.state_at(1)
    async with led(mesh_settings, Random(1)) as mesh:
        for number in range(4):
            await mesh.say(HaltOrdered(reason=str(number)), ROLE_OPERATOR, "me")
    await projection.state_at(3)
    with pytest.raises(Permanent, match="it is folded up to 3"):
        await projection.state_at(2)


async def test_what_is_asked_for_later_is_not_in_the_state_before(
    mesh_settings: MeshSettings,
) -> None:
    """Though whoever decided on it had read nothing since: on an idle log that may be hours ago."""
    role = ROLES["overseer"]
    async with led(mesh_settings, Random(3)) as mesh:
        await mesh.start("overseer")
        await mesh.everything_is_read()
        before = (await mesh.bus.stream.state()).last_sequence
        task = TaskManifest(task_id="later", action="work")
        asker = RequestClient(mesh.bus, service="overseer", role=ROLE_OPERATOR, agent_id="me")
        await asker.ask(TasksProposed(tasks=[task]))
        await mesh.stop()
        projection = Projection(mesh.bus, role)
        assert "later" not in (await projection.state_at(before)).kernel.tasks
        kept = await projection.kept()
        assert "later" in (await projection.state_at_end()).kernel.tasks
        (by_leader,) = mesh.kept["overseer"]
        for base, is_leaders in ((kept, False), (by_leader, True)):
            again = Projection(mesh.bus, role, base=base, by_leader=is_leaders)
            assert "later" in (await again.state_at_end()).kernel.tasks
