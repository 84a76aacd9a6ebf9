"""Does everybody get what several make at the same moment, whatever the server says meanwhile?"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from nats.js import JetStreamContext
from nats.js.errors import BadRequestError, ServerError

from nervous_system.bus import Bus, open_bus
from nervous_system.errors import Forbidden, NotAcknowledged, Permanent, Unavailable
from nervous_system.service.lease import open_leases
from nervous_system.service.snapshots import open_snapshots
from nervous_system.settings import MeshSettings
from nervous_system.transport import making
from nervous_system.transport.connection import Connection
from nervous_system.transport.refusals import refusal

NO_ROOM: dict[str, Any] = {
    "code": 500,
    "err_code": 10047,
    "description": "insufficient storage resources",
}
IN_USE: dict[str, Any] = {
    "code": 400,
    "err_code": 10058,
    "description": "stream name already in use",
}
REFUSALS = 12
"""So often one is refused before the other's making is done."""


@pytest.fixture
async def another(mesh_settings: MeshSettings) -> AsyncIterator[Bus]:
    """A bus on a server without a stream."""
    async with open_bus(mesh_settings, name="another") as bus:
        yield bus


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "LOOK_AGAIN_SECONDS", 0.01)
    monkeypatch.setattr(making, "UNDER_WAY_SECONDS", 300.0)


Make = Callable[[Bus, MeshSettings], Awaitable[object]]
MAKINGS: list[Make] = [
    lambda bus, settings: bus.stream.ensure(settings),
    lambda bus, settings: open_leases(bus.connection),
    lambda bus, settings: open_snapshots(bus.connection),
]
NAMES = ["stream", "leases", "snapshots"]


@pytest.mark.parametrize("make", MAKINGS, ids=NAMES)
async def test_ten_at_once_all_have_it(make: Make, mesh_settings: MeshSettings) -> None:
    async with AsyncExitStack() as stack:
        buses = [
            await stack.enter_async_context(open_bus(mesh_settings, name=f"b{number}"))
            for number in range(10)
        ]
        await asyncio.gather(*(make(bus, mesh_settings) for bus in buses))


@pytest.mark.usefixtures("soon")
async def test_a_stream_that_is_being_made_is_waited_for(
    another: Bus, mesh_settings: MeshSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server counts the room for it twice, for as long as the other's making takes."""
    ask = Connection.request_json
    refused: list[str] = []

    async def refusing(self: Connection, subject: str, body: Any, **more: Any) -> Any:
        if "STREAM.CREATE" not in subject:
            return await ask(self, subject, body, **more)
        refused.append(subject)
        if len(refused) == REFUSALS:
            await ask(self, subject, body, **more)  # the other's
        raise refusal(NO_ROOM, what=subject)

    monkeypatch.setattr(Connection, "request_json", refusing)
    await another.stream.ensure(mesh_settings)
    assert len(refused) == REFUSALS
    assert (await another.stream.state()).messages == 0


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("make", MAKINGS[1:], ids=NAMES[1:])
async def test_a_bucket_that_is_being_made_is_waited_for(
    make: Make, another: Bus, mesh_settings: MeshSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = JetStreamContext.add_stream
    refused: list[object] = []

    async def refusing(self: JetStreamContext, *said: Any, **more: Any) -> Any:
        refused.append(said)
        if len(refused) == REFUSALS:
            await add(self, *said, **more)  # the other's
            raise BadRequestError(**IN_USE)
        raise ServerError(**NO_ROOM)

    monkeypatch.setattr(JetStreamContext, "add_stream", refusing)
    await make(another, mesh_settings)
    assert len(refused) == REFUSALS


class Tries:
    """Is never found, and each try to make it fails in the same way."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.looks = self.tries = 0

    async def find(self) -> str | None:
        self.looks += 1
        return None

    async def make(self) -> str:
        self.tries += 1
        raise self.error


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize(
    "error", [Unavailable("no room"), NotAcknowledged("no answer")], ids=["full", "unanswered"]
)
async def test_what_nobody_makes_is_said_in_the_end(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "UNDER_WAY_SECONDS", 0.05)
    tries = Tries(error)
    with pytest.raises(type(error)):
        await making.found_or_made(tries.find, tries.make, what="it")
    assert tries.looks == tries.tries


@pytest.mark.usefixtures("soon")
async def test_a_fault_is_said_after_a_few_looks() -> None:
    tries = Tries(Permanent("no such setting"))
    with pytest.raises(Permanent):
        await making.found_or_made(tries.find, tries.make, what="it")
    assert tries.looks == making.LOOKS_BEHIND_A_FAULT


async def test_who_may_not_make_it_is_told_at_once_who_does() -> None:
    tries = Tries(Forbidden("not you"))
    with pytest.raises(Unavailable, match="it does not exist yet"):
        await making.found_or_made(tries.find, tries.make, what="it")
    assert tries.tries == 1
