"""What is the governor made of? Everything is built here and taken down here."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Final

from pydantic import ValidationError

from enchanted.events.v1.swarm_event_pb2 import ROLE_GOVERNOR
from governor.core import GovernorCore
from governor.gpus import Gpus
from governor.model import SERVICE, HostState
from governor.sampler import MachineSampler
from governor.settings import GovernorSettings
from governor.shell import Sampling
from nervous_system.bus import Bus, open_bus
from nervous_system.errors import Fatal
from nervous_system.ids import new_event_id
from nervous_system.process import patiently
from nervous_system.role import Role
from nervous_system.runner import Runner
from nervous_system.settings import MeshSettings
from nervous_system.telemetry import Telemetry, telemetry

MOST_SILENT_SECONDS: Final = 60.0
"""A publish may take its whole deadline and a lease has to run out; longer than that is stuck."""


async def run(stop: asyncio.Event) -> None:
    """Govern this machine until `stop` is set. Raises only what a person must mend."""
    try:
        mesh, settings = MeshSettings(), GovernorSettings()
    except ValidationError as error:
        raise Fatal(f"a setting is of no use: {error}") from error
    async with AsyncExitStack() as stack:
        seen = await stack.enter_async_context(telemetry(mesh, service=SERVICE))
        bus = await patiently(
            "NATS",
            lambda: stack.enter_async_context(
                open_bus(mesh, name=SERVICE, tracer=seen.tracer, metrics=seen.metrics)
            ),
            stop=stop,
        )
        if bus is None:
            return
        await bus.stream.ensure(mesh)
        runner = _runner(bus, settings, seen)
        sampling = Sampling(
            sampler=MachineSampler(
                host=settings.host, disk_path=mesh.home, metrics=seen.metrics, gpus=Gpus.open()
            ),
            observations=runner,
            metrics=seen.metrics,
            progress=seen.health.progress(
                "sample", maximum_silence_seconds=3 * settings.sample_seconds + 30
            ),
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


def _runner(bus: Bus, settings: GovernorSettings, seen: Telemetry) -> Runner[HostState]:
    return Runner(
        bus,
        Role(
            core=GovernorCore(host=settings.host, policy=settings.policy()),
            state_type=HostState,
            service=SERVICE,
            scope=settings.host,
            agent_role=ROLE_GOVERNOR,
            subjects=(),  # its own events, which are read in any case, are all it needs
            tick_seconds=settings.sample_seconds,
        ),
        holder=new_event_id(),
        progress=seen.health.progress("fold", maximum_silence_seconds=MOST_SILENT_SECONDS).mark,
    )
