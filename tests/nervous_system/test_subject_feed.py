"""Does one who may hold no consumer read all that is said to it, in order?"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from nervous_system import names
from nervous_system.bus import Bus
from nervous_system.contract.stored import Stored
from nervous_system.errors import Transient
from nervous_system.settings import MeshSettings
from nervous_system.transport.subject_feed import MAX_READ, SubjectFeed
from tests.nervous_system.event_samples import decision
from tests.real_servers import NatsServer

ONE, OTHER = "swarm.events.coder.decision.one", "swarm.events.coder.decision.other"


async def _feed(bus: Bus, subjects: Sequence[str] = (ONE, OTHER)) -> SubjectFeed:
    return bus.feed(subjects, since=await bus.stream.time() - timedelta(days=1))


async def _read(feed: SubjectFeed, count: int) -> list[Stored]:
    found: list[Stored] = []
    async with asyncio.timeout(300):
        while len(found) < count:
            try:
                found += await feed.look()
            except Transient:
                await asyncio.sleep(0.05)
                continue
            if len(found) < count:
                await feed.rest()
    return found


def _ids(found: Sequence[Stored]) -> list[str | None]:
    return [each.message_id for each in found]


async def test_what_is_there_comes_in_the_order_of_the_log_and_then_what_is_said(bus: Bus) -> None:
    said = [decision(f"{number}") for number in range(3 * MAX_READ)]
    for number, event in enumerate(said):
        await bus.publish(event, key="one" if number % 3 else "other")
    await bus.publish(decision("not meant"), key="another")
    async with await _feed(bus) as feed:
        assert not feed.at_end
        found = await _read(feed, len(said))
        assert _ids(found) == [each.event_id for each in said]
        assert await feed.look() == []
        assert feed.at_end
        for number in range(20):
            await bus.publish(decision(f"later {number}"), key="one")
            (stored,) = await _read(feed, 1)
            assert (stored.message_id, stored.subject) == (
                decision(f"later {number}").event_id,
                ONE,
            )


async def test_no_consumer_is_held(bus: Bus) -> None:
    async with await _feed(bus) as feed:
        await bus.publish(decision("a"), key="one")
        await _read(feed, 1)
        listed = await bus.connection.request_json(
            f"$JS.API.CONSUMER.NAMES.{names.STREAM}", {"offset": 0}
        )
        assert listed["total"] == 0


async def test_nothing_is_missed_over_a_restart_of_the_server(
    bus: Bus, nats_server: NatsServer
) -> None:
    async with await _feed(bus) as feed:
        await bus.publish(decision("a"), key="one")
        assert _ids(await _read(feed, 1)) == [decision("a").event_id]
        nats_server.kill()
        nats_server.start()
        await bus.connection.wait_connected(timeout_seconds=300)
        await bus.publish(decision("b"), key="other")
        found: list[str | None] = []
        while decision("b").event_id not in found:
            found += _ids(await _read(feed, 1))
        assert set(found) <= {decision("a").event_id, decision("b").event_id}


async def test_a_bell_for_what_the_log_refused_hides_nothing(bus: Bus) -> None:
    """A repetition rings, and is not stored; what is said then is heard at once."""
    async with await _feed(bus) as feed:
        await bus.publish(decision("a"), key="one")
        await _read(feed, 1)
        for number in range(5):
            await bus.connection.client.publish(ONE, b"x", headers={"Nats-Msg-Id": "refused"})
            again = await bus.publish(decision("a"), key="one")
            assert again.duplicate
            await bus.publish(decision(f"b{number}"), key="one")
            found = []
            while decision(f"b{number}").event_id not in found:
                found += _ids(await _read(feed, 1))


async def test_a_publisher_who_uses_the_servers_headers_changes_no_position(
    bus: Bus, mesh_settings: MeshSettings
) -> None:
    """Neither of what he publishes nor of what others do."""
    forged = {
        "Status": "404",
        "Nats-Sequence": "77",
        "Nats-Subject": "swarm.events.overseer.leadership_taken.main",
        "Nats-Time-Stamp": "2001-01-01T00:00:00Z",
        "Nats-Stream": "OTHER",
    }
    await bus.connection.request(ONE, b"mine", headers=forged, timeout_seconds=300)
    stored = await bus.stream.at(1)
    assert stored is not None
    assert (stored.sequence, stored.subject, stored.data) == (1, ONE, b"mine")
    assert stored.recorded_at.year > 2001
    async with await _feed(bus) as feed:
        (found,) = await _read(feed, 1)
    assert found == stored
