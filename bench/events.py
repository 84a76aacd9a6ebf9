"""What do the measured events look like? A coder's run: decisions, outcomes, changes, signals.

Texts differ from event to event, so that no column compresses to nothing; a mean of about 400
bytes on the log, envelope and payload, without headers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from enchanted.events.v1.action_outcome_pb2 import (
    OUTCOME_FAILED,
    OUTCOME_SUCCEEDED,
    ActionOutcome,
)
from enchanted.events.v1.agent_decision_pb2 import AgentDecision
from enchanted.events.v1.state_change_pb2 import StateChange
from enchanted.events.v1.swarm_event_pb2 import ROLE_CODER
from enchanted.events.v1.system_signal_pb2 import SystemSignal
from nervous_system.contract.event import Event
from nervous_system.contract.message import Entry
from nervous_system.contract.payload import Payload
from nervous_system.ids import child_id, new_event_id

AGENTS: Final = 20
EVENTS_PER_TRACE: Final = 25
FILES: Final = 400

_BEGINNING: Final = datetime(2026, 11, 1, tzinfo=UTC)
_STEP: Final = timedelta(milliseconds=7)


def payloads(count: int) -> list[Payload]:
    """`count` payloads, the same for the same number."""
    return [_payload(number) for number in range(count)]


def entries(some: list[Payload], *, first: int = 0) -> Iterator[Entry]:
    """An event around each payload with ids of its own, as an agent would make it."""
    session = new_event_id()
    trace_id = span_id = before = ""
    for number, payload in enumerate(some, first):
        if number % EVENTS_PER_TRACE == 0 or not trace_id:
            trace_id = _hex(f"trace {session} {number}", 32)
            span_id = trace_id[:16]
        event_id = new_event_id()
        yield Entry(
            event=Event(
                event_id=event_id,
                timestamp=_BEGINNING + number * _STEP,
                agent_role=ROLE_CODER,
                agent_id=f"coder-{number // EVENTS_PER_TRACE % AGENTS}",
                payload=payload,
                trace_id=trace_id,
                span_id=span_id,
                causation_id=before if isinstance(payload, ActionOutcome) else "",
                correlation_id=trace_id,
                producer_session=session,
                producer_sequence=number + 1,
            )
        )
        before = event_id


def _payload(number: int) -> Payload:
    token = _hex(f"payload {number}", 64)
    file = f"src/package_{number % 20}/module_{number % FILES}.py"
    kind = number % 20
    if kind < 8:
        return AgentDecision(
            context_hash=token,
            input_trigger="the test run before",
            rationale=f"test_{token[:6]} fails at line {number % 900} since {token[6:12]} is None",
            rejected_alternatives=[f"skip test_{token[:6]}"],
            confidence_score=number % 100 / 100,
            chosen_action=f"edit {file}:{number % 900}",
        )
    if kind < 15:
        return ActionOutcome(
            decision_event_id=child_id("decision", str(number)),
            status=OUTCOME_FAILED if kind == 8 else OUTCOME_SUCCEEDED,
            exit_code=int(kind == 8),
            output=f"{number % 90} passed in {number % 70 / 10} s ({token[:20]})",
            duration_seconds=number % 700 / 100,
            cost_usd=number % 90 / 1000,
            input_tokens=number * 7 % 9000,
            output_tokens=number * 3 % 900,
        )
    if kind < 19:
        return StateChange(
            target_type="FILE_SYSTEM",
            target_resource=file,
            previous_state_hash=_hex(f"payload {number - 1}", 64),
            new_state_hash=token,
            diff_patch=f"@@ -{number % 900} +{number % 900} @@\n-x = None\n+x = '{token[:9]}'\n",
            is_reversible=True,
        )
    return SystemSignal(status="HEALTHY", cpu_load_percent=number % 100, memory_usage_mb=number)


def _hex(text: str, length: int) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:length]
