"""Is what an event left unsaid in its row, and a wrong subject said to be one?"""

from __future__ import annotations

import pytest
from google.protobuf.message import Message

from enchanted.events.v1.agent_decision_pb2 import AgentDecision
from enchanted.events.v1.command_pb2 import CommandIssued
from enchanted.events.v1.swarm_event_pb2 import (
    ROLE_CODER,
    ROLE_GOVERNOR,
    TYPE_DECISION,
    SwarmEvent,
)
from ingestor.reading import WRONG_SUBJECT, Readable, readable
from nervous_system.contract.payload import KINDS
from nervous_system.contract.stored import Stored

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
NAMED = f"00-{TRACE}-{SPAN}-01"
SUBJECT = "swarm.events.coder.decision"


def decision(**fields: str) -> SwarmEvent:
    return SwarmEvent(
        event_id="0190163d-8694-739b-aea5-966c26f8ad91",
        agent_role=ROLE_CODER,
        agent_id="coder-1",
        decision=AgentDecision(chosen_action="go"),
        **fields,
    )


def read_as(message: Message, *, subject: str = SUBJECT, traceparent: str = "") -> Readable:
    headers = b"NATS/1.0\r\n"
    if traceparent:
        headers += f"traceparent: {traceparent}\r\n".encode()
    found = readable(Stored(1, subject, 0, message.SerializeToString(), headers + b"\r\n"))
    assert isinstance(found, Readable)
    return found


def test_a_missing_event_type_is_what_the_payload_implies() -> None:
    assert read_as(decision()).message.event_type == TYPE_DECISION


def test_a_trace_that_only_the_header_names_is_in_the_row() -> None:
    message = read_as(decision(), traceparent=NAMED).message
    assert (message.trace_id, message.span_id) == (TRACE, SPAN)
    own = read_as(decision(trace_id="a" * 32, span_id="b" * 16), traceparent=NAMED).message
    assert (own.trace_id, own.span_id) == ("a" * 32, "b" * 16)


@pytest.mark.parametrize(
    "nonsense",
    [
        "00",
        NAMED.upper(),
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"{NAMED} x",
    ],
)
def test_a_header_that_names_no_trace_completes_nothing(nonsense: str) -> None:
    message = read_as(decision(), traceparent=nonsense).message
    assert (message.trace_id, message.span_id) == ("", "")


@pytest.mark.parametrize(
    ("subject", "right"),
    [
        (SUBJECT, True),
        (f"{SUBJECT}.some-key", True),
        (f"{SUBJECT}s", False),
        ("swarm.events.reviewer.decision", False),
        ("swarm.events.coder.state_change", False),
        ("swarm.events.task.completed.t1", False),
        ("swarm.events", False),
    ],
)
def test_a_wrong_subject_is_warned_about(subject: str, right: bool) -> None:
    assert (WRONG_SUBJECT in read_as(decision(), subject=subject).warnings) is not right


def test_every_kind_has_a_subject_on_which_it_counts() -> None:
    for kind in KINDS.values():
        message = SwarmEvent(event_id="x", agent_role=ROLE_GOVERNOR, agent_id="g")
        getattr(message, kind.field).SetInParent()
        right = f"swarm.events.{kind.source or 'governor'}.{kind.subject_word}.key"
        assert WRONG_SUBJECT not in read_as(message, subject=right).warnings, kind


def test_an_emergency_counts_on_its_own_lane_only() -> None:
    message = SwarmEvent(
        event_id="x",
        agent_role=ROLE_GOVERNOR,
        agent_id="g",
        command_issued=CommandIssued(emergency=True),
    )
    urgent = read_as(message, subject="swarm.events.command.emergency.w1")
    assert WRONG_SUBJECT not in urgent.warnings
    other = read_as(message, subject="swarm.events.command.issued.w1")
    assert WRONG_SUBJECT in other.warnings
