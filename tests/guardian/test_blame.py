"""Whatever fails: is what is to blame named and held, and is a worker of each skill left?"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enchanted.events.v1.command_pb2 import (
    COMMAND_RELEASE,
    COMMAND_SLEEP,
    CommandIssued,
)
from enchanted.events.v1.incident_pb2 import (
    IncidentClosed,
    IncidentEscalated,
    IncidentOpened,
    RecoveryAttempted,
)
from enchanted.events.v1.pulse_pb2 import SystemModeChanged
from enchanted.events.v1.task_pb2 import (
    TaskAcknowledged,
    TaskClaimed,
    TaskCompleted,
    TaskFailed,
    TaskManifest,
    TaskQuarantined,
    TaskReleased,
    TaskSubmitted,
)
from enchanted.events.v1.task_request_pb2 import ORDER_QUARANTINE, TaskOrdered
from enchanted.events.v1.worker_pb2 import WorkerDeparted, WorkerHeartbeat, WorkerRegistered
from tests.guardian.guardian_play import Play


class Swarm(Play):
    """A guardian, and workers that do tasks."""

    def __init__(self, *hosts: str) -> None:
        super().__init__()
        self.tasks = 0
        for number, host in enumerate(hosts):
            self.registers(f"w{number + 1}", host=host)

    def registers(self, worker_id: str, *, host: str = "node-1", after: float = 0) -> None:
        registered = WorkerRegistered(worker_id=worker_id, host=host, heartbeat_seconds=1e6)
        self.happens(registered, after=after)

    def submits(self, objective_id: str, action: str, *, after: float, seconds: float = 0) -> str:
        self.tasks += 1
        manifest = TaskManifest(
            task_id=f"t{self.tasks}",
            objective_id=objective_id,
            action=action,
            attempt_seconds=seconds,
        )
        self.happens(TaskSubmitted(manifest=manifest), after=after)
        return manifest.task_id

    def ends(
        self,
        worker_id: str,
        kind: type[TaskFailed | TaskCompleted | TaskReleased],
        *,
        objective: str = "bad",
        action: str = "work",
        count: int = 1,
        after: float = 1,
    ) -> None:
        """So many tasks are submitted and end so, at once."""
        for _ in range(count):
            task_id = self.submits(objective, action, after=after)
            self.happens(kind(task_id=task_id, worker_id=worker_id, attempt=1), after=after)
            if kind is not TaskReleased:
                self.happens(TaskAcknowledged(task_id=task_id), after=after)

    def told(self) -> list[tuple[int, str]]:
        return [(each.kind, each.target) for each in self.said(CommandIssued)]

    def blamed(self) -> list[tuple[str, str]]:
        return [(each.rule, each.subject_of_concern) for each in self.said(IncidentOpened)]


def test_a_bad_objective_is_named_and_what_waits_of_it_is_set_aside_once() -> None:
    swarm = Swarm("node-1", "node-1", "node-1")
    for worker_id in ("w1", "w2", "w3"):
        swarm.ends(worker_id, TaskFailed, count=5)
    waiting = [swarm.submits("bad", "work", after=2) for _ in range(3)]
    good = swarm.submits("good", "work", after=2)
    in_hand = swarm.submits("bad", "work", after=2)
    swarm.happens(TaskClaimed(task_id=in_hand, worker_id="w1", attempt=1), after=2)
    swarm.silence(after=5)
    assert swarm.blamed() == [("objective_failing", "bad")]
    orders = swarm.said(TaskOrdered)
    assert [each.task_id for each in orders] == waiting
    assert {each.order for each in orders} == {ORDER_QUARANTINE}
    assert all("objective bad failed, at 3 workers" in each.reason for each in orders)
    for task_id in waiting:
        swarm.happens(TaskQuarantined(task_id=task_id), after=6)
    swarm.happens(TaskFailed(task_id=in_hand, worker_id="w1", attempt=1), after=7)
    late = swarm.submits("bad", "work", after=7)
    again = TaskReleased(task_id=waiting[0], given_back=True)
    swarm.happens(again, after=7)  # a person lets it be tried again
    swarm.silence(after=10)
    assert [each.task_id for each in swarm.said(TaskOrdered)] == sorted([*waiting, in_hand, late])
    assert good not in {each.task_id for each in swarm.said(TaskOrdered)}
    assert swarm.told() == []
    swarm.silence(after=900)
    (closed,) = swarm.said(IncidentClosed)
    assert closed.recovered
    swarm.replays()


def test_three_bad_objectives_of_hundreds_of_tasks_do_not_halt_the_mesh() -> None:
    swarm = Swarm("node-1", "node-1", "node-2")
    for objective in ("a", "b", "c"):
        for worker_id in ("w1", "w2", "w3"):
            swarm.ends(worker_id, TaskFailed, objective=objective, count=100)
    waiting = swarm.submits("a", "work", after=2)
    swarm.submits("good", "work", after=2)  # nobody knows yet that it is
    swarm.silence(after=5)
    assert [each.task_id for each in swarm.said(TaskOrdered)] == [waiting]
    assert [subject for _, subject in swarm.blamed()] == ["work"], "an action, where several fail"
    assert {each.mode for each in swarm.said(SystemModeChanged)} == {"degraded"}
    assert swarm.told() == []
    swarm.replays()


def test_a_bad_machine_is_to_blame_and_its_workers_rest_until_it_is_over() -> None:
    swarm = Swarm("node-1", "node-1", "node-2")
    for worker_id in ("w1", "w2"):
        swarm.ends(worker_id, TaskFailed, count=10)
    swarm.ends("w3", TaskCompleted, count=5)
    swarm.silence(after=5)
    assert swarm.blamed() == [("machine_failing", "node-1")]
    assert swarm.told() == [(COMMAND_SLEEP, "w1"), (COMMAND_SLEEP, "w2")]
    assert all("machine node-1" in each.reason for each in swarm.said(CommandIssued))
    swarm.silence(after=900)
    assert swarm.told()[2:] == [(COMMAND_RELEASE, "w1"), (COMMAND_RELEASE, "w2")]
    swarm.replays()


def test_who_sleeps_is_released_when_nobody_else_is_left() -> None:
    swarm = Swarm("node-1", "node-1", "node-2")
    for worker_id in ("w1", "w2"):
        swarm.ends(worker_id, TaskFailed, count=10)
    swarm.ends("w3", TaskCompleted, count=5)
    swarm.silence(after=5)
    swarm.happens(WorkerDeparted(worker_id="w3"), after=6)
    swarm.silence(after=10)
    assert swarm.told()[2:] == [(COMMAND_RELEASE, "w1")]
    swarm.replays()


def test_the_last_worker_is_not_told_to_go_and_the_page_says_so() -> None:
    swarm = Swarm("node-1", "node-1")
    swarm.ends("w1", TaskFailed, count=30)
    swarm.ends("w2", TaskCompleted, count=5)
    swarm.happens(WorkerHeartbeat(worker_id="w2", draining=True), after=2)
    swarm.silence(after=5)
    assert swarm.blamed() == [("worker_failing", "w1")]
    assert swarm.told() == []
    (page,) = swarm.said(RecoveryAttempted)
    assert page.detail.endswith("it is not told to go: it is the last worker")
    assert not swarm.said(IncidentEscalated)
    swarm.replays()


def test_a_busy_machine_blames_nobody() -> None:
    swarm = Swarm("node-1", "node-2")
    swarm.ends("w1", TaskReleased, count=30)
    swarm.ends("w2", TaskCompleted, count=30)
    for _ in range(30):
        task_id = swarm.submits("bad", "work", after=2, seconds=5)
        swarm.happens(TaskClaimed(task_id=task_id, worker_id="w1", attempt=1), after=2)
        failed = TaskFailed(task_id=task_id, worker_id="w1", attempt=1)
        swarm.happens(failed, after=8)
    swarm.silence(after=10)
    assert swarm.blamed() == []
    swarm.replays()


def test_a_task_that_is_tried_again_is_still_one_of_its_objective() -> None:
    swarm = Swarm("node-1", "node-1")
    for worker_id in ("w1", "w2"):
        swarm.ends(worker_id, TaskFailed, count=100)
    swarm.silence(after=900)  # and long ago
    for number in range(1, 201):
        again = TaskReleased(task_id=f"t{number}", given_back=True, again=True)
        swarm.happens(again, after=900)
        failed = TaskFailed(task_id=f"t{number}", worker_id=f"w{number % 2 + 1}", attempt=2)
        swarm.happens(failed, after=901)
        swarm.happens(TaskAcknowledged(task_id=f"t{number}"), after=901)
    swarm.silence(after=905)
    assert swarm.blamed() == [("objective_failing", "bad")]
    swarm.replays()


SKILLS = [(), ("a",), ("b",), ("a", "b")]
ACTIONS = [(), ("x",), ("x", "y")]
workers = st.lists(
    st.tuples(st.sampled_from(SKILLS), st.sampled_from(ACTIONS), st.sampled_from(["n1", "n2"])),
    min_size=1,
    max_size=5,
)
steps = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.sampled_from(["fail", "fail", "complete", "lose", "beat", "hang", "tick", "tick"]),
        st.sampled_from(["o1", "o2", ""]),
        st.sampled_from(["x", "y"]),
        st.sampled_from([1.0, 30.0, 200.0]),
    ),
    max_size=30,
)


@pytest.mark.heavy
@settings(max_examples=100, deadline=None)
@given(workers=workers, steps=steps)
def test_whatever_fails_some_worker_is_left_for_all_that_could_be_done(
    workers: list[tuple[tuple[str, ...], tuple[str, ...], str]],
    steps: list[tuple[int, str, str, str, float]],
) -> None:
    """The harshest worker: told to go, it goes, and nobody starts it again. (`hang`: it holds a
    task for ever and is heard of still.)"""
    swarm = Swarm()
    there = {}
    for number, (skills, actions, host) in enumerate(workers):
        worker_id = f"w{number}"
        there[worker_id] = (set(skills), actions)
        swarm.happens(
            WorkerRegistered(
                worker_id=worker_id,
                skills=skills,
                actions=actions,
                host=host,
                heartbeat_seconds=60,
            ),
            after=0,
        )
    could = list(there.values())
    now, obeyed, asleep = 0.0, 0, set[str]()
    for who, what, objective, action, seconds in steps:
        now += seconds
        worker_id = f"w{who % len(workers)}"
        ends = {"fail": TaskFailed, "complete": TaskCompleted, "lose": TaskReleased}
        if worker_id in there and what in ends:
            swarm.ends(
                worker_id, ends[what], objective=objective, action=action, count=6, after=now
            )
        elif worker_id in there and what == "hang":
            swarm.happens(TaskClaimed(task_id=f"h{worker_id}", worker_id=worker_id), after=now)
        elif what == "beat":
            for each in sorted(there):
                swarm.happens(WorkerHeartbeat(worker_id=each), after=now)
        swarm.silence(after=now)
        while obeyed < len(swarm.said(CommandIssued)):
            for command in swarm.said(CommandIssued)[obeyed:]:
                obeyed += 1
                if command.kind == COMMAND_SLEEP:
                    asleep.add(command.target)
                elif command.kind == COMMAND_RELEASE:
                    asleep.discard(command.target)
                elif command.target in there:
                    del there[command.target]
                    swarm.happens(WorkerDeparted(worker_id=command.target), after=now)
            swarm.silence(after=now)
        left = [of for each, of in there.items() if each not in asleep]
        for needed, actions in could:
            for one in actions or ("",):
                assert any(
                    needed <= others and (not does or one in does) for others, does in left
                ), (needed, one, swarm.said(CommandIssued))
    swarm.replays()
