"""What is the overseer made of? Everything is built here and taken down here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Final

from enchanted.events.v1.swarm_event_pb2 import ROLE_OVERSEER
from nervous_system.bus import Bus
from nervous_system.client.request_client import RequestClient
from nervous_system.clock import Clock, system_clock
from nervous_system.environment import read_settings
from nervous_system.ids import new_event_id
from nervous_system.service.runner import Runner
from nervous_system.service.service_commands import obey_service_commands
from nervous_system.service.service_context import open_service
from nervous_system.settings import MeshSettings
from nervous_system.telemetry.health import Fact
from nervous_system.telemetry.service import Telemetry
from overseer import hindrances
from overseer.facts import FACTS, Look
from overseer.model import CoreSettings, OverseerState
from overseer.objective_inbox import ObjectiveInbox
from overseer.rule_files import RuleFiles
from overseer.settings import OverseerSettings
from overseer.spec import service_spec
from overseer.swarm_metrics import SwarmMetrics
from overseer.vocabulary import SERVICE

MAX_SILENT_SECONDS: Final = 60.0
"""A publish may take its whole deadline and a lease has to run out; longer than that is stuck."""


async def run(stop: asyncio.Event, *, clock: Clock = system_clock) -> None:
    """Oversee the swarm until `stop` is set. Raises only what a person must mend."""
    mesh, settings = read_settings(MeshSettings), read_settings(OverseerSettings)
    async with AsyncExitStack() as stack:
        member = await stack.enter_async_context(open_service(mesh, service=SERVICE, stop=stop))
        if member is None:
            return
        bus, seen, holder = member.bus, member.telemetry, new_event_id()
        await stack.enter_async_context(
            obey_service_commands(
                bus, service=SERVICE, role=ROLE_OVERSEER, stop=stop, holder=holder
            )
        )
        runner = _runner(bus, settings, seen, clock, holder)
        rules = RuleFiles(
            runner,
            charter=settings.charter or mesh.home / "charter.md",
            policy=settings.policy or mesh.home / "policy.yaml",
            registry=settings.registry or mesh.home / "registry.jsonl",
        )
        rules.require_charter()
        inbox = ObjectiveInbox(
            settings.inbox or mesh.home / "objectives.jsonl",
            RequestClient(
                bus, service=SERVICE, role=ROLE_OVERSEER, agent_id="overseer/inbox", clock=clock
            ),
            leads=lambda: runner.state is not None,
        )
        _show(seen, runner, settings.of_core(), clock)
        seen.health.fact("rules_refused", lambda: rules.refused)
        seen.health.fact("inbox_broken", lambda: inbox.broken)
        rules_progress = seen.health.progress("rules", maximum_silence_seconds=MAX_SILENT_SECONDS)
        inbox_progress = seen.health.progress("inbox", maximum_silence_seconds=MAX_SILENT_SECONDS)
        try:
            async with asyncio.TaskGroup() as tasks:
                beside = (
                    tasks.create_task(rules.watch(progress=rules_progress.mark), name="rules"),
                    tasks.create_task(inbox.watch(progress=inbox_progress.mark), name="inbox"),
                )
                await runner.run(stop)
                for task in beside:
                    task.cancel()
        except ExceptionGroup as group:
            raise group.exceptions[0] from group


def _show(
    seen: Telemetry, runner: Runner[OverseerState], settings: CoreSettings, clock: Clock
) -> None:
    """How things stand, for `ganglion status`; nothing while another overseer leads."""

    def fact(name: str, read: Look) -> None:
        def shown() -> Fact:
            state = runner.state
            return read(state, settings, clock()) if state is not None else None

        seen.health.fact(name, shown)

    def work(
        name: str, look: Callable[[OverseerState], hindrances.Hindered], *, grace_seconds: float
    ) -> None:
        def looked() -> hindrances.Hindered:
            state = runner.state
            return look(state) if state is not None else hindrances.NOTHING

        seen.health.work(name, looked, grace_seconds=grace_seconds)

    work(
        "dispatch",
        lambda state: hindrances.dispatch(state, settings, clock()),
        grace_seconds=0.0,
    )
    work("workers", hindrances.workers, grace_seconds=0.0)
    # A charter is adopted moments after the first start.
    work("pulse", lambda state: hindrances.pulse(state, clock()), grace_seconds=10.0)
    for name, read in FACTS.items():
        fact(name, read)


def _runner(
    bus: Bus, settings: OverseerSettings, seen: Telemetry, clock: Clock, holder: str
) -> Runner[OverseerState]:
    counted = SwarmMetrics(seen.metrics, lambda: runner.state, clock=clock)
    runner = Runner(
        bus,
        service_spec(settings, seen.tracer),
        holder=holder,
        clock=clock,
        progress=seen.health.progress("fold", maximum_silence_seconds=MAX_SILENT_SECONDS).mark,
        work=seen.health.work("deciding"),
        committed=counted.committed,
    )
    return runner
