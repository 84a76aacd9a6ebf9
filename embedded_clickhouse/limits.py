"""How much may a request bring, hold and take its time? Every bound of the front, in one place.

A request is measured before what it asks for is done. Bounds on what a statement may take of the
engine (time, memory, threads) are the engine's own settings.
"""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from embedded_clickhouse.exceptions import ClickHouseError, Code, refusal
from nervous_system.environment import Environment

_MIB = 1 << 20
_GIB = 1 << 30


class Limits(Environment):
    """The bounds. From the environment (`GANGLION_CLICKHOUSE_…`)."""

    model_config = SettingsConfigDict(
        env_prefix="GANGLION_CLICKHOUSE_", extra="ignore", frozen=True
    )

    max_url_bytes: int = Field(
        _MIB, ge=1024, description="longest request line: settings and a query travel in it"
    )
    max_header_bytes: int = Field(8190, ge=1024, description="longest single header of a request")
    max_headers: int = Field(128, ge=16, description="headers of a request")
    max_heads_bytes: int = Field(
        64 * _MIB,
        ge=2 * _MIB,
        description="lines and headers of requests that are not whole yet, of all connections"
        " together; beyond, the connection with the longest is closed",
    )
    max_head_seconds: float = Field(
        60.0,
        gt=0,
        description="how long a connection may be open without a whole request on it, and how long"
        " a short answer may take to be read",
    )
    max_connections: int = Field(
        512,
        ge=8,
        description="connections in all; beyond, the one that waited longest for its request or its"
        " body is closed, never one whose statement runs; in a rush there may be twice as many",
    )
    max_fields: int = Field(
        10_000, ge=1, description="settings, parameters and other fields of one URL or form"
    )
    max_settings: int = Field(1000, ge=1, description="settings that one request changes")
    max_name_bytes: int = Field(
        1024, ge=64, description="longest query id, session id, account or database name"
    )
    max_form_parts: int = Field(10_000, ge=1, description="parts of one multipart form")
    max_external_tables: int = Field(100, ge=1, description="external tables of one request")
    max_statement_bytes: int = Field(
        16 * _MIB, ge=1024, description="longest statement, and most that the fields of a form hold"
    )
    max_tokens: int = Field(
        500_000, ge=1000, description="words, marks and literals of a statement; a list counts once"
    )
    max_nesting: int = Field(
        1000, ge=10, description="brackets within brackets, as the engine's max_parser_depth"
    )
    max_body_bytes: int = Field(4 * _GIB, ge=1024, description="longest body as it is sent")
    max_unpacked_bytes: int = Field(
        4 * _GIB, ge=1024, description="longest body after unpacking (Content-Encoding)"
    )
    max_unpacking_ratio: int = Field(
        1000, ge=10, description="unpacked bytes for each byte sent, of a body beyond 64 MiB"
    )
    max_packed_members: int = Field(
        100_000, ge=1, description="packed members (gzip) or frames (lz4, zstd) in one body"
    )
    max_zstd_window_bytes: int = Field(
        8 * _MIB, ge=1024, description="window that a zstd body may ask for (RFC 9659: 8 MiB)"
    )
    max_frame_bytes: int = Field(
        16 * _MIB, ge=1024, description="one frame of a body with decompress=1, packed or not"
    )
    max_body_idle_seconds: float = Field(
        30.0, gt=0, description="how long the next byte of a body may take"
    )
    min_body_bytes_per_second: int = Field(
        1024, ge=1, description="slowest body, on average, after its first minute"
    )
    max_reply_idle_seconds: float = Field(
        60.0, gt=0, description="how long the next 256 KiB of an answer may take to be read"
    )
    max_result_bytes: int = Field(
        4 * _GIB, ge=1024, description="longest answer that is kept until its statement has ended"
    )
    max_held_bytes: int = Field(
        256 * _MIB,
        ge=_MIB,
        description="memory of the texts and fields of all requests together; accounts that only"
        " read hold half of it at most, all but the ingestor's three quarters",
    )
    max_spool_bytes: int = Field(
        8 * _GIB,
        ge=_MIB,
        description="disk of the bodies and kept answers of all requests together, shared as"
        " GANGLION_CLICKHOUSE_MAX_HELD_BYTES is",
    )
    min_free_bytes: int = Field(
        256 * _MIB, ge=0, description="disk that no body and no kept answer may take"
    )

    def exceeded(
        self, limit: str, what: str, *, code: Code = Code.LIMIT_EXCEEDED
    ) -> ClickHouseError:
        """The refusal of what goes beyond the field `limit`: which one, its value, its setting."""
        value = getattr(self, limit)
        return refusal(
            code,
            f"{what}: the limit {limit} is {value} (GANGLION_CLICKHOUSE_{limit.upper()})",
        )
