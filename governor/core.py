"""What follows from a sample of a machine's capacity, and from samples that stay away?

Each sample is answered with a SystemSignal; a resource that becomes overloaded raises an alarm,
once, until it was well again. Three samples missed in a row are one alarm and one CRITICAL_FAILURE.
What lasts is answered with commands to those who work on the machine: which, is in `rules.py` and
`commands.py`. All of it is folded from the log, so another policy can be tried on any past.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from enchanted.events.v1.alarm_pb2 import (
    ALARM_CPU_OVERLOADED,
    ALARM_DISK_NEARLY_FULL,
    ALARM_MEMORY_OVERLOADED,
    SEVERITY_CRITICAL,
    SEVERITY_WARNING,
    AlarmName,
    AlarmRaised,
)
from enchanted.events.v1.capacity_pb2 import CapacitySampled
from enchanted.events.v1.command_pb2 import CommandAcknowledged, CommandIssued
from enchanted.events.v1.leadership_pb2 import LeadershipTaken
from enchanted.events.v1.objective_pb2 import ObjectiveProposed
from enchanted.events.v1.policy_pb2 import PolicyAdopted
from enchanted.events.v1.pulse_pb2 import HaltLifted, PulseCompleted
from enchanted.events.v1.swarm_event_pb2 import ROLE_GOVERNOR, ROLE_OPERATOR, ROLE_OVERSEER
from enchanted.events.v1.system_signal_pb2 import SystemSignal
from enchanted.events.v1.worker_pb2 import WorkerDeparted, WorkerLost, WorkerRegistered
from governor import commands
from governor.model import (
    COMMAND_NOT_OBEYED,
    CRITICAL_FAILURE,
    SERVICE,
    GovernorPolicy,
    HostState,
)
from governor.rules import standings, update_rule_states
from nervous_system.contract.command import override_end
from nervous_system.contract.event import Event, RecordedEvent
from nervous_system.contract.words import SAMPLING_STOPPED, word
from nervous_system.service.decision import Emit, Tick

_ALARMS = {
    "cpu": word(AlarmName, ALARM_CPU_OVERLOADED),
    "memory": word(AlarmName, ALARM_MEMORY_OVERLOADED),
    "disk": word(AlarmName, ALARM_DISK_NEARLY_FULL),
}
_ADVICE = {
    "cpu": "give the machine fewer agents or more processors",
    "memory": "give the machine fewer agents or more memory before the system ends processes",
    "disk": "free space or move GANGLION_HOME; a full disk stops the log",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GovernorCore:
    """The pure half of the governor of one machine."""

    host: str
    policy: GovernorPolicy

    def initial(self) -> HostState:
        """Nothing is known."""
        return HostState()

    def evolve(self, state: HostState, recorded: RecordedEvent, /) -> HostState:
        """The machine after one more event. Other machines' events change nothing."""
        event, now = recorded.event, recorded.recorded_at
        match event.payload:
            case CapacitySampled() as sample if sample.host == self.host:
                return self._apply_sample(state, sample, now)
            case LeadershipTaken(service=service, scope=scope):
                # Whoever takes over has yet to send its first sample; before, nobody owed one.
                ours = service == SERVICE and scope == self.host
                return replace(state, heard_at=now) if ours else state
            case AlarmRaised(name=name) if self._is_own(event):
                if name == COMMAND_NOT_OBEYED:
                    return commands.on_reported(state, self.policy, now)
                return replace(state, silence_reported=True) if name == SAMPLING_STOPPED else state
            case CommandIssued() as command if self._is_own(event):
                return commands.on_issued(state, command, recorded)
            case CommandAcknowledged() as answer:
                return commands.on_acknowledged(state, answer)
            case WorkerRegistered() as worker:
                if worker.host == self.host:
                    return commands.on_registered(state, worker)
                return commands.on_departed(state, worker.worker_id)
            case WorkerDeparted(worker_id=worker_id) | WorkerLost(worker_id=worker_id):
                return commands.on_departed(state, worker_id)
            case PolicyAdopted() as policy if event.agent_role == ROLE_OVERSEER:
                return self._apply_policy_limits(state, policy)
            case HaltLifted() as lifted if event.agent_role == ROLE_OPERATOR:
                return replace(state, overridden_until=override_end(lifted, now))
            case PulseCompleted() if event.agent_role == ROLE_OVERSEER:
                short = state.memory_percent > self.policy.clean_up_percent
                pressed = short and state.knows(self.policy, now)
                return replace(state, pressed_pulses=state.pressed_pulses + 1 if pressed else 0)
            case _:
                return state

    def decide(
        self, state: HostState, cause: RecordedEvent | Tick, now: datetime, /
    ) -> tuple[Emit, ...]:
        """A signal for every sample, alarms for what got worse, commands for what lasts."""
        if isinstance(cause, Tick):
            late = commands.report_disobedience(state, self.policy, self.host, now)
            return (*self._on_silence(state, now), *late)
        match cause.event.payload:
            case CapacitySampled() as sample if sample.host == self.host:
                return self._on_sample(state, cause.event, now)
            case WorkerRegistered() as worker if worker.host == self.host:
                if state.knows(self.policy, now):
                    return self._commands(state, now, worker.worker_id)
            case PulseCompleted() if cause.event.agent_role == ROLE_OVERSEER:
                return commands.clean_up(state, self.policy, self.host)
            case PolicyAdopted() if cause.event.agent_role == ROLE_OVERSEER:
                if state.knows(self.policy, now):
                    return self._commands(state, now, *state.workers)
            case HaltLifted() if cause.event.agent_role == ROLE_OPERATOR:
                if state.knows(self.policy, now):
                    return self._commands(state, now, *state.workers)
        return ()

    def _apply_policy_limits(self, state: HostState, adopted: PolicyAdopted) -> HostState:
        """The last sample is judged anew where the limits moved."""
        after = replace(
            state,
            max_cpu_percent=adopted.max_cpu_pct,
            max_memory_percent=adopted.max_ram_pct,
            hard_stop=adopted.hard_stop,
        )
        return replace(
            after, standings=update_rule_states(before=state, after=after, policy=self.policy)
        )

    def _apply_sample(self, state: HostState, sample: CapacitySampled, now: datetime) -> HostState:
        in_a_row = state.knows(self.policy, now)
        before = state.overloaded
        state = replace(
            commands.forget_old(state, self.policy, now),
            heard_at=now,
            sampled_at=now,
            silence_reported=False,
            cpu_percent=sample.cpu_percent,
            memory_percent=_percent(sample.memory_used_bytes, sample.memory_limit_bytes),
            disk_percent=_percent(sample.disk_used_bytes, sample.disk_total_bytes),
            memory_usage_mb=sample.memory_used_bytes >> 20,
        )
        overloaded = frozenset(
            resource
            for resource, band in self.policy.bands
            if band.overloaded(state.percent(resource), before=resource in before)
        )
        return replace(
            state,
            overloaded=overloaded,
            newly_overloaded=overloaded - before,
            standings=standings(state, self.policy, in_a_row=in_a_row),
        )

    def _on_sample(self, state: HostState, cause: Event, now: datetime) -> tuple[Emit, ...]:
        emits = [self._signal(state, state.status)]
        for resource in sorted(state.newly_overloaded):
            alarm = AlarmRaised(
                name=_ALARMS[resource],
                severity=SEVERITY_WARNING,
                message=f"{resource} of {self.host} is at {state.percent(resource):.0f} %",
                action=_ADVICE.get(resource, "find out what uses it"),
            )
            emits.append(Emit(label=f"overloaded {resource}", payload=alarm, key=self.host))
        if "disk" in state.newly_overloaded:
            emits.append(self._maintenance(state, cause))
        return (*emits, *self._commands(state, now, *state.workers))

    def _maintenance(self, state: HostState, cause: Event) -> Emit:
        """What the overseer is asked for: it reads requests from the log, too."""
        proposed = ObjectiveProposed(
            objective_id=f"maintain-{self.host}-{cause.event_id[:8]}",
            description=f"make room on {self.host}: its disk is at {state.disk_percent:.0f} %",
            priority=8,
            metadata_json='{"plan": "maintain"}',
            source=SERVICE,
        )
        return Emit(label="maintenance", payload=proposed)

    def _commands(self, state: HostState, now: datetime, *workers: str) -> tuple[Emit, ...]:
        return commands.due(state, self.policy, self.host, now, workers=workers)

    def _on_silence(self, state: HostState, now: datetime) -> tuple[Emit, ...]:
        if state.heard_at is None or state.silence_reported:
            return ()
        if now - state.heard_at < self.policy.silence:
            return ()
        silence_seconds = (now - state.heard_at).total_seconds()
        alarm = AlarmRaised(
            name=SAMPLING_STOPPED,
            severity=SEVERITY_CRITICAL,
            message=(
                f"no capacity sample of {self.host} for {silence_seconds:.0f} s;"
                f" one is due every {self.policy.sample_seconds:g} s"
            ),
            action="look at the governor's log on that machine",
        )
        return (
            Emit(label="sampling stopped", payload=alarm, key=self.host),
            self._signal(state, CRITICAL_FAILURE),
        )

    def _signal(self, state: HostState, status: str) -> Emit:
        return Emit(
            label="signal",
            payload=SystemSignal(
                status=status,
                cpu_load_percent=round(state.cpu_percent),
                memory_usage_mb=state.memory_usage_mb,
            ),
            key=self.host,
        )

    def _is_own(self, event: Event) -> bool:
        return event.agent_role == ROLE_GOVERNOR and event.agent_id == f"{SERVICE}/{self.host}"


def _percent(used: int, total: int) -> float:
    return 100.0 * used / total if total else 0.0
