"""What follows from a sample of a machine's capacity, and from samples that stay away?

Each sample is answered with a SystemSignal; a resource that becomes overloaded raises an alarm,
once, until it was well again. Three samples missed in a row are one alarm and one CRITICAL_FAILURE.
How a machine stands is folded from its samples alone, so another policy can be tried on any past.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from enchanted.events.v1.alarm_pb2 import SEVERITY_CRITICAL, SEVERITY_WARNING, AlarmRaised
from enchanted.events.v1.capacity_pb2 import CapacitySampled
from enchanted.events.v1.leadership_pb2 import LeadershipTaken
from enchanted.events.v1.system_signal_pb2 import SystemSignal
from governor.model import CRITICAL_FAILURE, SAMPLING_STOPPED, SERVICE, HostState, Policy
from nervous_system.decision import Emit, Tick
from nervous_system.event import Recorded

_ALARMS = {
    "cpu": "cpu_overloaded",
    "memory": "memory_overloaded",
    "disk": "disk_nearly_full",
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
    policy: Policy

    def initial(self) -> HostState:
        """Nothing is known."""
        return HostState()

    def evolve(self, state: HostState, recorded: Recorded, /) -> HostState:
        """The machine after one more event. Other machines' events change nothing."""
        payload = recorded.event.payload
        if isinstance(payload, CapacitySampled) and payload.host == self.host:
            overloaded = self._overloaded(state, payload)
            return HostState(
                heard_at=recorded.recorded_at,
                overloaded=overloaded,
                newly_overloaded=overloaded - state.overloaded,
                cpu_load_percent=round(payload.cpu_percent),
                memory_usage_mb=payload.memory_used_bytes >> 20,
            )
        if (
            isinstance(payload, LeadershipTaken)
            and payload.service == SERVICE
            and payload.scope == self.host
        ):
            # Whoever takes over has yet to send its first sample; before, nobody owed one.
            return replace(state, heard_at=recorded.recorded_at)
        if (
            isinstance(payload, AlarmRaised)
            and payload.name == SAMPLING_STOPPED
            and recorded.event.agent_id == f"{SERVICE}/{self.host}"
        ):
            return replace(state, silence_reported=True)
        return state

    def decide(
        self, state: HostState, cause: Recorded | Tick, now: datetime, /
    ) -> tuple[Emit, ...]:
        """A signal for every sample, alarms for what got worse."""
        if isinstance(cause, Tick):
            return self._on_silence(state, now)
        payload = cause.event.payload
        if not isinstance(payload, CapacitySampled) or payload.host != self.host:
            return ()
        alarms = [
            Emit(
                label=f"overloaded {resource}",
                payload=AlarmRaised(
                    name=_ALARMS[resource],
                    severity=SEVERITY_WARNING,
                    message=f"{resource} of {self.host} is at {_percents(payload)[resource]:.0f} %",
                    action=_ADVICE.get(resource, "find out what uses it"),
                ),
                key=self.host,
            )
            for resource in sorted(state.newly_overloaded)
        ]
        return (self._signal(state, state.status), *alarms)

    def _on_silence(self, state: HostState, now: datetime) -> tuple[Emit, ...]:
        if state.heard_at is None or state.silence_reported:
            return ()
        silence_seconds = (now - state.heard_at).total_seconds()
        if silence_seconds < self.policy.missed_samples * self.policy.sample_seconds:
            return ()
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
                cpu_load_percent=state.cpu_load_percent,
                memory_usage_mb=state.memory_usage_mb,
            ),
            key=self.host,
        )

    def _overloaded(self, state: HostState, sample: CapacitySampled) -> frozenset[str]:
        percents = _percents(sample)
        return frozenset(
            resource
            for resource, band in self.policy.bands
            if band.overloaded(percents[resource], before=resource in state.overloaded)
        )


def _percents(sample: CapacitySampled) -> dict[str, float]:
    return {
        "cpu": sample.cpu_percent,
        "memory": _percent(sample.memory_used_bytes, sample.memory_limit_bytes),
        "disk": _percent(sample.disk_used_bytes, sample.disk_total_bytes),
    }


def _percent(used: int, total: int) -> float:
    return 100.0 * used / total if total else 0.0
