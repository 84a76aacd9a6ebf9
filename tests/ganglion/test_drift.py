"""Is it noticed, told and mended when somebody changes what the mesh stands on? What cannot be
changed back has a remedy that works."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from ganglion.exit_codes import OK
from local_mesh.drift import find_drift, mend_drift
from local_mesh.upkeep import make_foundations
from nervous_system import names
from nervous_system.bus import Bus, open_bus
from nervous_system.settings import MeshSettings
from nervous_system.users import ADMIN
from tests.command_line import CommandLine
from tests.real_servers import wait_until

LEASES, SNAPSHOTS = f"KV_{names.LEASES}", f"OBJ_{names.SNAPSHOTS}"
Change = Callable[[Bus], Awaitable[object]]


def updated(stream: str, **changes: Any) -> Change:
    async def change(bus: Bus) -> None:
        have = (await bus.connection.request_json(f"$JS.API.STREAM.INFO.{stream}", {}))["config"]
        await bus.connection.request_json(f"$JS.API.STREAM.UPDATE.{stream}", {**have, **changes})

    return change


async def paused(bus: Bus) -> None:
    """A reader is, until long after everybody has gone."""
    await bus.connection.request_json(
        f"$JS.API.CONSUMER.DURABLE.CREATE.{names.STREAM}.reader",
        {"stream_name": names.STREAM, "config": {"durable_name": "reader", "ack_policy": "none"}},
    )
    await bus.connection.request_json(
        f"$JS.API.CONSUMER.PAUSE.{names.STREAM}.reader", {"pause_until": "2099-01-01T00:00:00Z"}
    )


CHANGES = {
    "shrunk": updated(names.STREAM, max_bytes=1024**2),
    "short of memory": updated(names.STREAM, max_age=10**9, duplicate_window=10**9),
    "few messages": updated(names.STREAM, max_msgs=1),
    "one per subject": updated(names.STREAM, max_msgs_per_subject=1),
    "small messages": updated(names.STREAM, max_msg_size=10),
    "no acknowledgement": updated(names.STREAM, no_ack=True),
    "no batches": updated(names.STREAM, allow_atomic=False),
    "no direct reads": updated(names.STREAM, allow_direct=False),
    "forgets": updated(names.STREAM, discard="old"),
    "other subjects": updated(names.STREAM, subjects=["swarm.events.coder.>"]),
    "told to others": updated(names.STREAM, republish={"src": ">", "dest": "elsewhere.>"}),
    "renamed": updated(
        names.STREAM, subject_transform={"src": "swarm.events.>", "dest": "swarm.x.>"}
    ),
    "leases for ever": updated(LEASES, max_age=0),
    "leases that wait for their turn": updated(LEASES, allow_direct=False),
    "few snapshots": updated(SNAPSHOTS, max_bytes=1024),
    "paused": paused,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_what_can_be_changed_back_is(
    bus: Bus, mesh_settings: MeshSettings, change: Change
) -> None:
    await make_foundations(mesh_settings)
    assert await find_drift(bus.connection, mesh_settings) == []
    await change(bus)
    (drift,) = await find_drift(bus.connection, mesh_settings)
    assert drift.remedy == ""
    assert await mend_drift(bus.connection, mesh_settings) == [drift]
    assert await find_drift(bus.connection, mesh_settings) == []


async def test_what_cannot_be_changed_back_has_a_remedy(
    bus: Bus, mesh_settings: MeshSettings
) -> None:
    await make_foundations(mesh_settings)
    await updated(names.STREAM, sealed=True)(bus)
    (drift,) = await mend_drift(bus.connection, mesh_settings)
    assert "sealed" in drift.sentence
    assert "the server does not change it back" in drift.sentence
    assert "meta.inf" in drift.remedy


def test_a_sealed_log_takes_events_again_after_what_status_says(ganglion: CommandLine) -> None:
    assert ganglion("up", "--detach", "--only", "nats").returncode == OK
    assert ganglion("emit", "signal", "HEALTHY").returncode == OK
    url = ganglion.json("status", "--json")["nats_url"]
    settings = MeshSettings(nats_url=url, home=ganglion.home)

    async def seal() -> None:
        async with open_bus(settings, name="test", user=ADMIN) as bus:
            await updated(names.STREAM, max_msgs=10**9)(bus)
            await updated(names.STREAM, sealed=True)(bus)

    asyncio.run(seal())
    told = ganglion("status").stderr
    assert "sealed" in told
    remedy = f"nats/jetstream/MESH/streams/{names.STREAM}/meta.inf"
    assert remedy in told
    assert remedy in ganglion("doctor").stdout
    supervisor = ganglion.home / "logs" / "supervisor.log"
    wait_until(lambda: "somebody changed what the mesh stands on" in supervisor.read_text(), "it")
    before = ganglion.json("status", "--json")["stream"]["last_sequence"]
    assert ganglion("down").returncode == OK
    (ganglion.home / remedy).unlink()
    assert ganglion("up", "--detach", "--only", "nats").returncode == OK
    assert ganglion("emit", "signal", "HEALTHY").returncode == OK
    after = ganglion.json("status", "--json")["stream"]
    assert after["first_sequence"] == 1
    assert after["last_sequence"] > before
    assert ganglion("status").returncode == OK
    assert ganglion("down").returncode == OK


def test_what_somebody_changed_is_changed_back_with_an_alarm(ganglion: CommandLine) -> None:
    assert ganglion("up", "--detach", "--only", "nats").returncode == OK
    url = ganglion.json("status", "--json")["nats_url"]
    settings = MeshSettings(nats_url=url, home=ganglion.home)

    async def shrink() -> None:
        async with open_bus(settings, name="test", user=ADMIN) as bus:
            await updated(names.STREAM, max_msgs_per_subject=1)(bus)

    asyncio.run(shrink())

    def told() -> bool:
        lines = ganglion("tail", "--from", "1", "-n", "2", "--json").stdout.splitlines()
        return any(json.loads(line).get("subject", "").endswith("alarm_raised") for line in lines)

    wait_until(told, "the alarm")
    wait_until(lambda: ganglion("doctor").stdout.count("as they were made") == 1, "as it was")
    assert ganglion("down").returncode == OK
