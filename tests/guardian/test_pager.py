"""Is a person called once, whoever dies, and is it said where nobody can be reached?"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import pytest
from aiohttp import web

from enchanted.events.v1.alarm_pb2 import AlarmRaised
from enchanted.events.v1.capacity_pb2 import CapacitySampled
from enchanted.events.v1.incident_pb2 import RecoveryAttempted
from enchanted.events.v1.swarm_event_pb2 import ROLE_GOVERNOR, ROLE_GUARDIAN, ROLE_INGESTOR
from guardian.pager import Pager
from guardian.playbooks import PAGE
from nervous_system.bus import Bus
from nervous_system.clock import system_clock
from nervous_system.contract.event import Event, RecordedEvent
from nervous_system.ids import new_event_id
from tests.guardian.guardian_log import StartGuardian, publish, until_on_log
from tests.real_servers import RealProcess, free_port, wait_until

ATTEMPTS = "swarm.events.incident.recovery_attempted.*"


@dataclass
class Webhook:
    """A server that is called, and what it answers: the last of `answers` for ever."""

    url: str = ""
    answers: list[int] = field(default_factory=lambda: [200])
    calls: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    called: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def handle(self, request: web.Request) -> web.Response:
        async with self.called:
            self.calls.append((request.headers["Idempotency-Key"], await request.json()))
            self.called.notify_all()
        return web.Response(
            status=self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        )

    async def until_called(self, times: int) -> None:
        async with asyncio.timeout(300), self.called:
            await self.called.wait_for(lambda: len(self.calls) >= times)


@pytest.fixture
async def webhook() -> AsyncIterator[Webhook]:
    hook, port = Webhook(), free_port()
    application = web.Application()
    application.router.add_post("/page", hook.handle)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    hook.url = f"http://127.0.0.1:{port}/page"
    yield hook
    await runner.cleanup()


def actions(process: RealProcess) -> list[str]:
    lines = process.log.read_text().splitlines()
    return [json.loads(line)["action"] for line in lines if line.startswith("{")]


async def truncate(bus: Bus) -> None:
    alarm = AlarmRaised(name="stream_truncated", message="the end is gone")
    await publish(bus, alarm, role=ROLE_INGESTOR)


async def fill_the_disk(bus: Bus) -> None:
    sample = CapacitySampled(host="node-1", disk_used_bytes=99, disk_total_bytes=100)
    await publish(bus, sample, role=ROLE_GOVERNOR)


async def test_a_page_that_comes_back_from_the_past_is_not_sent(webhook: Webhook) -> None:
    page = RecoveryAttempted(incident_id="i", step=PAGE, detail="the end is gone")
    now = system_clock()
    event = Event(
        event_id=new_event_id(),
        timestamp=now,
        agent_role=ROLE_GUARDIAN,
        agent_id="guardian/main",
        payload=page,
    )
    recorded = RecordedEvent(event=event, sequence=7, subject=ATTEMPTS, recorded_at=now)
    pages = Pager(webhook_url=webhook.url, within_seconds=3600.0)
    await pages.handle(replace(recorded, is_history=True))
    assert webhook.calls == []
    await pages.handle(recorded)
    assert [key for key, _ in webhook.calls] == [event.event_id]


async def test_a_page_is_sent_once_also_when_the_guardian_is_killed_afterwards(
    bus: Bus, start_guardian: StartGuardian, webhook: Webhook
) -> None:
    first = start_guardian("first", GANGLION_GUARDIAN_WEBHOOK_URL=webhook.url)
    await truncate(bus)
    await asyncio.to_thread(
        wait_until, lambda: "page.delivered" in actions(first), "the first page"
    )
    first.kill()
    second = start_guardian("second", GANGLION_GUARDIAN_WEBHOOK_URL=webhook.url)
    await fill_the_disk(bus)
    await asyncio.to_thread(
        wait_until, lambda: "page.delivered" in actions(second), "the second page"
    )
    attempts = await until_on_log(bus, ATTEMPTS, 4)
    pages = [
        each.event.event_id
        for each in attempts
        if isinstance(each.event.payload, RecoveryAttempted) and each.event.payload.step == "page"
    ]
    assert [key for key, _ in webhook.calls] == pages
    assert "stream_regressed of the log" in str(webhook.calls[0][1]["text"])
    assert actions(first).count("page.raised") == 1


async def test_a_page_that_was_not_taken_is_sent_again_under_the_same_key(
    bus: Bus, start_guardian: StartGuardian, webhook: Webhook
) -> None:
    webhook.answers = [503, 200]
    guardian = start_guardian(GANGLION_GUARDIAN_WEBHOOK_URL=webhook.url)
    await truncate(bus)
    await webhook.until_called(2)
    await asyncio.to_thread(wait_until, lambda: "page.delivered" in actions(guardian), "the page")
    assert len({key for key, _ in webhook.calls}) == 1
    assert actions(guardian).count("page.failed") == 1
    assert actions(guardian).count("page.raised") == 1


async def test_a_webhook_that_refuses_for_good_is_an_error_in_the_log(
    bus: Bus, start_guardian: StartGuardian, webhook: Webhook
) -> None:
    webhook.answers = [404]
    guardian = start_guardian(GANGLION_GUARDIAN_WEBHOOK_URL=webhook.url)
    await truncate(bus)
    await asyncio.to_thread(
        wait_until, lambda: "consumer.gave_up" in actions(guardian), "giving up"
    )
    assert len(webhook.calls) == 1
    assert "refused the page with 404" in guardian.log.read_text()
    assert webhook.url not in guardian.log.read_text()


async def test_without_a_webhook_the_log_line_is_the_page(
    bus: Bus, start_guardian: StartGuardian
) -> None:
    guardian = start_guardian()
    await truncate(bus)
    await asyncio.to_thread(wait_until, lambda: "page.raised" in actions(guardian), "the line")


async def test_an_old_page_is_said_and_not_sent(
    bus: Bus, start_guardian: StartGuardian, webhook: Webhook
) -> None:
    guardian = start_guardian(
        GANGLION_GUARDIAN_WEBHOOK_URL=webhook.url, GANGLION_GUARDIAN_PAGE_WITHIN_SECONDS="0.000001"
    )
    await truncate(bus)
    await asyncio.to_thread(wait_until, lambda: "page.stale" in actions(guardian), "the line")
    assert webhook.calls == []
