"""Failure mode 9: bytes that are no event, or hardly one. Is each parked with its reason, or stored
with its warnings, and are its neighbours left in peace?"""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from enchanted.events.v1.agent_decision_pb2 import AgentDecision
from enchanted.events.v1.swarm_event_pb2 import SwarmEvent
from enchanted.events.v1.system_signal_pb2 import SystemSignal
from ingestor.republish import republish_tail
from nervous_system.contract.codec import encode
from tests.events_under_test import event, labels
from tests.faults.mesh_under_test import Mesh

NO_EVENT = "its bytes are not a SwarmEvent"
NO_ID = "it has no event_id"
NO_PAYLOAD = "it has no payload that this version knows"
NO_MOMENT = "its timestamp is not between the years 1900 and 2261"


def field(number: int, wire_type: int, body: bytes) -> bytes:
    """One encoded field; `body` with its length where the wire type has one."""
    tag = number << 3 | wire_type
    encoded = bytes([tag]) if tag < 0x80 else bytes([tag & 0x7F | 0x80, tag >> 7])
    return encoded + (bytes([len(body)]) + body if wire_type == 2 else body)


def decision(**envelope: object) -> bytes:
    """A decision with this envelope and nothing else."""
    return SwarmEvent(
        decision=AgentDecision(rationale="why", chosen_action="go"), **envelope
    ).SerializeToString()


FUTURE_PAYLOAD = field(99, 2, b"\x0a\x03new")

PARKED = {
    "random bytes": (b"\xff\xfe\x80 not protobuf \x00\x01\x02", NO_EVENT),
    "a truncated event": (encode(event("truncated"))[:-7], NO_EVENT),
    "a wrong wire type with rest": (field(1, 2, b"id") + b"\x0d\x01", NO_EVENT),
    "a group that never ends": (decision(event_id="group") + b"\xdb\x07", NO_EVENT),
    "a length that overruns": (b"\x0a\x7fshort", NO_EVENT),
    "field number nought": (decision(event_id="nought") + b"\x02\x01x", NO_EVENT),
    "a varint without end": (b"\x28" + b"\xff" * 12, NO_EVENT),
    "invalid UTF-8 in the id": (field(1, 2, b"\xc3\x28") + decision(), NO_EVENT),
    "invalid UTF-8 in the rationale": (
        decision(event_id="utf") + field(10, 2, field(3, 2, b"\xff\xff")),
        NO_EVENT,
    ),
    "nothing at all": (b"", "it is empty"),
    "no id": (decision(agent_id="somebody"), NO_ID),
    "an id of another wire type": (field(1, 0, b"\x07") + decision(agent_id="x"), NO_ID),
    "no payload": (SwarmEvent(event_id="bare").SerializeToString(), NO_PAYLOAD),
    "a payload of the future": (
        SwarmEvent(event_id="future").SerializeToString() + FUTURE_PAYLOAD,
        NO_PAYLOAD,
    ),
    "the year 10,000": (
        decision(event_id="late", timestamp=Timestamp(seconds=253402300800)),
        NO_MOMENT,
    ),
    "before 1900": (decision(event_id="old", timestamp=Timestamp(seconds=-9999999999)), NO_MOMENT),
    "the last second that wraps": (
        decision(event_id="wrap", timestamp=Timestamp(seconds=2**63 - 1, nanos=2**31 - 1)),
        NO_MOMENT,
    ),
    "negative nanoseconds": (
        decision(event_id="nanos", timestamp=Timestamp(seconds=1, nanos=-1)),
        NO_MOMENT,
    ),
    "text instead of an event": (b'{"event_id": "json"}' + b"}" * 5000, NO_EVENT),
    "garbage as large as can be": (b"\xff" * 1024**2, NO_EVENT),
}


@dataclass(frozen=True, slots=True)
class Odd:
    """An event that is stored all the same."""

    event_id: str
    data: bytes
    warnings: tuple[str, ...] = ()


ROLE = "agent_role is not given"
AGENT = "agent_id is empty"
TIME = "timestamp is missing"
UUID = "event_id is not a UUID"
UNKNOWN_ROLE = "agent_role has a number this version does not know"
BARE = (UUID, TIME, ROLE, AGENT)


def odd(event_id: str, *warnings: str, **envelope: object) -> Odd:
    return Odd(event_id, decision(event_id=event_id, **envelope), warnings or BARE)


STORED = {
    "NUL in every text": odd(
        "n\0l",
        UUID,
        TIME,
        ROLE,
        "trace_id is not 32 lower-case hex digits",
        trace_id="\0",
        agent_id="a\0",
    ),
    "an id of one space": odd(" "),
    "an id with lines": odd("two\r\nNats-Msg-Id: lines"),
    "an id with quotes": odd("'; DROP TABLE swarm.events; --\\"),
    "an id beyond the BMP": odd("\U0001f9e0\u202e\ufeff"),
    "a UUID in capitals": odd("0AF76519-16CD-43DD-8448-EB211C80319C", TIME, ROLE, AGENT),
    "a very long id": odd("i" * 100_000),
    "a mebibyte, all that the server takes": Odd(
        "large",
        SwarmEvent(
            event_id="large", decision=AgentDecision(rationale="r" * (1024**2 - 15))
        ).SerializeToString(),
        BARE,
    ),
    "enum numbers nobody knows": odd(
        "enum",
        UUID,
        TIME,
        UNKNOWN_ROLE,
        AGENT,
        "event_type contradicts the payload",
        agent_role=2**31 - 1,
        event_type=-7,
    ),
    "numbers at their limits": Odd(
        "numbers",
        SwarmEvent(
            event_id="numbers",
            producer_sequence=2**64 - 1,
            system_signal=SystemSignal(
                status="HEALTHY", cpu_load_percent=-(2**31), memory_usage_mb=2**31 - 1
            ),
        ).SerializeToString(),
        BARE,
    ),
    "no number": Odd(
        "nan",
        SwarmEvent(
            event_id="nan", decision=AgentDecision(confidence_score=float("nan"))
        ).SerializeToString(),
        (*BARE, "confidence_score is not between 0 and 1"),
    ),
    "the id twice": Odd("second", field(1, 2, b"first") + decision(event_id="second"), BARE),
    "two payloads, the last one counts": Odd(
        "two",
        field(12, 2, field(1, 2, b"HEALTHY")) + decision(event_id="two"),
        BARE,
    ),
    "a field of another wire type": Odd(
        "wire", decision(event_id="wire") + field(3, 0, b"\x05"), BARE
    ),
    "fields that pose as the ingestor's": Odd(
        "pose",
        # 1001 epoch, 1002 seq, 1008 reason, 1010 raw, as in ingest_schema.py
        decision(event_id="pose")
        + b"\xc9\x3e"
        + b"\x63" * 8
        + b"\xd1\x3e"
        + b"\x63" * 8
        + b"\x82\x3f\x04liar"
        + b"\x92\x3f\x04fake",
        BARE,
    ),
    "the first moment there is": odd(
        "first", UUID, ROLE, AGENT, timestamp=Timestamp(seconds=-2208988800)
    ),
    "the last moment there is": odd(
        "last", UUID, ROLE, AGENT, timestamp=Timestamp(seconds=9183110399, nanos=999_999_999)
    ),
    "a foreign trace": odd(
        "trace",
        *BARE[:2],
        "trace_id is not 32 lower-case hex digits",
        "span_id is not 16 lower-case hex digits",
        ROLE,
        AGENT,
        trace_id="T" * 40,
        span_id="span-xyz-123",
    ),
}


@pytest.fixture
async def poisoned(mesh: Mesh) -> Mesh:
    """Poison and oddities between good neighbours, in one batch."""
    async with mesh.publishing() as publishing:
        for number, (data, _) in enumerate(PARKED.values()):
            await publishing.one(f"neighbour {number}")
            await publishing.raw(data)
        for each in STORED.values():
            await publishing.raw(each.data, event_id=each.event_id)
        await publishing.all(labels("behind", 50))
    return mesh


async def test_poison_is_parked_and_its_neighbours_are_stored(poisoned: Mesh) -> None:
    mesh = poisoned
    mesh.ingestor()
    report = await mesh.law()
    assert report.counts["parked"] == len(PARKED) == mesh.ledger.foreign
    assert report.counts["duplicate"] == 0
    assert report.counts["stored"] == len(PARKED) + len(STORED) + 50
    async with mesh.warehouse() as warehouse:
        parked = await warehouse.client.query(
            "SELECT raw, reason FROM swarm.parked ORDER BY seq", column_formats={"raw": "bytes"}
        )
        stored = await warehouse.client.query(
            "SELECT event_id, arraySort(warnings) FROM swarm.events WHERE disposition = 'stored'"
        )
    assert [(bytes(raw), reason) for raw, reason in parked.result_rows] == list(PARKED.values())
    warnings = dict(stored.result_rows)  # type: ignore[var-annotated]
    for name, each in STORED.items():
        assert warnings[each.event_id] == sorted(each.warnings), name


@pytest.mark.long
async def test_what_was_stored_of_the_odd_ones_can_be_published_again(poisoned: Mesh) -> None:
    """Ids that fit no header and events that fit only without headers must not stop a republish."""
    mesh = poisoned
    mesh.ingestor()
    await mesh.recorded()
    async with mesh.bus() as bus, mesh.warehouse() as warehouse:
        result = await republish_tail(warehouse, bus.publisher, epoch=1, after_seq=0)
    too_large = 2
    assert result.left == too_large
    await mesh.law()
