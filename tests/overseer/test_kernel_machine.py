"""Whatever workers, leaders and the network do: is a task held by one lease, completed once, never
lost, and never before what it depends on?"""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)

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
from overseer.kernel.ready_queue import ReadyQueue
from tests.overseer.overseen import Overseen, task

WORKERS = ("w1", "w2", "w3")
ODD = (RESULT_QUARANTINED, 99)
"""Results that no attempt can have."""

STEPS = (*["claim"] * 4, *["report"] * 4, "progress", "release", "again", "again", "order")

WHICH = st.integers(0, 7)
"""Which one of those there are, from the newest on."""

RARELY = st.sampled_from([False, False, False, True])


class KernelMachine(RuleBasedStateMachine):
    """Three workers, one leader at a time, and everything that can go wrong between them.

    What is done with a task, a request or a hold is done with one of those there are, and what
    workers do is one rule: most runs come far.
    """

    @initialize(before=st.lists(st.sampled_from([0, 0, 1, 2]), min_size=6, max_size=6))
    def begin(self, before: list[int]) -> None:
        self.mesh = Overseen()
        self.requests: list[Event] = []
        self.holds: list[tuple[str, str, int]] = []
        for worker in WORKERS:
            self.mesh.register(worker, limit=2)
        names = [f"first.{number}" for number in range(len(before))]
        needs = [names[max(0, number - back) : number] for number, back in enumerate(before)]
        tasks = [task(name, depends_on=each) for name, each in zip(names, needs, strict=True)]
        self.submitted = list(self.mesh.propose(*tasks).accepted_ids)
        assert self.submitted == names

    @rule(
        after=st.lists(st.integers(0, 3), min_size=1, max_size=3),
        before=WHICH,
        priority=st.sampled_from([3, 5, 5, 5, 12]),
        attempts=st.integers(1, 3),
        ttl=st.sampled_from([0, 0, 0, 200]),
        together=st.booleans(),
    )
    def propose(
        self,
        after: list[int],
        before: int,
        priority: int,
        attempts: int,
        ttl: int,
        together: bool,
    ) -> None:
        """One or some at once: each after none, another of them, or an earlier one; the first
        perhaps impossible."""
        names = [f"t{len(self.submitted)}.{number}" for number in range(len(after))]
        earlier = self.submitted or names
        tasks = []
        for number, name in enumerate(names):
            needs = [names[(number + after[number]) % len(names)], earlier[before % len(earlier)]]
            tasks.append(
                task(
                    name,
                    depends_on=needs[2 - after[number] :] if after[number] < 3 else needs[:1],
                    priority=priority if number == 0 else 5,
                    max_attempts=attempts,
                    ttl_seconds=ttl,
                )
            )
        self.submitted += self.mesh.propose(*tasks, together=together).accepted_ids

    @rule(
        step=st.sampled_from(STEPS),
        worker=st.sampled_from(WORKERS),
        which=WHICH,
        result=st.sampled_from([RESULT_COMPLETED, RESULT_COMPLETED, RESULT_FAILED, *ODD]),
        order=st.sampled_from([ORDER_CANCEL, ORDER_QUARANTINE, ORDER_RETRY]),
        claims=st.booleans(),
        lost=RARELY,
    )
    def work(
        self,
        step: str,
        worker: str,
        which: int,
        result: int,
        order: int,
        claims: bool,
        lost: bool,
    ) -> None:
        """A claim; or something about what was claimed once: perhaps much too late, perhaps once
        more under another id, perhaps of a leader that is about to die; or a person's order."""
        if step == "again" and self.requests:
            self._ask(self.requests[-1 - which % len(self.requests)])
        elif step == "claim" or not self.holds:
            self._ask(self.mesh.event(ClaimRequested(worker_id=worker)), lost=lost)
        elif step == "report":
            self._report(which, result, claims=claims, lost=lost)
        elif step == "order":
            self.mesh.order(self.submitted[-1 - which % len(self.submitted)], order)  # type: ignore[arg-type]
        else:
            hold = self.holds[-1 - which % len(self.holds)]
            (self.mesh.release if step == "release" else self.mesh.progress)(*hold)

    def _report(self, which: int, result: int, *, claims: bool, lost: bool) -> None:
        """Perhaps its worker claims the next with it, and hears of that when it asks again."""
        worker, task_id, attempt = self.holds[-1 - which % len(self.holds)]
        report = ResultReported(task_id=task_id, worker_id=worker, attempt=attempt, result=result)  # type: ignore[arg-type]
        if claims:
            report.next.CopyFrom(ClaimRequested(worker_id=worker))
        self._ask(self.mesh.event(report), lost=lost)

    def _ask(self, request: Event, *, lost: bool = False) -> None:
        (answer,) = self.mesh.ask(request, lost=lost)
        self.requests.append(request)
        if answer.HasField("grant"):
            task_id, attempt = answer.grant.manifest.task_id, answer.grant.attempt
            self.holds.append((self.mesh.state.kernel.claimed[task_id], task_id, attempt))

    @rule(worker=st.sampled_from(WORKERS), anew=RARELY)
    def heartbeat(self, worker: str, anew: bool) -> None:
        """Or a new life."""
        holding = self.mesh.state.kernel.workers.get(worker)
        if anew or holding is None:
            self.mesh.register(worker, limit=2)
        else:
            self.mesh.heartbeat(worker, *holding.task_ids)

    @rule(seconds=st.sampled_from([1, 10, 31, 31, 61]), lost=RARELY)
    def time_passes(self, seconds: int, lost: bool) -> None:
        self.mesh.later(seconds)
        self.mesh.tick(lost=lost)

    @rule(from_a_snapshot=st.booleans())
    def another_leader(self, from_a_snapshot: bool) -> None:
        before = self.mesh.state
        self.mesh.new_leader(snapshot_at=len(self.mesh.log) if from_a_snapshot else None)
        assert self.mesh.state == before

    @invariant()
    def none_vanishes(self) -> None:
        kernel = self.mesh.state.kernel
        assert {*self.submitted} == set(kernel.tasks) | set(kernel.ended)
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
                manifest = payload.manifest
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
            assert each.task_id in kernel.to_cancel or all(
                one in kernel.tasks for one in each.unmet_dependencies
            )

    @invariant()
    def every_ready_task_stands_in_line(self) -> None:
        """The index that was kept up to date leads to the same tasks as one that is made anew."""
        kernel, now = self.mesh.state.kernel, self.mesh.now
        kept = {
            each.task_id for each in kernel.ready_queue.due(kernel.tasks, now).heads(kernel.tasks)
        }
        anew = ReadyQueue.of(kernel.tasks.values()).due(kernel.tasks, now)
        assert kept == {each.task_id for each in anew.heads(kernel.tasks)}


USUAL = settings(max_examples=150, stateful_step_count=40, deadline=None, derandomize=True)

TestKernelMachine = KernelMachine.TestCase
TestKernelMachine.pytestmark = pytest.mark.heavy  # type: ignore[attr-defined]
TestKernelMachine.settings = USUAL


@pytest.mark.long
class TestKernelMachineAtLength(KernelMachine.TestCase):  # type: ignore[misc, valid-type]
    """The same machine, a thousand times, otherwise each night."""

    settings = settings(USUAL, max_examples=1000, derandomize=False)
