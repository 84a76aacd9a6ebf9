"""What do the golden bytes in `contracts/golden/` say?

`python tests/nervous_system/golden_events.py` writes the files that are missing. It never touches
one that is there: they are what producers sent at the time, and must stay readable for ever.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from enchanted.events.v1.action_outcome_pb2 import (
    COST_ESTIMATED,
    OUTCOME_FAILED,
    ActionOutcome,
)
from enchanted.events.v1.agent_decision_pb2 import AgentDecision
from enchanted.events.v1.alarm_pb2 import SEVERITY_CRITICAL, AlarmRaised
from enchanted.events.v1.attribution_pb2 import Attribution
from enchanted.events.v1.capacity_pb2 import CapacitySampled, GpuSample
from enchanted.events.v1.command_pb2 import COMMAND_STOP, CommandAcknowledged, CommandIssued
from enchanted.events.v1.incident_pb2 import (
    INCIDENT_CRITICAL,
    CircuitOpened,
    IncidentClosed,
    IncidentEscalated,
    IncidentOpened,
    RecoveryAttempted,
    TimelineEntry,
)
from enchanted.events.v1.leadership_pb2 import LeadershipTaken, RequestsTaken, TickObserved
from enchanted.events.v1.objective_pb2 import (
    OBJECTIVE_CANCELLED,
    ObjectiveAdded,
    ObjectiveApproved,
    ObjectiveFinished,
    ObjectivePlanned,
    ObjectiveProposed,
    ObjectiveRejected,
)
from enchanted.events.v1.policy_pb2 import (
    CharterAdopted,
    PolicyAdopted,
    RegistryAdopted,
    RegistryEntry,
)
from enchanted.events.v1.process_pb2 import ProcessExited, ProcessStarted
from enchanted.events.v1.pulse_pb2 import (
    DispatchHeld,
    DispatchResumed,
    HaltLifted,
    HaltOrdered,
    KeyIndicator,
    PulseCompleted,
    SuccessWeight,
    SystemModeChanged,
)
from enchanted.events.v1.state_change_pb2 import StateChange
from enchanted.events.v1.station_pb2 import TaskImported, TaskStatusImported
from enchanted.events.v1.swarm_event_pb2 import ROLE_CODER, SwarmEvent
from enchanted.events.v1.system_signal_pb2 import SystemSignal
from enchanted.events.v1.task_pb2 import (
    RESULT_QUARANTINED,
    RISK_HIGH,
    TaskAcknowledged,
    TaskCancelled,
    TaskClaimed,
    TaskCompleted,
    TaskExpired,
    TaskFailed,
    TaskManifest,
    TaskProgressed,
    TaskQuarantined,
    TaskRejected,
    TaskReleased,
    TaskSubmitted,
)
from enchanted.events.v1.task_request_pb2 import (
    ORDER_RETRY,
    ClaimRequested,
    ProgressReported,
    ReleaseRequested,
    ResultArrivedLate,
    ResultReported,
    TaskOrdered,
    TasksProposed,
)
from enchanted.events.v1.worker_pb2 import (
    WorkerDeparted,
    WorkerHeartbeat,
    WorkerLost,
    WorkerRegistered,
)
from nervous_system.contract.codec import encode
from nervous_system.contract.event import Event
from nervous_system.contract.payload import Payload

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
    "task_submitted": whole(
        TaskSubmitted(
            manifest=TaskManifest(
                task_id="task-2",
                objective_id="objective-3",
                action="action 4",
                description="description 5",
                payload_json='{"n": 6}',
                priority=8,
                owner="owner 8",
                depends_on=["depends on 9"],
                ttl_seconds=10.5,
                required_skills=["required skills 11"],
                required_cpu_count=12.5,
                required_memory_bytes=4,
                max_attempts=5,
                idempotency_key="idempotency key 15",
                risk_tier=RISK_HIGH,
            )
        )
    ),
    "task_rejected": whole(
        TaskRejected(task_id="task-17", objective_id="objective-18", reasons=["reasons 19"])
    ),
    "task_claimed": whole(
        TaskClaimed(
            task_id="task-20",
            worker_id="worker-21",
            request_id=CAUSE_ID,
            attempt=4,
            lease_seconds=24.5,
        )
    ),
    "task_progressed": whole(
        TaskProgressed(
            task_id="task-25",
            worker_id="worker-26",
            attempt=8,
            fraction=28.5,
            note="note 29",
            lease_seconds=30.5,
        )
    ),
    "task_released": whole(
        TaskReleased(
            task_id="task-31",
            worker_id="worker-32",
            attempt=4,
            reason="reason 34",
            retry_in_seconds=35.5,
            given_back=True,
        )
    ),
    "task_completed": whole(TaskCompleted(task_id="task-36", worker_id="worker-37", attempt=9)),
    "task_failed": whole(
        TaskFailed(
            task_id="task-39",
            worker_id="worker-40",
            attempt=2,
            result=RESULT_QUARANTINED,
            reason="reason 43",
            retry_in_seconds=44.5,
        )
    ),
    "task_cancelled": whole(TaskCancelled(task_id="task-45", reason="reason 46")),
    "task_expired": whole(TaskExpired(task_id="task-47", reason="reason 48")),
    "task_quarantined": whole(TaskQuarantined(task_id="task-49", reason="reason 50")),
    "task_acknowledged": whole(
        TaskAcknowledged(
            task_id="task-51",
            objective_id="objective-52",
            action="action 53",
            worker_id="worker-54",
            attempts=6,
            result=RESULT_QUARANTINED,
            output="output 57",
            duration_seconds=58.5,
            changed_files=["changed files 59"],
            notes="notes 60",
            tool_efficacy_score=1.5,
        )
    ),
    "tasks_proposed": whole(
        TasksProposed(
            tasks=[
                TaskManifest(
                    task_id="task-63",
                    objective_id="objective-64",
                    action="action 65",
                    description="description 66",
                    payload_json='{"n": 67}',
                    priority=9,
                    owner="owner 69",
                    depends_on=["depends on 70"],
                    ttl_seconds=11.5,
                    required_skills=["required skills 72"],
                    required_cpu_count=13.5,
                    required_memory_bytes=5,
                    max_attempts=6,
                    idempotency_key="idempotency key 76",
                    risk_tier=RISK_HIGH,
                )
            ],
            together=True,
        )
    ),
    "claim_requested": whole(
        ClaimRequested(
            worker_id="worker-79", skills=["skills 80"], free_cpu_count=21.5, free_memory_bytes=3
        )
    ),
    "progress_reported": whole(
        ProgressReported(
            task_id="task-83", worker_id="worker-84", attempt=6, fraction=26.5, note="note 87"
        )
    ),
    "result_reported": whole(
        ResultReported(
            task_id="task-88",
            worker_id="worker-89",
            attempt=1,
            result=RESULT_QUARANTINED,
            output="output 92",
            changed_files=["changed files 93"],
            notes="notes 94",
        )
    ),
    "result_arrived_late": whole(
        ResultArrivedLate(
            task_id="task-95",
            worker_id="worker-96",
            attempt=8,
            result=RESULT_QUARANTINED,
            reason="reason 99",
        )
    ),
    "release_requested": whole(
        ReleaseRequested(task_id="task-100", worker_id="worker-101", attempt=3, reason="reason 103")
    ),
    "task_ordered": whole(TaskOrdered(task_id="task-104", order=ORDER_RETRY, reason="reason 106")),
    "objective_proposed": whole(
        ObjectiveProposed(
            objective_id="objective-107",
            description="description 108",
            priority=10,
            metadata_json='{"n": 110}',
            source="source 111",
            history=True,
        )
    ),
    "objective_added": whole(
        ObjectiveAdded(
            objective_id="objective-113",
            description="description 114",
            priority=6,
            metadata_json='{"n": 116}',
            source="source 117",
            history=True,
        )
    ),
    "objective_rejected": whole(
        ObjectiveRejected(objective_id="objective-119", reasons=["reasons 120"])
    ),
    "objective_planned": whole(
        ObjectivePlanned(
            objective_id="objective-121",
            plan="plan 122",
            plan_version="plan version 123",
            task_ids=["task ids 124"],
            rationale="rationale 125",
            risk_tier=RISK_HIGH,
            waits_for_approval=True,
        )
    ),
    "objective_approved": whole(
        ObjectiveApproved(objective_id="objective-128", reason="reason 129")
    ),
    "objective_finished": whole(
        ObjectiveFinished(
            objective_id="objective-130", result=OBJECTIVE_CANCELLED, summary="summary 132"
        )
    ),
    "worker_registered": whole(
        WorkerRegistered(
            worker_id="worker-133",
            skills=["skills 134"],
            max_concurrent_tasks=6,
            host="host 136",
            pid=8,
            heartbeat_seconds=18.5,
        )
    ),
    "worker_heartbeat": whole(
        WorkerHeartbeat(worker_id="worker-139", task_ids=["task ids 140"], draining=True)
    ),
    "worker_departed": whole(WorkerDeparted(worker_id="worker-142", reason="reason 143")),
    "worker_lost": whole(WorkerLost(worker_id="worker-144", silent_seconds=25.5)),
    "policy_adopted": whole(
        PolicyAdopted(
            hash="hash 146",
            text="text 147",
            warnings=["warnings 148"],
            max_cpu_pct=49.5,
            max_ram_pct=50.5,
            allow_unregistered_agents=True,
            allowed_actions=["diagnose.*", "report"],
            allowed_tiers=[RISK_HIGH],
            max_open_tasks=51,
            max_claims_per_minute=52,
        )
    ),
    "registry_adopted": whole(
        RegistryAdopted(
            hash="hash 149",
            entries=[
                RegistryEntry(
                    agent_id="agent-151",
                    role="role 152",
                    skills=["skills 153"],
                    autonomy="autonomy 154",
                    entry_json='{"n": 155}',
                )
            ],
            warnings=["warnings 156"],
        )
    ),
    "charter_adopted": whole(CharterAdopted(hash="hash 157", path="path 158")),
    "pulse_completed": whole(
        PulseCompleted(
            number=10,
            charter_hash="charter hash 160",
            policy_hash="policy hash 161",
            interval_seconds=42.5,
            system_mode="system mode 163",
            workers_alive=5,
            tasks_waiting=6,
            tasks_claimed=7,
            cpu_percent=47.5,
            memory_percent=48.5,
            ingest_lag=10,
            planned_objectives=["planned objectives 170"],
            dispatch_held=True,
            hold_reason="hold reason 172",
            tasks_completed=4,
            tasks_failed=5,
            tasks_requeued=6,
            mean_tool_efficacy_score=56.5,
            trend_tool_efficacy_score=57.5,
            weights=[SuccessWeight(agent_id="agent-179", action="action 180", weight=1.5)],
            recommendation="recommendation 182",
            indicators=[KeyIndicator(name="name 184", value=5.5, target=6.5, met=True)],
            alarms=["alarms 188"],
            incidents=["i-1 opened (worker_silent): w-1"],
        )
    ),
    "dispatch_held": whole(DispatchHeld(reason="reason 189")),
    "dispatch_resumed": whole(DispatchResumed(reason="reason 190")),
    "system_mode_changed": whole(SystemModeChanged(mode="mode 191", reason="reason 192")),
    "halt_ordered": whole(HaltOrdered(reason="reason 193")),
    "halt_lifted": whole(HaltLifted(reason="reason 194")),
    "command_issued": whole(
        CommandIssued(
            kind=COMMAND_STOP,
            target="target 196",
            reason="reason 197",
            expires_in_seconds=18.5,
            limit=10,
            releases_command_id=CAUSE_ID,
            emergency=True,
        )
    ),
    "command_acknowledged": whole(
        CommandAcknowledged(command_id=CAUSE_ID, target="target 203", obeyed=True, note="note 205")
    ),
    "incident_opened": whole(
        IncidentOpened(
            incident_id="incident-206",
            rule="rule 207",
            subject_of_concern="subject of concern 208",
            incident_class=INCIDENT_CRITICAL,
            summary="summary 210",
            cause_event_id=CAUSE_ID,
        )
    ),
    "recovery_attempted": whole(
        RecoveryAttempted(
            incident_id="incident-212", step="step 213", attempt=5, detail="detail 215"
        )
    ),
    "incident_escalated": whole(
        IncidentEscalated(
            incident_id="incident-216", incident_class=INCIDENT_CRITICAL, reason="reason 218"
        )
    ),
    "incident_closed": whole(
        IncidentClosed(
            incident_id="incident-219",
            recovered=True,
            root_cause="root cause 221",
            timeline=[TimelineEntry(after_seconds=43.5, text="text 224")],
            duration_seconds=45.5,
        )
    ),
    "circuit_opened": whole(
        CircuitOpened(
            playbook="playbook 226",
            subject_of_concern="subject of concern 227",
            for_seconds=48.5,
            reason="reason 229",
        )
    ),
    "requests_taken": whole(
        RequestsTaken(
            service="overseer", scope="main", term=3, number=8, as_of_sequence=1 << 53, requests=2
        )
    ),
    "task_imported": whole(
        TaskImported(
            task_id="task-1",
            manifest=TaskManifest(task_id="task-1", action="a", priority=5),
            status="dispatched",
            assignee="agent1",
            created_at="2025-10-24T16:47:01.877753",
            row_json='{"action": "a"}',
        )
    ),
    "task_status_imported": whole(
        TaskStatusImported(
            task_id="task-1",
            agent_id="agent1",
            status="done",
            notes="n",
            reported_at="2025-10-24T16:47:01.877753",
            row_json="{}",
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


def with_attribution() -> Event:
    """What an event may say beside a payload."""
    return replace(
        whole(
            ActionOutcome(
                decision_event_id=CAUSE_ID,
                cost_usd=0.25,
                input_tokens=1200,
                output_tokens=300,
                cache_read_input_tokens=1000,
                cache_write_input_tokens=0,
                reasoning_output_tokens=200,
                cost_provenance=COST_ESTIMATED,
                price_table="list prices of 2026-11-30",
            )
        ),
        attribution=Attribution(
            role_name="tester",
            model="a-model-4",
            provider_name="anthropic",
            conversation_id="c-1",
            run_id="r-1",
            prompt_id="p-1",
            response_id="msg-1",
            tool_call_id="call-1",
            labels={"team": "core", "a": "ü"},
        ),
    )


def with_workspace() -> Event:
    """A link of a chain in a repository."""
    return whole(
        StateChange(
            target_type="FILE_SYSTEM",
            target_resource="calc.py",
            new_state_hash="b" * 64,
            truncated=True,
            workspace="github.com/owner/repository",
        )
    )


def from_the_future() -> bytes:
    """Our own event with a field we do not know in its payload, and one in its envelope."""
    message = SwarmEvent.FromString(encode(EVENTS["system_signal"]))
    message.system_signal.MergeFromString(b"\xc2\x3e\x03new")  # field 1000, three bytes
    return message.SerializeToString(deterministic=True) + b"\xc0\x3e\x2a"  # field 1000, 42


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    wanted = {name: encode(event) for name, event in EVENTS.items()}
    wanted["with_attribution"] = encode(with_attribution())
    wanted["with_workspace"] = encode(with_workspace())
    wanted["from_the_seed"] = from_the_seed().SerializeToString(deterministic=True)
    wanted["from_the_future"] = from_the_future()
    for name, data in wanted.items():
        path = FOLDER / f"{name}.bin"
        if not path.exists():
            path.write_bytes(data)
            print(f"wrote {path}")


if __name__ == "__main__":
    main()
