"""What does the overseer decide? Requests about tasks and objectives are answered at once; time
brings leases to their end, limits to bear, and the pulse.

Each decision is in the file of what it is about: `requests/` for what is asked, `kernel/overdue.py`
for what time brings, `objectives.py`, `dispatch_control.py` for who may hold dispatch, `pulse.py`.
This file only leads from a cause to them."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from enchanted.events.v1.alarm_pb2 import SEVERITY_INFO, AlarmRaised
from enchanted.events.v1.answer_pb2 import Answer
from enchanted.events.v1.capacity_pb2 import CapacitySampled
from enchanted.events.v1.incident_pb2 import IncidentClosed, IncidentOpened
from enchanted.events.v1.objective_pb2 import (
    ObjectiveAdded,
)
from enchanted.events.v1.policy_pb2 import CharterAdopted, PolicyAdopted, RegistryAdopted
from enchanted.events.v1.pulse_pb2 import (
    DispatchHeld,
    DispatchResumed,
    HaltLifted,
    HaltOrdered,
    PulseCompleted,
    SystemModeChanged,
)
from enchanted.events.v1.swarm_event_pb2 import ROLE_OPERATOR, ROLE_OVERSEER
from enchanted.events.v1.task_pb2 import (
    RESULT_COMPLETED,
    TaskAcknowledged,
    TaskClaimed,
    TaskFailed,
    TaskReleased,
    TaskSubmitted,
)
from enchanted.events.v1.task_request_pb2 import ResultReported
from enchanted.events.v1.worker_pb2 import WorkerHeartbeat
from nervous_system.contract.command import override_end
from nervous_system.contract.event import Event, RecordedEvent
from nervous_system.contract.words import INGEST_LAG
from nervous_system.service.decision import Emit, Tick
from nervous_system.service.fast_replace import replace
from overseer import dispatch_control as gates
from overseer import indicators, objectives, pulse
from overseer.kernel import evolve as kernel
from overseer.kernel import lives, overdue
from overseer.kernel.state import KernelSettings
from overseer.kernel.submission import MAX_PROPOSED
from overseer.model import (
    MAINTENANCE_IDS,
    MAINTENANCE_SOURCE,
    MAX_SCORES,
    Cadence,
    CoreSettings,
    Load,
    Override,
    OverseerState,
)
from overseer.policy import PolicyRefused, read_policy
from overseer.ports import Phases, Planner
from overseer.requests import kinds as requests
from overseer.requests.asked import DecidedRequest

MAX_NAMED = 50
MAX_SENTENCE_CHARACTERS = 300
"""Alarms and incidents in one pulse, and characters of what is said of one."""

MAX_PLANNED = MAX_PROPOSED + 1
"""Events of what a pulse plans: one objective of any size finds room."""

MAX_PLANNED_BYTES = 4_000_000
"""Of what a pulse plans: the rest follows at the next."""

_OURS = ("task", "objective")


@dataclass(frozen=True, slots=True, kw_only=True)
class OverseerCore:
    """The pure half of the overseer."""

    planner: Planner
    phases: Phases = nullcontext
    settings: CoreSettings = field(default_factory=CoreSettings)
    kernel_settings: KernelSettings = field(default_factory=KernelSettings)

    def initial(self) -> OverseerState:
        """Nothing has happened."""
        return OverseerState()

    def evolve(self, state: OverseerState, recorded: RecordedEvent, /) -> OverseerState:
        """The state after one more event. What only the overseer may say counts only from it."""
        event = recorded.event
        if event.kind.source in _OURS and event.agent_role != ROLE_OVERSEER:
            return state
        tasks_after = kernel.evolve(state.kernel, recorded)
        measured = indicators.evolve(state.indicators, recorded)
        if tasks_after is not state.kernel or measured is not state.indicators:
            state = replace(state, kernel=tasks_after, indicators=measured)
        return _evolve_rest(objectives.evolve(state, recorded), recorded)

    def decide(
        self, state: OverseerState, cause: RecordedEvent | Tick, now: datetime, /
    ) -> tuple[Emit, ...]:
        """What follows from a request, from the overseer's own events, or from time."""
        if isinstance(cause, Tick):
            return self._on_time(state, now)
        payload = cause.event.payload
        match payload:
            case ObjectiveAdded():
                return self._plan(state, payload.objective_id, now)
            case TaskAcknowledged():
                return objectives.on_end_of_task(state, payload)
            case WorkerHeartbeat():
                return lives.on_heartbeat(state.kernel, payload, cause.event.event_id)
            case _ if type(payload) in requests.KINDS:
                return requests.leads_to(self._asked(state, cause.event, now))
            case _:
                return ()

    def decide_followup(
        self, state: OverseerState, cause: RecordedEvent, now: datetime, /
    ) -> tuple[Emit, ...]:
        """What is claimed with a result, when that is in the state: it may have made a task
        ready."""
        if not isinstance(cause.event.payload, ResultReported):
            return ()
        return requests.afterwards(self._asked(state, cause.event, now), cause.event.payload)

    def answer(self, state: OverseerState, request: Event, now: datetime, /) -> Answer:
        """What the state says to a request that was decided on."""
        return requests.reply(self._asked(state, request, now))

    def _asked(self, state: OverseerState, request: Event, now: datetime) -> DecidedRequest:
        return DecidedRequest(
            state, request, now, self.planner, self.settings, self.kernel_settings
        )

    def _plan(
        self, state: OverseerState, objective_id: str, now: datetime, *, more_open: int = 0
    ) -> tuple[Emit, ...]:
        objective = state.objectives.get(objective_id)
        if objective is None or objective.plan:
            return ()
        rules = gates.rules(state, self.settings, now)
        return objectives.plan_now(
            state, self.planner, rules, objective, approved=False, more_open=more_open
        )

    def _on_time(self, state: OverseerState, now: datetime) -> tuple[Emit, ...]:
        if not pulse.due(state, now):
            return (*self._act(state, now), *self._maintenance(state, now))
        with self.phases("reflect"):
            seen = pulse.reflect(state, self.settings, now)
        with self.phases("plan"):
            planned, emits = self._plan_what_waits(state, now)
        with self.phases("act"):
            emits += self._act(state, now)
        with self.phases("critique"):
            emits.append(pulse.critique(state, self.settings, seen, now, planned=planned))
        return (*emits, *self._maintenance(state, now))

    def _plan_what_waits(self, state: OverseerState, now: datetime) -> tuple[list[str], list[Emit]]:
        """Objectives that have no plan yet, for want of room: which, and what follows."""
        planned: list[str] = []
        emits: list[Emit] = []
        taken: set[str] = set()  # ids of tasks that are submitted now
        size = 0
        waiting = sorted(
            state.objectives.values(), key=lambda each: (each.added_at, each.objective_id)
        )
        for objective in waiting:
            follows = self._plan(state, objective.objective_id, now, more_open=len(taken))
            submitted = {
                each.payload.manifest.task_id
                for each in follows
                if isinstance(each.payload, TaskSubmitted)
            }
            if not follows or submitted & taken or len(emits) + len(follows) > MAX_PLANNED:
                continue
            size += sum(each.payload.ByteSize() for each in follows)
            if size > MAX_PLANNED_BYTES:
                break
            planned.append(objective.objective_id)
            emits += follows
            taken |= submitted
        return planned, emits

    def _act(self, state: OverseerState, now: datetime) -> list[Emit]:
        return [
            *overdue.on_time(
                state.kernel, self.kernel_settings, now, halted=gates.ended_by_a_halt(state)
            ),
            *gates.on_time(state, self.settings, now),
        ]

    def _maintenance(self, state: OverseerState, now: datetime) -> tuple[Emit, ...]:
        every = timedelta(seconds=self.settings.maintenance_seconds)
        last = state.maintained_at
        if not self.settings.maintenance_seconds or (last is not None and now - last < every):
            return ()
        rounds = [each for each in state.objectives.values() if each.source == MAINTENANCE_SOURCE]
        if rounds:
            return overdue.give_up_set_aside(
                state.kernel,
                [task_id for each in rounds for task_id in each.open_tasks],
                "the next round of maintenance begins",
                now,
            )
        name = f"{MAINTENANCE_IDS}{now.strftime('%Y%m%dT%H%M%S')}"
        added = ObjectiveAdded(
            objective_id=name,
            description="rotate logs, prune reports, archive snapshots, verify checksums",
            priority=2,
            metadata_json='{"plan": "maintain"}',
            source=MAINTENANCE_SOURCE,
        )
        return (Emit(label=name, payload=added, creates_aggregate=True),)


def _evolve_rest(state: OverseerState, recorded: RecordedEvent) -> OverseerState:
    """What neither the kernel nor the objectives fold: claims and scores counted, rules, modes,
    machines, the pulse."""
    payload, now = recorded.event.payload, recorded.recorded_at
    match payload:
        case TaskClaimed():
            this = gates.minute(now)
            count = state.claims_in_minute + 1 if state.claims_minute == this else 1
            return replace(state, claims_minute=this, claims_in_minute=count)
        case TaskAcknowledged():
            scores = (*state.scores, payload.tool_efficacy_score)[-MAX_SCORES:]
            done = payload.result == RESULT_COMPLETED
            cadence = replace(
                state.cadence,
                completed=state.cadence.completed + done,
                failed=state.cadence.failed + (not done),
            )
            return replace(state, scores=scores, cadence=cadence)
        case TaskReleased() | TaskFailed():
            if isinstance(payload, TaskFailed) and not payload.HasField("retry_in_seconds"):
                return state
            requeued = state.cadence.requeued + 1
            return replace(state, cadence=replace(state.cadence, requeued=requeued))
        case CapacitySampled():
            before = state.loads.get(payload.host)
            load = Load(
                cpu_percent_before=before.cpu_percent if before is not None else 0.0,
                memory_percent_before=before.memory_percent if before is not None else 0.0,
                cpu_percent=payload.cpu_percent,
                memory_percent=100.0 * payload.memory_used_bytes / payload.memory_limit_bytes
                if payload.memory_limit_bytes
                else 0.0,
                cpu_count=payload.cpu_count,
                memory_bytes=payload.memory_limit_bytes,
                sampled_at=now,
            )
            return replace(state, loads=state.loads.set(payload.host, load))
        case AlarmRaised():
            if payload.name == INGEST_LAG:
                lag = payload.last_sequence - payload.first_sequence
                state = replace(state, ingest_lag=max(0, lag))
            if payload.severity == SEVERITY_INFO:
                return state
            alarms = tuple(dict.fromkeys((*state.cadence.alarms, payload.name)))[:MAX_NAMED]
            return replace(state, cadence=replace(state.cadence, alarms=alarms))
        case IncidentOpened():
            said = f"{payload.incident_id} opened ({payload.rule}): {payload.summary}"
            return _with_sentence(state, said)
        case IncidentClosed():
            how = "recovered" if payload.recovered else "not recovered"
            return _with_sentence(state, f"{payload.incident_id} {how}: {payload.root_cause}")
        case PulseCompleted():
            return replace(
                state,
                loads=gates.fresh(state, now),
                cadence=Cadence(
                    number=payload.number,
                    due_at=now + timedelta(seconds=payload.interval_seconds),
                    interval_seconds=payload.interval_seconds,
                    pressed=state.cadence.pressed + 1 if state.held else 0,
                ),
            )
        case _:
            return _apply_rule_change(state, recorded)


def _apply_override(
    state: OverseerState, lifted: HaltLifted, recorded: RecordedEvent
) -> OverseerState:
    """The last word of a person about the limits counts."""
    until = override_end(lifted, recorded.recorded_at)
    if until is None:
        return replace(state, override=None)
    by, reason = recorded.event.agent_id, lifted.reason[:MAX_SENTENCE_CHARACTERS]
    return replace(state, override=Override(by=by, until=until, reason=reason))


def _with_sentence(state: OverseerState, sentence: str) -> OverseerState:
    incidents = (*state.cadence.incidents, sentence[:MAX_SENTENCE_CHARACTERS])[-MAX_NAMED:]
    return replace(state, cadence=replace(state.cadence, incidents=incidents))


def _apply_rule_change(state: OverseerState, recorded: RecordedEvent) -> OverseerState:
    """What is in force from here on."""
    payload = recorded.event.payload
    match payload:
        case PolicyAdopted():
            try:
                policy = read_policy(payload.text, accepted=True).policy
            except PolicyRefused:
                return state  # nobody adopts what it cannot read; another version did
            before = gates.limits(state)
            state = replace(state, policy=policy, policy_hash=payload.hash)
            if state.held and gates.limits(state) != before:
                state = replace(state, limits_moved=True)
            return state
        case RegistryAdopted():
            registered = frozenset(entry.agent_id for entry in payload.entries)
            return replace(state, registered=registered, registry_hash=payload.hash)
        case CharterAdopted():
            return replace(state, charter_hash=payload.hash)
        case DispatchHeld():
            return replace(state, held=payload.reason, limits_moved=False)
        case DispatchResumed():
            return replace(state, held="", limits_moved=False)
        case SystemModeChanged():
            return replace(
                state, mode=payload.mode, mode_reason=payload.reason[:MAX_SENTENCE_CHARACTERS]
            )
        case HaltOrdered():
            return replace(
                state,
                halted=payload.reason[:MAX_SENTENCE_CHARACTERS] or "no reason was given",
                halted_by=recorded.event.agent_id,
                halted_now=payload.now,
            )
        case HaltLifted():
            state = replace(state, halted="", halted_by="", halted_now=False)
            by_person = recorded.event.agent_role == ROLE_OPERATOR
            return _apply_override(state, payload, recorded) if by_person else state
        case ObjectiveAdded() if payload.source == MAINTENANCE_SOURCE:
            return replace(state, maintained_at=recorded.recorded_at)
        case _:
            return state
