"""Of which task is a payload, as the attributes of a span say it?"""

from __future__ import annotations

import pytest
from google.protobuf.message import Message

from enchanted.events.v1.alarm_pb2 import AlarmRaised
from enchanted.events.v1.answer_pb2 import TaskGrant
from enchanted.events.v1.leadership_pb2 import RequestsTaken
from enchanted.events.v1.objective_pb2 import ObjectiveProposed
from enchanted.events.v1.task_pb2 import TaskAcknowledged, TaskManifest, TaskSubmitted
from enchanted.events.v1.task_request_pb2 import ClaimRequested, ResultReported, TasksProposed
from nervous_system.contract.payload import KINDS
from nervous_system.telemetry.task_attributes import MAX_CHARACTERS, task_attributes

MANIFEST = TaskManifest(task_id="o1.dig", objective_id="o1", action="dig")
OF_MANIFEST = {
    "ganglion.task.id": "o1.dig",
    "ganglion.objective.id": "o1",
    "ganglion.task.action": "dig",
}


@pytest.mark.parametrize(
    ("payloads", "expected"),
    [
        ([TaskSubmitted(manifest=MANIFEST)], OF_MANIFEST),
        (
            [TaskGrant(manifest=MANIFEST, attempt=2)],
            {**OF_MANIFEST, "ganglion.task.attempt": 2},
        ),
        ([ClaimRequested(worker_id="w1")], {"ganglion.worker.id": "w1"}),
        ([ObjectiveProposed(objective_id="o1")], {"ganglion.objective.id": "o1"}),
        ([AlarmRaised(action="look at the disk")], {}),
        # Of a batch, that in which all agree that say it.
        (
            [
                RequestsTaken(requests=1),
                ResultReported(task_id="o1.dig", worker_id="w1", attempt=1),
                TaskAcknowledged(task_id="o1.dig", objective_id="o1", action="dig", worker_id="w1"),
            ],
            {**OF_MANIFEST, "ganglion.worker.id": "w1", "ganglion.task.attempt": 1},
        ),
        (
            [TasksProposed(tasks=[MANIFEST, TaskManifest(task_id="o1.plant", objective_id="o1")])],
            {"ganglion.objective.id": "o1", "ganglion.task.action": "dig"},
        ),
        # What a worker claims next is no part of what it says of its task.
        (
            [ResultReported(task_id="a", worker_id="w1", next=ClaimRequested(worker_id="w2"))],
            {"ganglion.task.id": "a", "ganglion.worker.id": "w1"},
        ),
        ([ClaimRequested(worker_id="w" * 999)], {"ganglion.worker.id": "w" * MAX_CHARACTERS}),
    ],
)
def test_what_all_agree_on_is_said(payloads: list[Message], expected: dict[str, object]) -> None:
    assert task_attributes(*payloads) == expected


def test_every_kind_of_fact_can_be_asked() -> None:
    for kind in KINDS:
        assert task_attributes(kind()) == {}
