"""What are the attributes of spans called? OpenTelemetry's names change, so only here.

Messaging conventions have the status "Development". `tests/nervous_system/test_tracing_names.py`
compares what is here with the conventions package that is installed; the table of attributes in
docs/telemetry.md says which span has which.
"""

from __future__ import annotations

from typing import Final

# What the conventions define.
SERVICE_NAME: Final = "service.name"
SERVICE_NAMESPACE: Final = "service.namespace"
SERVICE_INSTANCE_ID: Final = "service.instance.id"
ERROR_TYPE: Final = "error.type"

MESSAGING_SYSTEM: Final = "messaging.system"
MESSAGING_OPERATION_NAME: Final = "messaging.operation.name"
MESSAGING_OPERATION_TYPE: Final = "messaging.operation.type"
MESSAGING_DESTINATION_NAME: Final = "messaging.destination.name"
MESSAGING_DESTINATION_TEMPLATE: Final = "messaging.destination.template"
MESSAGING_CONSUMER_GROUP: Final = "messaging.consumer.group.name"
MESSAGING_MESSAGE_ID: Final = "messaging.message.id"
MESSAGING_BATCH_COUNT: Final = "messaging.batch.message_count"

DATABASE_SYSTEM: Final = "db.system.name"
DATABASE_COLLECTION: Final = "db.collection.name"
DATABASE_BATCH_SIZE: Final = "db.operation.batch.size"

# Values of theirs that we use.
NATS_SYSTEM: Final = "nats"
"""Value of `messaging.system`.

The conventions list no name for NATS.
"""

CLICKHOUSE_SYSTEM: Final = "clickhouse"
"""Value of `db.system.name`."""

OPERATION_SEND: Final = "send"
"""Value of `messaging.operation.type` where messages are published."""

OPERATION_PROCESS: Final = "process"
"""Value of `messaging.operation.type` where messages are worked on."""

# Ours, where the conventions have none.
TASK_ID: Final = "ganglion.task.id"
TASK_ACTION: Final = "ganglion.task.action"
TASK_ATTEMPT: Final = "ganglion.task.attempt"
OBJECTIVE_ID: Final = "ganglion.objective.id"
WORKER_ID: Final = "ganglion.worker.id"
FIRST_SEQUENCE: Final = "ganglion.sequence.first"
LAST_SEQUENCE: Final = "ganglion.sequence.last"
PARKED_COUNT: Final = "ganglion.batch.parked_count"
DUPLICATE_COUNT: Final = "ganglion.batch.duplicate_count"
LINKS_LEFT_OUT: Final = "ganglion.links.left_out"
IN_VAIN: Final = "ganglion.in_vain"
SPANS_LOST: Final = "ganglion.spans.lost"
