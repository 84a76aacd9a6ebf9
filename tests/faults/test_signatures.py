"""Does the mesh believe only what a trusted key vouches for?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from enchanted.events.v1.command_pb2 import COMMAND_DRAIN, CommandIssued
from enchanted.events.v1.swarm_event_pb2 import ROLE_GUARDIAN, ROLE_WORKER, AgentRole
from enchanted.events.v1.task_request_pb2 import (
    ClaimRequested,
    ReleaseRequested,
    ResultReported,
    TasksProposed,
)
from enchanted.events.v1.worker_pb2 import WorkerDeparted
from local_mesh.key_files import make_keys
from nervous_system.bus import Bus, open_bus
from nervous_system.clock import system_clock
from nervous_system.contract.event import Event
from nervous_system.contract.message import Entry, encode_message
from nervous_system.contract.payload import Payload
from nervous_system.contract.signature import MISSING, NOT_ITSELF, STALE
from nervous_system.errors import Forbidden
from nervous_system.ids import new_event_id
from nervous_system.settings import TRUSTED_KEYS
from tests.events_under_test import Publishing
from tests.faults.mesh_under_test import Mesh
from tests.faults.swarm_under_test import Swarm, manifest
from tests.shifted_clock import shifted


@pytest.fixture
def keys(swarm: Swarm) -> Path:
    """The folder of the keys of the mesh and of w1 and w2, all of them trusted."""
    for key_id in ("w1", "w2"):
        make_keys(swarm.home, key_id, [])
    return swarm.home / "keys"


async def test_a_worker_that_signs_works_and_one_whose_clock_is_off_is_refused(
    swarm: Swarm, keys: Path
) -> None:
    """Failure mode 8: an hour ahead or behind, its signatures are stale; it says so and ends."""
    async with swarm.bus() as bus:
        overseer = swarm.overseer()
        await swarm.propose(swarm.asker(bus), *(manifest(f"t{n}") for n in range(3)))
        for clock in ("3600", "-3600"):
            wrong = swarm.worker("w1", key=keys / "w1", clock=clock)
            assert await wrong.dies() != 0
            assert "signature is stale" in wrong.told
        await overseer.says("request.untrusted", times=2)
        swarm.worker("w2", key=keys / "w2")
        await swarm.completed(bus, 3)
        report = await swarm.law(bus)
    assert report.counts["claims"] == 3


@pytest.mark.parametrize(("key", "reason"), [("", "is missing"), ("w2", "does not speak for")])
async def test_nobody_else_works_under_the_name_of_one_that_signs(
    swarm: Swarm, keys: Path, key: str, reason: str
) -> None:
    async with swarm.bus() as bus:
        swarm.overseer()
        await swarm.propose(swarm.asker(bus), manifest("t"))
        forger = swarm.worker("w1", key=keys / key if key else None)
        assert await forger.dies() != 0
        assert reason in forger.told
        await swarm.law(bus, all_ended=False)


async def test_a_stranger_takes_no_task_from_a_worker_that_signs(swarm: Swarm, keys: Path) -> None:
    """Neither by its departure, be it on another's subject, nor by what he asks for as the worker
    under a name of his own."""
    async with swarm.bus() as bus:
        overseer = swarm.overseer()
        swarm.worker("w1", key=keys / "w1")
        await swarm.propose(swarm.asker(bus), manifest("t"))
        await swarm.completed(bus, 1)
        for agent_id in ("w1", "stranger"):
            await bus.publish(_by(agent_id, ROLE_WORKER, WorkerDeparted(worker_id="w1")))
        await overseer.says(MISSING)
        await overseer.says(NOT_ITSELF)
        gone = _by("stranger", ROLE_WORKER, WorkerDeparted(worker_id="w1"))
        forged, _ = encode_message(Entry(event=gone), bus.redactor, traceparent=None)
        others = replace(forged, subject="swarm.events.worker.departed.stranger")
        await bus.publisher.append(others)
        await overseer.says(NOT_ITSELF, times=2)
        result = ResultReported(task_id="t", worker_id="stranger", attempt=1)
        result.next.worker_id = "w1"
        for asked in (
            ClaimRequested(worker_id="w1"),
            ReleaseRequested(task_id="t", worker_id="w1", attempt=1),
            ResultReported(task_id="t", worker_id="w1", attempt=1),
            result,
        ):
            with pytest.raises(Forbidden, match="w1 does, who signs, and speaks for itself"):
                await swarm.asker(bus).ask(asked)
        await swarm.propose(swarm.asker(bus), manifest("after"))
        await swarm.completed(bus, 2)
        await swarm.law(bus)


async def test_the_overseer_recalls_what_it_signed_itself(swarm: Swarm, keys: Path) -> None:
    async with swarm.bus() as bus:
        first = swarm.overseer()
        swarm.worker("w1", key=keys / "w1")
        await swarm.propose(swarm.asker(bus), *(manifest(f"t{n}") for n in range(5)))
        await swarm.completed(bus, 5)
        first.kill()
        second = swarm.overseer()
        await swarm.propose(swarm.asker(bus), manifest("after"))
        await swarm.completed(bus, 6)
        await swarm.law(bus)
        assert "untrusted" not in second.told
        assert "runner.repeated" not in second.told


async def test_where_all_must_sign_nobody_else_is_asked_or_obeyed(swarm: Swarm, keys: Path) -> None:
    required = {"GANGLION_HOME": str(swarm.home), "GANGLION_SIGNATURES_REQUIRED": "true"}
    signing = swarm.settings.model_copy(update={"signing_key": keys / "mesh"})
    async with swarm.bus() as bus, open_bus(signing, name="signing") as signer:
        swarm.overseer(environment=required)
        worker = swarm.worker("w1", key=keys / "w1", environment=required)
        with pytest.raises(Forbidden, match="signature is missing"):
            await swarm.asker(bus).ask(TasksProposed(tasks=[manifest("never")]))
        await _tell(bus, "w1")
        await worker.says("command.unreadable")
        await swarm.propose(swarm.asker(signer), manifest("t"))
        await swarm.completed(bus, 1)
        await _tell(signer, "w1")
        assert await worker.dies() == 0
        await swarm.law(signer)


async def test_nothing_is_checked_where_no_key_is_trusted(swarm: Swarm, keys: Path) -> None:
    (swarm.home / TRUSTED_KEYS).unlink()
    async with swarm.bus() as bus:
        swarm.overseer()
        swarm.worker("w1", key=keys / "w1", clock="3600")
        await swarm.propose(swarm.asker(bus), manifest("t"))
        await swarm.completed(bus, 1)
        await swarm.law(bus)


async def test_what_is_stored_says_what_is_wrong_with_its_signature(mesh: Mesh) -> None:
    """Failure mode 8: nothing is lost, and an analyst sees it."""
    make_keys(mesh.folder, "coder", ["coder-1"])
    signing = mesh.settings.model_copy(update={"signing_key": mesh.folder / "keys" / "coder"})
    late = open_bus(signing, name="late", clock=shifted("-3600"))
    async with mesh.bus() as unsigned, open_bus(signing, name="right") as right, late as stale:
        mesh.ingestor()
        for label, bus in (("right", right), ("unsigned", unsigned), ("stale", stale)):
            await Publishing(bus, mesh.ledger).one(label)
    async with mesh.warehouse() as warehouse:
        await mesh.recorded()
        answer = await warehouse.client.query("SELECT warnings FROM swarm.events ORDER BY seq")
    found: list[list[str]] = [row[0] for row in answer.result_rows]
    assert found == [[], [MISSING], [STALE]]
    await mesh.law()


async def _tell(bus: Bus, worker_id: str) -> None:
    drain = CommandIssued(kind=COMMAND_DRAIN, target=worker_id, expires_in_seconds=60)
    await bus.publish(_by("guardian/main", ROLE_GUARDIAN, drain))


def _by(agent_id: str, role: AgentRole.ValueType, payload: Payload) -> Event:
    return Event(
        event_id=new_event_id(),
        timestamp=system_clock(),
        agent_role=role,
        agent_id=agent_id,
        payload=payload,
    )
