"""Does one lead at a time, and does another take over when it is gone?"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from nats.js.kv import KeyValue

from nervous_system import names
from nervous_system.bus import Bus
from nervous_system.errors import Fenced, Transient
from nervous_system.service import lease as leases_module
from nervous_system.service.lease import Lease, hold_lease, open_leases
from tests.nervous_system.leading_program import SHORT_LEASE
from tests.real_servers import NatsServer, RealProcess, wait_until

KEY = "test.main"
LEASE_SECONDS = SHORT_LEASE["LEASE_SECONDS"]


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in SHORT_LEASE.items():
        monkeypatch.setattr(leases_module, name, seconds)


@pytest.fixture
async def leases(bus: Bus) -> KeyValue:
    return await open_leases(bus.connection)


@pytest.fixture
async def long_leases(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> KeyValue:
    """Far longer than a test waits: who has one of them was given it, and did not wait for its
    end."""
    monkeypatch.setattr(leases_module, "LEASE_SECONDS", 3600.0)
    return await open_leases(bus.connection)


@pytest.fixture
def leader(bus: Bus, nats_server: NatsServer, tmp_path: Path) -> Iterator[RealProcess]:
    """Another process, which leads already."""
    program = Path(__file__).with_name("leading_program.py")
    process = RealProcess(
        [sys.executable, str(program), nats_server.url, "other"], log=tmp_path / "leader.log"
    )
    wait_until(lambda: "leading" in process.log.read_text(), "the lease of the other process")
    yield process
    process.kill()


class Someone:
    """A task that wants to lead, holds the lease until `leave`, and notes what became of it."""

    def __init__(self, bucket: KeyValue, holder: str) -> None:
        self.stop, self.leave = asyncio.Event(), asyncio.Event()
        self.leads, self.asked_in_vain = asyncio.Event(), asyncio.Event()
        self.lease: Lease | None = None
        self.task = asyncio.create_task(self._run(bucket, holder))

    async def _run(self, bucket: KeyValue, holder: str) -> bool:
        async with hold_lease(
            bucket, KEY, holder=holder, stop=self.stop, waiting=self.asked_in_vain.set
        ) as self.lease:
            if self.lease is None:
                return False
            self.leads.set()
            await self.leave.wait()
            return True


async def test_it_ends_also_where_a_renewal_loses_the_cancellation(
    leases: KeyValue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As nats-py's do before Python 3.12, when the reply comes in that very moment."""
    renewing = asyncio.Event()

    async def update(key: str, value: bytes, last: int | None = None) -> int:
        again = renewing.is_set()
        renewing.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if again:
                raise
        return (last or 0) + 1

    monkeypatch.setattr(leases, "update", update)
    async with asyncio.timeout(300):
        async with hold_lease(leases, KEY, holder="one", stop=asyncio.Event()) as lease:
            assert lease is not None
            await renewing.wait()


async def test_one_of_two_leads_and_a_clean_exit_lets_the_other_in_at_once(
    long_leases: KeyValue,
) -> None:
    first = Someone(long_leases, "first")
    await first.leads.wait()
    second = Someone(long_leases, "second")
    await second.asked_in_vain.wait()
    assert not second.leads.is_set()
    first.leave.set()
    assert await first.task
    async with asyncio.timeout(300):
        await second.leads.wait()
    second.leave.set()
    assert await second.task


async def test_a_bucket_of_an_earlier_version_lets_leases_last_as_long_as_ours(bus: Bus) -> None:
    earlier = await bus.connection.client.jetstream().create_key_value(
        bucket=names.LEASES, ttl=60.0, history=1
    )
    await earlier.put(KEY, b"who is gone")
    leases = await open_leases(bus.connection)
    assert (await leases.status()).ttl == LEASE_SECONDS
    async with (
        asyncio.timeout(300),
        hold_lease(leases, KEY, holder="x", stop=asyncio.Event()) as lease,
    ):
        assert lease is not None


async def test_a_lease_is_held_for_longer_than_it_lasts(
    leases: KeyValue,
) -> None:
    holder = Someone(leases, "holder")
    await holder.leads.wait()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.5 * LEASE_SECONDS):
            await asyncio.shield(holder.task)
    holder.leave.set()
    assert await holder.task


async def test_who_stops_while_waiting_gets_nothing(leases: KeyValue) -> None:
    first = Someone(leases, "first")
    await first.leads.wait()
    second = Someone(leases, "second")
    await second.asked_in_vain.wait()
    second.stop.set()
    assert not await second.task
    first.leave.set()
    await first.task


async def test_a_successor_leads_soon_after_a_leader_was_killed(
    leases: KeyValue, leader: RealProcess
) -> None:
    """Failure mode 3: SIGKILL releases nothing; the lease runs out."""
    successor = Someone(leases, "successor")
    await successor.asked_in_vain.wait()
    leader.kill()
    async with asyncio.timeout(300):
        await successor.leads.wait()
    successor.leave.set()
    await successor.task


async def test_a_paused_leader_learns_that_it_lost(leases: KeyValue, leader: RealProcess) -> None:
    leader.pause()
    successor = Someone(leases, "successor")
    async with asyncio.timeout(300):
        await successor.leads.wait()
    leader.resume()
    await asyncio.to_thread(
        wait_until, lambda: "fenced" in leader.log.read_text(), "the news of the lost lease"
    )
    assert successor.leads.is_set()
    successor.leave.set()
    assert await successor.task


async def test_a_lease_taken_away_cancels_the_block(
    leases: KeyValue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases_module, "RENEW_SECONDS", 0.05)
    holder = Someone(leases, "holder")
    await holder.leads.wait()
    await leases.put(KEY, b"thief")
    with pytest.raises(Fenced, match="taken by another process"):
        await holder.task
    assert (await leases.get(KEY)).value == b"thief"
    await leases.delete(KEY)
    again = Someone(leases, "again")
    await again.leads.wait()
    await leases.delete(KEY)
    with pytest.raises(Fenced, match="taken away"):
        await again.task


async def test_a_lease_that_cannot_be_renewed_ends_before_the_server_gives_it_away(
    leases: KeyValue, nats_server: NatsServer
) -> None:
    holder = Someone(leases, "holder")
    await holder.leads.wait()
    nats_server.pause()
    try:
        latest = asyncio.get_running_loop().time() + LEASE_SECONDS
        with pytest.raises(Fenced, match="ran out"):
            await holder.task
        assert holder.lease is not None
        assert holder.lease.until <= latest
    finally:
        nats_server.resume()


async def test_a_leader_outlives_a_short_restart_of_nats(
    bus: Bus, nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases_module, "LEASE_SECONDS", 60.0)
    leases = await open_leases(bus.connection)
    holder = Someone(leases, "holder")
    await holder.leads.wait()
    before = (await leases.get(KEY)).revision
    nats_server.kill()
    await asyncio.to_thread(nats_server.start)
    async with asyncio.timeout(300):
        while await _revision(leases) <= before:  # type: ignore[operator]
            assert not holder.task.done()
    holder.leave.set()
    assert await holder.task


async def test_a_lease_left_behind_by_a_restart_of_nats_is_its_holders_at_once(
    bus: Bus, nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases_module, "LEASE_SECONDS", 3600.0)  # longer than the test may take
    leases = await open_leases(bus.connection)
    with pytest.raises(ConnectionError):
        async with hold_lease(leases, KEY, holder="holder", stop=asyncio.Event()):
            nats_server.kill()
            raise ConnectionError
    await asyncio.to_thread(nats_server.start)
    assert await bus.connection.wait_connected(timeout_seconds=300)
    other = Someone(leases, "other")
    async with asyncio.timeout(300):
        await other.asked_in_vain.wait()
        async with hold_lease(leases, KEY, holder="holder", stop=asyncio.Event()) as lease:
            assert lease is not None
    other.stop.set()
    other.leave.set()
    await other.task


async def test_two_tasks_of_one_process_never_lead_under_one_name(leases: KeyValue) -> None:
    first = Someone(leases, "name")
    await first.leads.wait()
    with pytest.raises(ValueError, match="name of its own"):
        await Someone(leases, "name").task
    first.leave.set()
    assert await first.task
    async with asyncio.timeout(300), hold_lease(leases, KEY, holder="name", stop=asyncio.Event()):
        pass


async def _revision(leases: KeyValue) -> int:
    await asyncio.sleep(0.02)
    try:
        return (await leases.get(KEY)).revision or 0
    except Exception:  # noqa: BLE001 - the server is on its way back
        return 0


async def test_a_renewal_whose_answer_was_lost_is_recognised(
    leases: KeyValue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases_module, "RENEW_SECONDS", 0.05)
    holder = Someone(leases, "holder")
    await holder.leads.wait()
    ours = await leases.put(KEY, b"holder")  # stored, and nobody told the holder its revision
    async with asyncio.timeout(300):
        while await _revision(leases) <= ours:
            assert not holder.task.done()
    holder.leave.set()
    assert await holder.task


async def test_what_the_block_raises_comes_out_and_releases(long_leases: KeyValue) -> None:
    leases = long_leases
    with pytest.raises(ValueError, match="broken"):
        async with hold_lease(leases, KEY, holder="one", stop=asyncio.Event()):
            raise ValueError("broken")
    with pytest.raises(TimeoutError):  # one of the block's own
        async with hold_lease(leases, KEY, holder="two", stop=asyncio.Event()):
            raise TimeoutError
    async with asyncio.timeout(300), AsyncExitStack() as stack:
        await stack.enter_async_context(
            hold_lease(leases, KEY, holder="three", stop=asyncio.Event())
        )


async def test_a_cancelled_leader_is_cancelled_and_releases(long_leases: KeyValue) -> None:
    holder = Someone(long_leases, "holder")
    await holder.leads.wait()
    holder.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await holder.task
    successor = Someone(long_leases, "successor")
    async with asyncio.timeout(300):
        await successor.leads.wait()
    successor.leave.set()
    await successor.task


async def test_without_its_bucket_a_lease_is_unavailable(bus: Bus, leases: KeyValue) -> None:
    await bus.connection.client.jetstream().delete_key_value("swarm_leases")
    with pytest.raises(Transient):
        async with hold_lease(leases, KEY, holder="x", stop=asyncio.Event()):
            pass
    async with hold_lease(
        await open_leases(bus.connection), KEY, holder="x", stop=asyncio.Event()
    ) as lease:
        assert lease is not None
