"""Is a worker told what to do, and that there is something to do, from another account than the
log's, without a consumer?"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from enchanted.events.v1.command_pb2 import COMMAND_THROTTLE, CommandIssued
from enchanted.events.v1.swarm_event_pb2 import ROLE_GOVERNOR
from nervous_system.client.idleness import Hints
from nervous_system.client.worker import open_worker
from nervous_system.clock import system_clock
from nervous_system.contract.event import Event
from nervous_system.ids import new_event_id
from nervous_system.transport.bulk_client import BulkClient
from tests.security.permitted_server import PermittedServer


@pytest.fixture
async def permitted(tmp_path: Path) -> AsyncIterator[PermittedServer]:
    async with PermittedServer(tmp_path).running() as server:
        yield server


def _throttle(limit: int) -> Event:
    return Event(
        event_id=new_event_id(),
        timestamp=system_clock(),
        agent_role=ROLE_GOVERNOR,
        agent_id="governor/node",
        payload=CommandIssued(
            kind=COMMAND_THROTTLE, target="w1", limit=limit, expires_in_seconds=60, reason="a test"
        ),
    )


async def test_a_worker_hears_what_was_said_before_and_what_is_said_now(
    permitted: PermittedServer,
) -> None:
    settings = permitted.settings
    async with permitted.bus("governor") as governor:
        await governor.publish(_throttle(5))
        async with (
            asyncio.timeout(300),
            open_worker(
                settings.nats_url, worker_id="w1", max_concurrent_tasks=9, settings=settings
            ) as worker,
        ):
            await worker.command_listener.wait_until_informed()
            assert worker.orders.max_tasks(9) == 5
            await governor.publish(_throttle(2))
            while worker.orders.max_tasks(9) != 2:
                await worker.orders.change()


async def test_of_those_in_a_group_one_is_told(permitted: PermittedServer) -> None:
    told: list[str] = []

    def listener(client: BulkClient, name: str) -> Hints:
        return Hints(client, "the same group", lambda: told.append(name))

    async with (
        permitted.bus("worker") as one,
        permitted.bus("worker") as other,
        permitted.bus("overseer") as overseer,
    ):
        hints = [
            listener(one.connection.client, "one"),
            listener(other.connection.client, "other"),
        ]
        for hint in hints:
            await hint.listen()
        for each in (one, other):
            await each.connection.client.flush()
        for number in range(50):
            await overseer.connection.request(
                f"swarm.events.task.submitted.t{number}", b"", timeout_seconds=10
            )
        for each in (one, other):
            await each.connection.client.flush()
        assert len(told) == 50
        await hints[0].leave()
        await one.connection.client.flush()
        told.clear()
        await overseer.connection.request(
            "swarm.events.task.submitted.last", b"", timeout_seconds=10
        )
        async with asyncio.timeout(100):
            while not told:  # noqa: ASYNC110 - the server tells it when it can
                await asyncio.sleep(0.01)
        assert told == ["other"]
