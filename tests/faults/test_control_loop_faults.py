"""Failure modes 3, 4, 8, 10, 11, 12, 15 for the control loop: is every task done, once, whatever
happens to overseers, workers, their clocks and the log?"""

from __future__ import annotations

import asyncio
import shutil
import signal
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from enchanted.events.v1.command_pb2 import COMMAND_DRAIN, CommandIssued
from enchanted.events.v1.leadership_pb2 import TickObserved
from enchanted.events.v1.swarm_event_pb2 import ROLE_GUARDIAN, ROLE_WORKER, AgentRole
from enchanted.events.v1.task_pb2 import TaskReleased
from enchanted.events.v1.task_request_pb2 import (
    ClaimRequested,
    ReleaseRequested,
    ResultArrivedLate,
    TasksProposed,
)
from enchanted.events.v1.worker_pb2 import WorkerDeparted, WorkerRegistered
from nervous_system import names
from nervous_system.bus import Bus
from nervous_system.clock import system_clock
from nervous_system.contract.event import Event
from nervous_system.contract.payload import Payload
from nervous_system.ids import new_event_id
from nervous_system.service.snapshots import open_snapshots
from tests.faults.mesh_under_test import Mesh
from tests.faults.recorded_swarm import recorded_too
from tests.faults.swarm_under_test import LEASE_SECONDS, OVERSEER, Swarm, chains, manifest

LONG = pytest.mark.long


async def test_a_quiet_day(swarm: Swarm) -> None:
    """Nothing goes wrong: the measure of all others."""
    async with swarm.bus() as bus:
        swarm.overseer()
        swarm.worker(most=2)
        await swarm.propose(swarm.asker(bus), *chains("t", 12))
        report = await swarm.law(bus)
    assert report.counts.pop("pulses") > 0
    assert report.counts == {"tasks": 12, "terms": 1, "claims": 12, "completed": 12}


@pytest.mark.parametrize("point", ["runner.before_append", "runner.after_append"])
@pytest.mark.parametrize("turns", [(4,), pytest.param(range(1, 13), marks=LONG)], ids=str)
async def test_overseers_killed_in_the_middle_of_decisions(
    swarm: Swarm, point: str, turns: Sequence[int]
) -> None:
    """Failure mode 3: one after the other dies, each at another decision; the last one lives."""
    async with swarm.bus() as bus:
        swarm.worker(most=2)
        async with swarm.load(swarm.asker(bus), "t"):
            for turn in turns:
                doomed = swarm.overseer(failpoint=f"{point}:{turn}")
                assert await doomed.dies() == -signal.SIGKILL
            swarm.overseer()
        report = await swarm.law(bus)
    assert report.counts["terms"] == len(turns) + 1


@LONG
@pytest.mark.parametrize("times", [1, 5])
async def test_overseers_that_wait_take_over_from_one_that_is_killed(
    swarm: Swarm, times: int
) -> None:
    """Failure mode 3: two at once; the one that leads dies in the middle of a load."""
    async with swarm.bus() as bus:
        leads = swarm.overseer()
        await swarm.led(bus)
        swarm.worker(most=3)
        async with swarm.load(swarm.asker(bus), "t"):
            for term in range(1, times + 1):
                waits = swarm.overseer()
                await waits.says("lease.waiting")
                leads.kill()
                await swarm.led(bus, term=term + 1)
                leads = waits
        report = await swarm.law(bus)
    assert report.counts["terms"] > times, "a leader on a busy machine may lose its lease, too"


@pytest.mark.parametrize("times", [2, pytest.param(12, marks=LONG)])
async def test_no_pulse_comes_twice_when_those_who_lead_are_killed_around_one(
    swarm: Swarm, times: int
) -> None:
    """Failure mode 3: two overseers at once and a pulse at every tick; the one that leads dies
    before or after one is on the log. The law holds their numbers against each other."""
    swarm.goes_by = OVERSEER.model_copy(update={"pulse_seconds": OVERSEER.tick_seconds})
    async with swarm.bus() as bus:
        leads = swarm.overseer(failpoint="runner.after_append:3")
        for term in range(1, times + 1):
            await swarm.led(bus, term=term)
            point = "before" if term % 2 else "after"
            waits = swarm.overseer(failpoint=f"runner.{point}_append:{2 + term}")
            assert await leads.dies() == -signal.SIGKILL
            leads = waits
        await swarm.led(bus, term=times + 1)
        leads.kill()
        swarm.overseer()
        await swarm.led(bus, term=times + 2)
        report = await swarm.law(bus)
        turns = sum(isinstance(e.event.payload, TickObserved) for e in await swarm.log(bus))
    assert report.counts["terms"] == times + 2
    assert report.counts["pulses"] == turns > times, "whoever died did so around a pulse"


@pytest.mark.parametrize("decision", [4, pytest.param(9, marks=LONG)])
async def test_a_deposed_leader_that_wakes_up_writes_nothing(swarm: Swarm, decision: int) -> None:
    """Failure mode 3: SIGSTOP between a decision and its append, until another leads; then
    SIGCONT."""
    async with swarm.bus() as bus:
        sleeper = swarm.overseer(failpoint=f"runner.before_append:{decision}:STOP")
        swarm.worker(most=2)
        async with swarm.load(swarm.asker(bus), "t"):
            await sleeper.is_stopped()
            swarm.overseer()
            await swarm.led(bus, term=2)
            sleeper.resume()
            await sleeper.says("runner.restarting")
            await sleeper.says("lease.waiting")
        report = await swarm.law(bus)
    assert report.counts["terms"] == 2


@LONG
@pytest.mark.parametrize("times", [1, 3])
async def test_nats_is_killed_while_tasks_run(swarm: Swarm, times: int) -> None:
    """Failure mode 4, one node: SIGKILL and restart."""
    async with swarm.bus() as bus:
        swarm.overseer()
        swarm.worker(most=2, seconds=0.1)
        async with swarm.load(swarm.asker(bus), "t"):
            for number in range(1, times + 1):
                await swarm.completed(bus, 5 * number)
                swarm.nats.kill()
                await asyncio.to_thread(swarm.nats.start)
            await swarm.completed(bus, 5 * times + 5)
        await swarm.law(bus)


@pytest.mark.parametrize(
    ("of_overseer", "of_worker"),
    [
        ("3600", "-3600"),
        ("0:-3600:2", "3600:0:2"),
        pytest.param("-3600", "3600", marks=LONG),
    ],
)
async def test_clocks_are_an_hour_off_or_step_back(
    swarm: Swarm, of_overseer: str, of_worker: str
) -> None:
    """Failure mode 8: no lease ends early or late; a command is obeyed."""
    async with swarm.bus() as bus:
        swarm.overseer(clock=of_overseer)
        worker = swarm.worker("w1", most=4, seconds=1.2 * LEASE_SECONDS, clock=of_worker)
        await swarm.propose(swarm.asker(bus), *(manifest(f"t{n}") for n in range(4)))
        await swarm.completed(bus, 4)
        drain = CommandIssued(kind=COMMAND_DRAIN, target="w1", expires_in_seconds=60)
        await _publish(bus, drain, ROLE_GUARDIAN)
        assert await worker.dies() == 0
        report = await swarm.law(bus)
    assert report.counts["claims"] == 4
    assert "releases" not in report.counts


async def test_a_stalled_worker_loses_its_lease_and_its_result_comes_late(swarm: Swarm) -> None:
    """Failure mode 10: another does the task meanwhile."""
    async with swarm.bus() as bus:
        swarm.overseer()
        stalled = swarm.worker("w1", seconds=0.5)
        await swarm.propose(swarm.asker(bus), manifest("t"))
        await stalled.says("begun t 1 t")
        stalled.pause()
        swarm.worker("w2")
        await swarm.completed(bus, 1)
        stalled.resume()
        await stalled.says("worker.lease_lost")
        report = await swarm.law(bus)
        late = [e.event.payload for e in await swarm.log(bus)]
    assert report.counts["claims"] == 2
    assert [each.attempt for each in late if isinstance(each, ResultArrivedLate)] == [1]


@pytest.mark.parametrize("killed", [False, pytest.param(True, marks=LONG)])
async def test_a_burst_of_ten_thousand_submissions(swarm: Swarm, killed: bool) -> None:
    """Failure mode 10: a few in large bundles, many alone, all at once; perhaps the leader dies in
    it."""
    async with swarm.bus() as bus:
        first = swarm.overseer()
        await swarm.led(bus)
        asker = swarm.asker(bus)
        bundles = [[manifest(f"b{n}-{m}") for m in range(400)] for n in range(20)]
        alone = [[manifest(f"a{n}")] for n in range(2000)]
        asking = [asyncio.create_task(swarm.propose(asker, *each)) for each in (*bundles, *alone)]
        if killed:
            async with asyncio.timeout(300):
                while len(swarm.known.accepted) < 2000:  # noqa: ASYNC110 - whoever answers it
                    await asyncio.sleep(0.01)
            first.kill()
            swarm.overseer()
        answers = await asyncio.gather(*asking)
        assert all(answer.accepted for answer in answers)
        swarm.worker(most=8)
        await swarm.completed(bus, 20)
        report = await swarm.law(bus, all_ended=False)
    assert report.counts["tasks"] == 10_000


async def test_the_same_requests_again_and_again(swarm: Swarm) -> None:
    """Failure mode 11: beside each other, later, of another leader, and after the task has
    ended."""
    async with swarm.bus() as bus:
        first = swarm.overseer()
        asker = swarm.asker(bus)
        request_id = new_event_id()
        tasks = [manifest("a"), manifest("b", depends_on=["a"])]

        async def again(times: int) -> None:
            asked = (swarm.propose(asker, *tasks, event_id=request_id) for _ in range(times))
            for answer in await asyncio.gather(*asked):
                assert (answer.accepted, list(answer.accepted_ids)) == (True, ["a", "b"])

        await again(5)
        swarm.overseer()
        first.kill()
        await again(2)
        swarm.worker()
        await swarm.completed(bus, 2)
        await again(2)
        other = await swarm.propose(asker, *tasks)
        assert "exists already" in other.reasons[0]
        report = await swarm.law(bus)
        log = await swarm.log(bus)
    assert report.counts["tasks"] == 2
    proposals = [each for each in log if isinstance(each.event.payload, TasksProposed)]
    assert len(proposals) == 2, "the first, and the one under another id that was refused"


@pytest.mark.parametrize("restarted", [False, True], ids=["same leader", "from a snapshot"])
async def test_a_claim_is_asked_for_again_when_what_it_gave_is_over(
    swarm: Swarm, restarted: bool
) -> None:
    """Failure mode 11: it leads to nothing more, as no answer came and the lease ran out
    meanwhile."""
    async with swarm.bus() as bus:
        overseer = swarm.overseer()
        asker, request_id = swarm.asker(bus, "w1", ROLE_WORKER), new_event_id()
        await swarm.propose(swarm.asker(bus), manifest("a"), manifest("b"))
        await _publish(bus, WorkerRegistered(worker_id="w1"), ROLE_WORKER)
        claim = ClaimRequested(worker_id="w1")
        granted = await asker.ask(claim, event_id=request_id)
        assert granted.grant.manifest.task_id == "a"
        again = await asker.ask(claim, event_id=request_id)
        assert again.grant.manifest.task_id == "a"
        release = ReleaseRequested(task_id="a", worker_id="w1", attempt=1)
        assert (await asker.ask(release)).accepted
        if restarted:
            await overseer.ends()
            overseer = swarm.overseer()
        await _publish(bus, WorkerRegistered(worker_id="w1"), ROLE_WORKER)  # it may count as lost
        late = await asker.ask(claim, event_id=request_id)
        assert (late.accepted, late.HasField("grant")) == (False, False)
        assert "ask anew" in late.reasons[0]
        assert ("had been decided on before" in overseer.told) is restarted
        await _publish(bus, WorkerDeparted(worker_id="w1"), ROLE_WORKER)
        swarm.worker("w2")
        report = await swarm.law(bus)
    assert report.counts["claims"] == 3


@LONG
async def test_what_workers_say_comes_once_more_beyond_the_window(swarm: Swarm) -> None:
    """Failure mode 11: the server no longer recognises it, so it is on the log twice."""
    async with swarm.bus() as bus:
        swarm.overseer()
        swarm.worker("w1", seconds=0.2)
        async with swarm.load(swarm.asker(bus), "t"):
            await swarm.completed(bus, 3)
            for _ in range(2):
                await _repeat(bus, f"{names.EVENTS}.worker.>")
                await swarm.completed(bus, 6)
        await swarm.law(bus)
        ids = Counter(each.event.event_id for each in await swarm.log(bus))
    assert max(ids.values()) > 1


@pytest.mark.parametrize(
    "deleted",
    [pytest.param(False, id="garbage"), pytest.param(True, id="deleted", marks=LONG)],
)
async def test_the_snapshot_is_garbage_or_gone(swarm: Swarm, deleted: bool) -> None:
    """Failure mode 12: the state is folded from the log again, and is the same."""
    async with swarm.bus() as bus:
        asker = swarm.asker(bus)
        first = swarm.overseer()
        swarm.worker()
        await swarm.propose(asker, *chains("t", 6))
        await swarm.completed(bus, 3)
        await first.ends()
        bucket = await open_snapshots(bus.connection)
        assert (await bucket.get(swarm.role.key)).data
        if deleted:
            await bucket.delete(swarm.role.key)
        else:
            await bucket.put(swarm.role.key, b"not\na snapshot")
        second = swarm.overseer()
        await swarm.propose(asker, *chains("u", 6))
        await swarm.law(bus)
    assert ("snapshot.unreadable" in second.told) is not deleted


@pytest.mark.parametrize(
    "whole",
    [
        pytest.param(True, id="with its snapshots", marks=LONG),
        pytest.param(False, id="but no snapshot"),
    ],
)
async def test_the_log_loses_its_end_under_a_running_overseer(
    swarm: Swarm, tmp_path: Path, whole: bool
) -> None:
    """Failure mode 12: what the log no longer has did not happen; it goes on from what there is."""
    store, copy = swarm.nats.store, tmp_path / "copy"
    part = "." if whole else f"jetstream/$G/streams/{names.STREAM}"
    async with swarm.bus() as bus:
        asker = swarm.asker(bus)
        first = swarm.overseer()
        await swarm.propose(asker, manifest("kept"))
        swarm.nats.stop()
        shutil.copytree(store / part, copy)
        await asyncio.to_thread(swarm.nats.start)
        await swarm.propose(asker, *chains("lost", 9))
        if not whole:
            await first.ends()  # its snapshot is of a log that will never have been
            first = swarm.overseer()
            await swarm.propose(asker, manifest("lost, too"))
        swarm.nats.kill()
        shutil.rmtree(store / part)
        shutil.copytree(copy, store / part)
        await asyncio.to_thread(swarm.nats.start)
        swarm.known.accepted = {"kept"}
        await swarm.propose(asker, *chains("new", 9))
        swarm.worker()
        report = await swarm.law(bus)
    assert report.counts["tasks"] == 10
    assert first.told.count("leadership.taken") > 1
    assert ("snapshot.foreign" in first.told) is not whole


async def test_an_overseer_is_ended_in_the_middle(swarm: Swarm) -> None:
    """Failure mode 15: SIGTERM under load; exit code 0, and the next one leads at once."""
    async with swarm.bus() as bus:
        first = swarm.overseer()
        swarm.worker(most=2)
        async with swarm.load(swarm.asker(bus), "t"):
            await swarm.completed(bus, 5)
            second = swarm.overseer()
            await second.says("lease.waiting")
            await first.ends()
            await swarm.completed(bus, 10)
        report = await swarm.law(bus)
    assert report.counts["terms"] == 2


async def test_a_worker_is_ended_in_the_middle(swarm: Swarm) -> None:
    """Failure mode 15: it gives back what it has, and another begins it at once."""
    async with swarm.bus() as bus:
        swarm.overseer()
        ending = swarm.worker("w1", seconds=60)
        await swarm.propose(swarm.asker(bus), manifest("t"))
        await ending.says("begun t 1 t")
        swarm.worker("w2")
        await ending.ends()
        report = await swarm.law(bus)
        released = [
            each.event.payload
            for each in await swarm.log(bus)
            if isinstance(each.event.payload, TaskReleased)
        ]
    assert report.counts["claims"] == 2
    assert [each.given_back for each in released] == [True]


@pytest.mark.parametrize("times", [1, pytest.param(3, marks=LONG)])
async def test_a_worker_is_killed_while_it_holds_a_task(swarm: Swarm, times: int) -> None:
    """It comes back under its name; the task runs again under its key and is completed once."""
    async with swarm.bus() as bus:
        swarm.overseer()
        asker = swarm.asker(bus)
        await swarm.propose(
            asker, manifest("t", idempotency_key="k", max_attempts=9), *chains("u", 3)
        )
        for attempt in range(1, times + 1):
            doomed = swarm.worker("w1", most=4, seconds=60)
            await doomed.says(f"begun t {attempt} k")
            doomed.kill()
        last = swarm.worker("w1")
        await last.says(f"finished t {times + 1}")
        report = await swarm.law(bus)
    assert report.counts["completed"] == 4


async def test_nats_is_killed_while_tasks_run_and_are_recorded(mesh: Mesh, tmp_path: Path) -> None:
    """Failure mode 4: what ClickHouse shows of tasks is what the overseer knows of them."""
    swarm = Swarm(tmp_path, mesh.nats)
    try:
        async with swarm.bus() as bus:
            swarm.overseer(short_lease=False)  # the ingestor's lease is in the same bucket
            swarm.worker(most=2, seconds=0.1)
            mesh.ingestor()
            async with swarm.load(swarm.asker(bus), "t"):
                await swarm.completed(bus, 5)
                mesh.nats.kill()
                await asyncio.to_thread(mesh.nats.start)
                await swarm.completed(bus, 10)
            await swarm.law(bus)
            await recorded_too(mesh, swarm, bus)
    finally:
        swarm.end()


async def _publish(bus: Bus, payload: Payload, role: AgentRole.ValueType) -> None:
    await bus.publish(
        Event(
            event_id=new_event_id(),
            timestamp=system_clock(),
            agent_role=role,
            agent_id=getattr(payload, "worker_id", "") or "tester",
            payload=payload,
        )
    )


async def _repeat(bus: Bus, subject: str) -> None:
    """Everything on a filter once more, without the id by which the server tells a repetition."""
    for stored in [each async for each in bus.replay(subjects=[subject])]:
        await bus.connection.client.jetstream().publish(stored.subject, stored.data)
