"""What does a payload say, in the words a person looks for first?"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from google.protobuf.json_format import MessageToDict

from enchanted.events.v1.action_outcome_pb2 import OUTCOME_FAILED, ActionOutcome
from enchanted.events.v1.alarm_pb2 import SEVERITY_INFO, AlarmRaised
from enchanted.events.v1.incident_pb2 import IncidentClosed, IncidentEscalated, IncidentOpened
from enchanted.events.v1.objective_pb2 import (
    OBJECTIVE_FAILED,
    ObjectiveFinished,
    ObjectiveRejected,
)
from enchanted.events.v1.task_pb2 import (
    RESULT_COMPLETED,
    TaskAcknowledged,
    TaskCancelled,
    TaskExpired,
    TaskFailed,
    TaskQuarantined,
    TaskRejected,
    TaskReleased,
)
from enchanted.events.v1.task_request_pb2 import ResultArrivedLate, ResultReported
from nervous_system.contract.payload import Payload, PayloadKind
from operations.descriptions.agents import AGENTS
from operations.descriptions.incidents import INCIDENTS
from operations.descriptions.members import MEMBERS
from operations.descriptions.objectives import OBJECTIVES
from operations.descriptions.requests import REQUESTS
from operations.descriptions.rules import RULES
from operations.descriptions.tasks import TASKS

DESCRIPTIONS: Final[Mapping[type[Payload], Callable[[Any], str]]] = MappingProxyType(
    {**AGENTS, **TASKS, **REQUESTS, **OBJECTIVES, **MEMBERS, **RULES, **INCIDENTS}
)


_FAILURES: Final = (
    TaskRejected,
    TaskFailed,
    TaskCancelled,
    TaskExpired,
    TaskQuarantined,
    ResultArrivedLate,
    ObjectiveRejected,
    IncidentOpened,
    IncidentEscalated,
)
_MAY_FAIL: Final[Mapping[type[Payload], Callable[[Any], bool]]] = MappingProxyType(
    {
        AlarmRaised: lambda payload: payload.severity != SEVERITY_INFO,
        IncidentClosed: lambda payload: not payload.recovered,
        TaskReleased: lambda payload: not payload.again,
        ActionOutcome: lambda payload: payload.status == OUTCOME_FAILED,
        ResultReported: lambda payload: payload.result != RESULT_COMPLETED,
        TaskAcknowledged: lambda payload: payload.result != RESULT_COMPLETED,
        ObjectiveFinished: lambda payload: payload.result == OBJECTIVE_FAILED,
    }
)


def describe(payload: Payload) -> str:
    """Its sentence; of a kind that has none, its fields as JSON."""
    sentence = DESCRIPTIONS.get(type(payload))
    if sentence is not None:
        return sentence(payload)
    fields = MessageToDict(payload, preserving_proto_field_name=True)
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


def is_failure(payload: Payload) -> bool:
    """Whether it says that something went wrong, so that a person needs all of its words."""
    fails = _MAY_FAIL.get(type(payload))
    return isinstance(payload, _FAILURES) if fails is None else fails(payload)


def describe_kind(kind: PayloadKind) -> str:
    """`task_claimed` is `task claimed`."""
    return kind.field.replace("_", " ")
