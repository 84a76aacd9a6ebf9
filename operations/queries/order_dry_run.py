"""What would follow from an order of a person's? A sentence for each thing; nothing is recorded."""

from __future__ import annotations

from typing import Final

from enchanted.events.v1.objective_pb2 import ObjectiveFinished
from enchanted.events.v1.pulse_pb2 import HaltLifted, HaltOrdered
from nervous_system.contract.payload import Payload
from nervous_system.errors import Rejected
from nervous_system.phrases import join_list, pluralize, seconds, with_reason
from operations.descriptions.table import describe
from operations.queries.live_swarm import Now
from overseer import dispatch_control

MAX_SENTENCES: Final = 100
NOTHING: Final = "nothing: it is so already"


def would_follow(now: Now, order: Payload, *, person: str) -> list[str]:
    """From a request to the overseer. Raises Rejected if it would be refused."""
    decided = now.overseen.supposing(order, now.at, person=person)
    if not decided.answer.accepted:
        raise Rejected(decided.answer.reasons)
    said = []
    for payload in decided.said:
        said.append(describe(payload))
        if isinstance(payload, ObjectiveFinished):
            objective = now.state.objectives.get(payload.objective_id)
            ids = sorted(objective.open_tasks) if objective is not None else []
            if ids:
                said.append(f"{_its(len(ids))} called off: {join_list(ids)}")
    more = len(said) - MAX_SENTENCES
    return [*said[:MAX_SENTENCES], *([f"and {more:,} more"] if more > 0 else [])] or [NOTHING]


def would_halt(now: Now, order: HaltOrdered) -> list[str]:
    """From a halt."""
    state, kernel = now.state, now.state.kernel
    waiting = len(kernel.tasks) - len(kernel.claimed)
    said = [f"dispatch is halted until somebody resumes it{with_reason(order.reason)}"]
    if state.halted:
        said.append(f"it is halted already: {state.halted} (ordered by {state.halted_by})")
    if waiting:
        said.append(f"{pluralize(waiting, 'task')} that are not begun wait")
    under_way = sorted(kernel.claimed)
    if under_way and order.now:
        said.append(f"what is being done is ended and waits again: {join_list(under_way)}")
    elif under_way:
        said.append(f"what is being done goes on: {join_list(under_way)}")
    return said


def would_resume(now: Now, order: HaltLifted) -> list[str]:
    """From the end of a halt."""
    state = now.state
    said = ["no halt of a person's is in force; what playbooks of incidents held goes on"]
    if state.halted:
        said = [f"the halt is lifted that {state.halted_by} ordered: {state.halted}"]
    if order.override_seconds:
        length = seconds(order.override_seconds)
        said.append(f"for {length} the limits of CPU and memory hold nothing back")
    elif dispatch_control.override(state, now.at) is not None:
        said.append("the limits of CPU and memory count again")
    return said


def _its(count: int) -> str:
    return "its open task is" if count == 1 else f"its {count:,} open tasks are"
