"""What happens in a control loop? Histories, by hand or by chance, to be folded and to be queried.

A history by chance keeps the order of a task's life and breaks every rule that is judged.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random  # noqa: TID251 - the type only; Hypothesis brings the seed

from hypothesis import strategies as st

from enchanted.events.v1.agent_decision_pb2 import AgentDecision
from enchanted.events.v1.command_pb2 import COMMAND_SLEEP, CommandIssued
from enchanted.events.v1.leadership_pb2 import RequestsTaken, TickObserved
from enchanted.events.v1.objective_pb2 import ObjectiveApproved, ObjectiveProposed
from enchanted.events.v1.policy_pb2 import PolicyAdopted, RegistryAdopted, RegistryEntry
from enchanted.events.v1.pulse_pb2 import (
    DispatchHeld,
    DispatchResumed,
    HaltLifted,
    HaltOrdered,
    SystemModeChanged,
)
from enchanted.events.v1.swarm_event_pb2 import (
    ROLE_CODER,
    ROLE_GUARDIAN,
    ROLE_OPERATOR,
    ROLE_OVERSEER,
    ROLE_SUPERVISOR,
    AgentRole,
)
from enchanted.events.v1.task_pb2 import (
    RESULT_QUARANTINED,
    TaskAcknowledged,
    TaskClaimed,
    TaskManifest,
    TaskSubmitted,
)
from enchanted.events.v1.task_request_pb2 import ORDER_CANCEL, TaskOrdered
from nervous_system.contract.event import Event, RecordedEvent
from nervous_system.contract.payload import Payload
from nervous_system.contract.subjects import subject_for
from nervous_system.ids import child_id

BEGINNING = datetime(2026, 11, 18, 9, 59, 30, tzinfo=UTC)


class History:
    """A log that is written one event after the other."""

    def __init__(self, *, first_sequence: int = 1) -> None:
        self.log: list[RecordedEvent] = []
        self.now = BEGINNING
        self.sequence = first_sequence - 1
        self.decided_seconds_ago = 0.0  # the producer's clock, against the stream's
        self._seen: dict[str, int] = {}

    def later(self, **passed: float) -> None:
        """Time passes, said as for a timedelta."""
        self.now += timedelta(**passed)

    def add(
        self,
        payload: Payload,
        role: AgentRole.ValueType = ROLE_OVERSEER,
        *,
        subject: str | None = None,
        because: RecordedEvent | None = None,
    ) -> RecordedEvent:
        """One more event, now; on the subject where it belongs, or where a stranger puts it."""
        self.sequence += 1
        event = Event(
            event_id=child_id("history", str(self.sequence)),
            timestamp=self.now - timedelta(seconds=self.decided_seconds_ago),
            agent_role=role,
            agent_id=f"agent-{role}",
            payload=payload,
            trace_id=f"{self.sequence:032x}",
            span_id=f"{self.sequence:016x}",
            causation_id=because.event.event_id if because is not None else "",
        )
        recorded = RecordedEvent(
            event=event,
            sequence=self.sequence,
            subject=subject or subject_for(event),
            recorded_at=self.now,
        )
        self.log.append(recorded)
        return recorded

    def submit(self, task_id: str, action: str = "work", **fields: object) -> RecordedEvent:
        """The overseer accepts a task."""
        manifest = TaskManifest(task_id=task_id, action=action, **fields)  # type: ignore[arg-type]
        return self.add(TaskSubmitted(manifest=manifest))

    def claim(self, task_id: str, worker_id: str = "w1", *, attempt: int = 1) -> RecordedEvent:
        """The overseer gives it to a worker."""
        claimed = TaskClaimed(
            task_id=task_id, worker_id=worker_id, attempt=attempt, lease_seconds=60
        )
        return self.add(claimed)

    def acknowledge(self, task_id: str, **fields: object) -> RecordedEvent:
        """The overseer ends it."""
        return self.add(TaskAcknowledged(task_id=task_id, **fields))  # type: ignore[arg-type]

    def decide(self, confidence: float | None) -> RecordedEvent:
        """An agent decides."""
        return self.add(AgentDecision(confidence_score=confidence, rationale="r"), ROLE_CODER)

    def turn(self, *, as_of_sequence: int, service: str = "overseer") -> RecordedEvent:
        """What stands before requests that a service decides at once."""
        # A leader reads on before it decides, so what a turn had seen never goes back.
        seen = max(as_of_sequence, self._seen.get(service, 0))
        self._seen[service] = seen
        return self.add(RequestsTaken(service=service, as_of_sequence=seen))


def registry(*agent_ids: str) -> RegistryAdopted:
    """These are registered."""
    return RegistryAdopted(entries=[RegistryEntry(agent_id=each) for each in agent_ids])


ACTIONS = (
    "diagnose.disk",
    "diagnose",
    "report_daily",
    "reportXdaily",
    "50% déjà\\vu",
    "[x]",
    "a\nb",
    "",
)
PATTERNS = (
    "*",
    "diagnose*",
    "diagnose.?isk",
    "report_*",
    "50%*",
    "*\\*",
    "50? d?jà*",
    "[x]",
    "a?b",
    "",
    "?",
)
_WORKERS = ("w1", "w2", "w3")
_GAPS_SECONDS = (0, 0, 0, 0.25, 1, 29.75, 60, 61, 600, 3000, 7200, 30_000)

_CONFIDENCES = (None, -0.1, 0.0, 0.25, 0.5, 0.7, 0.9, 1.0, 1.5, float("nan"), float("inf"))
_RULERS = (
    *(ROLE_OVERSEER, ROLE_OVERSEER, ROLE_OVERSEER, ROLE_OVERSEER),
    *(ROLE_OPERATOR, ROLE_SUPERVISOR, ROLE_CODER),  # who are not believed
)
_HALTERS = (ROLE_OPERATOR, ROLE_OPERATOR, ROLE_GUARDIAN, ROLE_CODER, ROLE_OVERSEER)
_GUARDS = (ROLE_GUARDIAN, ROLE_GUARDIAN, ROLE_GUARDIAN, ROLE_OPERATOR, ROLE_OVERSEER)
_HOLDS = (DispatchHeld(reason="r"), DispatchResumed())
_HALTS = (HaltOrdered(), HaltLifted())
_OTHERS = (
    TaskOrdered(task_id="t", order=ORDER_CANCEL),
    CommandIssued(kind=COMMAND_SLEEP, target="w1"),
    CommandIssued(kind=COMMAND_SLEEP, target="all", emergency=True),
    DispatchHeld(),
    ObjectiveProposed(objective_id="o", description="d"),
    ObjectiveApproved(objective_id="o"),
    TickObserved(service="governor", as_of_sequence=1),
    TaskClaimed(task_id="t1", worker_id="w9"),
)
_MOVES = (
    *("submit", "claim", "claim", "acknowledge", "decide", "decide"),
    *("policy", "registry", "mode", "hold", "halt", "other", "turn"),
)


def histories(*, first_sequence: int = 1) -> st.SearchStrategy[History]:
    """A few days in which everything that is judged goes right and wrong."""
    return st.randoms(use_true_random=True).map(
        lambda chance: _by_chance(chance, History(first_sequence=first_sequence))
    )


def _by_chance(chance: Random, history: History) -> History:
    open_tasks: list[str] = []
    for number in range(chance.randrange(150)):
        history.later(seconds=chance.choice(_GAPS_SECONDS))
        history.decided_seconds_ago = chance.choice((0.0, 0.0, 0.5, 45.0))
        match chance.choice(_MOVES):
            case "submit":
                history.submit(f"t{number}", chance.choice(ACTIONS), risk_tier=chance.randrange(4))
                open_tasks.append(f"t{number}")
            case "claim":
                task_id = chance.choice(("unknown", *open_tasks))
                history.claim(task_id, chance.choice(_WORKERS))
            case "acknowledge" if open_tasks:
                _acknowledge(chance, history, open_tasks)
            case "decide":
                history.decide(chance.choice(_CONFIDENCES))
            case "turn":
                seen = max(0, history.sequence - chance.randrange(7))
                service = chance.choice(("overseer", "overseer", "governor"))
                history.turn(as_of_sequence=seen, service=service)
            case "other":
                history.add(chance.choice(_OTHERS), chance.choice((ROLE_OPERATOR, ROLE_GUARDIAN)))
            case "policy":
                history.add(_policy(chance), chance.choice(_RULERS))
            case "registry":
                some = chance.sample(_WORKERS, chance.randrange(4))
                history.add(registry(*some), chance.choice(_RULERS))
            case "mode":
                mode = chance.choice(("operational", "operational", "degraded", "halted"))
                history.add(SystemModeChanged(mode=mode), chance.choice(_GUARDS))
            case "hold":
                history.add(chance.choice(_HOLDS), chance.choice(_RULERS))
            case "halt":
                history.add(chance.choice(_HALTS), chance.choice(_HALTERS))
    return history


def _acknowledge(chance: Random, history: History, open_tasks: list[str]) -> None:
    task_id, result = chance.choice(open_tasks), chance.randrange(9)
    history.acknowledge(
        task_id,
        result=result,
        duration_seconds=chance.uniform(-10, 1200),
        changed_files=["f"] * chance.randrange(13),
    )
    if result != RESULT_QUARANTINED:
        open_tasks.remove(task_id)


def _policy(chance: Random) -> PolicyAdopted:
    return PolicyAdopted(
        max_cpu_pct=chance.choice((0.0, 70.0, 70.0)),
        allow_unregistered_agents=chance.choice((True, False)),
        allowed_actions=chance.sample(PATTERNS, chance.randrange(5)),
        allowed_tiers=chance.sample(range(4), chance.randrange(5)),  # type: ignore[arg-type]
        max_open_tasks=chance.choice((0, 1, 3, 1000)),
        max_claims_per_minute=chance.choice((0, 1, 2, 1000)),
    )
