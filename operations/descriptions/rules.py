"""Which rules came into force, may tasks be handed out, and how did a pulse find the swarm?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

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
from nervous_system.phrases import because, counted, seconds


def _policy(payload: PolicyAdopted) -> str:
    return f"policy {payload.hash[:8]} is in force{because('; '.join(payload.warnings))}"


def _registry(payload: RegistryAdopted) -> str:
    agents = counted(len(payload.entries), "agent")
    said = f"registry {payload.hash[:8]} of {agents} is in force"
    return f"{said}{because('; '.join(payload.warnings))}"


def _charter(payload: CharterAdopted) -> str:
    return f"charter {payload.hash[:8]} of {payload.path} is in force"


def _pulse(payload: PulseCompleted) -> str:
    workers = f"{payload.system_mode}, {counted(payload.workers_alive, 'worker')}"
    tasks = f"{payload.tasks_claimed:,} claimed and {payload.tasks_waiting:,} waiting"
    held = f"; dispatch is held{because(payload.hold_reason)}" if payload.dispatch_held else ""
    return f"pulse {payload.number}: {payload.recommendation}; {workers}, tasks: {tasks}{held}"


def _held(payload: DispatchHeld) -> str:
    return f"no task is handed out{because(payload.reason)}"


def _resumed(payload: DispatchResumed) -> str:
    return f"tasks are handed out again{because(payload.reason)}"


def _mode(payload: SystemModeChanged) -> str:
    return f"the system is {payload.mode}{because(payload.reason)}"


def _halt(payload: HaltOrdered) -> str:
    at_once = ", and what is being done is ended" if payload.now else ""
    return f"halt{at_once}{because(payload.reason)}"


def _lifted(payload: HaltLifted) -> str:
    length = payload.override_seconds
    free = f", and for {seconds(length)} the limits hold nothing back" if length > 0 else ""
    return f"the halt is over{free}{because(payload.reason)}"


RULES: Final[dict[type[Payload], Callable[[Any], str]]] = {
    PolicyAdopted: _policy,
    RegistryAdopted: _registry,
    CharterAdopted: _charter,
    PulseCompleted: _pulse,
    DispatchHeld: _held,
    DispatchResumed: _resumed,
    SystemModeChanged: _mode,
    HaltOrdered: _halt,
    HaltLifted: _lifted,
}
