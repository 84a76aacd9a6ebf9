"""How is an objective brought to a running mesh by a program that stays?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nervous_system.bus import Bus
from nervous_system.client.proposing import USUAL_PRIORITY, objective
from operations.actions.overseer_client import ask_once, id_of_request


async def submit_objective(
    bus: Bus,
    description: str,
    *,
    objective_id: str = "",
    priority: int | None = None,
    metadata: Mapping[str, Any],
    person: str,
    event_id: str,
) -> str:
    """The id of the objective, once the overseer has taken it. Asked again under the same
    `event_id`, it is the same one. Raises InvalidEvent, Rejected, NotAcknowledged; NotDone if
    something else was asked under it before."""
    proposal = objective(
        description,
        objective_id=objective_id or event_id,
        priority=USUAL_PRIORITY if priority is None else priority,
        metadata=metadata,
        source=person,
    )
    if not objective_id:
        proposal.objective_id = id_of_request("objective", proposal, event_id=event_id)
    await ask_once(person, bus, proposal, event_id=event_id)
    return proposal.objective_id
