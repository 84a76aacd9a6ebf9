"""Does a request end as it must: with its reply, in time, or when whoever asks is told to?"""

from __future__ import annotations

import asyncio

import pytest
from nats.aio.msg import Msg

from nervous_system.bus import Bus
from nervous_system.errors import NotAcknowledged, Unavailable


async def test_each_request_gets_its_own_reply(bus: Bus) -> None:
    waiting: list[Msg] = []
    all_came = asyncio.Event()

    async def answer_in_reverse(message: Msg) -> None:
        waiting.append(message)
        if len(waiting) == 3:
            for each in reversed(waiting):
                await each.respond(b"to " + each.data)
            all_came.set()

    await bus.connection.client.subscribe("question", cb=answer_in_reverse)
    replies = await asyncio.gather(
        *(
            bus.connection.request("question", data, timeout_seconds=300)
            for data in (b"one", b"two", b"three")
        )
    )
    assert all_came.is_set()
    assert [reply.data for reply in replies] == [b"to one", b"to two", b"to three"]


async def test_where_nobody_listens_is_said_at_once(bus: Bus) -> None:
    with pytest.raises(Unavailable, match="nobody to answer"):
        await bus.connection.request("question", b"", timeout_seconds=300)


async def test_a_reply_that_comes_too_late_goes_to_nobody(bus: Bus) -> None:
    asked: asyncio.Queue[Msg] = asyncio.Queue()
    await bus.connection.client.subscribe("question", cb=asked.put)
    with pytest.raises(NotAcknowledged, match="not answered within 0.05 s"):
        await bus.connection.request("question", b"first", timeout_seconds=0.05)
    again = asyncio.create_task(bus.connection.request("question", b"second", timeout_seconds=300))
    first, second = await asked.get(), await asked.get()
    await first.respond(b"late")
    await second.respond(b"in time")
    assert (await again).data == b"in time"


async def test_a_request_is_cancelled_also_in_the_moment_of_its_reply(bus: Bus) -> None:
    asking: asyncio.Task[object] | None = None

    async def answer(message: Msg) -> None:
        await message.respond(b"yes")

    await bus.connection.client.subscribe("question", cb=answer)
    arrived = bus.connection.client._raw_subscriptions
    (sid,) = arrived
    deliver = arrived[sid]

    def deliver_and_cancel(subject: bytes, reply: bytes, data: bytes, headers: bytes) -> None:
        deliver(subject, reply, data, headers)
        assert asking is not None
        asking.cancel()

    arrived[sid] = deliver_and_cancel
    asking = asyncio.create_task(bus.connection.request("question", b"", timeout_seconds=300))
    with pytest.raises(asyncio.CancelledError):
        await asking
    arrived[sid] = deliver
    again = await bus.connection.request("question", b"", timeout_seconds=300)
    assert again.data == b"yes"
