"""What does an answer look like on the wire? Headers, summary and the block that ends a broken
stream. Pure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from embedded_clickhouse.answer import QueryAnswer

_JSON = "application/json; charset=UTF-8"
_LINES = "application/x-ndjson; charset=UTF-8"
_BYTES = "application/octet-stream"
_TEXT = "text/plain; charset=UTF-8"

_BINARY = frozenset(
    {
        "Native",
        "RowBinary",
        "RowBinaryWithNames",
        "RowBinaryWithNamesAndTypes",
        "Arrow",
        "ArrowStream",
        "Parquet",
        "ORC",
        "Avro",
        "AvroConfluent",
        "Protobuf",
        "ProtobufList",
        "ProtobufSingle",
        "MsgPack",
        "BSONEachRow",
        "CapnProto",
        "Npy",
        "RawBLOB",
        "Buffers",
        "MySQLWire",
        "PostgreSQLWire",
    }
)
_LINE_FORMATS = frozenset({"JSONLines", "NDJSON", "JSONL"})
MAX_EXCEPTION_BYTES = 16 * 1024
_TIMEZONE = re.compile(r"[A-Za-z0-9_+/-]{1,64}\Z")
_LETTERS = str.maketrans("0123456789", "ghijklmnop")


@dataclass(frozen=True, slots=True)
class ServerIdentity:
    """What the server says about itself in every answer."""

    version: str
    timezone: str
    display_name: str


def content_type(output_format: str) -> str:
    """The Content-Type that goes with a format's name."""
    if output_format in _BINARY:
        return _BYTES
    if output_format in _LINE_FORMATS or (
        output_format.startswith("JSON") and "EachRow" in output_format
    ):
        return _LINES
    if output_format.startswith(("JSON", "GeoJSON")):
        return _JSON
    if output_format.startswith("CSV"):
        header = "present" if "WithNames" in output_format else "absent"
        return f"text/csv; charset=UTF-8; header={header}"
    if output_format.startswith(("TabSeparated", "TSV")):
        return "text/tab-separated-values; charset=UTF-8"
    known = {
        "XML": "application/xml; charset=UTF-8",
        "Markdown": "text/markdown; charset=UTF-8",
        "PNG": "image/png",
    }
    return known.get(output_format, _TEXT)


def base_headers(
    identity: ServerIdentity, *, query_id: str, timezone: str | None
) -> dict[str, str]:
    """What every answer to a statement carries. `timezone` is the statement's own, where it sets
    one."""
    if timezone is None or not _TIMEZONE.match(timezone):
        timezone = identity.timezone
    return {
        "X-ClickHouse-Server-Display-Name": identity.display_name,
        "X-ClickHouse-Query-Id": query_id,
        "X-ClickHouse-Timezone": timezone,
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }


def format_headers(output_format: str) -> dict[str, str]:
    """What an answer with rows carries."""
    return {"X-ClickHouse-Format": output_format, "Content-Type": content_type(output_format)}


def summary(answer: QueryAnswer) -> str:
    """The value of X-ClickHouse-Summary: the real server's keys, numbers as strings."""
    elapsed_ns = int(answer.elapsed_seconds * 1e9)
    return json.dumps(
        {
            "read_rows": str(answer.read_rows),
            "read_bytes": str(answer.read_bytes),
            "written_rows": str(answer.written_rows),
            "written_bytes": str(answer.written_bytes),
            "total_rows_to_read": "0",
            "result_rows": str(answer.result_rows or answer.written_rows),
            "result_bytes": str(answer.result_bytes or answer.written_bytes),
            "elapsed_ns": str(elapsed_ns),
        },
        separators=(",", ":"),
    )


def exception_tag(random_id: str) -> str:
    """Sixteen lower case letters, as the real server's tags are, of a random UUID."""
    return random_id.replace("-", "").translate(_LETTERS)[:16]


def exception_block(text: str, *, tag: str) -> bytes:
    """The block with which the real server ends a stream that failed after its status was sent."""
    message = text.encode("utf-8", "replace")[:MAX_EXCEPTION_BYTES]
    marker = b"__exception__\r\n"
    size = str(len(message) + 1).encode()
    return (
        b"\r\n"
        + marker
        + tag.encode()
        + b"\r\n"
        + message
        + b"\n"
        + size
        + b" "
        + tag.encode()
        + b"\r\n"
        + marker
    )
