"""On which subjects does the overseer go by what others say, and which does it alone write? Said
once: its role reads these, and by the same `swarm.events.heard` is filled in ClickHouse.
"""

from __future__ import annotations

from typing import Final

from enchanted.events.v1.swarm_event_pb2 import ROLE_OPERATOR, ROLE_OVERSEER
from nervous_system.contract.command import ORDINARY
from nervous_system.contract.event import Event
from nervous_system.contract.subjects import AGENTS, EMERGENCY, source_of
from nervous_system.names import EVENTS

OVERSEER: Final = source_of(ROLE_OVERSEER)

ALONE: Final = ("task", "objective")
"""Sources of which only the overseer's own word counts."""

SOURCES: Final = (*ALONE, "request")
"""What it alone writes, beside what is in its own name; but for what others may order."""

DECIDING: Final = (*AGENTS, source_of(ROLE_OPERATOR))
"""The roles of those whose decisions and confidence are counted."""

READS: Final = (
    *(f"{EVENTS}.worker.{word}.*" for word in ("registered", "heartbeat", "departed")),
    *(f"{EVENTS}.request.task_ordered{key}" for key in (".>", "")),  # of the guardian
    f"{EVENTS}.request.objective_proposed.>",  # of the governor, and of a station's import
    f"{EVENTS}.request.tasks_proposed.>",  # likewise: what is asked has no key
    *(f"{EVENTS}.{role}.decision" for role in DECIDING),
    f"{EVENTS}.operator.halt_ordered",
    f"{EVENTS}.operator.halt_lifted",
    *(f"{EVENTS}.command.{lane}.*" for lane in (ORDINARY, EMERGENCY)),  # a person's, to count
    f"{EVENTS}.governor.capacity_sampled.*",
    *(
        f"{EVENTS}.guardian.{word}"
        for word in ("system_mode_changed", "halt_ordered", "halt_lifted", "alarm_raised")
    ),
    f"{EVENTS}.incident.>",
    f"{EVENTS}.governor.alarm_raised.*",
    f"{EVENTS}.ingestor.alarm_raised",
)
"""What others say that the overseer goes by, beside what it is asked; of each only what it may say:
whoever may publish on `worker.>` must not be able to adopt a policy there, or to lift a halt."""


def is_by_who_may(event: Event) -> bool:
    """Whether what the overseer alone may say is said by it; whoever goes by events believes nobody
    else there."""
    return event.kind.source not in ALONE or event.agent_role == ROLE_OVERSEER
