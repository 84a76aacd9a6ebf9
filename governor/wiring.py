"""What is the governor made of? Everything is built here and taken down here."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Final

from enchanted.events.v1.swarm_event_pb2 import ROLE_GOVERNOR
from governor.gpus import Gpus
from governor.model import SERVICE, HostState
from governor.rules import holding
from governor.sampler import MachineSampler
from governor.settings import GovernorSettings
from governor.shell import Sampling
from governor.spec import service_spec
from nervous_system.clock import system_clock
from nervous_system.environment import read_settings
from nervous_system.ids import new_event_id
from nervous_system.service.runner import Runner
from nervous_system.service.service_commands import obey_service_commands
from nervous_system.service.service_context import open_service
from nervous_system.settings import MeshSettings
from nervous_system.telemetry.health import Fact, Health

MAX_SILENT_SECONDS: Final = 60.0
"""A publish may take its whole deadline and a lease has to run out; longer than that is stuck."""


async def run(stop: asyncio.Event) -> None:
    """Govern this machine until `stop` is set. Raises only what a person must mend."""
    mesh, settings = read_settings(MeshSettings), read_settings(GovernorSettings)
    async with AsyncExitStack() as stack:
        member = await stack.enter_async_context(open_service(mesh, service=SERVICE, stop=stop))
        if member is None:
            return
        bus, seen, holder = member.bus, member.telemetry, new_event_id()
        await stack.enter_async_context(
            obey_service_commands(
                bus, service=SERVICE, role=ROLE_GOVERNOR, stop=stop, holder=holder
            )
        )
        runner = Runner(
            bus,
            service_spec(settings),
            holder=holder,
            progress=seen.health.progress("fold", maximum_silence_seconds=MAX_SILENT_SECONDS).mark,
            work=seen.health.work("deciding"),
        )
        _show(seen.health, runner)
        sampling = Sampling(
            sampler=MachineSampler(
                host=settings.host, disk_path=mesh.home, metrics=seen.metrics, gpus=Gpus.open()
            ),
            observations=runner,
            metrics=seen.metrics,
            progress=seen.health.progress(
                "sample", maximum_silence_seconds=3 * settings.sample_seconds + 30
            ),
            work=seen.health.work("sampling"),
            sample_seconds=settings.sample_seconds,
        )
        try:
            async with asyncio.TaskGroup() as tasks:
                # A sample needs no drain: whatever ends the runner ends the sampling.
                sampler = tasks.create_task(sampling.run(), name="sampling")
                await runner.run(stop)
                sampler.cancel()
        except ExceptionGroup as group:
            raise group.exceptions[0] from group


def _show(health: Health, runner: Runner[HostState]) -> None:
    """How things stand, for `/healthz`; nothing while another governor leads this machine."""

    def pressure() -> Fact:
        rules = holding(runner.state, system_clock()) if runner.state is not None else ()
        return rules[0].name if rules else None

    health.fact("pressure", pressure)
    health.fact("workers", lambda: len(runner.state.workers) if runner.state is not None else None)
    health.fact(
        "deaf", lambda: len(runner.state.unresponsive) if runner.state is not None else None
    )
