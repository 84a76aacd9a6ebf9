"""What is the stream of spans, and how does one message get onto it?"""

from __future__ import annotations

import json
from typing import Any, Final

from nervous_system import names
from nervous_system.settings import MeshSettings
from nervous_system.transport.connection import Connection
from nervous_system.transport.refusals import refusal
from nervous_system.transport.stream import NANOSECONDS, Stream

SOURCES_AT_ONCE: Final = 4
"""So many sources may each fill their part of the stream, and all fit in."""

SEND_SECONDS: Final = 5.0


def telemetry_configuration(settings: MeshSettings) -> dict[str, Any]:
    """The stream as it must be. What is lost of it is lost: it has one copy, an acknowledgement
    waits for no disk, and the oldest goes where there is no room, of each source by itself."""
    max_bytes = settings.telemetry_stream_max_bytes
    return {
        "name": names.TELEMETRY_STREAM,
        "description": "Spans on their way to ClickHouse",
        "subjects": [names.ALL_TELEMETRY],
        "storage": "file",
        "persist_mode": "async",
        "retention": "limits",
        "discard": "old",
        "max_bytes": max_bytes,
        "max_age": int(settings.telemetry_stream_max_age_seconds * NANOSECONDS),
        "max_msg_size": names.MAX_TELEMETRY_BYTES,
        "max_msgs_per_subject": max_bytes // SOURCES_AT_ONCE // names.MAX_TELEMETRY_BYTES,
        "num_replicas": 1,
    }


async def ensure_telemetry(connection: Connection, settings: MeshSettings) -> None:
    """Make the stream, or bring it to these settings. Raises as `Stream.ensure`."""
    stream = Stream(connection, name=names.TELEMETRY_STREAM)
    await stream.ensure_as(telemetry_configuration(settings))


async def send_spans(connection: Connection, source: str, data: bytes) -> None:
    """Put one message onto it. Raises as `Connection.request`, and what the server refuses."""
    subject = f"{names.TELEMETRY}.{source}"
    reply = await connection.request(subject, data, timeout_seconds=SEND_SECONDS)
    answer = json.loads(reply.data)
    if "error" in answer:
        raise refusal(answer["error"], what=f"a message of spans on {subject}")
