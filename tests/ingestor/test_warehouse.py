"""Does ClickHouse keep what it is given, exactly once, whole or not at all?"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from enchanted.events.v1.swarm_event_pb2 import SwarmEvent
from ingestor.model import Fingerprint, Identity, Watermark
from ingestor.row_encoder import RowEncoder
from ingestor.warehouse import ClickHouseWarehouse
from nervous_system.contract.payload import KINDS_BY_FIELD
from nervous_system.errors import Fenced, Permanent, Unavailable
from tests.ingestor.ingestor_samples import RECORDED_AT, batch, batch_of, event, frame, stored

FIRST = RowEncoder(epoch=1, writer=1)


async def count(warehouse: ClickHouseWarehouse) -> tuple[int, int]:
    """Rows, and positions among them."""
    result = await warehouse.client.query("SELECT count(), uniqExact(epoch, seq) FROM swarm.events")
    rows, positions = result.first_row  # type: ignore[misc]
    return int(rows), int(positions)


async def open_epoch(warehouse: ClickHouseWarehouse, epoch: int) -> None:
    await warehouse.open_epoch(
        epoch=epoch,
        reason="the stream was truncated",
        stream_created=datetime(2026, 11, 2, tzinfo=UTC),
        first_seq=1,
        forked_from_seq=10,
        holder="first",
    )


def said_by_coder(message: SwarmEvent) -> Identity:
    """On the subject of these samples."""
    return Identity.on(
        "swarm.events.coder.decision", event_id=message.event_id, agent_id=message.agent_id
    )


async def test_a_batch_is_there_when_insert_returns(warehouse: ClickHouseWarehouse) -> None:
    assert await warehouse.watermark() == Watermark(epoch=1, seq=0)
    await warehouse.insert(batch_of(FIRST, range(1, 1001)))
    assert await count(warehouse) == (1000, 1000)
    assert await warehouse.watermark() == Watermark(epoch=1, seq=1000)


async def test_the_same_batch_again_changes_nothing(warehouse: ClickHouseWarehouse) -> None:
    """What happens after an insert that was stored and whose answer was lost."""
    same = batch_of(FIRST, range(1, 1001))
    for _ in range(3):
        await warehouse.insert(same)
    await asyncio.gather(*(warehouse.insert(same) for _ in range(4)))
    assert await count(warehouse) == (1000, 1000)


async def test_the_same_batch_sent_many_times_at_once_is_stored_once(
    warehouse: ClickHouseWarehouse,
) -> None:
    same = batch_of(FIRST, range(1, 5001))
    await asyncio.gather(*(warehouse.insert(same) for _ in range(6)))
    assert await count(warehouse) == (5000, 5000)


async def test_a_batch_cut_anew_adds_only_what_is_missing(warehouse: ClickHouseWarehouse) -> None:
    await warehouse.insert(batch_of(FIRST, range(1, 1001)))
    await warehouse.insert(batch_of(FIRST, range(501, 1501)))
    assert await count(warehouse) == (1500, 1500)
    await warehouse.insert(batch_of(FIRST, range(1, 1401)))
    assert await count(warehouse) == (1500, 1500)
    assert (await warehouse.audit(1)).sound


async def test_a_writer_that_was_taken_over_is_refused(warehouse: ClickHouseWarehouse) -> None:
    await warehouse.insert(batch_of(FIRST, range(1, 11)))
    assert await warehouse.take_over("second") == 2
    with pytest.raises(Fenced, match="another ingestor has taken over"):
        await warehouse.insert(batch_of(FIRST, range(11, 21)))
    assert await count(warehouse) == (10, 10)
    await warehouse.insert(batch_of(RowEncoder(epoch=1, writer=2), range(11, 21)))
    assert await count(warehouse) == (20, 20)


async def test_two_that_take_over_at_once_leave_one_writer(warehouse: ClickHouseWarehouse) -> None:
    async def take_over(holder: str) -> int:
        while True:
            try:
                return await warehouse.take_over(holder)
            except Unavailable:  # others were at it: an ingestor tries again, too
                continue

    outcomes = await asyncio.gather(
        *(take_over(f"run-{number}") for number in range(5)), return_exceptions=True
    )
    numbers = [outcome for outcome in outcomes if isinstance(outcome, int)]
    assert all(isinstance(outcome, int | Fenced) for outcome in outcomes)
    assert len(numbers) == len(set(numbers)) >= 1
    rows = await warehouse.client.query(
        "SELECT max(number), argMax(holder, number) FROM swarm.writers"
    )
    last, holder = rows.first_row  # type: ignore[misc]
    assert outcomes[int(holder.removeprefix("run-"))] == last


async def test_an_epoch_that_was_closed_is_refused(warehouse: ClickHouseWarehouse) -> None:
    await warehouse.insert(batch_of(FIRST, range(1, 11)))
    await open_epoch(warehouse, 2)
    assert await warehouse.watermark() == Watermark(epoch=2, seq=0)
    with pytest.raises(Fenced, match="this epoch is closed"):
        await warehouse.insert(batch_of(FIRST, range(11, 21)))
    await warehouse.insert(batch_of(RowEncoder(epoch=2, writer=1), range(1, 6), tag="other"))
    assert await count(warehouse) == (15, 15)
    assert await warehouse.watermark() == Watermark(epoch=2, seq=5)


async def test_opening_an_epoch_twice_keeps_the_first(warehouse: ClickHouseWarehouse) -> None:
    await open_epoch(warehouse, 2)
    before = await warehouse.epochs()
    await open_epoch(warehouse, 2)
    await open_epoch(warehouse, 1)
    assert await warehouse.epochs() == before
    assert [epoch.epoch for epoch in before] == [1, 2]
    assert before[1].reason == "the stream was truncated"
    assert before[1].stream_created == datetime(2026, 11, 2, tzinfo=UTC)
    assert before[1].forked_from_seq == 10


async def test_a_batch_with_a_broken_frame_stores_nothing(warehouse: ClickHouseWarehouse) -> None:
    good = frame(FIRST, 1, event(1))
    broken = good[:-3]
    with pytest.raises(Permanent):
        await warehouse.insert(batch(FIRST, 1, good, broken, frame(FIRST, 3, event(3))))
    assert await count(warehouse) == (0, 0)


async def test_a_big_batch_is_one_part(warehouse: ClickHouseWarehouse) -> None:
    raw = b"x" * 200_000
    frames = [FIRST.encode_parked(stored(seq, raw), reason="big") for seq in range(1, 301)]
    await warehouse.insert(batch(FIRST, 1, *frames))
    many = batch_of(FIRST, range(301, 30_301))
    await warehouse.insert(many)
    assert await count(warehouse) == (30_300, 30_300)
    inserted = await warehouse.client.query(
        "SELECT count(), sum(rows) FROM system.parts "
        "WHERE database = 'swarm' AND table = 'events' AND level = 0"
    )
    assert inserted.first_row == (2, 30_300)


async def test_every_field_of_every_kind_reaches_its_column(
    warehouse: ClickHouseWarehouse,
) -> None:
    """One event of each kind, in one batch: a schema for each would take most of a minute."""
    messages = {seq: event(seq, kind=kind) for seq, kind in enumerate(KINDS_BY_FIELD, 1)}
    await warehouse.insert(batch(FIRST, 1, *(frame(FIRST, *each) for each in messages.items())))
    assert await count(warehouse) == (len(KINDS_BY_FIELD), len(KINDS_BY_FIELD))
    for seq, kind in enumerate(KINDS_BY_FIELD, 1):
        rows = await warehouse.client.query(
            f"SELECT hex(raw), payload_kind, {kind} FROM swarm.events WHERE seq = {seq}"
        )
        stored, payload_kind, payload = rows.first_row  # type: ignore[misc]
        assert payload_kind == kind
        assert stored == messages[seq].SerializeToString().hex().upper()
        sent = getattr(messages[seq], kind)
        assert list(payload) == [field.name for field in sent.DESCRIPTOR.fields]
        empty = ("", 0, None)
        for name, value in payload.items():
            filled = bool(value) if isinstance(value, list) else value not in empty
            assert filled, f"{kind}.{name}"


async def test_the_envelope_reaches_its_columns(warehouse: ClickHouseWarehouse) -> None:
    message = event(5)
    await warehouse.insert(
        batch(
            FIRST,
            5,
            FIRST.event(
                message,
                stored(5, message.SerializeToString()),
                payload_field="decision",
                warnings=["span_id is not 16 lower-case hex digits", "agent_id is empty"],
            ),
        )
    )
    result = await warehouse.client.query(
        "SELECT * EXCEPT (raw), toUnixTimestamp64Nano(recorded_at) AS at, "
        "toUnixTimestamp64Nano(assumeNotNull(timestamp)) AS sent_at FROM swarm.events"
    )
    (row,) = list(result.named_results())
    expected = {
        "epoch": 1,
        "seq": 5,
        "subject": "swarm.events.coder.decision",
        "at": RECORDED_AT + 5,
        "sent_at": 1_793_000_000_000_000_005,
        "disposition": "stored",
        "reason": "",
        "warnings": ["span_id is not 16 lower-case hex digits", "agent_id is empty"],
        "event_id": message.event_id,
        "trace_id": message.trace_id,
        "span_id": message.span_id,
        "agent_role": "coder",
        "agent_id": "coder-1",
        "event_type": "decision",
        "causation_id": "cause",
        "correlation_id": "work",
        "producer_session": "session",
        "producer_sequence": 5,
        "payload_kind": "decision",
        "writer": 1,
    }
    assert {name: row[name] for name in expected} == expected


async def test_absent_is_not_zero(warehouse: ClickHouseWarehouse) -> None:
    bare = SwarmEvent(event_id="a")
    bare.decision.rationale = "r"
    zero = SwarmEvent(event_id="b")
    zero.decision.confidence_score = 0.0
    outcome = SwarmEvent(event_id="c")
    outcome.action_outcome.output = "o"
    await warehouse.insert(
        batch(FIRST, 1, frame(FIRST, 1, bare), frame(FIRST, 2, zero), frame(FIRST, 3, outcome))
    )
    decisions = await warehouse.client.query(
        "SELECT confidence_score, timestamp FROM swarm.decisions ORDER BY seq"
    )
    assert decisions.result_rows == [(None, None), (0.0, None)]
    outcomes = await warehouse.client.query(
        "SELECT status, exit_code, duration_seconds, cost_usd, input_tokens, output_tokens "
        "FROM swarm.outcomes"
    )
    assert outcomes.result_rows == [("unspecified", None, None, None, None, None)]


@pytest.mark.parametrize(
    ("seconds", "nanos", "expected"),
    [
        (0, 0, None),
        (2**62, 0, None),
        (-(2**62), 0, None),
        (-2208988801, 0, None),
        (9183110400, 0, None),
        (1, -5, None),
        (1, 2_000_000_000, None),
        (-2208988800, 0, -2208988800 * 10**9),
        (9183110399, 999_999_999, 9183110399 * 10**9 + 999_999_999),
        (1_793_000_000, 1, 1_793_000_000 * 10**9 + 1),
    ],
)
async def test_timestamps_that_do_not_fit_are_null(
    warehouse: ClickHouseWarehouse, seconds: int, nanos: int, expected: int | None
) -> None:
    message = event(1)
    message.timestamp.seconds = seconds
    message.timestamp.nanos = nanos
    await warehouse.insert(batch(FIRST, 1, frame(FIRST, 1, message)))
    result = await warehouse.client.query(
        "SELECT if(isNull(timestamp), NULL, toUnixTimestamp64Nano(assumeNotNull(timestamp))) "
        "FROM swarm.events"
    )
    assert result.result_rows == [(expected,)]


async def test_enum_numbers_of_tomorrow_are_stored_as_digits(
    warehouse: ClickHouseWarehouse,
) -> None:
    message = event(1, kind="action_outcome")
    raw = message.SerializeToString() + b"\x28\x63"  # agent_role = 99
    message = SwarmEvent.FromString(raw)
    message.action_outcome.ParseFromString(b"\x10\x2a")  # status = 42
    await warehouse.insert(batch(FIRST, 1, frame(FIRST, 1, message)))
    result = await warehouse.client.query("SELECT agent_role, status FROM swarm.outcomes")
    assert result.result_rows == [("99", "42")]


async def test_a_string_sent_twice_and_unknown_fields_do_no_harm(
    warehouse: ClickHouseWarehouse,
) -> None:
    pose = b"\xc9\x3e" + (999).to_bytes(8, "little")  # field 1001: our `epoch`
    raw = event(1).SerializeToString() + b"\x32\x05other" + pose + b"\xa2\x1f\x03abc"
    await warehouse.insert(batch(FIRST, 1, frame(FIRST, 1, SwarmEvent.FromString(raw), raw)))
    result = await warehouse.client.query("SELECT epoch, agent_id, hex(raw) FROM swarm.events")
    assert result.result_rows == [(1, "other", raw.hex().upper())]


async def test_parked_and_duplicate_positions_are_rows_too(warehouse: ClickHouseWarehouse) -> None:
    junk = bytes(range(256)) * 3
    repeat = event(1)
    await warehouse.insert(
        batch(
            FIRST,
            1,
            frame(FIRST, 1, event(1)),
            FIRST.encode_parked(
                stored(2, junk, subject="swarm.events.x.\udcff"), reason="no event"
            ),
            FIRST.encode_parked(stored(3, b""), reason="empty"),
            FIRST.event(
                repeat,
                stored(4, repeat.SerializeToString()),
                payload_field="decision",
                duplicate_of="repeats sequence 1",
            ),
        )
    )
    parked = await warehouse.client.query(
        "SELECT seq, subject, reason, size_bytes, hex(raw) FROM swarm.parked ORDER BY seq"
    )
    assert parked.result_rows == [
        (2, "swarm.events.x.?", "no event", 768, junk.hex().upper()),
        (3, "swarm.events.coder.decision", "empty", 0, ""),
    ]
    decisions = await warehouse.client.query("SELECT seq FROM swarm.decisions")
    assert decisions.result_rows == [(1,)]
    audit = await warehouse.audit(1)
    assert (audit.rows, audit.stored, audit.parked, audit.duplicate) == (4, 1, 2, 1)
    assert audit.sound
    rows = await warehouse.positions_after(epoch=1, after_seq=1, limit=2)
    assert [(row.seq, row.disposition, row.raw) for row in rows] == [
        (2, "parked", junk),
        (3, "parked", b""),
    ]


async def test_known_ids(warehouse: ClickHouseWarehouse) -> None:
    await warehouse.insert(batch_of(FIRST, range(1, 5001)))
    assert await warehouse.existing_ids([]) == frozenset()
    new = [said_by_coder(event(number, tag="new")) for number in range(1, 7000)]
    assert await warehouse.existing_ids(new) == frozenset()
    old = [said_by_coder(event(number)) for number in range(2, 4003)]
    assert await warehouse.existing_ids([*new, *old, *old]) == frozenset(old)
    odd = "it's \\ odd\t\n\0 ☃"
    strange = SwarmEvent(event_id=odd)
    strange.decision.rationale = "r"
    await warehouse.insert(
        batch(
            FIRST,
            5001,
            frame(FIRST, 5001, strange),
            FIRST.event(
                event(9999),
                stored(5002, b""),
                payload_field="decision",
                duplicate_of="a repeat of something else",
            ),
        )
    )
    oddly = said_by_coder(strange)
    assert await warehouse.existing_ids([oddly, said_by_coder(event(9999))]) == frozenset({oddly})


async def test_who_said_something_under_an_id(warehouse: ClickHouseWarehouse) -> None:
    await warehouse.insert(batch_of(FIRST, range(1, 5)))
    first = said_by_coder(event(1))
    for other in (first._replace(source="overseer"), first._replace(agent_id="coder-2")):
        found = await warehouse.existing_ids([other])
        assert found == frozenset({first}), "who asks is told who did"


async def test_known_ids_of_earlier_epochs(warehouse: ClickHouseWarehouse) -> None:
    await warehouse.insert(batch_of(FIRST, range(1, 11)))
    await open_epoch(warehouse, 2)
    third = said_by_coder(event(3))
    assert await warehouse.existing_ids([third]) == frozenset({third})


async def test_fingerprints(warehouse: ClickHouseWarehouse) -> None:
    one = batch_of(FIRST, range(1, 11))
    await warehouse.insert(one)
    found = await warehouse.fingerprint(epoch=1, seq=10)
    assert isinstance(found, Fingerprint)
    assert found.event_id == event(10).event_id
    assert found.recorded_at_nanoseconds == RECORDED_AT + 10
    assert found.raw_sha256 == Fingerprint.digest(event(10).SerializeToString())
    assert await warehouse.fingerprint(epoch=1, seq=11) is None
    assert await warehouse.fingerprint(epoch=2, seq=10) is None


async def test_the_watermark_outlives_the_rows(warehouse: ClickHouseWarehouse) -> None:
    await warehouse.insert(batch_of(FIRST, range(1, 11)))
    fingerprint = await warehouse.fingerprint(epoch=1, seq=10)
    await warehouse.apply_ttl(None)
    for _ in range(2):
        await warehouse.apply_ttl(1)
    await warehouse.client.command("OPTIMIZE TABLE swarm.events FINAL")
    assert await count(warehouse) == (0, 0)
    assert await warehouse.watermark() == Watermark(epoch=1, seq=10)
    assert await warehouse.fingerprint(epoch=1, seq=10) == fingerprint
    for _ in range(2):
        await warehouse.apply_ttl(None)
    await warehouse.insert(batch_of(FIRST, range(11, 21)))
    await warehouse.client.command("OPTIMIZE TABLE swarm.events FINAL")
    assert await count(warehouse) == (10, 10)
    assert await warehouse.watermark() == Watermark(epoch=1, seq=20)


async def test_an_audit_finds_holes_doubles_and_repeats(warehouse: ClickHouseWarehouse) -> None:
    await warehouse.insert(batch_of(FIRST, [1, 2, 3, 7, 8, 10]))
    await warehouse.client.command(
        "INSERT INTO swarm.events SELECT * FROM swarm.events WHERE seq = 8 "
        "SETTINGS insert_deduplication_token = 'x'"
    )
    audit = await warehouse.audit(1)
    assert audit.holes == ((4, 6), (9, 9))
    assert audit.doubled == (8,)
    assert audit.repeated_ids == (event(8).event_id,)
    assert not audit.sound


async def test_an_audit_of_nothing(warehouse: ClickHouseWarehouse) -> None:
    audit = await warehouse.audit(1)
    assert (audit.rows, audit.first_seq, audit.last_seq) == (0, 0, 0)
    assert audit.sound


async def test_a_ttl_of_no_days_is_refused(warehouse: ClickHouseWarehouse) -> None:
    with pytest.raises(Permanent, match="1 or more"):
        await warehouse.apply_ttl(0)


async def test_an_empty_batch_is_refused(warehouse: ClickHouseWarehouse) -> None:
    with pytest.raises(Permanent, match="empty"):
        await warehouse.insert(FIRST.batch([], first_seq=1, last_seq=1))
