"""Is every event handed over at least once, and given up only with a word?"""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import structlog

from enchanted.events.v1.swarm_event_pb2 import ROLE_GUARDIAN
from local_mesh.key_files import ensure_mesh_key
from nervous_system import names
from nervous_system.bus import Bus, open_bus
from nervous_system.client import consumer
from nervous_system.client.consumer import Consumer
from nervous_system.contract.event import RecordedEvent
from nervous_system.errors import Conflict, Permanent, Transient
from nervous_system.settings import MeshSettings
from tests.nervous_system.event_samples import decision, entry
from tests.real_servers import NatsServer

AGENTS = ["swarm.events.coder.>"]


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumer, "FETCH_SECONDS", 0.2)
    monkeypatch.setattr(consumer, "REBIND_SECONDS", 0.05)


class Worker:
    """A handler that notes what it was given and fails as it is told."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.failures: dict[str, list[Exception]] = {}
        self.changed = asyncio.Event()

    async def __call__(self, recorded: RecordedEvent) -> None:
        self.seen.append(recorded.event.event_id)
        self.changed.set()
        failures = self.failures.get(recorded.event.event_id)
        if failures:
            raise failures.pop(0)

    def fails(self, label: str, *errors: Exception) -> None:
        self.failures[decision(label).event_id] = list(errors)

    def times(self, label: str) -> int:
        return self.seen.count(decision(label).event_id)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(300):
            while not condition():
                self.changed.clear()
                await self.changed.wait()


@asynccontextmanager
async def working(
    bus: Bus, worker: Worker, *, acknowledge_seconds: float = 30.0
) -> AsyncIterator[Consumer]:
    """A consumer at work while the block runs."""
    subscription = Consumer(
        bus,
        durable="workers",
        subjects=AGENTS,
        acknowledge_seconds=acknowledge_seconds,
        first_delay_seconds=0.05,
    )
    stop = asyncio.Event()
    task = asyncio.create_task(subscription.run(worker, stop))
    try:
        yield subscription
    finally:
        stop.set()
        async with asyncio.timeout(300):
            await task


async def unsettled(bus: Bus) -> int:
    """What the server still waits for."""
    found = await bus.connection.request_json(f"$JS.API.CONSUMER.INFO.{names.STREAM}.workers", {})
    return int(found["num_ack_pending"]) + int(found["num_pending"])


async def until_settled(bus: Bus) -> None:
    async with asyncio.timeout(300):
        while await unsettled(bus):
            pass  # each look is a question to the server


async def test_events_come_in_order_and_go_on_where_they_stopped(bus: Bus) -> None:
    worker = Worker()
    await bus.publish_all([entry(f"{n}") for n in range(150)])
    async with working(bus, worker):
        await worker.until(lambda: len(worker.seen) == 150)
        await until_settled(bus)
    assert worker.seen == [decision(f"{n}").event_id for n in range(150)]
    await bus.publish(decision("later"))
    async with working(bus, worker):
        await worker.until(lambda: worker.times("later") == 1)
    assert len(worker.seen) == 151
    assert bus.metrics.value("ganglion_events_handled_total", outcome="handled") == 151


async def test_what_the_mesh_vouches_for_is_handed_over_and_nothing_else(
    bus: Bus, mesh_settings: MeshSettings, tmp_path: Path
) -> None:
    """As in every mesh from its first start on: it has a key."""
    ensure_mesh_key(tmp_path)
    settings = mesh_settings.model_copy(update={"home": tmp_path})
    said, worker = replace(decision("said"), agent_role=ROLE_GUARDIAN), Worker()
    async with open_bus(settings, name="service") as service:
        subscription = Consumer(service, durable="workers", subjects=["swarm.events.guardian.>"])
        stop = asyncio.Event()
        task = asyncio.create_task(subscription.run(worker, stop))
        await bus.publish(replace(decision("a stranger's"), agent_role=ROLE_GUARDIAN))
        await service.publish(said)
        await worker.until(lambda: worker.seen == [said.event_id])
        await until_settled(bus)
        assert worker.seen == [said.event_id]
        outcomes = {"handled": 1, "given_up": 1}
        for outcome, times in outcomes.items():
            assert service.metrics.value("ganglion_events_handled_total", outcome=outcome) == times
        stop.set()
        await task


async def test_an_event_is_acknowledged_only_after_the_work(bus: Bus) -> None:
    """Who dies in the middle of it gets it again."""
    started = asyncio.Event()

    async def never_done(recorded: RecordedEvent) -> None:
        started.set()
        await asyncio.Event().wait()

    await bus.publish(decision("work"))
    doomed = Consumer(bus, durable="workers", subjects=AGENTS, acknowledge_seconds=0.3)
    task = asyncio.create_task(doomed.run(never_done, asyncio.Event()))
    await started.wait()
    task.cancel()
    await asyncio.wait({task})
    worker = Worker()
    async with working(bus, worker, acknowledge_seconds=0.3):
        await worker.until(lambda: worker.times("work") == 1)
        await until_settled(bus)


@pytest.mark.parametrize("error", [Transient("try again"), Conflict("decide again")])
async def test_what_fails_for_now_comes_again_later(bus: Bus, error: Exception) -> None:
    worker = Worker()
    worker.fails("a", error, error)
    await bus.append([entry("a"), entry("b")])
    async with working(bus, worker):
        await worker.until(lambda: worker.times("a") == 3 and worker.times("b") == 1)
        await until_settled(bus)
    assert worker.seen.index(decision("b").event_id) == 1  # nobody waited for a
    assert bus.metrics.value("ganglion_events_handled_total", outcome="delayed") == 2


async def test_what_cannot_be_done_is_given_up_with_a_word_and_blocks_nobody(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Failure mode 9."""
    monkeypatch.setattr(consumer, "MAX_DELIVERIES", 2)
    worker = Worker()
    worker.fails("impossible", Permanent("no such table"))
    worker.fails("stubborn", Transient("once"), Transient("twice"))
    await bus.publish(decision("impossible"))
    await bus.connection.request("swarm.events.coder.decision", b"\xff", timeout_seconds=300)
    await bus.append([entry("stubborn"), entry("fine")])
    with structlog.testing.capture_logs() as said:
        async with working(bus, worker):
            await worker.until(lambda: worker.times("stubborn") == 2 and worker.times("fine") == 1)
            await until_settled(bus)
    assert bus.metrics.value("ganglion_events_handled_total", outcome="given_up") == 3
    given_up = {
        line["sequence"]: line["reason"] for line in said if line["event"] == "consumer.gave_up"
    }
    assert given_up[1] == "no such table"
    assert "not a SwarmEvent" in given_up[2]
    assert given_up[3] == "twice"


async def test_work_that_takes_longer_than_the_server_waits_is_not_delivered_twice(
    bus: Bus,
) -> None:
    class Slow(Worker):
        async def __call__(self, recorded: RecordedEvent) -> None:
            await super().__call__(recorded)
            await asyncio.sleep(0.4)

    worker = Slow()
    await bus.append([entry(f"{n}") for n in range(4)])
    async with working(bus, worker, acknowledge_seconds=0.3):
        await worker.until(lambda: len(worker.seen) == 4)
        await until_settled(bus)
    assert len(set(worker.seen)) == 4


async def test_a_deleted_durable_is_made_again(bus: Bus) -> None:
    """Failure mode 12: under a running fetch."""
    worker = Worker()
    await bus.publish(decision("before"))
    async with working(bus, worker):
        await worker.until(lambda: worker.times("before") == 1)
        await until_settled(bus)
        await bus.connection.request_json(f"$JS.API.CONSUMER.DELETE.{names.STREAM}.workers", {})
        await bus.publish(decision("after"))
        await worker.until(lambda: worker.times("after") == 1)


async def test_it_goes_on_after_a_restart_of_nats(bus: Bus, nats_server: NatsServer) -> None:
    worker = Worker()
    await bus.publish(decision("before"))
    async with working(bus, worker, acknowledge_seconds=0.5):
        await worker.until(lambda: worker.times("before") == 1)
        nats_server.kill()
        await asyncio.to_thread(nats_server.start)
        await bus.publish(decision("after"))
        await worker.until(lambda: worker.times("after") >= 1)
        await until_settled(bus)


def subscriptions(nats_server: NatsServer, name: str) -> int:
    """How many the client of that name has, as the server counts them."""
    url = f"http://127.0.0.1:{nats_server.monitor_port}/connz"
    with urllib.request.urlopen(url, timeout=300) as answer:
        connections = json.load(answer)["connections"]
    return sum(each["subscriptions"] for each in connections if each["name"] == name)


async def test_a_lost_connection_leaves_no_subscription_behind(
    bus: Bus, mesh_settings: MeshSettings, nats_server: NatsServer
) -> None:
    """The client would take it up again, and wait for it when it is told to end."""
    worker = Worker()
    async with (
        open_bus(mesh_settings, name="consumer") as another,
        working(another, worker),
    ):
        await another.publish(decision("before"))
        await worker.until(lambda: worker.times("before") == 1)
        before = await asyncio.to_thread(subscriptions, nats_server, "consumer")
        nats_server.kill()
        await asyncio.sleep(5 * consumer.FETCH_SECONDS)  # whatever was fetched is given up
        await asyncio.to_thread(nats_server.start)
        await bus.publish(decision("after"))
        await worker.until(lambda: worker.times("after") >= 1)
        assert await asyncio.to_thread(subscriptions, nats_server, "consumer") == before


async def test_who_stops_hands_the_rest_back_at_once(bus: Bus) -> None:
    stop = asyncio.Event()
    first = Worker()

    async def stopping(recorded: RecordedEvent) -> None:
        await first(recorded)
        stop.set()

    await bus.append([entry(f"{n}") for n in range(5)])
    patience = 3600.0  # of the server; the test's is less
    durable = Consumer(bus, durable="workers", subjects=AGENTS, acknowledge_seconds=patience)
    await durable.run(stopping, stop)
    assert len(first.seen) == 1
    second = Worker()
    async with working(bus, second, acknowledge_seconds=patience):
        async with asyncio.timeout(300):
            await second.until(lambda: len(second.seen) == 4)


async def test_a_handlers_own_defect_ends_the_run(bus: Bus) -> None:
    async def broken(recorded: RecordedEvent) -> None:
        raise ZeroDivisionError

    await bus.publish(decision("a"))
    with pytest.raises(ZeroDivisionError):
        await Consumer(bus, durable="workers", subjects=AGENTS).run(broken, asyncio.Event())
