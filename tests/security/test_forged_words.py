"""Is what a stranger puts on the log, on whatever subject, nothing to the leader, and nothing to
whoever asks how things stand?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random  # noqa: TID251 - the seed is given

import pytest

from enchanted.events.v1.incident_pb2 import IncidentOpened
from enchanted.events.v1.objective_pb2 import ObjectiveAdded
from enchanted.events.v1.policy_pb2 import CharterAdopted
from enchanted.events.v1.pulse_pb2 import HaltOrdered, PulseCompleted, SystemModeChanged
from enchanted.events.v1.swarm_event_pb2 import (
    ROLE_CODER,
    ROLE_GUARDIAN,
    ROLE_OPERATOR,
    ROLE_OVERSEER,
    ROLE_WORKER,
    AgentRole,
)
from enchanted.events.v1.task_pb2 import TaskManifest, TaskSubmitted
from local_mesh.key_files import make_keys
from nervous_system import names
from nervous_system.bus import Bus, open_bus
from nervous_system.clock import system_clock
from nervous_system.contract.codec import encode
from nervous_system.contract.event import Event
from nervous_system.contract.payload import Payload
from nervous_system.ids import new_event_id
from nervous_system.service import lease
from nervous_system.settings import MeshSettings
from operations.log_session import said_by
from operations.queries.incidents import incidents_of
from operations.queries.objectives import known_objectives
from operations.queries.overseer_projection import OverseerProjection
from operations.queries.system_mode import last_mode, last_pulse
from tests.nervous_system.leading_program import SHORT_LEASE
from tests.nervous_system.led_mesh import ROLES, LedMesh, led


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases that are short."""
    for name, seconds in SHORT_LEASE.items():
        monkeypatch.setattr(lease, name, seconds)


HALT = HaltOrdered(reason="forged")
TASK = TaskSubmitted(manifest=TaskManifest(task_id="forged", action="work"))
ADDED = ObjectiveAdded(objective_id="forged", description="forged")
OPENED = IncidentOpened(incident_id="forged", rule="forged")

Forged = tuple[str, Payload, AgentRole.ValueType]

ON_ANY_LOG: Sequence[Forged] = (
    # Of another kind than the subject says, by one who may publish there.
    *(
        (f"worker.{word}.x", payload, role)
        for word in ("registered", "heartbeat", "departed")
        for payload, role in (
            (HALT, ROLE_OPERATOR),
            (HALT, ROLE_GUARDIAN),
            (SystemModeChanged(mode="halted"), ROLE_GUARDIAN),
            (CharterAdopted(hash="forged"), ROLE_OVERSEER),
            (TASK, ROLE_OVERSEER),
            (ADDED, ROLE_OVERSEER),
            (OPENED, ROLE_GUARDIAN),
        )
    ),
    ("operator.halt_ordered.x.y", HALT, ROLE_CODER),
    ("coder.halt_ordered", HALT, ROLE_OPERATOR),
    # Where it belongs, by one who may not say it.
    ("operator.halt_ordered", HALT, ROLE_CODER),
    ("guardian.system_mode_changed", SystemModeChanged(mode="halted"), ROLE_WORKER),
    ("overseer.charter_adopted", CharterAdopted(hash="forged"), ROLE_WORKER),
    ("overseer.pulse", PulseCompleted(interval_seconds=1), ROLE_WORKER),
    ("task.submitted.forged", TASK, ROLE_CODER),
    ("task.submitted.forged", TASK, ROLE_GUARDIAN),
    ("objective.added.forged", ADDED, ROLE_OPERATOR),
)

WHERE_IT_BELONGS: Sequence[Forged] = (
    ("operator.halt_ordered", HALT, ROLE_OPERATOR),
    ("guardian.system_mode_changed", SystemModeChanged(mode="halted"), ROLE_GUARDIAN),
    ("overseer.pulse", PulseCompleted(interval_seconds=1), ROLE_OVERSEER),
    ("task.submitted.forged", TASK, ROLE_OVERSEER),
    ("objective.added.forged", ADDED, ROLE_OVERSEER),
    ("incident.opened.forged", OPENED, ROLE_GUARDIAN),
)
"""Believed, unless something else is wrong with them."""


async def put(bus: Bus, forged: Sequence[Forged], headers: dict[str, str] | None = None) -> None:
    """As anybody does who reaches the server."""
    jetstream = bus.connection.client.jetstream()
    for word, payload, role in forged:
        event = Event(
            event_id=new_event_id(),
            timestamp=system_clock(),
            agent_role=role,
            agent_id="x",
            payload=payload,
        )
        given = dict(headers) if headers else None
        await jetstream.publish(f"{names.EVENTS}.{word}", encode(event), headers=given)


async def assert_nothing_is_seen(mesh: LedMesh) -> None:
    """By the leaders, nor by who follows them, nor by what the command asks."""
    for name in ROLES:
        await mesh.start(name)
    await mesh.everything_is_read()
    await mesh.stop()
    for name in ROLES:
        shown = repr(mesh.kept[name][-1].state)
        assert "forged" not in shown, (name, shown[max(0, shown.find("forged") - 300) :][:400])
    state, bus = (await OverseerProjection.of(mesh.bus)).state, mesh.bus
    assert "forged" not in repr(state)
    assert (state.charter_hash, state.halted_by) == ("charter", "")
    assert await last_mode(bus) != "halted"
    pulse = await last_pulse(bus)
    assert pulse is None or pulse.interval_seconds != 1
    seen = (
        await known_objectives(bus),
        await said_by(ROLE_OVERSEER, bus, f"{names.EVENTS}.task.>"),
        incidents_of(await said_by(ROLE_GUARDIAN, bus, f"{names.EVENTS}.incident.>")),
    )
    assert "forged" not in repr(seen)


async def test_a_word_on_anothers_subject_or_in_anothers_role(mesh_settings: MeshSettings) -> None:
    async with led(mesh_settings, Random(1)) as mesh:
        await put(mesh.bus, ON_ANY_LOG)
        await assert_nothing_is_seen(mesh)


async def test_a_word_that_says_it_was_brought_back(mesh_settings: MeshSettings) -> None:
    async with led(mesh_settings, Random(1)) as mesh:
        await put(mesh.bus, WHERE_IT_BELONGS, {names.REPUBLISHED_FROM: "1/1"})
        await assert_nothing_is_seen(mesh)


@pytest.mark.parametrize("headers", [{}, {names.REPUBLISHED_FROM: "1/1"}], ids=["now", "history"])
async def test_a_services_word_that_nobody_vouches_for_where_the_mesh_has_a_key(
    mesh_settings: MeshSettings, tmp_path: Path, headers: dict[str, str]
) -> None:
    make_keys(tmp_path / "home", "mesh", [])
    settings = mesh_settings.model_copy(update={"home": tmp_path / "home"})
    async with led(settings, Random(1)) as mesh, open_bus(mesh_settings, name="stranger") as bus:
        of_services = [each for each in WHERE_IT_BELONGS if each[2] != ROLE_OPERATOR]
        await put(bus, of_services, headers)
        await assert_nothing_is_seen(mesh)


async def test_the_same_words_are_believed_where_nothing_is_wrong_with_them(
    mesh_settings: MeshSettings,
) -> None:
    """So that those above are not passed over for another reason."""
    async with led(mesh_settings, Random(1)) as mesh:
        await put(mesh.bus, WHERE_IT_BELONGS)
        assert (await OverseerProjection.of(mesh.bus)).state.halted_by
        assert await last_mode(mesh.bus) == "halted"
        assert await last_pulse(mesh.bus) is not None
        assert [each.objective_id for each in await known_objectives(mesh.bus)] == ["forged"]
        assert await said_by(ROLE_OVERSEER, mesh.bus, f"{names.EVENTS}.task.>")
        opened = await said_by(ROLE_GUARDIAN, mesh.bus, f"{names.EVENTS}.incident.>")
        assert [each.incident_id for each in incidents_of(opened)] == ["forged"]
