"""What would become of an objective, and what does the policy say of it? Nothing is recorded."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from enchanted.events.v1.objective_pb2 import ObjectivePlanned, ObjectiveProposed, ObjectiveRejected
from local_mesh.addresses import client_settings
from nervous_system.bus import Bus
from nervous_system.phrases import join_list, pluralize
from operations.log_session import bus_session
from operations.queries.overseer_projection import OverseerProjection
from overseer.policy import tier_name


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRunTask:
    """A task that the objective would become."""

    task_id: str
    action: str
    priority: int
    risk_tier: str
    depends_on: tuple[str, ...]
    required_skills: tuple[str, ...]
    waits: str  # why it would not be done at once; empty where it would


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """What would follow."""

    objective_id: str
    reasons: tuple[str, ...] = ()  # why it would be refused; empty where it would not
    plan: str = ""  # empty: it would be planned once there is room
    waits_for_approval: bool = False
    tasks: tuple[DryRunTask, ...] = ()

    def document(self) -> dict[str, Any]:
        """Its JSON."""
        return {"dry_run": True, "accepted": not self.reasons, **asdict(self)}

    def sentence(self) -> str:
        """What the policy says of it, and what would come of it."""
        if not self.plan:
            return "it would be added, and planned once there is room for its tasks"
        would = f"it would become {pluralize(len(self.tasks), 'task')}"
        if self.waits_for_approval:
            risky = [each.task_id for each in self.tasks if each.risk_tier == "high-risk"]
            return f"{would} once a person said yes: {join_list(risky)} would be of high risk"
        return f"{would}, and the policy allows all of them"


async def suppose(bus: Bus, proposal: ObjectiveProposed) -> DryRun:
    """As the overseer would decide now. Raises as `OverseerProjection.of`."""
    now = bus.clock()
    decided = (await OverseerProjection.of(bus)).supposing(proposal, now)
    objective_id = proposal.objective_id
    planned = None
    for payload in decided.said:
        if isinstance(payload, ObjectiveRejected):
            return DryRun(objective_id=objective_id, reasons=tuple(payload.reasons))
        if isinstance(payload, ObjectivePlanned):
            planned = payload
    if planned is None:
        return DryRun(objective_id=objective_id)
    standstill = decided.after.standstill(now)
    return DryRun(
        objective_id=objective_id,
        plan=planned.plan,
        waits_for_approval=planned.waits_for_approval,
        tasks=tuple(
            DryRunTask(
                task_id=each.task_id,
                action=each.action,
                priority=each.priority,
                risk_tier=tier_name(each.risk_tier),
                depends_on=tuple(each.depends_on),
                required_skills=tuple(each.required_skills),
                waits="a person must say yes first"
                if planned.waits_for_approval
                else standstill.of_task(each.task_id),
            )
            for each in decided.after.would_do(objective_id)
        ),
    )


async def run_supposed(proposal: ObjectiveProposed) -> DryRun:
    """As `suppose`, of the mesh that is meant."""
    async with bus_session(client_settings()) as bus:
        return await suppose(bus, proposal)
