"""What should follow at this moment? One plan a cause, in which each step sees those before it.

What is decided is folded into the plan's own copy of the state at once, as the runner will fold it
when the plan is done, so that ten incidents opened together lead to one change of the mode.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import chain, islice, zip_longest
from typing import Final

from enchanted.events.v1.command_pb2 import COMMAND_RELEASE, COMMAND_SLEEP, CommandIssued
from enchanted.events.v1.incident_pb2 import (
    INCIDENT_MAJOR,
    CircuitOpened,
    IncidentClass,
    IncidentClosed,
    IncidentEscalated,
    IncidentOpened,
    RecoveryAttempted,
    TimelineEntry,
)
from enchanted.events.v1.pulse_pb2 import SystemModeChanged
from enchanted.events.v1.task_request_pb2 import ORDER_QUARANTINE, TaskOrdered
from guardian import breaker
from guardian.blame import Blame
from guardian.breaker import Circuit
from guardian.incidents import apply, circuit_key
from guardian.leaving import there, why_needed
from guardian.model import SERVICE, GuardianLimits, GuardianState, Incident, incident_key
from guardian.observations import Observations, WatchedWorker
from guardian.playbooks import (
    ACTIONS,
    COMMAND_SECONDS,
    PAGE,
    PLAYBOOKS,
    REMEDIAL,
    RESTORE,
    SLEEP_SECONDS,
    PlaybookStep,
    can_mend,
    step_at,
)
from guardian.rules.rule import ACTION, MACHINE, OBJECTIVE, WORKER, GuardianRule, Look, RuleFinding
from guardian.rules.rule import SERVICE as A_SERVICE
from nervous_system.client.restoring import SKILL, restoration
from nervous_system.contract.payload import Payload
from nervous_system.ids import child_id
from nervous_system.service.decision import Emit

MAX_EMITS: Final = 900
MAX_BYTES: Final = 4_000_000
"""Of one cause, before nothing more is begun: what follows from one is one batch, with room for
what an incident takes that was begun. The next tick goes on; the guardian itself decides nothing
on what it decided."""

MAX_ORDERS: Final = 200
"""To workers or over tasks, by one incident at one look."""

MAX_CHARACTERS: Final = 1000
"""Of what is copied from others into an incident: it is said again at every step and at its end."""


@dataclass(slots=True)
class RecoveryPlan:
    """What follows from one cause."""

    state: GuardianState
    limits: GuardianLimits
    cause_id: str
    now: datetime
    emits: list[Emit] = field(default_factory=list)
    _bytes: int = 0  # of these
    _begun: Observations = field(init=False)
    _there: dict[str, WatchedWorker] | None = None

    def __post_init__(self) -> None:
        self._begun = self.state.observations

    @property
    def _present(self) -> dict[str, WatchedWorker]:
        """Who takes tasks. All workers are looked at when somebody asks: most causes lead to
        nothing."""
        if self._there is None:
            self._there = there(self._begun, self.now)
        return self._there

    def look(self, rules: Sequence[GuardianRule]) -> None:
        """Open, go on with and close what these rules say, and set the mode by it. All have their
        turns, so that nothing waits for long behind much of another kind."""
        look = Look(self.state.observations, self.limits, self.now)
        queues = [queue for rule in rules for queue in self._queues(rule, look)]
        for act in chain.from_iterable(zip_longest(*queues)):
            if len(self.emits) >= MAX_EMITS or self._bytes >= MAX_BYTES:
                break
            if act is not None:
                act()
        self.set_mode()

    def _queues(self, rule: GuardianRule, look: Look) -> tuple[list[Callable[[], None]], ...]:
        """What a rule asks for, in three queues: to close what is over, to go on, to open. What has
        waited longest is first, and of what begins the worst, which what waits will be."""
        findings = map(
            _short,  # what it cuts may be alike then: the last by its whole name counts
            sorted(rule.find(look), key=lambda each: each.subject),
        )
        found = {each.subject: each for each in findings if each.measure >= rule.clears_below}
        known = {
            incident.subject: incident
            for incident in self.state.incidents.values()
            if incident.rule == rule.name
        }
        over = [each for subject, each in known.items() if subject not in found]
        lasting = [each for subject, each in known.items() if subject in found]
        new = [
            each
            for subject, each in found.items()
            if subject not in known and rule.classify(each.measure)
        ]
        over.sort(key=lambda each: (each.opened_at, each.subject))
        lasting.sort(key=lambda each: (each.due_at, each.subject))
        new.sort(key=lambda each: (-each.measure, each.subject))
        return (
            [partial(self._close, rule, each.subject) for each in over],
            [partial(self._go_on, rule, found[each.subject]) for each in lasting],
            [partial(self._open, rule, each) for each in new],
        )

    def set_mode(self) -> None:
        """Say the mode where it is another one now."""
        mode, reason = self.state.mode_due
        if mode != self.state.mode:
            self._say("mode", SystemModeChanged(mode=mode, reason=reason))

    def _say(self, label: str, payload: Payload, *, begins: bool = False) -> None:
        self.emits.append(Emit(label=label, payload=payload, creates_aggregate=begins))
        self._bytes += payload.ByteSize()
        self.state = apply(self.state, payload, self.now, limits=self.limits)

    def _open(self, rule: GuardianRule, finding: RuleFinding) -> None:
        label = f"opened {rule.name} {finding.subject}"
        opened = IncidentOpened(
            incident_id=child_id(self.cause_id, label),
            rule=rule.name,
            subject_of_concern=finding.subject,
            incident_class=rule.classify(finding.measure),
            summary=finding.summary,
            cause_event_id=finding.cause_event_id,
        )
        self._say(label, opened, begins=True)
        self._take_steps(rule, self.state.incidents[incident_key(rule.name, finding.subject)])

    def _go_on(self, rule: GuardianRule, finding: RuleFinding) -> None:
        incident = self.state.incidents[incident_key(rule.name, finding.subject)]
        worse = rule.classify(finding.measure)
        if worse > incident.incident_class:
            incident = self._escalate(incident, worse, finding.summary)
        if incident.quarantined and rule.kind in (OBJECTIVE, ACTION):
            # What was submitted since, and what was in somebody's hands.
            self._order(rule, incident, f"{incident.incident_id} more")
        for target in sorted(incident.asleep):
            worker = self.state.observations.workers.get(target)
            if worker is not None and why_needed(target, worker, self._present):
                self._release(rule, incident, target, "goes on: nobody else does what it does")
                self._present[target] = worker
                incident = self.state.incidents[incident_key(rule.name, incident.subject)]
        self._take_steps(rule, incident)

    def _take_steps(self, rule: GuardianRule, incident: Incident) -> None:
        """All that are due: usually one, and the next when its backoff is over."""
        while incident.due_at <= self.now:
            playbook = PLAYBOOKS[incident.incident_class]
            did_not_help = f"the playbook {playbook.name} did not help"
            if self._is_spent(rule, incident):
                self._open_circuit(incident)
                if playbook.patience_seconds is not None:
                    incident = self._escalate(incident, INCIDENT_MAJOR, did_not_help)
                    continue
            step, attempt = self._next_step(rule, incident)
            if step is not None:
                self._attempt(rule, incident, step, attempt)
                incident = self.state.incidents[incident_key(incident.rule, incident.subject)]
                continue
            if playbook.patience_seconds is None or not can_mend(
                incident.incident_class, rule.kind
            ):
                return
            if self.now < incident.due_at + timedelta(seconds=playbook.patience_seconds):
                return
            incident = self._escalate(incident, INCIDENT_MAJOR, did_not_help)

    def _next_step(self, rule: GuardianRule, incident: Incident) -> tuple[PlaybookStep | None, int]:
        circuit = self._circuit(incident)
        barred = breaker.is_open(circuit, self.now) or breaker.is_spent(
            circuit, self.limits.breaker, self.now
        )
        number, attempts = incident.step, incident.attempts
        while (step := step_at(incident.incident_class, number)) is not None:
            stopped = barred and (step.action in REMEDIAL or step.action == RESTORE)
            if self._is_possible(rule, step, incident.subject) and not stopped:
                return step, attempts + 1
            number, attempts = number + 1, 0
        return None, 0

    def _is_possible(self, rule: GuardianRule, step: PlaybookStep, subject: str) -> bool:
        means = ACTIONS.get((rule.kind, step.action))
        if means is None:
            return False
        if means.command is not None and not any(self._may_be_told(rule, subject)):
            return False
        if not means.restores:
            return True
        workers = self.state.observations.workers.values()
        return any(SKILL in each.skills for each in workers if not each.lost)

    def _is_spent(self, rule: GuardianRule, incident: Incident) -> bool:
        """Whether a step is left that only the circuit stops, and the circuit is to open now."""
        circuit = self._circuit(incident)
        if breaker.is_open(circuit, self.now):
            return False
        left = can_mend(incident.incident_class, rule.kind, begin=incident.step)
        return left and breaker.is_spent(circuit, self.limits.breaker, self.now)

    def _circuit(self, incident: Incident) -> Circuit:
        key = circuit_key(incident.incident_class, incident.subject)
        return self.state.circuits.get(key, Circuit())

    def _open_circuit(self, incident: Incident) -> None:
        circuit = self._circuit(incident)
        playbook = PLAYBOOKS[incident.incident_class]
        opened = CircuitOpened(
            playbook=playbook.name,
            subject_of_concern=incident.subject,
            for_seconds=breaker.next_seconds(circuit, self.limits.breaker, self.now),
            reason=f"it was tried {circuit.tries} times and {incident.rule} was there again",
        )
        self._say(f"circuit {playbook.name} {incident.subject} {incident.incident_id}", opened)

    def _escalate(self, incident: Incident, to: IncidentClass.ValueType, reason: str) -> Incident:
        escalated = IncidentEscalated(
            incident_id=incident.incident_id, incident_class=to, reason=reason
        )
        self._say(f"escalated {incident.incident_id} {to}", escalated)
        return self.state.incidents[incident_key(incident.rule, incident.subject)]

    def _attempt(
        self, rule: GuardianRule, incident: Incident, step: PlaybookStep, attempt: int
    ) -> None:
        means = ACTIONS[rule.kind, step.action]
        name = PLAYBOOKS[incident.incident_class].name
        number = len(incident.timeline)
        detail = means.says
        if step.action == PAGE:
            detail = f"{name} incident {rule.name} of {incident.subject}: {incident.summary}"
            if spared := self._why_spared(rule, incident.subject):
                detail = f"{detail}; it is not told to go: {spared}"
        attempted = RecoveryAttempted(
            incident_id=incident.incident_id, step=step.action, attempt=attempt, detail=detail
        )
        label = f"{incident.incident_id} {name} {number}"
        self._say(f"attempted {label}", attempted)
        reason = _reason(incident)
        if means.command is not None:
            quarantine = means.command == COMMAND_SLEEP
            for target in islice(self._may_be_told(rule, incident.subject), MAX_ORDERS):
                self._present.pop(target, None)
                command = CommandIssued(
                    kind=means.command,
                    target=target,
                    reason=reason,
                    expires_in_seconds=SLEEP_SECONDS if quarantine else COMMAND_SECONDS,
                    emergency=means.emergency,
                )
                to = f" {target}" if rule.kind == MACHINE else ""
                self._say(f"command {label}{to}", command)
        if means.order is not None:
            self._order(rule, incident, label)
        if means.restores:
            objective = restoration(
                incident.subject,
                objective_id=f"restore-{incident.incident_id[:8]}-{number}",
                reason=reason,
                source=SERVICE,
            )
            self._say(f"objective {label}", objective)

    def _order(self, rule: GuardianRule, incident: Incident, label: str) -> None:
        """Set a task aside, or what waits of an objective or an action."""
        orders = {incident.subject: f"order {label}"}
        if rule.kind in (OBJECTIVE, ACTION):
            waiting = Blame.of(self.state.observations, self.now).waiting(
                **{"objective_id" if rule.kind == OBJECTIVE else "action": incident.subject}
            )
            orders = {each: f"order {label} {each}" for each in waiting[:MAX_ORDERS]}
        for task_id, of_task in orders.items():
            ordered = TaskOrdered(task_id=task_id, order=ORDER_QUARANTINE, reason=_reason(incident))
            self._say(of_task, ordered)

    def _may_be_told(self, rule: GuardianRule, subject: str) -> Iterator[str]:
        """Who is told what is meant for a subject, one after the other as each is told: the last
        worker that can do something is never told to go."""
        watched = self.state.observations
        if rule.kind == A_SERVICE:
            yield watched.told(subject)
        elif rule.kind == WORKER:
            if not self._why_spared(rule, subject):
                yield subject
        else:
            for worker_id, worker in sorted(watched.workers.items()):
                here = worker.host == subject and worker_id in self._present
                if here and not why_needed(worker_id, worker, self._present):
                    yield worker_id

    def _why_spared(self, rule: GuardianRule, subject: str) -> str:
        """Why a worker is not told to go; empty where it is."""
        worker = self.state.observations.workers.get(subject)
        if rule.kind != WORKER or worker is None:
            return ""
        return why_needed(subject, worker, self._present)

    def _close(self, rule: GuardianRule, subject: str) -> None:
        incident = self.state.incidents[incident_key(rule.name, subject)]
        ending = rule.end(self.state.observations, incident.subject)
        duration_seconds = (self.now - incident.opened_at).total_seconds()
        lines = [*((each.after_seconds, each.text) for each in incident.timeline)]
        lines.append((duration_seconds, ending.sentence))
        closed = IncidentClosed(
            incident_id=incident.incident_id,
            recovered=ending.recovered,
            root_cause=root_cause(incident, ending.sentence),
            timeline=[TimelineEntry(after_seconds=after, text=text) for after, text in lines],
            duration_seconds=duration_seconds,
        )
        self._say(f"closed {incident.incident_id}", closed)
        for target in sorted(incident.asleep):
            self._release(rule, incident, target, "is over")

    def _release(self, rule: GuardianRule, incident: Incident, target: str, why: str) -> None:
        released = CommandIssued(
            kind=COMMAND_RELEASE,
            target=target,
            reason=f"incident {incident.incident_id} {why}",
            expires_in_seconds=COMMAND_SECONDS,
            releases_command_id=incident.asleep[target],
        )
        to = f" {target}" if rule.kind == MACHINE else ""
        self._say(f"released {incident.incident_id}{to}", released)


def _reason(incident: Incident) -> str:
    return f"incident {incident.incident_id}: {incident.summary}"


def _short(finding: RuleFinding) -> RuleFinding:
    """Without what is too long of what others wrote."""
    return replace(
        finding,
        subject=finding.subject[:MAX_CHARACTERS],
        summary=finding.summary[:MAX_CHARACTERS],
        cause_event_id=finding.cause_event_id[:MAX_CHARACTERS],
    )


def root_cause(incident: Incident, ending: str) -> str:
    """The whole story in one sentence: what happened, what was done, how it ended."""
    done = [each.text for each in incident.timeline[1:]]
    middle = f"; {'; '.join(done[:5])}" if done else ""
    more = f"; and {len(done) - 5} steps more" if len(done) > 5 else ""
    return f"{incident.summary}{middle}{more}; {ending}"
