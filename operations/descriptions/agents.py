"""What does an agent say: decisions, what came of them, and what was changed?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from enchanted.events.v1.action_outcome_pb2 import ActionOutcome, OutcomeStatus
from enchanted.events.v1.agent_decision_pb2 import AgentDecision
from enchanted.events.v1.state_change_pb2 import StateChange
from enchanted.events.v1.system_signal_pb2 import SystemSignal
from nervous_system.contract.payload import Payload
from nervous_system.phrases import enum_label


def _describe_decided(payload: AgentDecision) -> str:
    return f"{payload.chosen_action}: {payload.rationale}".strip(": ")


def _describe_came_out(payload: ActionOutcome) -> str:
    return f"{enum_label(OutcomeStatus, payload.status)} {payload.output}".strip()


def _describe_changed(payload: StateChange) -> str:
    before = payload.previous_state_hash[:8] or "nothing"
    after = payload.new_state_hash[:8] or "nothing"
    where = f" in {payload.workspace}" if payload.workspace else ""
    return f"{payload.target_type} {payload.target_resource} {before} → {after}{where}"


def _describe_signalled(payload: SystemSignal) -> str:
    return f"{payload.status} cpu {payload.cpu_load_percent} % {payload.memory_usage_mb} MB"


AGENTS: Final[dict[type[Payload], Callable[[Any], str]]] = {
    AgentDecision: _describe_decided,
    ActionOutcome: _describe_came_out,
    StateChange: _describe_changed,
    SystemSignal: _describe_signalled,
}
