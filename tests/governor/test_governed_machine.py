"""Whatever happens to a machine: is at most one order in force, does every one end, and does its
history replay?"""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from enchanted.events.v1.alarm_pb2 import AlarmRaised
from enchanted.events.v1.command_pb2 import COMMAND_SLEEP, COMMAND_THROTTLE, CommandIssued
from enchanted.events.v1.swarm_event_pb2 import ROLE_GUARDIAN, ROLE_OVERSEER
from enchanted.events.v1.worker_pb2 import WorkerDeparted, WorkerLost
from tests.governor.governed import ROLE, Governed

WORKERS = ("w1", "w2", "w3")
workers = st.sampled_from(WORKERS)
percents = st.sampled_from((0, 50, 69, 75, 89, 92, 96, 98, 99.5, 100))


class Machine(RuleBasedStateMachine):
    """A machine, its workers, and governors that come and go."""

    def __init__(self) -> None:
        super().__init__()
        self.governed = Governed()
        self.well_for = 0  # samples in a row that were far below every limit
        self.only_cpu = True  # nothing but CPU was ever short, and the policy never said to stop

    @rule(cpu=percents, memory=percents, disk=percents)
    def sample(self, cpu: float, memory: float, disk: float) -> None:
        well = max(cpu, memory, disk) <= 50 and not self.governed.state.max_cpu_percent
        self.well_for = self.well_for + 1 if well else 0
        self.only_cpu = self.only_cpu and max(memory, disk) <= 50
        self.governed.sample(cpu, memory=memory, disk=disk)

    @rule(times=st.integers(2, 6), cpu=percents)
    def sustained(self, times: int, cpu: float) -> None:
        for _ in range(times):
            self.sample(cpu, 10, 10)

    @rule(times=st.integers(1, 3))
    def well(self, times: int) -> None:
        self.sustained(times, 0)

    @rule(worker_id=workers, limit=st.integers(0, 8), here=st.booleans())
    def register(self, worker_id: str, limit: int, here: bool) -> None:
        host = {} if here else {"host": "node-2"}
        self.governed.register(worker_id, limit=limit, **host)  # type: ignore[arg-type]

    @rule(worker_id=workers, lost=st.booleans())
    def leave(self, worker_id: str, lost: bool) -> None:
        gone = WorkerLost(worker_id=worker_id) if lost else WorkerDeparted(worker_id=worker_id)
        self.governed.publish(gone, by=ROLE_OVERSEER)

    @rule(
        cpu=st.sampled_from((0, 0, 50, 100)),
        memory=st.sampled_from((0, 60, 99)),
        hard_stop=st.sampled_from((False, False, True)),
    )
    def adopt(self, cpu: float, memory: float, hard_stop: bool) -> None:
        self.governed.adopt(cpu=cpu, memory=memory, hard_stop=hard_stop)
        self.well_for = 0
        self.only_cpu = self.only_cpu and not hard_stop

    @rule(seconds=st.sampled_from((0, 90, 700)))
    def override(self, seconds: float) -> None:
        self.governed.override(seconds)

    @rule(seconds=st.sampled_from((1, 29, 100, 301, 5000)))
    def wait(self, seconds: float) -> None:
        self.governed.later(seconds)

    @rule()
    def pulse(self) -> None:
        self.governed.pulse()

    @rule()
    def tick(self) -> None:
        self.governed.tick()

    @rule(back=st.integers(1, 5), obeyed=st.booleans())
    def acknowledge(self, back: int, obeyed: bool) -> None:
        for event_id, command, _ in list(self.governed.commands())[-back:]:
            self.governed.acknowledge(event_id, command.target, obeyed=obeyed)

    @rule(worker_id=workers)
    def another_commands(self, worker_id: str) -> None:
        sleep = CommandIssued(kind=COMMAND_SLEEP, target=worker_id, expires_in_seconds=60)
        assert self.governed.publish(sleep, by=ROLE_GUARDIAN, agent_id="guardian/main") == []

    @rule(snapshot=st.booleans())
    def restart(self, snapshot: bool) -> None:
        self.governed.restart(snapshot=snapshot)

    @invariant()
    def at_most_one_order_is_in_force(self) -> None:
        for worker_id in WORKERS:
            assert len(self.governed.in_force(worker_id)) <= 1

    @invariant()
    def every_order_says_when_it_ends(self) -> None:
        for _, command, _ in self.governed.commands():
            if command.kind in (COMMAND_THROTTLE, COMMAND_SLEEP):
                assert 0 < command.expires_in_seconds <= 300
                assert (command.limit >= 1) == (command.kind == COMMAND_THROTTLE)

    @invariant()
    def a_busy_machine_is_slowed_down_and_never_stopped(self) -> None:
        for worker_id in WORKERS if self.only_cpu else ():
            assert all(each.limit >= 1 for each in self.governed.in_force(worker_id))

    @invariant()
    def who_overrides_the_limits_holds_nobody_back(self) -> None:
        state = self.governed.state
        if self.only_cpu and state.overridden(self.governed.now):
            for worker_id in (
                state.workers if state.knows(ROLE.core.policy, self.governed.now) else ()  # type: ignore[attr-defined]
            ):
                assert self.governed.in_force(worker_id) == []

    @invariant()
    def nobody_is_held_back_on_a_machine_that_is_well(self) -> None:
        state = self.governed.state
        if self.well_for and not state.max_memory_percent:
            for worker_id in state.workers:
                assert self.governed.in_force(worker_id) == []

    @invariant()
    def what_is_remembered_stays_small(self) -> None:
        state = self.governed.state
        assert set(state.orders) <= set(WORKERS)
        assert {each.worker_id for each in state.unanswered.values()} <= set(WORKERS)
        assert state.unresponsive <= set(state.workers)

    def teardown(self) -> None:
        self.governed.restart()
        names = [
            each.event.payload.name
            for each in self.governed.log
            if isinstance(each.event.payload, AlarmRaised)
        ]
        assert set(names) <= {
            "cpu_overloaded",
            "memory_overloaded",
            "disk_nearly_full",
            "sampling_stopped",
            "command_not_obeyed",
        }


TestAnyMachine = Machine.TestCase
TestAnyMachine.pytestmark = pytest.mark.heavy  # type: ignore[attr-defined]
TestAnyMachine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
