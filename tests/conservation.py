"""Was anything lost, doubled, invented or put out of order? The law that every fault run must keep.

Every acknowledged event is stored once; each position of the stream has one row in the epoch it
belongs to, with the same bytes; positions = stored + parked + duplicate; what is stored was
published; what is marked as a repeat repeats something; an alarm that was due was raised, on the
log and in ClickHouse. `breaches` is pure, so it can be shown to fail.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from ingestor.model import Audit, Epoch
from ingestor.reading import Readable, read
from ingestor.warehouse import ClickHouseWarehouse
from nervous_system.bus import Bus
from nervous_system.contract.stored import Stored

LISTED = 5
"""Offenders that a sentence names."""

_ROWS = """
SELECT epoch, seq, subject, toUnixTimestamp64Nano(recorded_at), toString(disposition), reason,
    event_id, base64Encode(raw)
FROM swarm.events ORDER BY epoch, seq
"""

_ALARMS = "SELECT event_id, name, severity FROM swarm.alarms ORDER BY epoch, seq"


@dataclass(slots=True)
class Ledger:
    """What the test's publishers know for certain."""

    attempted: set[str] = field(default_factory=set)  # sent, whatever came of it
    acknowledged: dict[str, bytes] = field(default_factory=dict)  # id and the exact bytes
    foreign: int = 0  # raw messages without an id that the test put on the log


@dataclass(frozen=True, slots=True)
class Row:
    """One row of `swarm.events`."""

    epoch: int
    seq: int
    subject: str
    recorded_at_ns: int
    disposition: str
    reason: str
    event_id: str
    raw: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Both sides at the end of a run."""

    stream: Sequence[Stored]
    rows: Sequence[Row]
    epochs: Sequence[Epoch]
    audits: Sequence[Audit]
    alarms: Sequence[tuple[str, str, str]]  # event id, name and severity, as swarm.alarms has them


@dataclass(frozen=True, slots=True)
class Report:
    """What was found, to be read by a person."""

    breaches: Sequence[str]
    counts: dict[str, int]

    def __str__(self) -> str:
        counted = ", ".join(f"{count} {name}" for name, count in self.counts.items())
        if not self.breaches:
            return f"the law holds: {counted}"
        return "\n".join([f"the law is broken ({counted}):", *(f"- {b}" for b in self.breaches)])


async def gather(bus: Bus, warehouse: ClickHouseWarehouse) -> Evidence:
    """Read both sides whole."""
    rows = (await warehouse.client.query(_ROWS)).result_rows
    epochs = await warehouse.epochs()
    alarms = (await warehouse.client.query(_ALARMS)).result_rows
    return Evidence(
        stream=[stored async for stored in bus.replay()],
        rows=[Row(*row[:7], base64.b64decode(row[7])) for row in rows],  # type: ignore[call-arg]
        epochs=epochs,
        audits=[await warehouse.audit(epoch.epoch) for epoch in epochs],
        alarms=[(row[0], row[1], row[2]) for row in alarms],
    )


def examine(
    evidence: Evidence, ledger: Ledger, *, alarms: Collection[str] = (), tail_lost: bool = False
) -> Report:
    """Hold the evidence against the law.

    `alarms` are the names that were due; any other is a breach, but for what is only said (info).
    `tail_lost`: the stream lost its end and nobody brought it back, so acknowledged events may be
    in ClickHouse only.
    """
    counts = Counter(row.disposition for row in evidence.rows)
    return Report(
        breaches=[
            *_positions(evidence),
            *_audits(evidence),
            *_events(evidence, ledger),
            *([] if tail_lost else _on_the_log(evidence, ledger)),
            *_repeats(evidence),
            *_parked(evidence),
            *_alarms(evidence, set(alarms)),
        ],
        counts={
            "positions": len(evidence.stream),
            "rows": len(evidence.rows),
            **{name: counts[name] for name in ("stored", "parked", "duplicate")},
            "acknowledged": len(ledger.acknowledged),
            "epochs": len(evidence.epochs),
        },
    )


def _positions(evidence: Evidence) -> list[str]:
    """Each position of the stream is one row, the same, of the last epoch that reaches so low."""
    found: list[str] = []
    rows = {(row.epoch, row.seq): row for row in evidence.rows}
    order = [(row.epoch, row.seq) for row in evidence.rows]
    if len(rows) != len(order):
        twice = [place for place, count in Counter(order).items() if count > 1]
        found.append(f"{len(twice)} positions have more than one row: {_some(twice)}")
    if order != sorted(order):
        found.append("rows are out of order")
    missing, different = [], []
    last = 0
    for stored in evidence.stream:
        if stored.sequence <= last:
            found.append(f"the stream itself is out of order at {stored.sequence}")
        last = stored.sequence
        owner = _owner(stored.sequence, evidence.epochs)
        row = rows.get((owner, stored.sequence))
        if row is None:
            missing.append((owner, stored.sequence))
        elif (row.raw, row.subject, row.recorded_at_ns) != (
            stored.data,
            stored.subject,
            stored.recorded_at_ns,
        ):
            different.append((owner, stored.sequence))
    if missing:
        found.append(f"{len(missing)} positions of the stream have no row: {_some(missing)}")
    if different:
        found.append(
            f"{len(different)} rows differ from their position on the stream: {_some(different)}"
        )
    newest = evidence.epochs[-1].epoch if evidence.epochs else 0
    beyond = [row.seq for row in evidence.rows if row.epoch == newest and row.seq > last]
    if beyond:
        found.append(f"{len(beyond)} rows of the newest epoch are not on the stream: {beyond[:5]}")
    return found


def _owner(sequence: int, epochs: Sequence[Epoch]) -> int:
    return max((epoch.epoch for epoch in epochs if epoch.first_seq <= sequence), default=0)


def _audits(evidence: Evidence) -> list[str]:
    return [
        f"the audit of epoch {audit.epoch} is not sound: {audit}"
        for audit in evidence.audits
        if not audit.sound
    ]


def _events(evidence: Evidence, ledger: Ledger) -> list[str]:
    found: list[str] = []
    stored = Counter(row.event_id for row in evidence.rows if row.disposition == "stored")
    twice = [event_id for event_id, count in stored.items() if count > 1]
    if twice:
        found.append(f"{len(twice)} events are stored more than once: {_some(twice)}")
    lost = [event_id for event_id in ledger.acknowledged if event_id not in stored]
    if lost:
        found.append(f"{len(lost)} acknowledged events are not stored: {_some(lost)}")
    altered = [
        row.event_id
        for row in evidence.rows
        if row.disposition == "stored" and row.raw != ledger.acknowledged.get(row.event_id, row.raw)
    ]
    if altered:
        found.append(f"{len(altered)} events were stored with other bytes: {_some(altered)}")
    alarms = {event_id for event_id, _, _ in evidence.alarms}
    invented = stored.keys() - ledger.attempted - alarms
    if invented:
        found.append(f"{len(invented)} stored events were never published: {_some(invented)}")
    return found


def _on_the_log(evidence: Evidence, ledger: Ledger) -> list[str]:
    ids = {
        found.message.event_id
        for stored in evidence.stream
        if isinstance(found := read(stored.data), Readable)
    }
    gone = ledger.acknowledged.keys() - ids
    return [f"{len(gone)} acknowledged events are not on the log: {_some(gone)}"] if gone else []


def _repeats(evidence: Evidence) -> list[str]:
    seen: set[str] = set()
    without: list[str] = []
    for row in evidence.rows:
        if row.disposition == "stored":
            seen.add(row.event_id)
        elif row.disposition == "duplicate" and row.event_id not in seen:
            without.append(row.event_id)
    return [f"{len(without)} repeats repeat nothing: {_some(without)}"] if without else []


def _parked(evidence: Evidence) -> list[str]:
    parked = [row for row in evidence.rows if row.disposition == "parked"]
    found = [
        f"position {row.seq} of epoch {row.epoch} is parked without a reason"
        for row in parked
        if not row.reason
    ]
    readable = [(row.epoch, row.seq, row.reason) for row in parked if _readable(row.raw)]
    if readable:
        found.append(f"{len(readable)} parked positions can be read: {_some(readable)}")
    return found


def _readable(raw: bytes) -> bool:
    return isinstance(read(raw), Readable)


def _alarms(evidence: Evidence, due: set[str]) -> list[str]:
    found = []
    raised = {name for _, name, severity in evidence.alarms if severity != "info"}
    if due - raised:
        found.append(f"alarms were due and not raised: {', '.join(sorted(due - raised))}")
    if raised - due:
        found.append(f"alarms were raised without a cause: {', '.join(sorted(raised - due))}")
    on_the_log = {
        event.message.alarm_raised.name
        for stored in evidence.stream
        if isinstance(event := read(stored.data), Readable)
        and event.payload_field == "alarm_raised"
    }
    if due - on_the_log:
        found.append(f"alarms are not on the log: {', '.join(sorted(due - on_the_log))}")
    return found


def _some(offenders: Collection[object]) -> str:
    shown = [str(offender) for offender in list(offenders)[:LISTED]]
    return ", ".join(shown) + (" …" if len(offenders) > LISTED else "")
