"""Does reading the log give every position, in order, and say so when it cannot?"""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from nervous_system import names
from nervous_system.bus import Bus
from nervous_system.contract.stored import Stored
from nervous_system.errors import Unavailable
from nervous_system.transport.reader import HEARTBEAT_SECONDS, Interrupted, Reader
from tests.nervous_system.event_samples import decision, entry
from tests.real_servers import NatsServer


async def _publish(bus: Bus, count: int, *, prefix: str = "") -> None:
    await bus.publish_all([entry(f"{prefix}{n}") for n in range(count)])


async def _read(reader: Reader, count: int) -> list[Stored]:
    found: list[Stored] = []
    async with asyncio.timeout(300):
        while len(found) < count:
            found += await reader.batch(max_messages=count - len(found), within_seconds=5)
    return found


async def test_it_starts_where_it_is_told_and_stays_live(bus: Bus) -> None:
    await _publish(bus, 100)
    async with bus.reader(start_sequence=51) as reader:
        found = await _read(reader, 50)
        assert [stored.sequence for stored in found] == list(range(51, 101))
        assert reader.at_end
        await bus.publish(decision("later"))
        assert [stored.sequence for stored in await _read(reader, 1)] == [101]


async def test_it_starts_at_a_time(bus: Bus) -> None:
    await _publish(bus, 3, prefix="old")
    (*_, last) = [stored async for stored in bus.replay()]
    await bus.publish(decision("new"))
    later = last.recorded_at + timedelta(microseconds=1)
    found = [stored async for stored in bus.replay(start_time=later)]
    assert [stored.message_id for stored in found] == [decision("new").event_id]


async def test_without_a_start_it_begins_with_what_comes_next(bus: Bus) -> None:
    await _publish(bus, 3)
    async with bus.reader() as reader:
        await bus.publish(decision("next"))
        assert [stored.sequence for stored in await _read(reader, 1)] == [4]


async def test_filters_and_headers_only(bus: Bus) -> None:
    await bus.publish(decision("a"), key="one")
    await bus.publish(decision("b"), key="two")
    await bus.publish(decision("c"), key="one")
    ids = await bus.event_ids(["swarm.events.*.decision.one"])
    assert ids == {decision("a").event_id, decision("c").event_id}
    headers_only = [stored async for stored in bus.replay(headers_only=True)]
    assert [stored.data for stored in headers_only] == [b"", b"", b""]


async def test_a_slow_user_slows_the_reading_and_loses_nothing(bus: Bus) -> None:
    """Failure mode 10: the buffer is bounded, the rest waits on the server."""
    await _publish(bus, 5000)
    async with Reader(bus.connection, start_sequence=1, buffer_messages=100) as reader:
        found: list[Stored] = []
        while len(found) < 5000:
            found += await reader.batch(max_messages=7, within_seconds=5)
            assert len(reader._buffer) <= 200
    assert [stored.sequence for stored in found] == list(range(1, 5001))


async def test_a_small_byte_budget_still_delivers_everything(bus: Bus) -> None:
    await _publish(bus, 2000)
    async with Reader(bus.connection, start_sequence=1, buffer_bytes=4000) as reader:
        assert len(await _read(reader, 2000)) == 2000


async def test_a_deleted_consumer_is_an_interruption(bus: Bus) -> None:
    """Failure mode 12: nothing goes on as if nothing had happened."""
    await _publish(bus, 1)
    async with bus.reader(start_sequence=1) as reader:
        await _read(reader, 1)  # the server has the pull request: it tells whoever waits
        await bus.connection.request_json(
            f"$JS.API.CONSUMER.DELETE.{names.STREAM}.{reader._name}", {}
        )
        with pytest.raises(Interrupted, match="Consumer Deleted"):
            await _read(reader, 1)


async def test_a_consumer_deleted_at_the_moment_of_its_first_pull_is_an_interruption(
    bus: Bus,
) -> None:
    """Some pulls get lost in its deletion, and nobody tells the one who waits."""

    async def read_in_vain() -> None:
        reader = bus.reader(start_sequence=1)
        pull = reader._pull

        async def pull_behind_a_deletion() -> None:
            deletion = f"$JS.API.CONSUMER.DELETE.{names.STREAM}.{reader._name}"
            await bus.connection.client.publish(deletion, b"")
            await pull()

        reader._pull = pull_behind_a_deletion  # type: ignore[method-assign]
        async with reader:
            with pytest.raises(Interrupted, match=r"Consumer Deleted|not found|503"):
                await reader.batch(max_messages=1, within_seconds=2 * HEARTBEAT_SECONDS)

    await asyncio.gather(*(read_in_vain() for _ in range(100)))


async def test_a_restarted_server_is_an_interruption_after_what_was_received(
    bus: Bus, nats_server: NatsServer
) -> None:
    await _publish(bus, 10)
    async with bus.reader(start_sequence=1) as reader:
        assert len(await _read(reader, 5)) == 5
        nats_server.kill()
        await asyncio.to_thread(nats_server.start)
        with pytest.raises(Interrupted, match="connection"):
            await _read(reader, 6)
        assert len(reader._buffer) == 0
    assert await bus.connection.wait_connected(timeout_seconds=300)
    async with bus.reader(start_sequence=11) as reader:
        await bus.publish(decision("after"))
        assert [stored.sequence for stored in await _read(reader, 1)] == [11]


async def test_a_replay_of_an_empty_log_ends(bus: Bus) -> None:
    assert [stored async for stored in bus.replay()] == []


async def test_recorded_times_keep_their_nanoseconds(bus: Bus) -> None:
    await bus.publish(decision("one"))
    (by_reader,) = [stored async for stored in bus.replay()]
    by_sequence = await bus.stream.at(1)
    assert by_sequence is not None
    assert by_sequence.recorded_at_ns == by_reader.recorded_at_ns
    assert by_sequence.data == by_reader.data


async def test_a_reader_that_cannot_open_leaves_nothing_behind(bus: Bus) -> None:
    client = bus.connection.client
    before, diverted = set(client._subs), set(client._raw_subscriptions)
    with pytest.raises(Unavailable):
        async with Reader(bus.connection, stream="NO_SUCH_STREAM", start_sequence=1):
            pass
    assert set(client._subs) == before
    assert set(client._raw_subscriptions) == diverted
