"""Can nobody read spans, say them for another, or crowd out those of others?"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nervous_system import names
from nervous_system.bus import Bus
from nervous_system.errors import Forbidden, GanglionError
from nervous_system.transport.stream import Stream
from nervous_system.transport.telemetry_stream import ensure_telemetry, send_spans
from nervous_system.users import ADMIN, GOVERNOR, INGESTOR, MAINTENANCE, OPERATOR, OVERSEER
from operations.queries.trace.waterfall import SpanOfTrace
from tests.security.permitted_server import PermittedServer

SOURCES = {
    "coder": {"coder"},
    "coder_worker": {"coder"},
    "worker": {"worker"},
    MAINTENANCE: {"worker"},
    GOVERNOR: {"governor"},
    OVERSEER: {"overseer"},
    INGESTOR: {"ingestor"},
}
READS = (
    f"$JS.API.STREAM.INFO.{names.TELEMETRY_STREAM}",
    f"$JS.API.STREAM.MSG.GET.{names.TELEMETRY_STREAM}",
    f"$JS.API.STREAM.PURGE.{names.TELEMETRY_STREAM}",
    f"$JS.API.CONSUMER.CREATE.{names.TELEMETRY_STREAM}.mine",
    f"$JS.API.DIRECT.GET.{names.TELEMETRY_STREAM}",
)


@pytest.fixture
async def permitted(tmp_path: Path) -> AsyncIterator[PermittedServer]:
    """With the stream of spans as small as it may be."""
    server = PermittedServer(tmp_path)
    server.settings = server.settings.model_copy(update={"telemetry_stream_max_bytes": 1024**2})
    async with server.running():
        yield server


async def refused(bus: Bus, subject: str) -> bool:
    try:
        await bus.connection.request(subject, b"{}", timeout_seconds=60.0)
    except Forbidden:
        return True
    except GanglionError:
        return False
    return False


@pytest.mark.parametrize("user", SOURCES)
async def test_each_says_its_own_and_reads_nobodys(permitted: PermittedServer, user: str) -> None:
    said = {each for sources in SOURCES.values() for each in sources}
    async with permitted.bus(user) as bus:
        for source in sorted(said):
            if source in SOURCES[user]:
                await send_spans(bus.connection, source, b"")
            else:
                assert await refused(bus, f"{names.TELEMETRY}.{source}"), source
        for subject in READS:
            may = user == INGESTOR and not any(w in subject for w in ("PURGE", "DIRECT"))
            assert await refused(bus, subject) is not may, subject
        assert await refused(bus, f"{names.TELEMETRY}.{next(iter(SOURCES[user]))}.more")


def test_an_agent_is_shown_as_no_service() -> None:
    span = SpanOfTrace(
        span_id="",
        parent_span_id="",
        source="coder",
        service="overseer",
        name="decide",
        kind="internal",
        started_at=datetime(2026, 11, 30, tzinfo=UTC),
        seconds=0.0,
        status="",
        status_message="",
        attributes={},
    )
    assert span.who == "coder as overseer"
    assert replace(span, service=" Guardian").who == "coder as  Guardian"
    assert replace(span, service="coder-1").who == "coder-1"
    assert replace(span, source="overseer").who == "overseer"


async def test_who_floods_crowds_out_its_own_alone(permitted: PermittedServer) -> None:
    async with permitted.bus(OVERSEER) as overseer, permitted.bus("coder") as coder:
        await send_spans(overseer.connection, "overseer", b"the only one")
        flood = b"x" * (names.MAX_TELEMETRY_BYTES - 1000)
        for _ in range(10):
            await asyncio.gather(*(send_spans(coder.connection, "coder", flood) for _ in range(10)))
        with pytest.raises(GanglionError, match="exceeds maximum"):
            await send_spans(coder.connection, "coder", b"x" * 2 * names.MAX_TELEMETRY_BYTES)
    async with permitted.bus(INGESTOR) as ingestor:
        stream = Stream(ingestor.connection, name=names.TELEMETRY_STREAM)
        first = await stream.at(1)
        assert first is not None
        assert first.data == b"the only one"
        state = await stream.state()
        assert state.messages < 20
        assert state.bytes < 1024**2


async def test_only_the_admin_makes_or_changes_the_stream(permitted: PermittedServer) -> None:
    other = permitted.settings.model_copy(update={"telemetry_stream_max_bytes": 2 * 1024**2})
    for user in (INGESTOR, OPERATOR, ADMIN):
        async with permitted.bus(user) as bus:
            await ensure_telemetry(bus.connection, other)
    async with permitted.bus(INGESTOR) as bus:
        made = await Stream(bus.connection, name=names.TELEMETRY_STREAM).configuration()
    assert made["max_bytes"] == 2 * 1024**2
    assert (made["storage"], made["discard"], made["num_replicas"]) == ("file", "old", 1)
    assert made["persist_mode"] == "async"
