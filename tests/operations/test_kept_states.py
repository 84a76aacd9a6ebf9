"""Is the state at a position the fold from the first, whatever keyframes there are?"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from random import Random  # noqa: TID251 - the seed is given
from typing import Any

import pytest

from enchanted.events.v1.pulse_pb2 import HaltLifted, HaltOrdered
from enchanted.events.v1.swarm_event_pb2 import ROLE_OPERATOR
from nervous_system import names
from nervous_system.bus import Bus
from nervous_system.contract.seal import Seal
from nervous_system.service import keyframes as keyframes_module
from nervous_system.service.keyframe_format import KeyframeFormat
from nervous_system.service.keyframes import CHANGES, WHOLE, Keyframes
from nervous_system.service.projection import Projection
from nervous_system.settings import MeshSettings
from operations.queries.state.at import state_at
from operations.queries.state.kept import KeptService, KeptStates, folded, keep_now
from tests.nervous_system.led_mesh import LedMesh, led
from tests.real_servers import NatsServer

pytestmark = [pytest.mark.usefixtures("quickly"), pytest.mark.timeout(600)]

STEPS = 50
SPACING = 7
POSITIONS = 5


def services(bus: Bus, folder: Path) -> tuple[KeptService[Any], ...]:
    """As a program that was just started has them."""
    kept = KeptStates.of(bus, folder, spacing=SPACING)
    return kept.overseer, kept.guardian


def files(folder: Path, suffix: str = "") -> list[Path]:
    return sorted(each for each in folder.rglob(f"*{suffix}") if each.is_file())


async def assert_folds(bus: Bus, kept: KeptService[Any], positions: Iterable[int]) -> None:
    for position in positions:
        first = await Projection(bus, kept.spec).state_at(position)
        assert (await folded(bus, kept, position)).state == first, position


async def assert_answers(bus: Bus, folder: Path, positions: Iterable[int]) -> None:
    """Byte for byte."""
    without, kept = [KeptStates.of(bus, each, spacing=SPACING) for each in (None, folder)]
    for position in positions:
        first, found = [await state_at(bus, str(position), each) for each in (without, kept)]
        assert json.dumps(found.document()) == json.dumps(first.document()), position


async def assert_all(mesh: LedMesh, folder: Path) -> None:
    """At random positions: with what is kept, after a start and later; with all that is due; with
    nothing."""
    bus, chance = mesh.bus, mesh.chance
    last = (await bus.stream.state()).last_sequence
    for started in services(bus, folder):
        positions = [chance.randint(1, last) for _ in range(POSITIONS)]
        await assert_folds(bus, started, [*positions, last])
    await keep_now(bus, KeptStates.of(bus, folder, spacing=SPACING))
    for started in services(bus, folder):
        kept = {int(each.stem) for each in files(folder / started.spec.key)}
        assert kept >= set(range(SPACING, last - SPACING + 1, SPACING))
        positions = [chance.randint(1, last) for _ in range(POSITIONS)]
        await assert_folds(bus, started, [*positions, last])
    there = files(folder)
    await assert_answers(bus, folder, [chance.randint(1, last) for _ in range(POSITIONS)])
    assert set(there) <= set(files(folder))  # what is right is not taken for wrong


async def test_one_state_whatever_is_kept_and_whatever_happened(
    mesh_settings: MeshSettings, nats_server: NatsServer, tmp_path: Path
) -> None:
    """The stream is made anew, it is truncated, keyframes are deleted: some, or all."""
    chance, folder = Random(15), tmp_path / "keyframes"
    async with led(mesh_settings, chance) as mesh:
        await mesh.live(STEPS)
        await assert_all(mesh, folder)
        await mesh.bus.connection.request_json(f"$JS.API.STREAM.DELETE.{names.STREAM}", {})
        await mesh.bus.stream.ensure(mesh_settings)
        await mesh.live(STEPS)
        await assert_all(mesh, folder)
    (stream,) = nats_server.store.rglob(f"streams/{names.STREAM}")
    nats_server.stop()
    shutil.copytree(stream, tmp_path / "copy")
    nats_server.start()
    async with led(mesh_settings, chance) as mesh:
        await mesh.live(STEPS)
        await assert_all(mesh, folder)
    nats_server.stop()
    shutil.rmtree(stream)
    shutil.copytree(tmp_path / "copy", stream)
    nats_server.start()
    async with led(mesh_settings, chance) as mesh:
        await assert_all(mesh, folder)
        await mesh.live(STEPS)
        await assert_all(mesh, folder)
        for each in chance.sample(files(folder), 20):
            each.unlink(missing_ok=True)
        await assert_all(mesh, folder)
        shutil.rmtree(folder)
        await assert_all(mesh, folder)


async def test_what_a_leader_decides_on_later_is_in_the_state_all_the_same(
    mesh_settings: MeshSettings, tmp_path: Path
) -> None:
    """It was away when the keyframes were made; what follows stands far behind its cause."""
    async with led(mesh_settings, Random(4)) as mesh:
        await mesh.live(STEPS)
        for number in range(2 * SPACING):
            await mesh.say(HaltOrdered(reason=str(number)), ROLE_OPERATOR, "me")
            await mesh.say(HaltLifted(), ROLE_OPERATOR, "me")
        await assert_all(mesh, tmp_path / "keyframes")
        await mesh.live(STEPS)
        await assert_all(mesh, tmp_path / "keyframes")


async def test_a_process_that_is_asked_again_and_again_says_the_same(
    mesh_settings: MeshSettings, tmp_path: Path
) -> None:
    """It holds states of before unpacked; then the stream is made anew, or goes on."""
    async with led(mesh_settings, Random(6)) as mesh:
        bus, chance = mesh.bus, mesh.chance
        kept = KeptStates.of(bus, tmp_path / "keyframes", spacing=SPACING)

        async def asked_again() -> None:
            last = (await bus.stream.state()).last_sequence
            positions = [chance.randint(1, last) for _ in range(POSITIONS)]
            for each in (kept.overseer, kept.guardian):
                await assert_folds(bus, each, [*positions, last, *positions])

        await mesh.live(STEPS)
        await asked_again()
        await keep_now(bus, kept)
        await kept.set_milestones()
        await asked_again()
        await mesh.live(STEPS)
        await keep_now(bus, kept)
        await asked_again()
        await bus.connection.request_json(f"$JS.API.STREAM.DELETE.{names.STREAM}", {})
        await bus.stream.ensure(mesh_settings)
        await mesh.live(STEPS)
        await asked_again()
        await keep_now(bus, kept)
        await asked_again()


async def test_no_way_is_long_once_milestones_are_set(
    mesh_settings: MeshSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They thin out as the log grows; what lies between is unpacked from the nearest."""
    monkeypatch.setattr(keyframes_module, "MAX_MILESTONES", 4)
    monkeypatch.setattr(keyframes_module, "MAX_IN_MEMORY", 1)
    async with led(mesh_settings, Random(7)) as mesh:
        await mesh.live(STEPS)
        kept = KeptStates.of(mesh.bus, tmp_path, spacing=1).overseer
        last = (await mesh.bus.stream.state()).last_sequence
        await folded(mesh.bus, kept, last)
        assert kept.keyframes is not None
        await kept.keyframes.set_milestones()
        milestones = sorted(kept.keyframes._milestones)
        apart = milestones[1] - milestones[0]
        assert 2 <= len(milestones) <= 4
        assert milestones == list(range(apart, last + 1, apart))
        for each in files(tmp_path, WHOLE):
            each.unlink()
        for position in range(apart, last + 1):
            found = await kept.keyframes.at_or_before(position)
            assert found is not None
            assert found.sequence == position
        await assert_folds(mesh.bus, kept, range(1, last, SPACING))


async def test_what_is_no_keyframe_of_the_meshs_own_is_not_believed(
    mesh_settings: MeshSettings, tmp_path: Path
) -> None:
    async with led(mesh_settings, Random(5)) as mesh:
        await mesh.live(STEPS)
        bus = mesh.bus
        last = (await bus.stream.state()).last_sequence
        folder = tmp_path / "keyframes"
        (plain, _) = services(bus, folder)
        spec, ours = plain.spec, Seal(b"ours" * 8)

        def of(seal: Seal | None, key: str = "overseer") -> KeptService[Any]:
            format_: KeyframeFormat[Any] = KeyframeFormat(key, spec.state_type, seal=seal)
            keyframes = Keyframes(folder, format_, bus.stream, spacing=SPACING)
            return KeptService(spec, keyframes)

        for forger in (of(Seal(b"theirs!!" * 4)), of(None), of(ours, "guardian")):
            await folded(bus, forger, last)
            assert files(folder)
            keyframes = of(ours).keyframes
            assert keyframes is not None
            assert await keyframes.at_or_before(last) is None
            assert files(folder) == []
        await folded(bus, of(ours), last)
        whole, changes = files(folder, WHOLE), files(folder, CHANGES)
        assert len(whole) > 1
        assert len(changes) > 2
        whole[-1].write_bytes(whole[0].read_bytes())  # another position's
        changes[-1].write_bytes(changes[0].read_bytes())
        spoilt = bytearray(changes[1].read_bytes())
        spoilt[-1] ^= 1
        changes[1].write_bytes(spoilt)
        await assert_folds(bus, of(ours), [last, *range(1, last, SPACING)])


def test_a_mesh_with_keys_whose_seal_cannot_be_checked_has_no_keyframes(tmp_path: Path) -> None:
    class Trusted:
        checks, seal = True, None

    class OfAStranger:
        trusted, stream = Trusted(), None

    kept = KeptStates.of(OfAStranger(), tmp_path)  # type: ignore[arg-type]
    assert kept.overseer.keyframes is None
    assert kept.guardian.keyframes is None
