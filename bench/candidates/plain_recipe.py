"""How would one write this ingestor in half an hour? As the tutorials do.

A push subscription with a callback, `MessageToDict`, a row insert per 1,000 into a flat table, an
acknowledgement per message after it. No duplicates are found, nothing that cannot be read is kept,
and no row is synced to the disk. Where a default would make it slower than it must be, it has the
better value: acknowledgements may run behind, and inserts are not collected by the server.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import clickhouse_connect
import nats
from google.protobuf.json_format import MessageToDict
from nats.aio.msg import Msg
from nats.js.api import ConsumerConfig, DeliverPolicy

from bench.candidates.order import Order, begin
from enchanted.events.v1.swarm_event_pb2 import SwarmEvent
from nervous_system.names import ALL_EVENTS, STREAM

TABLE: Final = "plain.events"
ROWS_PER_INSERT: Final = 1000

_TEXTS: Final = [
    "event_id",
    "timestamp",
    "trace_id",
    "span_id",
    "agent_role",
    "agent_id",
    "event_type",
    "causation_id",
    "correlation_id",
    "producer_session",
    "producer_sequence",
]
_PAYLOADS: Final = {
    "decision": [
        "context_hash",
        "input_trigger",
        "rationale",
        "rejected_alternatives",
        "confidence_score",
        "chosen_action",
    ],
    "action_outcome": [
        "decision_event_id",
        "status",
        "exit_code",
        "output",
        "duration_seconds",
        "cost_usd",
        "input_tokens",
        "output_tokens",
    ],
    "state_change": [
        "target_type",
        "target_resource",
        "previous_state_hash",
        "new_state_hash",
        "diff_patch",
        "is_reversible",
    ],
    "system_signal": ["status", "cpu_load_percent", "memory_usage_mb"],
}
_TYPES: Final = {
    "producer_sequence": "UInt64",
    "decision_rejected_alternatives": "Array(String)",
    "decision_confidence_score": "Float32",
    "action_outcome_exit_code": "Int32",
    "action_outcome_duration_seconds": "Float64",
    "action_outcome_cost_usd": "Float64",
    "action_outcome_input_tokens": "UInt64",
    "action_outcome_output_tokens": "UInt64",
    "state_change_is_reversible": "Bool",
    "system_signal_cpu_load_percent": "Int32",
    "system_signal_memory_usage_mb": "Int32",
}
_EMPTY: Final[dict[str, object]] = {
    "String": "",
    "UInt64": 0,
    "Int32": 0,
    "Float32": 0.0,
    "Float64": 0.0,
    "Bool": False,
    "Array(String)": [],
}
COLUMNS: Final = [
    *_TEXTS,
    *(f"{payload}_{field}" for payload, fields in _PAYLOADS.items() for field in fields),
]

CREATE_TABLE: Final = (
    f"CREATE TABLE {TABLE} ("
    + ", ".join(f"{column} {_TYPES.get(column, 'String')}" for column in COLUMNS)
    + ") ENGINE = MergeTree ORDER BY (agent_id, timestamp)"
)


async def run(order: Order) -> None:
    """Record `order.count` events, then wait to be stopped."""
    warehouse = await clickhouse_connect.get_async_client(
        dsn=order.clickhouse_url, settings={"async_insert": 0}
    )
    client = await nats.connect(order.nats_url)
    rows: list[list[object]] = []
    waiting: list[Msg] = []
    left = order.count

    async def record(message: Msg) -> None:
        nonlocal left
        event = SwarmEvent()
        event.ParseFromString(message.data)
        rows.append(_row(MessageToDict(event, preserving_proto_field_name=True)))
        waiting.append(message)
        left -= 1
        if len(rows) == ROWS_PER_INSERT or left == 0:
            await warehouse.insert(TABLE, rows, column_names=COLUMNS)
            for stored in waiting:
                await stored.ack()
            rows.clear()
            waiting.clear()

    begin()
    await client.jetstream().subscribe(
        ALL_EVENTS,
        stream=STREAM,
        cb=record,
        manual_ack=True,
        config=ConsumerConfig(deliver_policy=DeliverPolicy.ALL, max_ack_pending=20_000),
    )
    await asyncio.Event().wait()


def _row(event: dict[str, Any]) -> list[object]:
    row: list[object] = [event.get(name, "") for name in _TEXTS[:-1]]
    row.append(int(event.get("producer_sequence", 0)))
    for payload, fields in _PAYLOADS.items():
        found = event.get(payload, {})
        for field in fields:
            kind = _TYPES.get(f"{payload}_{field}", "String")
            value = found.get(field, _EMPTY[kind])
            row.append(int(value) if kind == "UInt64" else value)
    return row
