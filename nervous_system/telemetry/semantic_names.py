"""What are the attributes of spans called? OpenTelemetry's names change, so only here.

Messaging and GenAI conventions have the status "Development".
`tests/nervous_system/test_tracing_names.py` compares what is here with the conventions package
that is installed.
"""

from __future__ import annotations

from typing import Final

# What the conventions define.
SERVICE_NAME: Final = "service.name"
SERVICE_NAMESPACE: Final = "service.namespace"
SERVICE_INSTANCE_ID: Final = "service.instance.id"
SERVER_ADDRESS: Final = "server.address"
SERVER_PORT: Final = "server.port"
ERROR_TYPE: Final = "error.type"

MESSAGING_SYSTEM: Final = "messaging.system"
MESSAGING_OPERATION_NAME: Final = "messaging.operation.name"
MESSAGING_OPERATION_TYPE: Final = "messaging.operation.type"
MESSAGING_DESTINATION_NAME: Final = "messaging.destination.name"
MESSAGING_DESTINATION_TEMPLATE: Final = "messaging.destination.template"
MESSAGING_CONSUMER_GROUP: Final = "messaging.consumer.group.name"
MESSAGING_MESSAGE_ID: Final = "messaging.message.id"
MESSAGING_MESSAGE_BODY_SIZE: Final = "messaging.message.body.size"
MESSAGING_CONVERSATION_ID: Final = "messaging.message.conversation_id"
MESSAGING_BATCH_COUNT: Final = "messaging.batch.message_count"
MESSAGING_CLIENT_ID: Final = "messaging.client.id"

DATABASE_SYSTEM: Final = "db.system.name"
DATABASE_NAMESPACE: Final = "db.namespace"
DATABASE_COLLECTION: Final = "db.collection.name"
DATABASE_OPERATION: Final = "db.operation.name"
DATABASE_BATCH_SIZE: Final = "db.operation.batch.size"

GENAI_OPERATION: Final = "gen_ai.operation.name"
GENAI_AGENT_ID: Final = "gen_ai.agent.id"
GENAI_AGENT_NAME: Final = "gen_ai.agent.name"
GENAI_INPUT_TOKENS: Final = "gen_ai.usage.input_tokens"
GENAI_OUTPUT_TOKENS: Final = "gen_ai.usage.output_tokens"

# Values of theirs that we use.
NATS_SYSTEM: Final = "nats"
"""Value of `messaging.system`.

The conventions list no name for NATS.
"""

CLICKHOUSE_SYSTEM: Final = "clickhouse"
"""Value of `db.system.name`."""

OPERATION_SEND: Final = "send"
"""Value of `messaging.operation.type` where messages are published."""

OPERATION_RECEIVE: Final = "receive"
"""Value of `messaging.operation.type` where messages are fetched."""

OPERATION_PROCESS: Final = "process"
"""Value of `messaging.operation.type` where messages are worked on."""
INVOKE_AGENT: Final = "invoke_agent"
"""Value of `gen_ai.operation.name` around what an agent does."""

# Ours, where the conventions have none.
EVENT_ID: Final = "ganglion.event.id"
EVENT_KIND: Final = "ganglion.event.kind"
AGENT_ROLE: Final = "ganglion.agent.role"
EPOCH: Final = "ganglion.epoch"
FIRST_SEQUENCE: Final = "ganglion.sequence.first"
LAST_SEQUENCE: Final = "ganglion.sequence.last"
PARKED_COUNT: Final = "ganglion.batch.parked_count"
DUPLICATE_COUNT: Final = "ganglion.batch.duplicate_count"
LINKS_LEFT_OUT: Final = "ganglion.links.left_out"
