"""Does a request end when whoever asks is told to, whatever arrives just then?"""

from __future__ import annotations

import asyncio

import pytest
from nats.aio.msg import Msg

from nervous_system.bus import Bus


async def test_a_request_is_cancelled_also_in_the_moment_of_its_answer(bus: Bus) -> None:
    """Before Python 3.12 `asyncio.wait_for`, by which nats-py waits, would go on."""
    client = bus.connection.client

    async def answer(message: Msg) -> None:
        await message.respond(b"yes")

    await client.subscribe("question", cb=answer)
    asking = asyncio.create_task(bus.connection.request("question", b"", timeout_seconds=5))
    while not any(each._callbacks for each in client._resp_map.values()):  # noqa: ASYNC110
        await asyncio.sleep(0)
    (reply,) = client._resp_map.values()
    reply.add_done_callback(lambda _: asking.cancel())
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert reply.result().data == b"yes"
    again = await bus.connection.request("question", b"", timeout_seconds=5)
    assert again.data == b"yes"
