"""How does a swarm go back to a checkpoint? By an event, and by changes that compensate others:
what was begun since is called off, files are put back. Nothing is taken off the log."""

from __future__ import annotations

from contextlib import suppress

from enchanted.events.v1.checkpoint_pb2 import RollbackOrdered
from enchanted.events.v1.swarm_event_pb2 import ROLE_OPERATOR
from enchanted.events.v1.task_request_pb2 import ORDER_CANCEL, TaskOrdered
from local_mesh.addresses import client_settings
from nervous_system.bus import Bus
from nervous_system.client.restoring import restoration_to
from nervous_system.contract.event import Event
from nervous_system.contract.subjects import token
from nervous_system.errors import Rejected
from nervous_system.ids import child_id, new_event_id
from nervous_system.names import EVENTS
from operations.actions.overseer_client import ask_as, operator
from operations.log_session import bus_session
from operations.queries.checkpoints import known_checkpoint
from operations.queries.live_swarm import LiveSwarm
from operations.queries.rollback_plan import RollbackPlan, plan_rollback


async def roll_back(
    bus: Bus, plan: RollbackPlan, *, leave: bool, reason: str, person: str, event_id: str
) -> str:
    """The id of the objective that puts files back; empty if there are none. Who is killed in the
    middle asks again under the same `event_id`, and the rest is done.

    Raises Rejected with each change that cannot be compensated, unless they are to `leave`, and
    then nothing was done; NotAcknowledged.
    """
    if plan.left and not leave:
        raise Rejected(plan.left)
    own = f"rollback-{event_id[:13]}"
    began = await bus.last_live(f"{EVENTS}.objective.added.{token(own)}") is not None
    objective_id = own if plan.files or began else ""
    objectives = [each for each in plan.objectives if each != own]
    checkpoint, why = plan.checkpoint, reason or f"back to {plan.checkpoint.name}"
    ordered = RollbackOrdered(
        checkpoint_id=checkpoint.checkpoint_id,
        epoch=checkpoint.epoch,
        position=checkpoint.position,
        reason=reason,
        objective_id=objective_id,
        cancelled_objectives=objectives,
        cancelled_tasks=plan.tasks,
        left=plan.left,
    )
    # Of a second try the plan is another one: the first words stand.
    await bus.publish_derived(
        Event(
            event_id=event_id,
            timestamp=bus.clock(),
            agent_role=ROLE_OPERATOR,
            agent_id=person,
            payload=ordered,
        )
    )
    orders = [
        *(TaskOrdered(objective_id=each, order=ORDER_CANCEL, reason=why) for each in objectives),
        *(TaskOrdered(task_id=each, order=ORDER_CANCEL, reason=why) for each in plan.tasks),
    ]
    for each in orders:
        label = f"cancel {each.objective_id} {each.task_id}"
        with suppress(Rejected):  # it has ended meanwhile, by itself
            await ask_as(person, bus, each, event_id=child_id(event_id, label))
    if objective_id and not began:
        proposal = restoration_to(
            checkpoint.position,
            log_created=checkpoint.log_created,
            objective_id=objective_id,
            reason=why,
            source=person,
            leave=leave,
        )
        await ask_as(person, bus, proposal, event_id=child_id(event_id, "restore"))
    return objective_id


async def plan_of(named: str) -> RollbackPlan:
    """What going back to the checkpoint of this id or name would mean, for the mesh that is
    meant. Raises NoSuch, NotDone."""
    async with bus_session(client_settings()) as bus:
        checkpoint = await known_checkpoint(bus, named)
        return await plan_rollback(bus, await LiveSwarm(bus).now(), checkpoint)


async def roll_back_to(named: str, *, leave: bool, reason: str) -> tuple[RollbackPlan, str]:
    """What was done, and the objective that puts files back. Raises as `roll_back`, NoSuch,
    NotDone."""
    async with bus_session(client_settings()) as bus:
        checkpoint = await known_checkpoint(bus, named)
        plan = await plan_rollback(bus, await LiveSwarm(bus).now(), checkpoint)
        objective_id = await roll_back(
            bus, plan, leave=leave, reason=reason, person=operator(), event_id=new_event_id()
        )
        return plan, objective_id
