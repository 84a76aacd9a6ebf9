"""Once the mesh has a key: is what comes back what was there, and who speaks for a service?"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import lz4.frame
import pytest

from enchanted.events.v1.alarm_pb2 import AlarmRaised
from enchanted.events.v1.command_pb2 import COMMAND_STOP, CommandIssued
from enchanted.events.v1.swarm_event_pb2 import ROLE_CODER, ROLE_GUARDIAN
from enchanted.events.v1.system_signal_pb2 import SystemSignal
from local_mesh.key_files import ensure_mesh_key, make_keys
from nervous_system import names
from nervous_system.bus import Bus, open_bus
from nervous_system.clock import system_clock
from nervous_system.contract.event import Event
from nervous_system.contract.message import Entry, encode_message
from nervous_system.contract.payload import Payload
from nervous_system.contract.seal import STALE_SEAL, UNCHECKED_SEAL, WRONG_SEAL
from nervous_system.contract.signature import MISSING, OTHER_AGENT, TrustedKeys
from nervous_system.contract.stored import Stored
from nervous_system.errors import Unauthentic, Untrusted
from nervous_system.ids import new_event_id
from nervous_system.service.packing import Snapshot
from nervous_system.service.snapshots import Snapshots, open_snapshots
from nervous_system.settings import TRUSTED_KEYS, MeshSettings
from tests.nervous_system.counting import SERVICE, Counts, role
from tests.nervous_system.event_samples import decision
from tests.nervous_system.running_roles import ANSWERS, history, publish, running, until_on_log

pytestmark = pytest.mark.usefixtures("quickly")


@pytest.fixture
def home(mesh_settings: MeshSettings, tmp_path: Path) -> MeshSettings:
    """Of a mesh that has its key, as from its first start on."""
    (tmp_path / "home").mkdir()
    ensure_mesh_key(tmp_path / "home")
    return mesh_settings.model_copy(update={"home": tmp_path / "home"})


def said(payload: Payload, *, service: str = SERVICE) -> Event:
    return Event(
        event_id=new_event_id(),
        timestamp=system_clock(),
        agent_role=ROLE_GUARDIAN,
        agent_id=f"{service}/main",
        payload=payload,
    )


async def alarms(bus: Bus) -> list[str]:
    found = [each.event.payload for each in await history(bus)]
    return [each.name for each in found if isinstance(each, AlarmRaised)]


async def a_state(settings: MeshSettings, bus: Bus) -> Snapshot[Counts]:
    async with running(settings) as run:
        await publish(bus, 1, 3)
        await until_on_log(bus, ANSWERS, 2)
        await run.reached((await bus.stream.state()).last_sequence)
    async with open_bus(settings, name="look") as look:
        bucket = await open_snapshots(look.connection)
        found = await Snapshots(
            look.connection, bucket, role().key, Counts, seal=look.trusted.seal
        ).load()
    assert found is not None
    return found


@pytest.mark.parametrize("forger", ["without a key", "of another key", "tampered", "of another"])
async def test_a_snapshot_that_is_not_the_meshs_is_refused_and_alarms(
    bus: Bus, home: MeshSettings, tmp_path: Path, forger: str
) -> None:
    true = await a_state(home, bus)
    forged = replace(true, state=Counts(counted=1000))
    bucket = await open_snapshots(bus.connection)
    key = role().key
    if forger == "without a key":
        await Snapshots(bus.connection, bucket, key, Counts).save(forged)
    elif forger == "of another key":
        make_keys(tmp_path / "other", "mesh", [])
        other = TrustedKeys.read(tmp_path / "other" / TRUSTED_KEYS)
        assert other.seal is not None
        await Snapshots(bus.connection, bucket, key, Counts, seal=other.seal).save(forged)
    elif forger == "tampered":
        data = (await bucket.get(key)).data
        assert data is not None
        shape, sealed, packed = data.split(b"\n", 2)
        changed = lz4.frame.decompress(packed).replace(b'"counted":3', b'"counted":9')
        await bucket.put(key, b"\n".join((shape, sealed, lz4.frame.compress(changed))))
    else:
        trusted = TrustedKeys.read(home.home / TRUSTED_KEYS)
        name = "overseer.main"
        await Snapshots(bus.connection, bucket, name, Counts, seal=trusted.seal).save(forged)
        data = (await bucket.get(name)).data
        assert data is not None
        await bucket.put(key, data)
    async with running(home, holder="next") as run:
        await run.leads()
        assert run.value("snapshots_total", outcome="refused") == 1
        assert run.value("snapshots_total", outcome="loaded") == 0
        await publish(bus, 4, 6)
        await until_on_log(bus, ANSWERS, 4)
        assert run.runner.state is not None
        assert run.runner.state.counted == 6
    assert "unauthentic_snapshot" in await alarms(bus)


async def test_a_snapshot_of_the_mesh_is_loaded(bus: Bus, home: MeshSettings) -> None:
    await a_state(home, bus)
    async with running(home, holder="next") as run:
        await run.leads()
        assert run.value("snapshots_total", outcome="loaded") == 1
    assert "unauthentic_snapshot" not in await alarms(bus)
    with pytest.raises(Unauthentic):
        trusted = replace_key(home)
        bucket = await open_snapshots(bus.connection)
        await Snapshots(bus.connection, bucket, role().key, Counts, seal=trusted.seal).load()


def replace_key(home: MeshSettings) -> TrustedKeys:
    (home.home / "keys" / "mesh").unlink()
    (home.home / TRUSTED_KEYS).unlink()
    ensure_mesh_key(home.home)
    return TrustedKeys.read(home.home / TRUSTED_KEYS)


async def test_what_a_stranger_says_in_a_services_name_counts_for_nothing(
    bus: Bus, home: MeshSettings
) -> None:
    """Though agents need not sign."""
    async with running(home) as run:
        await run.leads()
        for number in range(3):
            await bus.publish(said(SystemSignal(status=f"answer {number}")))
            report = AlarmRaised(name="report", message="forged")
            await bus.publish(said(report), key="report")
        await publish(bus, 1, 3)
        await until_on_log(bus, ANSWERS, 5)
        await run.reached((await bus.stream.state()).last_sequence)
        assert run.runner.state is not None
        assert (run.runner.state.counted, run.runner.state.answered) == (3, 1)
        assert run.value("events_skipped_total", reason="untrusted") == 6


async def test_what_services_said_before_there_was_a_key_counts_still(
    bus: Bus, mesh_settings: MeshSettings, tmp_path: Path
) -> None:
    async with running(mesh_settings, holder="old") as run:
        await publish(bus, 1, 3)
        await until_on_log(bus, ANSWERS, 2)
        await run.reached((await bus.stream.state()).last_sequence)
    await bus.connection.client.jetstream().delete_object_store(names.SNAPSHOTS)
    keyed = mesh_settings.model_copy(update={"home": tmp_path / "home"})
    keyed.home.mkdir()
    ensure_mesh_key(keyed.home)
    file = keyed.home / TRUSTED_KEYS  # to the second: it may have begun in this one
    later = (system_clock() + timedelta(seconds=1)).isoformat(timespec="seconds")
    words = file.read_text().split(" ")
    file.write_text(" ".join(f"since={later}" if "since=" in each else each for each in words))
    async with running(keyed, holder="new") as run:
        await run.leads()
        assert run.value("events_skipped_total", reason="untrusted") == 0
        assert run.value("term") == 2
        assert run.value("events_decided_total") == 0


def test_a_key_of_an_earlier_version_vouches_from_now_on(home: MeshSettings) -> None:
    """Its line says no moment, and services did not vouch for all they said."""
    file = home.home / TRUSTED_KEYS
    lines = file.read_text().split(" ")
    file.write_text(" ".join(each for each in lines if not each.startswith("since=")))
    said_before = system_clock() - timedelta(seconds=10)
    subject = "swarm.events.overseer.pulse"
    assert TrustedKeys.read(file).must_vouch(subject, "overseer/main", at=said_before)
    ensure_mesh_key(home.home)
    for _ in range(2):  # at each start
        trusted = TrustedKeys.read(file)
        assert not trusted.must_vouch(subject, "overseer/main", at=said_before)
        assert trusted.must_vouch(subject, "overseer/main", at=system_clock())
        ensure_mesh_key(home.home)


async def stored(bus: Bus, event: Event) -> Stored:
    """As the log has it."""
    acknowledgement = await bus.publish(event)
    found = await bus.stream.at(acknowledgement.last_sequence)
    assert found is not None
    return found


async def test_a_seal_is_of_one_message_and_one_moment(bus: Bus, home: MeshSettings) -> None:
    async with open_bus(home, name="service") as service:
        found = await stored(service, said(SystemSignal(status="HEALTHY")))
        service.decode_stored(found)
        assert b"Ganglion-Key-Id" not in found.raw_headers
        assert found.message_id is not None
        headers, own = found.raw_headers, found.message_id.encode()
        forgeries = {
            WRONG_SEAL: [
                found._replace(data=found.data + b"\x08\x01"),
                found._replace(subject=found.subject.replace("guardian", "overseer")),
                found._replace(raw_headers=headers.replace(own, new_event_id().encode())),
                found._replace(raw_headers=headers.replace(b"Seal: 1", b"Seal: 2")),
                found._replace(raw_headers=b"NATS/1.0\r\nGanglion-Seal: \xff\r\n\r\n"),
                found._replace(raw_headers=b"NATS/1.0\r\nGanglion-Seal: x y z\r\n\r\n"),
            ],
            STALE_SEAL: [
                found._replace(recorded_at_ns=found.recorded_at_ns + 301 * 10**9),
                found._replace(recorded_at_ns=found.recorded_at_ns - 301 * 10**9),
            ],
            MISSING: [found._replace(raw_headers=b"")],
        }
        for problem, messages in forgeries.items():
            for message in messages:
                with pytest.raises(Untrusted, match=problem):
                    service.decode_stored(message)


async def test_who_has_the_public_half_only_is_given_signatures_of_commands(
    bus: Bus, home: MeshSettings, tmp_path: Path
) -> None:
    elsewhere = home.model_copy(update={"home": tmp_path / "elsewhere"})
    elsewhere.home.mkdir()
    (elsewhere.home / TRUSTED_KEYS).write_text((home.home / TRUSTED_KEYS).read_text())
    async with open_bus(home, name="service") as service, open_bus(elsewhere, name="x") as other:
        command = CommandIssued(kind=COMMAND_STOP, target="w1", expires_in_seconds=60)
        told = await stored(service, said(command))
        assert other.decode_stored(told).event.payload == command
        with pytest.raises(Untrusted, match=MISSING):
            other.decode_stored(await stored(bus, said(command)))
        signal = await stored(service, said(SystemSignal(status="HEALTHY")))
        with pytest.raises(Untrusted, match=UNCHECKED_SEAL):
            other.decode_stored(signal)


async def test_an_agents_key_does_not_speak_for_a_service(bus: Bus, home: MeshSettings) -> None:
    make_keys(home.home, "coder", ["coder-1", f"{SERVICE}/main"])
    signing = home.model_copy(update={"signing_key": home.home / "keys" / "coder"})
    async with open_bus(signing, name="coder") as coder, open_bus(home, name="look") as look:
        forged = await stored(coder, said(SystemSignal(status="HEALTHY")))
        with pytest.raises(Untrusted, match=OTHER_AGENT):
            look.decode_stored(forged)
        own = await stored(coder, decision("mine"))
        look.decode_stored(own)


async def test_agents_need_not_sign_and_what_they_say_costs_nothing(
    bus: Bus, home: MeshSettings
) -> None:
    async with open_bus(home, name="agent") as agent:
        found = await stored(agent, decision("one"))
        assert b"Ganglion-" not in found.raw_headers
        assert agent.decode_stored(found).event.agent_role == ROLE_CODER
    message, _ = encode_message(Entry(event=decision("two")), bus.redactor, traceparent=None)
    assert not message.signature
