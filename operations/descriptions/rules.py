"""Which rules came into force, may tasks be handed out, and how did a pulse find the swarm?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from enchanted.events.v1.checkpoint_pb2 import CheckpointMade, RollbackOrdered
from enchanted.events.v1.policy_pb2 import CharterAdopted, PolicyAdopted, RegistryAdopted
from enchanted.events.v1.pulse_pb2 import (
    DispatchHeld,
    DispatchResumed,
    HaltLifted,
    HaltOrdered,
    PulseCompleted,
    SystemModeChanged,
)
from nervous_system.contract.payload import Payload
from nervous_system.phrases import pluralize, seconds, with_reason


def _describe_checkpoint(payload: CheckpointMade) -> str:
    place = f"position {payload.position} of epoch {payload.epoch}"
    return f"{payload.name} ({payload.checkpoint_id}) is {place}{with_reason(payload.note)}"


def _describe_rollback(payload: RollbackOrdered) -> str:
    objectives = pluralize(len(payload.cancelled_objectives), "objective")
    tasks = pluralize(len(payload.cancelled_tasks), "task")
    files = f", {payload.objective_id} puts files back" if payload.objective_id else ""
    left = f", {pluralize(len(payload.left), 'change')} stay" if payload.left else ""
    what = f"back to {payload.checkpoint_id}, position {payload.position} of epoch {payload.epoch}"
    return f"{what}: {objectives} and {tasks} called off{files}{left}{with_reason(payload.reason)}"


def _describe_policy(payload: PolicyAdopted) -> str:
    return f"policy {payload.hash[:8]} is in force{with_reason('; '.join(payload.warnings))}"


def _describe_registry(payload: RegistryAdopted) -> str:
    agents = pluralize(len(payload.entries), "agent")
    said = f"registry {payload.hash[:8]} of {agents} is in force"
    return f"{said}{with_reason('; '.join(payload.warnings))}"


def _describe_charter(payload: CharterAdopted) -> str:
    return f"charter {payload.hash[:8]} of {payload.path} is in force"


def _describe_pulse(payload: PulseCompleted) -> str:
    workers = f"{payload.system_mode}, {pluralize(payload.workers_alive, 'worker')}"
    tasks = f"{payload.tasks_claimed:,} claimed and {payload.tasks_waiting:,} waiting"
    held = f"; dispatch is held{with_reason(payload.hold_reason)}" if payload.dispatch_held else ""
    return f"pulse {payload.number}: {payload.recommendation}; {workers}, tasks: {tasks}{held}"


def _describe_held(payload: DispatchHeld) -> str:
    return f"no task is handed out{with_reason(payload.reason)}"


def _describe_resumed(payload: DispatchResumed) -> str:
    return f"tasks are handed out again{with_reason(payload.reason)}"


def _describe_mode(payload: SystemModeChanged) -> str:
    return f"the system is {payload.mode}{with_reason(payload.reason)}"


def _describe_halt(payload: HaltOrdered) -> str:
    at_once = ", and what is being done is ended" if payload.now else ""
    return f"halt{at_once}{with_reason(payload.reason)}"


def _describe_lifted(payload: HaltLifted) -> str:
    length = payload.override_seconds
    free = f", and for {seconds(length)} the limits hold nothing back" if length > 0 else ""
    return f"the halt is over{free}{with_reason(payload.reason)}"


RULES: Final[dict[type[Payload], Callable[[Any], str]]] = {
    PolicyAdopted: _describe_policy,
    RegistryAdopted: _describe_registry,
    CharterAdopted: _describe_charter,
    PulseCompleted: _describe_pulse,
    DispatchHeld: _describe_held,
    DispatchResumed: _describe_resumed,
    SystemModeChanged: _describe_mode,
    HaltOrdered: _describe_halt,
    HaltLifted: _describe_lifted,
    CheckpointMade: _describe_checkpoint,
    RollbackOrdered: _describe_rollback,
}
