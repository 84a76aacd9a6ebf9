"""Does what is asked of a leader fit into its memory, whoever asks how much?"""

from __future__ import annotations

import asyncio

from enchanted.events.v1.answer_pb2 import Answer
from nervous_system.bus import Bus
from nervous_system.service.request_queue import MAX_WAITING_BYTES, RequestQueue
from nervous_system.settings import MeshSettings
from tests.security.raw_client import publish, raw_client

SUBJECT = "swarm.requests.overseer"
LARGE = b"x" * 1_000_000


async def test_large_requests_are_told_to_wait_before_they_fill_the_memory(
    bus: Bus, mesh_settings: MeshSettings
) -> None:
    room_for = MAX_WAITING_BYTES // len(LARGE)
    some = asyncio.Event()
    async with RequestQueue(bus, SUBJECT, some=some, now=bus.clock) as inbox:
        async with raw_client(mesh_settings.nats_url) as stranger:
            for _ in range(room_for + 10):
                await stranger.say(publish(SUBJECT.encode(), LARGE, reply=b"_INBOX.stranger"))
        reply = await bus.connection.request(SUBJECT, LARGE, timeout_seconds=300)
        assert Answer.FromString(reply.data).again
        assert inbox.waiting == room_for
        for _ in range(room_for):
            inbox.take(1, max_bytes=len(LARGE))
        asking = asyncio.create_task(bus.connection.request(SUBJECT, LARGE, timeout_seconds=300))
        await inbox.wait_for_request(within_seconds=300)
        inbox.take(1, max_bytes=len(LARGE))
        answer = Answer.FromString((await asking).data)
        assert answer.reasons, "there is room again: it is refused for what it is"
        assert not answer.again
