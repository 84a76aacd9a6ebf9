"""What is the guardian made of? Everything is built here and taken down here."""

from __future__ import annotations

import asyncio
from collections import Counter
from functools import partial
from typing import Final

from enchanted.events.v1.swarm_event_pb2 import (
    ROLE_GUARDIAN,
)
from guardian.clickhouse import ClickHouseRecord
from guardian.model import SERVICE, GuardianState
from guardian.pager import DURABLE, PAGER, Pager
from guardian.playbooks import PLAYBOOKS
from guardian.settings import GuardianSettings
from guardian.shell import FlagWatch, RecordWatch
from guardian.spec import service_spec
from guardian.state_subscription import StateSubscription
from nervous_system.bus import Bus
from nervous_system.client.consumer import Consumer
from nervous_system.environment import read_settings
from nervous_system.ids import new_event_id
from nervous_system.service.runner import Runner
from nervous_system.service.service_commands import obey_service_commands
from nervous_system.service.service_context import open_service
from nervous_system.settings import FLAG_NAME, MeshSettings
from nervous_system.telemetry.health import Health
from nervous_system.telemetry.metric_catalogue import INCIDENTS_OPEN
from nervous_system.telemetry.metrics import Metrics

MAX_SILENT_SECONDS: Final = 60.0
"""A publish may take its whole deadline and a lease has to run out; longer than that is stuck."""


async def run(stop: asyncio.Event) -> None:
    """Guard the mesh until `stop` is set. Raises only what a person must mend."""
    mesh, settings = read_settings(MeshSettings), read_settings(GuardianSettings)
    async with open_service(mesh, service=SERVICE, stop=stop) as member:
        if member is None:
            return
        bus, seen = member.bus, member.telemetry
        holder = new_event_id()
        async with obey_service_commands(
            bus, service=SERVICE, role=ROLE_GUARDIAN, stop=stop, holder=holder
        ):
            await _guard(bus, mesh, settings, seen.health, stop, holder=holder)


async def _guard(
    bus: Bus,
    mesh: MeshSettings,
    settings: GuardianSettings,
    health: Health,
    stop: asyncio.Event,
    *,
    holder: str,
) -> None:
    limits = settings.limits()
    following: StateSubscription[GuardianState] = StateSubscription()
    runner = Runner(
        bus,
        service_spec(settings, following),
        holder=holder,
        progress=health.progress("fold", maximum_silence_seconds=MAX_SILENT_SECONDS).mark,
        work=health.work("deciding"),
    )
    health.fact("system_mode", lambda: following.state.mode if following.state else None)
    health.fact(
        "open_incidents", lambda: len(following.state.incidents) if following.state else None
    )
    bus.metrics.before_reading(partial(_count_incidents, bus.metrics, following))
    flag = FlagWatch(flag=mesh.home / FLAG_NAME, following=following, observations=runner)
    record = RecordWatch(
        record=ClickHouseRecord(mesh.clickhouse_dsn),
        stream=bus.stream,
        following=following,
        observations=runner,
        limits=limits,
        look_seconds=settings.look_seconds,
        work=health.work("looking at ClickHouse"),
    )
    webhook = settings.webhook_url
    pages = Pager(
        webhook_url=webhook.get_secret_value() if webhook is not None else None,
        within_seconds=settings.page_within_seconds,
    )
    consumer = Consumer(bus, durable=DURABLE, subjects=[PAGER])
    try:
        async with asyncio.TaskGroup() as tasks:
            watching = [
                tasks.create_task(flag.run(), name="flag"),
                tasks.create_task(record.run(), name="record"),
            ]
            tasks.create_task(consumer.run(pages.handle, stop), name="pages")
            await runner.run(stop)
            for each in watching:
                each.cancel()
    except ExceptionGroup as group:
        raise group.exceptions[0] from group


def _count_incidents(metrics: Metrics, following: StateSubscription[GuardianState]) -> None:
    """Those that are open; nothing while another guardian leads."""
    if following.state is None:
        metrics.forget(INCIDENTS_OPEN)
        return
    found = Counter(each.incident_class for each in following.state.incidents.values())
    for incident_class, playbook in PLAYBOOKS.items():
        metrics.gauge(INCIDENTS_OPEN).labels(playbook.name).set(found[incident_class])
