"""As which part of the mesh does the overseer run: what it reads of the log, writes and answers?"""

from __future__ import annotations

from contextlib import nullcontext

from enchanted.events.v1.swarm_event_pb2 import ROLE_OVERSEER
from nervous_system import names
from nervous_system.contract.authority import READS, SOURCES
from nervous_system.contract.subjects import EMERGENCY
from nervous_system.service.fold import MAIN
from nervous_system.service.service_spec import ServiceSpec
from nervous_system.telemetry.tracing import Tracer
from overseer import pulse
from overseer.core import OverseerCore
from overseer.model import OverseerState
from overseer.plan import Catalogue, CataloguePlanner
from overseer.settings import OverseerSettings
from overseer.vocabulary import SERVICE


def service_spec(
    settings: OverseerSettings, tracer: Tracer | None = None
) -> ServiceSpec[OverseerState]:
    """The overseer, as a part of the mesh; `tracer` watches its pulses."""
    tracer = tracer or Tracer()
    return ServiceSpec(
        core=OverseerCore(
            planner=CataloguePlanner(Catalogue.load_shipped()),
            phases=tracer.span,
            settings=settings.of_core(),
            kernel_settings=settings.of_kernel(),
        ),
        state_type=OverseerState,
        service=SERVICE,
        scope=MAIN,
        agent_role=ROLE_OVERSEER,
        subjects=READS,
        exclusive_sources=SOURCES,
        extra_write_filters=(f"{names.EVENTS}.command.{EMERGENCY}.*",),  # what was called off
        requests=f"{names.REQUESTS}.{SERVICE}",
        around_tick=lambda state, now: (
            tracer.span("pulse") if pulse.due(state, now) else nullcontext()
        ),
        tick_seconds=settings.tick_seconds,
    )
