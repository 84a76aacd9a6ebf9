"""Does whoever is told to end, end, also when that meets what he waits for?"""

from __future__ import annotations

import asyncio

import pytest

from nervous_system.bus import Bus, open_bus
from nervous_system.cancelling import heeding
from nervous_system.settings import MeshSettings
from nervous_system.waiting import pause


async def deaf(answer: asyncio.Future[str]) -> str:
    """As `wait_for` does before Python 3.12: what came counts, and not the cancellation."""
    while True:
        try:
            return await asyncio.shield(answer)
        except asyncio.CancelledError:
            if answer.done():
                return answer.result()


async def test_a_cancellation_that_meets_the_answer_counts() -> None:
    answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    asking = asyncio.create_task(heeding(deaf(answer)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    answer.set_result("yes")
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_the_outcome_comes_back_and_so_does_the_error() -> None:
    async def fails() -> None:
        raise LookupError("none")

    assert await heeding(asyncio.sleep(0, "yes")) == "yes"
    with pytest.raises(LookupError, match="none"):
        await heeding(fails())


async def test_a_request_that_is_cancelled_as_its_reply_arrives_is_cancelled(bus: Bus) -> None:
    """JetStream's buckets ask by it. A task group with such a task in it never ended."""
    client = bus.connection.client
    asking = asyncio.create_task(client.request("$JS.API.INFO", timeout=300))
    while not client._resp_map:  # noqa: ASYNC110 - it says nothing when it asks
        await asyncio.sleep(0)
    (reply,) = client._resp_map.values()
    await asyncio.sleep(0)  # by now it is waited for
    reply.add_done_callback(lambda _: asking.cancel())
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert reply.result().data, "it had arrived"


async def test_opening_a_bus_can_be_given_up_at_any_turn_of_the_loop(
    mesh_settings: MeshSettings,
) -> None:
    """The supervisor opens one every 5 s to look at what the mesh stands on."""

    async def open_and_stay() -> None:
        async with open_bus(mesh_settings, name="cancelled"):
            await asyncio.Event().wait()

    for turns in range(60):
        opening = asyncio.create_task(open_and_stay())
        for _ in range(turns):
            await asyncio.sleep(0)
        opening.cancel()
        await asyncio.wait({opening}, timeout=300)
        assert opening.cancelled(), f"after {turns} turns it was lost"


async def test_a_pause_ends_with_the_event_with_its_time_and_with_a_cancellation() -> None:
    event = asyncio.Event()
    await pause(0.01, unless=event)
    pausing = asyncio.create_task(pause(3600, unless=event))
    await asyncio.sleep(0)
    event.set()
    await pausing
    event.clear()
    pausing = asyncio.create_task(pause(3600, unless=event))
    await asyncio.sleep(0)
    event.set()
    pausing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await pausing
