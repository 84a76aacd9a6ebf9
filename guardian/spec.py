"""As which part of the mesh does the guardian run: what it reads of the log, and what it writes?"""

from __future__ import annotations

from typing import Final

from enchanted.events.v1.swarm_event_pb2 import (
    ROLE_GOVERNOR,
    ROLE_GUARDIAN,
    ROLE_INGESTOR,
    ROLE_OVERSEER,
    ROLE_SUPERVISOR,
)
from guardian.core import GuardianCore
from guardian.model import SERVICE, GuardianState
from guardian.settings import GuardianSettings
from guardian.state_subscription import StateSubscription
from nervous_system.contract.subjects import PERSONS, source_of
from nervous_system.names import EVENTS
from nervous_system.service.fold import MAIN
from nervous_system.service.service_spec import ServiceSpec

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


def service_spec(
    settings: GuardianSettings, following: StateSubscription[GuardianState] | None = None
) -> ServiceSpec[GuardianState]:
    """The guardian, as a part of the mesh; `following` is shown the state at each tick."""
    following = following or StateSubscription()
    return ServiceSpec(
        core=GuardianCore(limits=settings.limits()),
        state_type=GuardianState,
        service=SERVICE,
        scope=MAIN,
        agent_role=ROLE_GUARDIAN,
        subjects=SUBJECTS,
        tick_seconds=settings.tick_seconds,
        around_tick=following.around_tick,
        exclusive_sources=("incident",),
        extra_write_filters=(
            f"{EVENTS}.command.>",
            f"{EVENTS}.request.task_ordered.>",
            f"{EVENTS}.request.objective_proposed.>",
        ),
    )
