"""Do old bytes stay readable, are new ones the same every time, and does nothing unknown vanish?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st

from enchanted.events.v1.agent_decision_pb2 import AgentDecision
from enchanted.events.v1.swarm_event_pb2 import ROLE_CODER, AgentRole, SwarmEvent
from enchanted.events.v1.system_signal_pb2 import SystemSignal
from nervous_system.contract.check import EARLIEST_SECONDS, LATEST_SECONDS, problems
from nervous_system.contract.codec import decode, encode
from nervous_system.contract.event import Event
from nervous_system.contract.payload import KINDS, KINDS_BY_FIELD
from nervous_system.errors import InvalidEvent, MalformedEvent

FOLDER = Path(__file__).parents[2] / "contracts" / "golden"
MOMENT = datetime(2026, 11, 21, 9, 30, 15, 123456, tzinfo=UTC)


def golden(name: str) -> bytes:
    return (FOLDER / f"{name}.bin").read_bytes()


def test_every_kind_has_golden_bytes() -> None:
    assert {path.stem for path in FOLDER.glob("*.bin")} > set(KINDS_BY_FIELD)


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.json")))
def test_golden_bytes_mean_what_is_written_beside_them(name: str) -> None:
    """Failure mode 13: a new reader, old bytes."""
    written = (FOLDER / f"{name}.json").read_text(encoding="utf-8")
    assert SwarmEvent.FromString(golden(name)) == json_format.Parse(written, SwarmEvent())


@pytest.mark.parametrize("name", ["with_attribution", "with_workspace"])
def test_what_an_event_may_say_beside_it_is_made_again(name: str) -> None:
    assert encode(decode(golden(name))) == golden(name)


@pytest.mark.parametrize("name", KINDS_BY_FIELD)
def test_golden_bytes_of_a_kind_are_made_again(name: str) -> None:
    event = decode(golden(name))
    assert event.kind.field == name
    assert encode(event) == golden(name)
    assert problems(SwarmEvent.FromString(golden(name)), name) == []


def test_an_event_of_the_seeds_fields_alone_is_read() -> None:
    event = decode(golden("from_the_seed"))
    assert isinstance(event.payload, AgentDecision)
    assert event.payload.confidence_score == 0.5
    assert (event.timestamp, event.agent_role, event.agent_id) == (MOMENT, ROLE_CODER, "coder-1")
    assert (event.trace_id, event.span_id) == ("trace-abc", "span-xyz-123")
    assert problems(SwarmEvent.FromString(golden("from_the_seed")), "decision") == [
        "trace_id is not 32 lower-case hex digits",
        "span_id is not 16 lower-case hex digits",
    ]


def test_fields_of_the_future_are_kept_in_the_payload() -> None:
    """Failure mode 13: an old reader, new fields."""
    event = decode(golden("from_the_future"))
    assert isinstance(event.payload, SystemSignal)
    assert event.payload.status == "HEALTHY"
    assert event.payload.SerializeToString().endswith(b"\xc2\x3e\x03new")
    assert b"\xc2\x3e\x03new" in encode(event)
    whole = SwarmEvent.FromString(golden("from_the_future"))
    assert whole.SerializeToString(deterministic=True) == golden("from_the_future")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no event_id"),
        (b"\xff", "not a SwarmEvent"),
        (SwarmEvent(event_id="x").SerializeToString(), "no payload"),
        (SwarmEvent(event_id="x").SerializeToString() + b"\xfa\x3f\x00", "no payload"),
        (b"\x0a\x02\xff\xfe", "not a SwarmEvent"),  # not UTF-8
    ],
)
def test_what_is_no_event_is_unreadable_with_a_reason(data: bytes, reason: str) -> None:
    with pytest.raises(MalformedEvent, match=reason):
        decode(data)


@pytest.mark.parametrize("seconds", [EARLIEST_SECONDS - 1, LATEST_SECONDS, 10**15])
def test_a_time_that_no_column_holds_is_unreadable(seconds: int) -> None:
    message = SwarmEvent(event_id="x", decision=AgentDecision())
    message.timestamp.seconds = seconds
    with pytest.raises(MalformedEvent, match="between the years 1900 and 2261"):
        decode(message.SerializeToString())


text = st.text(max_size=50)
hexadecimal = st.text("0123456789abcdef")
moments = st.datetimes(
    datetime(1900, 1, 1), datetime(2260, 12, 31), timezones=st.just(UTC)
) | st.sampled_from([MOMENT, datetime(1970, 1, 1, tzinfo=UTC) - timedelta(microseconds=1)])


@given(
    st.builds(
        Event,
        event_id=st.uuids().map(str),
        timestamp=moments,
        agent_role=st.sampled_from([role for role in AgentRole.values() if role]),
        agent_id=st.text(min_size=1, max_size=20),
        payload=st.builds(
            AgentDecision,
            rationale=text,
            rejected_alternatives=st.lists(text, max_size=3),
            confidence_score=st.none() | st.floats(0, 1, width=32),
        )
        | st.builds(
            SystemSignal, status=st.text(min_size=1), cpu_load_percent=st.integers(-(2**31), 99)
        ),
        trace_id=st.just("") | st.just("a" * 32),
        causation_id=text,
        correlation_id=text,
        producer_sequence=st.integers(0, 2**64 - 1),
    )
)
def test_what_was_encoded_is_decoded(event: Event) -> None:
    data = encode(event)
    assert decode(data) == event
    assert encode(decode(data)) == data


messages = st.builds(
    SwarmEvent,
    event_id=text,
    trace_id=text | hexadecimal,
    span_id=text | hexadecimal,
    agent_role=st.integers(-(2**31), 2**31 - 1),
    agent_id=text,
    event_type=st.integers(-(2**31), 2**31 - 1),
)
floats = st.floats(allow_nan=True, allow_infinity=True, width=32)


@given(
    messages,
    st.sampled_from(sorted(KINDS, key=lambda kind: kind.__name__)),
    st.integers(-(2**63), 2**63 - 1),
    st.integers(-(2**31), 2**31 - 1),
    floats,
)
def test_the_check_has_an_answer_to_every_message(
    message: SwarmEvent, kind: type, seconds: int, nanos: int, number: float
) -> None:
    field = KINDS[kind].field
    getattr(message, field).SetInParent()
    message.timestamp.seconds, message.timestamp.nanos = seconds, nanos
    if field == "decision":
        message.decision.confidence_score = number
    elif field == "action_outcome":
        message.action_outcome.duration_seconds = message.action_outcome.cost_usd = number
    found = problems(message, field)
    assert all(sentence and "\n" not in sentence for sentence in found)
    assert len(found) == len(set(found))


@given(st.binary(max_size=200) | st.binary(max_size=40).map(lambda tail: golden("decision") + tail))
def test_any_bytes_are_an_event_or_unreadable(data: bytes) -> None:
    try:
        event = decode(data)
    except MalformedEvent:
        return
    assert event.event_id


def test_the_library_is_strict() -> None:
    event = decode(golden("decision"))
    wrong = Event(
        event_id="1",
        timestamp=event.timestamp,
        agent_role=event.agent_role,
        agent_id="",
        payload=AgentDecision(confidence_score=1.4),
        trace_id="ABC",
    )
    with pytest.raises(InvalidEvent) as refused:
        encode(wrong)
    assert refused.value.problems == [
        "event_id is not a UUID",
        "trace_id is not 32 lower-case hex digits",
        "agent_id is empty",
        "confidence_score is not between 0 and 1",
    ]
