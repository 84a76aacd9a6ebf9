"""Whatever workers, leaders and the network do: is a task held by one lease, completed once, never
lost, and never before what it depends on?"""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
)
from overseen import Overseen, task

from enchanted.events.v1.task_pb2 import (
    RESULT_COMPLETED,
    RESULT_FAILED,
    RESULT_QUARANTINED,
    TaskAcknowledged,
    TaskClaimed,
    TaskCompleted,
    TaskFailed,
    TaskReleased,
)
from enchanted.events.v1.task_request_pb2 import (
    ORDER_CANCEL,
    ORDER_QUARANTINE,
    ORDER_RETRY,
    ClaimRequested,
    ResultReported,
)
from nervous_system.contract.event import Event
from overseer.kernel.waiting import Waiting

WORKERS = ("w1", "w2", "w3")
ODD = (RESULT_QUARANTINED, 99)
"""Results that no attempt can have."""


class KernelMachine(RuleBasedStateMachine):
    """Three workers, one leader at a time, and everything that can go wrong between them."""

    tasks = Bundle("tasks")
    requests = Bundle("requests")
    held = Bundle("held")

    @initialize()
    def begin(self) -> None:
        self.mesh = Overseen()
        self.submitted: set[str] = set()
        for worker in WORKERS:
            self.mesh.register(worker, most=2)

    @rule(
        target=tasks,
        before=st.lists(tasks, max_size=2),
        priority=st.sampled_from([3, 5]),  # few, so that many stand in one line
        attempts=st.integers(1, 3),
        ttl=st.sampled_from([0, 0, 0, 200]),
    )
    def propose(self, before: list[str], priority: int, attempts: int, ttl: int) -> str:
        task_id = f"t{len(self.submitted)}"
        answer = self.mesh.propose(
            task(
                task_id,
                depends_on=before,
                priority=priority,
                max_attempts=attempts,
                ttl_seconds=ttl,
            )
        )
        if answer.accepted:
            self.submitted.add(task_id)
        return task_id

    @rule(
        target=tasks,
        before=st.lists(st.sampled_from([1, 2, 3]), min_size=3, max_size=3),
        priorities=st.lists(st.sampled_from([3, 5, 5, 12]), min_size=3, max_size=3),
        together=st.booleans(),
    )
    def propose_some(self, before: list[int], priorities: list[int], together: bool) -> object:
        """At once, each after another of them, perhaps in a circle or after one that cannot be."""
        names = [f"t{len(self.submitted)}.{number}" for number in range(3)]
        tasks = [
            task(name, priority=priority, depends_on=[names[(number + step) % 3]][: step % 3])
            for number, (name, step, priority) in enumerate(
                zip(names, before, priorities, strict=True)
            )
        ]
        accepted = self.mesh.propose(*tasks, together=together).accepted_ids
        self.submitted.update(accepted)
        return multiple(*accepted)

    @rule(target=requests, worker=st.sampled_from(WORKERS))
    def make_claim(self, worker: str) -> Event:
        return self.mesh.event(ClaimRequested(worker_id=worker))

    @rule(target=held, request=requests, lost=st.booleans())
    def ask_for_a_task(self, request: Event, lost: bool) -> object:
        """Perhaps for the second time, perhaps of a leader that is about to die."""
        (answer,) = self.mesh.ask(request, lost=lost)
        if not answer.HasField("grant"):
            return multiple()
        worker = request.payload.worker_id  # type: ignore[union-attr]
        return worker, answer.grant.manifest.task_id, answer.grant.attempt

    @rule(
        target=requests,
        hold=held,
        result=st.sampled_from([RESULT_COMPLETED, RESULT_COMPLETED, RESULT_FAILED, *ODD]),
        claims=st.booleans(),
        lost=st.booleans(),
    )
    def report(self, hold: tuple[str, str, int], result: int, claims: bool, lost: bool) -> Event:
        """Perhaps much too late, perhaps once more under another id; perhaps its worker claims the
        next with it, and hears of that when it asks again, or never."""
        worker, task_id, attempt = hold
        report = ResultReported(task_id=task_id, worker_id=worker, attempt=attempt, result=result)
        if claims:
            report.next.CopyFrom(ClaimRequested(worker_id=worker))
        event = self.mesh.event(report)
        self.mesh.ask(event, lost=lost)
        return event

    @rule(request=requests)
    def ask_again(self, request: Event) -> None:
        self.mesh.ask(request)

    @rule(hold=held)
    def progress(self, hold: tuple[str, str, int]) -> None:
        self.mesh.progress(*hold)

    @rule(hold=held)
    def give_back(self, hold: tuple[str, str, int]) -> None:
        self.mesh.release(*hold)

    @rule(worker=st.sampled_from(WORKERS))
    def heartbeat(self, worker: str) -> None:
        holding = self.mesh.state.kernel.workers.get(worker)
        self.mesh.heartbeat(worker, *(holding.task_ids if holding is not None else ()))

    @rule(worker=st.sampled_from(WORKERS))
    def restart_worker(self, worker: str) -> None:
        self.mesh.register(worker, most=2)

    @rule(seconds=st.sampled_from([1, 10, 31, 61]))
    def time_passes(self, seconds: int) -> None:
        self.mesh.later(seconds)

    @rule(lost=st.booleans())
    def tick(self, lost: bool) -> None:
        self.mesh.tick(lost=lost)

    @rule(task_id=tasks, order=st.sampled_from([ORDER_CANCEL, ORDER_QUARANTINE, ORDER_RETRY]))
    def order(self, task_id: str, order: int) -> None:
        self.mesh.order(task_id, order)

    @rule()
    def another_leader(self) -> None:
        before = self.mesh.state
        self.mesh.new_leader()
        assert self.mesh.state == before

    @rule()
    def another_leader_from_a_snapshot(self) -> None:
        before = self.mesh.state
        self.mesh.new_leader(snapshot_at=len(self.mesh.log))
        assert self.mesh.state == before

    @invariant()
    def none_vanishes(self) -> None:
        kernel = self.mesh.state.kernel
        assert self.submitted == set(kernel.tasks) | set(kernel.ended)
        assert not set(kernel.tasks) & set(kernel.ended)

    @invariant()
    def one_live_lease_each(self) -> None:
        kernel = self.mesh.state.kernel
        holding = Counter(each for worker in kernel.workers.values() for each in worker.task_ids)
        assert all(count == 1 for count in holding.values())
        assert set(holding) <= set(kernel.claimed)
        for task_id, worker_id in kernel.claimed.items():
            claim = kernel.tasks[task_id].claim
            assert claim is not None
            assert claim.worker_id == worker_id
        for each in kernel.tasks.values():
            assert (each.claim is not None) == (each.task_id in kernel.claimed)

    @invariant()
    def completed_once_and_in_order(self) -> None:
        done: set[str] = set()
        over: set[str] = set()
        for each in self.mesh.log:
            payload = each.event.payload
            if isinstance(payload, TaskCompleted):
                assert payload.task_id not in done
                done.add(payload.task_id)
            elif isinstance(payload, TaskAcknowledged) and payload.result == RESULT_COMPLETED:
                over.add(payload.task_id)
            elif isinstance(payload, TaskClaimed):
                assert payload.task_id not in over
        assert done == over

    @invariant()
    def only_who_holds_it_ends_it(self) -> None:
        holder: dict[str, tuple[str, int]] = {}
        for each in self.mesh.log:
            payload = each.event.payload
            if isinstance(payload, TaskClaimed):
                assert payload.task_id not in holder
                holder[payload.task_id] = (payload.worker_id, payload.attempt)
            elif isinstance(payload, TaskCompleted | TaskFailed):
                assert holder[payload.task_id] == (payload.worker_id, payload.attempt)
                if isinstance(payload, TaskFailed):
                    del holder[payload.task_id]
            elif isinstance(payload, TaskReleased | TaskAcknowledged):
                holder.pop(payload.task_id, None)

    @invariant()
    def claimed_only_after_what_it_depends_on(self) -> None:
        needs: dict[str, list[str]] = {}
        done: set[str] = set()
        for each in self.mesh.log:
            payload = each.event.payload
            if each.event.kind.field == "task_submitted":
                manifest = payload.manifest  # type: ignore[union-attr]
                needs[manifest.task_id] = list(manifest.depends_on)
            elif isinstance(payload, TaskCompleted):
                done.add(payload.task_id)
            elif isinstance(payload, TaskClaimed):
                assert set(needs[payload.task_id]) <= done

    @invariant()
    def none_fails_more_often_than_it_may(self) -> None:
        for each in self.mesh.state.kernel.tasks.values():
            assert each.failures < each.manifest.max_attempts

    @invariant()
    def none_waits_for_nothing(self) -> None:
        """What a task waits for is open, or the task is about to be cancelled."""
        kernel = self.mesh.state.kernel
        for each in kernel.tasks.values():
            assert each.task_id in kernel.doomed or all(one in kernel.tasks for one in each.unmet)

    @invariant()
    def every_ready_task_stands_in_line(self) -> None:
        """The index that was kept up to date leads to the same tasks as one that is made anew."""
        kernel, now = self.mesh.state.kernel, self.mesh.now
        kept = {each.task_id for each in kernel.line.due(kernel.tasks, now).heads(kernel.tasks)}
        anew = Waiting.of(kernel.tasks.values()).due(kernel.tasks, now)
        assert kept == {each.task_id for each in anew.heads(kernel.tasks)}


USUAL = settings(max_examples=60, stateful_step_count=40, deadline=None, derandomize=True)

TestKernelMachine = KernelMachine.TestCase
TestKernelMachine.settings = USUAL


@pytest.mark.long
class TestKernelMachineAtLength(KernelMachine.TestCase):  # type: ignore[misc,name-defined]
    """The same machine, a thousand times, otherwise each night."""

    settings = settings(USUAL, max_examples=1000, derandomize=False)
