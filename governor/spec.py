"""As which part of the mesh does a governor run: what it reads of the log, and what it writes?"""

from __future__ import annotations

from typing import Final

from enchanted.events.v1.swarm_event_pb2 import ROLE_GOVERNOR, AgentRole
from governor.core import GovernorCore
from governor.model import SERVICE, HostState
from governor.settings import GovernorSettings
from nervous_system.contract.subjects import source_of
from nervous_system.names import EVENTS
from nervous_system.service.service_spec import ServiceSpec

SUBJECTS: Final = (
    f"{EVENTS}.overseer.policy_adopted",
    f"{EVENTS}.overseer.pulse",
    f"{EVENTS}.operator.halt_lifted",
    f"{EVENTS}.overseer.worker_lost.*",
    f"{EVENTS}.worker.registered.*",
    f"{EVENTS}.worker.departed.*",
    # One for each role, as what overlaps with its own events would have it read the whole log.
    *(
        f"{EVENTS}.{source_of(role)}.command_acknowledged.*"
        for role in AgentRole.values()
        if role and role != ROLE_GOVERNOR
    ),
)
"""What others say that it goes by, beside its own events."""

EXTRA_WRITE_FILTERS: Final = (f"{EVENTS}.command.*.>", f"{EVENTS}.request.objective_proposed.*")
"""What it writes among others. It recalls all of it: what it wrote it must not decide again."""


def service_spec(settings: GovernorSettings) -> ServiceSpec[HostState]:
    """The governor of one machine, as a part of the mesh."""
    return ServiceSpec(
        core=GovernorCore(host=settings.host, policy=settings.policy()),
        state_type=HostState,
        service=SERVICE,
        scope=settings.host,
        agent_role=ROLE_GOVERNOR,
        subjects=SUBJECTS,
        extra_write_filters=EXTRA_WRITE_FILTERS,
        tick_seconds=settings.sample_seconds,
    )
