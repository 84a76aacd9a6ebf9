"""Does the governor say the right thing about a machine, once, and the same again in a replay?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from enchanted.events.v1.alarm_pb2 import SEVERITY_CRITICAL, SEVERITY_WARNING, AlarmRaised
from enchanted.events.v1.capacity_pb2 import CapacitySampled
from enchanted.events.v1.leadership_pb2 import LeadershipTaken
from enchanted.events.v1.swarm_event_pb2 import ROLE_GOVERNOR
from enchanted.events.v1.system_signal_pb2 import SystemSignal
from governor.core import GovernorCore
from governor.model import Band, GovernorPolicy, HostState
from nervous_system.contract.event import Event, RecordedEvent
from nervous_system.contract.payload import Payload
from nervous_system.contract.subjects import subject_for
from nervous_system.service.decision import Emit, Tick

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOST = "node-1.example"
CORE = GovernorCore(
    host=HOST,
    policy=GovernorPolicy(
        bands=(
            ("cpu", Band(high_percent=90, low_percent=70)),
            ("memory", Band(high_percent=90, low_percent=70)),
            ("disk", Band(high_percent=95, low_percent=90)),
        ),
        sample_seconds=60,
    ),
)


def recorded(payload: Payload, *, at_seconds: float = 0, key: str = HOST) -> RecordedEvent:
    event = Event(
        event_id="0b0e6bd4-9d3c-4d3f-8f53-6f3d3a0f1a11",
        timestamp=START,
        agent_role=ROLE_GOVERNOR,
        agent_id=f"governor/{key}",
        payload=payload,
    )
    return RecordedEvent(
        event=event,
        sequence=1,
        subject=subject_for(event, key=key),
        recorded_at=START + timedelta(seconds=at_seconds),
    )


def sampled(
    cpu: float, *, memory: int = 10, disk: int = 10, host: str = HOST, at_seconds: float = 0
) -> RecordedEvent:
    payload = CapacitySampled(
        host=host,
        cpu_percent=cpu,
        memory_used_bytes=memory << 20,
        memory_limit_bytes=100 << 20,
        disk_used_bytes=disk << 30,
        disk_total_bytes=100 << 30,
    )
    return recorded(payload, at_seconds=at_seconds, key=host)


def step(state: HostState, cause: RecordedEvent) -> tuple[HostState, tuple[Emit, ...]]:
    state = CORE.evolve(state, cause)
    return state, CORE.decide(state, cause, cause.recorded_at)


def tick(state: HostState, *, at_seconds: float) -> tuple[Emit, ...]:
    silence = Tick(event_id="t", term=1, number=1, as_of_sequence=1)
    return CORE.decide(state, silence, START + timedelta(seconds=at_seconds))


def statuses(emits: tuple[Emit, ...]) -> list[str]:
    return [emit.payload.status for emit in emits if isinstance(emit.payload, SystemSignal)]


def alarms(emits: tuple[Emit, ...]) -> list[AlarmRaised]:
    return [emit.payload for emit in emits if isinstance(emit.payload, AlarmRaised)]


def test_a_sample_is_answered_with_a_signal() -> None:
    _, (signal,) = step(CORE.initial(), sampled(12.6, memory=55))
    assert signal == Emit(
        label="signal",
        payload=SystemSignal(status="HEALTHY", cpu_load_percent=13, memory_usage_mb=55),
        key=HOST,
    )


def test_overload_is_one_alarm_until_it_was_well_again() -> None:
    state = CORE.initial()
    told = []
    for cpu in (50, 95, 99, 80, 69, 80, 91):
        state, emits = step(state, sampled(cpu))
        told.append((statuses(emits)[0], [alarm.name for alarm in alarms(emits)]))
    assert told == [
        ("HEALTHY", []),
        ("DEGRADED", ["cpu_overloaded"]),
        ("DEGRADED", []),
        ("DEGRADED", []),
        ("HEALTHY", []),
        ("HEALTHY", []),
        ("DEGRADED", ["cpu_overloaded"]),
    ]


def test_a_nearly_full_disk_is_one_alarm_until_there_was_room_again() -> None:
    state = CORE.initial()
    told = []
    for disk in (94, 95, 99, 91, 95, 89, 94, 96):
        state, emits = step(state, sampled(10, disk=disk))
        told += [(disk, alarm.name, alarm.severity) for alarm in alarms(emits)]
        assert all("stops the log" in alarm.action for alarm in alarms(emits))
    assert told == [
        (95, "disk_nearly_full", SEVERITY_WARNING),
        (96, "disk_nearly_full", SEVERITY_WARNING),
    ]


def test_two_resources_are_two_alarms_that_name_machine_and_number() -> None:
    _, emits = step(CORE.initial(), sampled(100, memory=95))
    assert [alarm.message for alarm in alarms(emits)] == [
        f"cpu of {HOST} is at 100 %",
        f"memory of {HOST} is at 95 %",
    ]
    assert len({emit.label for emit in emits}) == len(emits)


def test_silence_is_said_once_with_the_last_numbers() -> None:
    state, _ = step(CORE.initial(), sampled(33, at_seconds=0))
    assert tick(state, at_seconds=179) == ()
    emits = tick(state, at_seconds=180)
    (alarm,) = alarms(emits)
    assert (alarm.name, alarm.severity) == ("sampling_stopped", SEVERITY_CRITICAL)
    assert "no capacity sample of node-1.example for 180 s" in alarm.message
    assert emits[1].payload == SystemSignal(
        status="CRITICAL_FAILURE", cpu_load_percent=33, memory_usage_mb=10
    )
    state, again = step(state, recorded(alarm))
    assert again == ()
    assert tick(state, at_seconds=10_000) == ()
    state, emits = step(state, sampled(33, at_seconds=10_001))
    assert statuses(emits) == ["HEALTHY"]
    assert alarms(tick(state, at_seconds=10_181))


def test_whoever_takes_over_has_three_intervals_for_the_first_sample() -> None:
    assert tick(CORE.initial(), at_seconds=10_000) == ()
    taken = recorded(
        LeadershipTaken(service="governor", scope=HOST, term=1, holder="x"), at_seconds=1_000
    )
    state, _ = step(CORE.initial(), taken)
    assert tick(state, at_seconds=1_179) == ()
    assert alarms(tick(state, at_seconds=1_180))


def test_other_machines_change_nothing() -> None:
    state, emits = step(CORE.initial(), sampled(100, host="node-2"))
    assert (state, emits) == (CORE.initial(), ())
    state, _ = step(state, recorded(AlarmRaised(name="sampling_stopped"), key="node-2"))
    assert state == CORE.initial()


percents = st.floats(0, 100)


@given(st.lists(percents, min_size=1), st.lists(st.floats(70, 89.99)))
def test_within_the_band_nothing_flaps(history: list[float], within: list[float]) -> None:
    state = CORE.initial()
    for cpu in history:
        state, _ = step(state, sampled(cpu))
    before = state.status
    for cpu in within:
        state, emits = step(state, sampled(cpu))
        assert state.status == before
        assert alarms(emits) == []


@given(st.lists(st.tuples(percents, st.integers(0, 100))))
def test_the_same_history_gives_the_same_decisions(history: list[tuple[float, int]]) -> None:
    def replay() -> list[tuple[Emit, ...]]:
        state, decided = CORE.initial(), []
        for number, (cpu, memory) in enumerate(history):
            state, emits = step(state, sampled(cpu, memory=memory, at_seconds=60 * number))
            decided.append(emits)
        return decided

    first = replay()
    assert replay() == first
    for (cpu, memory), emits in zip(history, first, strict=True):
        if max(cpu, memory) >= 90:
            assert statuses(emits) == ["DEGRADED"]
        if max(cpu, memory) < 70:
            assert statuses(emits) == ["HEALTHY"]
