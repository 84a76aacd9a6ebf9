"""Can the law fail? Evidence of a sound run is broken in every way the law forbids."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from enchanted.events.v1.alarm_pb2 import AlarmRaised
from ingestor.model import Audit, Epoch
from nervous_system.contract.codec import encode
from nervous_system.contract.stored import Stored
from tests.conservation import Evidence, Ledger, Row, examine
from tests.events_under_test import SUBJECT, event

POISON = b"\xff"
ALARM = replace(event("alarm"), payload=AlarmRaised(name="stream_truncated"))
A, B, C = (event(label) for label in "abc")
REASON = "its bytes are not a SwarmEvent"


def row(epoch: int, seq: int, raw: bytes, disposition: str, event_id: str, reason: str = "") -> Row:
    return Row(epoch, seq, SUBJECT, seq, disposition, reason, event_id, raw)


def epoch(number: int, first: int, agreed: int) -> Epoch:
    moment = datetime(2026, 11, 21, tzinfo=UTC)
    return Epoch(
        epoch=number,
        opened_at=moment,
        reason="",
        stream_created=moment,
        first_seq=first,
        forked_from_seq=agreed,
        holder="",
    )


def audit(number: int, first: int, last: int) -> Audit:
    rows = last - first + 1
    return Audit(
        epoch=number,
        first_seq=first,
        last_seq=last,
        rows=rows,
        stored=rows,
        parked=0,
        duplicate=0,
        doubled=(),
        holes=(),
        repeated_ids=(),
    )


ROWS = (
    row(1, 1, encode(A), "stored", A.event_id),
    row(1, 2, POISON, "parked", "", REASON),
    row(1, 3, encode(B), "stored", B.event_id),  # the stream lost it, and it was brought back
    row(2, 3, encode(ALARM), "stored", ALARM.event_id),
    row(2, 4, encode(B), "duplicate", B.event_id),
    row(2, 5, encode(C), "stored", C.event_id),
)
SOUND = Evidence(
    stream=[Stored(r.seq, SUBJECT, r.seq, r.raw) for r in (*ROWS[:2], *ROWS[3:])],
    rows=ROWS,
    epochs=[epoch(1, 1, 0), epoch(2, 3, 2)],
    audits=[audit(1, 1, 3), audit(2, 3, 5)],
    alarms=[(ALARM.event_id, "stream_truncated", "critical")],
)
DUE = ("stream_truncated",)


def ledger() -> Ledger:
    events = {each.event_id: encode(each) for each in (A, B, C)}
    return Ledger(attempted=set(events), acknowledged=events, foreign=1)


def changed(index: int, **change: object) -> Evidence:
    rows = list(ROWS)
    rows[index] = replace(rows[index], **change)  # type: ignore[arg-type]
    return replace(SOUND, rows=rows)


def without(index: int) -> Evidence:
    return replace(SOUND, rows=[each for at, each in enumerate(ROWS) if at != index])


def off_the_stream(index: int) -> Evidence:
    return replace(SOUND, stream=[s for at, s in enumerate(SOUND.stream) if at != index])


BROKEN = {
    "a row is missing": (without(5), "positions of the stream have no row"),
    "an acknowledged event is missing": (without(0), "acknowledged events are not stored"),
    "a row is there twice": (
        replace(SOUND, rows=sorted([*ROWS, ROWS[1]], key=lambda r: (r.epoch, r.seq))),
        "more than one row",
    ),
    "rows out of order": (replace(SOUND, rows=[ROWS[1], ROWS[0], *ROWS[2:]]), "out of order"),
    "other bytes than the stream's": (changed(5, raw=encode(A)), "differ from their position"),
    "other bytes than were published": (changed(2, raw=encode(A)), "with other bytes"),
    "another subject": (changed(5, subject="swarm.events.x.y"), "differ from their position"),
    "another time": (changed(5, recorded_at_ns=7), "differ from their position"),
    "stored twice": (changed(4, disposition="stored"), "stored more than once"),
    "a repeat of nothing": (changed(5, disposition="duplicate"), "repeats repeat nothing"),
    "parked though readable": (changed(5, disposition="parked", reason="?"), "can be read"),
    "parked without a reason": (changed(1, reason=""), "without a reason"),
    "an invention": (
        replace(
            SOUND,
            rows=[*ROWS, row(2, 6, b"", "stored", "nobody")],
        ),
        "never published",
    ),
    "a row beyond the stream": (
        replace(SOUND, rows=[*ROWS, row(2, 6, POISON, "parked", "", REASON)]),
        "not on the stream",
    ),
    "an unsound audit": (
        replace(SOUND, audits=[replace(audit(1, 1, 3), holes=((2, 2),)), SOUND.audits[1]]),
        "audit of epoch 1",
    ),
    "an alarm that was due": (replace(SOUND, alarms=[]), "due and not raised"),
    "an alarm that is not on the log": (off_the_stream(2), "alarms are not on the log"),
    "an event that nobody brought back": (off_the_stream(3), "not on the log"),
}


def test_the_law_holds_for_a_sound_run() -> None:
    report = examine(SOUND, ledger(), alarms=DUE)
    assert str(report) == (
        "the law holds: 5 positions, 6 rows, 4 stored, 1 parked, 1 duplicate, 3 acknowledged,"
        " 2 epochs"
    )


@pytest.mark.parametrize(("evidence", "sentence"), BROKEN.values(), ids=BROKEN)
def test_each_breach_is_found(evidence: Evidence, sentence: str) -> None:
    report = examine(evidence, ledger(), alarms=DUE)
    assert sentence in str(report)
    assert "the law is broken" in str(report)


def test_an_alarm_without_a_cause_is_a_breach() -> None:
    assert "without a cause: stream_truncated" in str(examine(SOUND, ledger()))


def test_a_lost_tail_may_be_said_to_be_lost() -> None:
    breaches: Callable[[bool], bool] = lambda lost: bool(  # noqa: E731
        examine(off_the_stream(3), ledger(), alarms=DUE, tail_lost=lost).breaches
    )
    assert breaches(False)
    assert not breaches(True)
