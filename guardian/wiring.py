"""What is the guardian made of? Everything is built here and taken down here."""

from __future__ import annotations

import asyncio
from typing import Final

from enchanted.events.v1.swarm_event_pb2 import (
    ROLE_GOVERNOR,
    ROLE_GUARDIAN,
    ROLE_INGESTOR,
    ROLE_OVERSEER,
    ROLE_SUPERVISOR,
)
from guardian.clickhouse import ClickHouseRecord
from guardian.core import GuardianCore
from guardian.following import Following
from guardian.model import SERVICE, GuardianState, Limits
from guardian.pages import DURABLE, PAGES, Pages
from guardian.settings import GuardianSettings
from guardian.shell import FlagWatch, RecordWatch
from nervous_system.bus import Bus
from nervous_system.client.consumer import Consumer
from nervous_system.contract.subjects import PERSONS, source_of
from nervous_system.environment import read_settings
from nervous_system.ids import new_event_id
from nervous_system.names import EVENTS
from nervous_system.service.fold import MAIN
from nervous_system.service.joining import joined
from nervous_system.service.obeying import obeying
from nervous_system.service.role import Role
from nervous_system.service.runner import Runner
from nervous_system.settings import FLAG_NAME, MeshSettings
from nervous_system.telemetry.health import Health

MOST_SILENT_SECONDS: Final = 60.0
"""A publish may take its whole deadline and a lease has to run out; longer than that is stuck."""

WATCHED: Final = tuple(
    map(source_of, (ROLE_SUPERVISOR, ROLE_INGESTOR, ROLE_GOVERNOR, ROLE_OVERSEER))
)

SUBJECTS: Final = (
    *(f"{EVENTS}.{source}.>" for source in WATCHED),
    f"{EVENTS}.task.>",
    *(f"{EVENTS}.worker.{word}.*" for word in ("registered", "heartbeat", "departed")),
    *(
        f"{EVENTS}.{person}.{halt}"
        for person in PERSONS
        for halt in ("halt_ordered", "halt_lifted")
    ),
)
"""What is watched: services, those who do tasks, and what people say about halts."""


def role(
    limits: Limits, following: Following[GuardianState], *, tick_seconds: float
) -> Role[GuardianState]:
    """The guardian, as a part of the mesh."""
    return Role(
        core=GuardianCore(limits=limits),
        state_type=GuardianState,
        service=SERVICE,
        scope=MAIN,
        agent_role=ROLE_GUARDIAN,
        subjects=SUBJECTS,
        tick_seconds=tick_seconds,
        around_tick=following.around_tick,
        sources=("incident",),
        also_writes=(
            f"{EVENTS}.command.>",
            f"{EVENTS}.request.task_ordered.>",
            f"{EVENTS}.request.objective_proposed.>",
        ),
    )


async def run(stop: asyncio.Event) -> None:
    """Guard the mesh until `stop` is set. Raises only what a person must mend."""
    mesh, settings = read_settings(MeshSettings), read_settings(GuardianSettings)
    async with joined(mesh, service=SERVICE, stop=stop) as member:
        if member is None:
            return
        bus, seen = member.bus, member.telemetry
        holder = new_event_id()
        async with obeying(bus, service=SERVICE, role=ROLE_GUARDIAN, stop=stop, holder=holder):
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
    following: Following[GuardianState] = Following()
    runner = Runner(
        bus,
        role(limits, following, tick_seconds=settings.tick_seconds),
        holder=holder,
        progress=health.progress("fold", maximum_silence_seconds=MOST_SILENT_SECONDS).mark,
        work=health.work("deciding"),
    )
    health.fact("system_mode", lambda: following.state.mode if following.state else None)
    health.fact(
        "open_incidents", lambda: len(following.state.incidents) if following.state else None
    )
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
    pages = Pages(
        webhook_url=webhook.get_secret_value() if webhook is not None else None,
        within_seconds=settings.page_within_seconds,
    )
    consumer = Consumer(bus, durable=DURABLE, subjects=[PAGES])
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
