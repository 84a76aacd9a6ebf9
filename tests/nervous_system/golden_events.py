"""What do the golden bytes in `contracts/golden/` say?

`python tests/nervous_system/golden_events.py` writes the files that are missing. It never touches
one that is there: they are what producers sent at the time, and must stay readable for ever.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from enchanted.events.v1.action_outcome_pb2 import OUTCOME_FAILED, ActionOutcome
from enchanted.events.v1.agent_decision_pb2 import AgentDecision
from enchanted.events.v1.alarm_pb2 import SEVERITY_CRITICAL, AlarmRaised
from enchanted.events.v1.capacity_pb2 import CapacitySampled, GpuSample
from enchanted.events.v1.leadership_pb2 import LeadershipTaken, TickObserved
from enchanted.events.v1.process_pb2 import ProcessExited, ProcessStarted
from enchanted.events.v1.state_change_pb2 import StateChange
from enchanted.events.v1.swarm_event_pb2 import ROLE_CODER, SwarmEvent
from enchanted.events.v1.system_signal_pb2 import SystemSignal
from nervous_system.codec import encode
from nervous_system.event import Event
from nervous_system.payload import Payload

FOLDER = Path(__file__).parents[2] / "contracts" / "golden"
MOMENT = datetime(2026, 11, 21, 9, 30, 15, 123456, tzinfo=UTC)
EVENT_ID = "5a3c9df2-8a44-4b7f-9d31-0c6b1f5f4e01"
CAUSE_ID = "5a3c9df2-8a44-4b7f-9d31-0c6b1f5f4e00"


def whole(payload: Payload) -> Event:
    """An event with every field of the envelope."""
    return Event(
        event_id=EVENT_ID,
        timestamp=MOMENT,
        agent_role=ROLE_CODER,
        agent_id="coder-1",
        payload=payload,
        trace_id="4bf92f3577b34da6a3ce929d0e0e4736",
        span_id="00f067aa0ba902b7",
        causation_id=CAUSE_ID,
        correlation_id="objective-7",
        producer_session="0d9cb2a8-1c0f-4a51-8a1c-3f9f0f1c2d3e",
        producer_sequence=42,
    )


EVENTS: dict[str, Event] = {
    "decision": whole(
        AgentDecision(
            context_hash="c" * 64,
            input_trigger="a failing test",
            rationale="the test is wrong: naïve 🐟",
            rejected_alternatives=["fix the code", ""],
            memory_ids=["m-1", "m-2"],
            confidence_score=0.0,
            chosen_action="fix the test",
        )
    ),
    "action_outcome": whole(
        ActionOutcome(
            decision_event_id=CAUSE_ID,
            status=OUTCOME_FAILED,
            exit_code=-9,
            output="killed\n",
            output_truncated=True,
            duration_seconds=1.5,
            cost_usd=0.0,
            input_tokens=1200,
            output_tokens=0,
        )
    ),
    "state_change": whole(
        StateChange(
            target_type="FILE_SYSTEM",
            target_resource="src/a b.py",
            previous_state_hash="a" * 64,
            new_state_hash="b" * 64,
            diff_patch="--- a/src/a b.py\n+++ b/src/a b.py\n@@ -1 +1 @@\n-old\n+new\n",
            is_reversible=True,
        )
    ),
    "system_signal": whole(
        SystemSignal(status="HEALTHY", cpu_load_percent=17, memory_usage_mb=2048)
    ),
    "capacity_sampled": whole(
        CapacitySampled(
            host="node-1",
            cpu_percent=12.5,
            cpu_count=1.5,
            load_1m=0.25,
            memory_used_bytes=1 << 40,
            memory_limit_bytes=1 << 41,
            disk_path="/var/lib",
            in_container=True,
            gpus=[GpuSample(index=1, name="H0", utilization_percent=99.5, temperature_celsius=0)],
        )
    ),
    "leadership_taken": whole(
        LeadershipTaken(service="governor", scope="node-1", term=3, holder="h-1")
    ),
    "tick_observed": whole(
        TickObserved(service="governor", scope="node-1", term=3, number=7, as_of_sequence=1 << 53)
    ),
    "process_started": whole(ProcessStarted(name="ingestor", pid=4711, attempt=2)),
    "process_exited": whole(
        ProcessExited(name="ingestor", pid=4711, exit_code=-11, attempt=2, restart_in_seconds=0.5)
    ),
    "alarm_raised": whole(
        AlarmRaised(
            name="stream_truncated",
            severity=SEVERITY_CRITICAL,
            message="positions 10 to 12 are gone",
            action="publish them again",
            epoch=1,
            first_sequence=10,
            last_sequence=12,
        )
    ),
}
"""By the payload's field; one for every kind there is."""


def from_the_seed() -> SwarmEvent:
    """What a producer sends that knows nothing but the seed's table."""
    message = SwarmEvent(
        event_id=EVENT_ID,
        trace_id="trace-abc",
        span_id="span-xyz-123",
        agent_role=ROLE_CODER,
        agent_id="coder-1",
        decision=AgentDecision(rationale="r", confidence_score=0.5),
    )
    message.timestamp.FromDatetime(MOMENT)
    return message


def from_the_future() -> bytes:
    """Our own event with a field we do not know in its payload, and one in its envelope."""
    message = SwarmEvent.FromString(encode(EVENTS["system_signal"]))
    message.system_signal.MergeFromString(b"\xc2\x3e\x03new")  # field 1000, three bytes
    return message.SerializeToString(deterministic=True) + b"\xc0\x3e\x2a"  # field 1000, 42


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    wanted = {name: encode(event) for name, event in EVENTS.items()}
    wanted["from_the_seed"] = from_the_seed().SerializeToString(deterministic=True)
    wanted["from_the_future"] = from_the_future()
    for name, data in wanted.items():
        path = FOLDER / f"{name}.bin"
        if not path.exists():
            path.write_bytes(data)
            print(f"wrote {path}")


if __name__ == "__main__":
    main()
