"""Is a request about what one worker holds its own alone, and an order a person's?"""

from __future__ import annotations

from dataclasses import replace

import pytest

from enchanted.events.v1.swarm_event_pb2 import (
    ROLE_CODER,
    ROLE_GUARDIAN,
    ROLE_OPERATOR,
    ROLE_WORKER,
    AgentRole,
)
from enchanted.events.v1.task_pb2 import RESULT_COMPLETED
from enchanted.events.v1.task_request_pb2 import (
    ORDER_CANCEL,
    ORDER_QUARANTINE,
    ORDER_RETRY,
    ClaimRequested,
    ProgressReported,
    ReleaseRequested,
    ResultReported,
    TaskOrder,
    TaskOrdered,
)
from enchanted.events.v1.worker_pb2 import WorkerDeparted, WorkerHeartbeat, WorkerRegistered
from nervous_system.contract.payload import Payload
from overseer.requests.asked import NO_ORDERS
from tests.overseer.overseen import Overseen, task

NEXT_AS_ANOTHER = ResultReported(
    task_id="held", worker_id="bob", attempt=1, next=ClaimRequested(worker_id="vw")
)


@pytest.fixture
def holding() -> Overseen:
    mesh = Overseen()
    mesh.register("vw", limit=2)
    mesh.register("bob")
    mesh.propose(task("held"), task("ready"))
    assert mesh.claim("vw").grant.manifest.task_id == "held"
    return mesh


@pytest.mark.parametrize("role", [ROLE_WORKER, ROLE_CODER, ROLE_OPERATOR])
@pytest.mark.parametrize(
    "payload",
    [
        ResultReported(task_id="held", worker_id="vw", attempt=1, result=RESULT_COMPLETED),
        ProgressReported(task_id="held", worker_id="vw", attempt=1),
        ReleaseRequested(task_id="held", worker_id="vw", attempt=1),
        ClaimRequested(worker_id="vw"),
        NEXT_AS_ANOTHER,
    ],
    ids=lambda each: type(each).__name__,
)
def test_nobody_asks_for_another_worker(
    holding: Overseen, payload: Payload, role: AgentRole.ValueType
) -> None:
    before, length = holding.state.kernel.tasks, len(holding.log)
    request = replace(holding.event(payload, role=role), agent_id="bob")
    for _ in range(2):
        (answer,) = holding.ask(request)
        assert not answer.accepted
        assert not answer.HasField("grant")
        assert answer.reasons == [
            "bob cannot ask as vw: a worker claims, renews, gives back and reports what it holds"
            " itself; use agent_id='vw'"
        ]
    assert holding.state.kernel.tasks == before
    assert len(holding.log) == length, "nothing of it is on the log"
    assert holding.result("vw", "held", RESULT_COMPLETED).accepted


@pytest.mark.parametrize("role", [ROLE_CODER, ROLE_OPERATOR])
@pytest.mark.parametrize(
    "payload",
    [
        ResultReported(task_id="held", worker_id="vw", attempt=1, result=RESULT_COMPLETED),
        ProgressReported(task_id="held", worker_id="vw", attempt=1),
        ReleaseRequested(task_id="held", worker_id="vw", attempt=1),
        ClaimRequested(worker_id="vw"),
    ],
    ids=lambda each: type(each).__name__,
)
def test_nor_does_one_of_another_role_that_calls_itself_so(
    holding: Overseen, payload: Payload, role: AgentRole.ValueType
) -> None:
    before = holding.state.kernel.tasks
    (answer,) = holding.ask(holding.event(payload, role=role))
    assert not answer.accepted
    assert not answer.HasField("grant")
    assert answer.reasons[0].startswith("the worker vw that is here is a worker, and who asks is a")
    assert holding.state.kernel.tasks == before
    assert holding.result("vw", "held", RESULT_COMPLETED).accepted


def test_one_of_another_role_says_nothing_of_a_worker_that_is_here(holding: Overseen) -> None:
    before = holding.state.kernel
    for payload in (
        WorkerRegistered(worker_id="vw"),
        WorkerHeartbeat(worker_id="vw", draining=True),
        WorkerDeparted(worker_id="vw"),
    ):
        holding.publish(payload, role=ROLE_CODER)
        holding.tick()
        assert holding.state.kernel.workers == before.workers
        assert holding.state.kernel.tasks == before.tasks
    holding.publish(WorkerDeparted(worker_id="vw"))
    holding.publish(WorkerRegistered(worker_id="vw"), role=ROLE_CODER)
    claim = holding.event(ClaimRequested(worker_id="vw"), role=ROLE_CODER)
    assert holding.ask(claim)[0].accepted, "who has gone left its name to others"


@pytest.mark.parametrize("order", [ORDER_CANCEL, ORDER_QUARANTINE, ORDER_RETRY])
@pytest.mark.parametrize("objective_id", ["", "o"])
def test_only_a_person_or_the_guardian_orders(
    holding: Overseen, order: TaskOrder.ValueType, objective_id: str
) -> None:
    ordered = TaskOrdered(task_id="held", objective_id=objective_id, order=order)
    for role in (ROLE_CODER, ROLE_WORKER):
        (answer,) = holding.ask(holding.event(ordered, role=role))
        assert answer.reasons == [NO_ORDERS]
    assert holding.kinds("held") == ["submitted", "claimed"]


@pytest.mark.parametrize("role", [ROLE_OPERATOR, ROLE_GUARDIAN])
def test_a_person_and_the_guardian_do(holding: Overseen, role: AgentRole.ValueType) -> None:
    ordered = TaskOrdered(task_id="held", order=ORDER_CANCEL)
    assert holding.ask(holding.event(ordered, role=role))[0].accepted
