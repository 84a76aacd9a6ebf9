"""Do spans get onto the bus, without secrets, and is nobody held up where they do not?"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from nervous_system import names
from nervous_system.bus import Bus, open_bus
from nervous_system.client.agent import open_agent
from nervous_system.errors import Forbidden
from nervous_system.settings import MeshSettings
from nervous_system.telemetry import bus_spans
from nervous_system.telemetry.metrics import Metrics
from nervous_system.telemetry.span_budget import SpanBudget
from nervous_system.telemetry.span_export import SpanExport
from nervous_system.telemetry.tracing import Tracer
from nervous_system.transport.telemetry_stream import ensure_telemetry
from tests.nervous_system.event_samples import decision
from tests.nervous_system.otlp_collector import Collector, attributes
from tests.real_servers import NatsServer

PATIENCE_SECONDS = 300.0
DROPPED = "ganglion_spans_dropped_total"


def tracer(metrics: Metrics | None = None, *, endpoint: str | None = None) -> Tracer:
    """One with a budget of its own: what other tests did with theirs is nothing to it."""
    export = SpanExport(
        service_name="c1", endpoint=endpoint, bus=True, metrics=metrics, budget=SpanBudget()
    )
    return Tracer(export, source="coder")


async def requests(bus: Bus) -> list[ExportTraceServiceRequest]:
    """Everything that is on the stream of spans."""
    reader = bus.reader(start_sequence=1)
    reader._stream = names.TELEMETRY_STREAM
    found = []
    async with reader:
        while not reader.at_end:
            for stored in await reader.batch(max_messages=1000, within_seconds=5.0):
                assert stored.subject == "swarm.telemetry.coder"
                found.append(ExportTraceServiceRequest.FromString(stored.data))
    return found


async def spans(bus: Bus) -> dict[str, Span]:
    return {
        span.name: span
        for request in await requests(bus)
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    }


async def until_some(bus: Bus) -> dict[str, Span]:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not (found := await spans(bus)):  # noqa: ASYNC110 - the stream tells nobody
            await asyncio.sleep(0.05)
    return found


@pytest.fixture
async def watching(bus: Bus, mesh_settings: MeshSettings) -> Bus:
    """A bus that has the stream of spans."""
    await ensure_telemetry(bus.connection, mesh_settings)
    return bus


async def test_an_agent_says_what_it_did_when_it_leaves(
    watching: Bus, mesh_settings: MeshSettings
) -> None:
    async with open_agent(
        role="coder", agent_id="c1", settings=mesh_settings, workspace=""
    ) as agent:
        receipt = await agent.decide(chosen="look", rationale="to see")
    found = await spans(watching)
    said = found["record swarm.events.coder.decision"]
    assert said.trace_id.hex() == receipt.trace_id
    assert not said.parent_span_id
    stored = await watching.stream.last_on("swarm.events.coder.decision")
    assert stored is not None
    event = watching.decode_stored(stored).event
    assert (event.trace_id, event.span_id) == (said.trace_id.hex(), said.span_id.hex())
    assert set(found) == {"record swarm.events.coder.decision"}, "a detail is for a collector"


async def test_spans_that_are_switched_off_are_not_made(
    watching: Bus, mesh_settings: MeshSettings
) -> None:
    settings = mesh_settings.model_copy(update={"telemetry_spans": False})
    async with open_agent(role="coder", agent_id="c1", settings=settings, workspace="") as agent:
        await agent.decide(chosen="look", rationale="to see")
        assert not agent.bus.tracer.recording
    assert await spans(watching) == {}


async def test_a_collector_gets_them_too(
    watching: Bus, mesh_settings: MeshSettings, collector: Collector
) -> None:
    traced = tracer(endpoint=collector.url)
    async with open_bus(mesh_settings, name="c1", tracer=traced) as bus:
        with traced.span("outer"):
            await bus.publish(decision("a"))
    await traced.close()
    assert collector.spans().keys() == (await spans(watching)).keys() > {"outer"}


async def test_they_go_while_the_work_goes_on(watching: Bus, mesh_settings: MeshSettings) -> None:
    traced = tracer()
    async with open_bus(mesh_settings, name="c1", tracer=traced):
        with traced.span("first"):
            pass
        assert set(await until_some(watching)) == {"first"}


async def test_secrets_are_taken_out(
    watching: Bus, mesh_settings: MeshSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "ghp_" + "a1B2c3D4e5F6" * 3
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", f"deployment.key={secret}")
    traced = tracer()
    async with open_bus(mesh_settings, name="c1", tracer=traced):
        with pytest.raises(ValueError, match="ghp"), traced.span("work", f"x.{secret}") as span:
            span.set({"token": secret, "db.password": "hunter2-is-mine", "count": 3})
            raise ValueError(f"it refused {secret}")
    (request,) = await requests(watching)
    data = request.SerializeToString()
    assert secret.encode() not in data
    assert b"hunter2" not in data
    (told,) = request.resource_spans[0].scope_spans[0].spans
    assert attributes(told)["count"] == 3
    assert attributes(told)["error.type"] == "ValueError"
    assert told.status.message.startswith("it refused")


async def test_one_that_is_too_large_is_lost_and_counted_and_others_are_not(
    watching: Bus, mesh_settings: MeshSettings
) -> None:
    metrics = Metrics()
    traced = tracer(metrics)
    async with open_bus(mesh_settings, name="c1", tracer=traced):
        for number in range(100):
            with traced.span(f"work {number}") as span:
                size = 2 * names.MAX_TELEMETRY_BYTES if number == 50 else 2_000
                span.set({"text": "x" * size})
    assert set(await spans(watching)) == {f"work {n}" for n in range(100) if n != 50}
    assert metrics.value(DROPPED, to="bus", reason="export_failed") == 1
    assert metrics.value("ganglion_spans_exported_total", to="bus") == 99


async def test_they_wait_for_a_stream_that_is_made_later(
    bus: Bus, mesh_settings: MeshSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus_spans, "RETRY_SECONDS", 0.05)
    monkeypatch.setattr(bus_spans, "GATHER_SECONDS", 0.05)
    traced = tracer()
    async with open_bus(mesh_settings, name="c1", tracer=traced):
        with traced.span("early"):
            pass
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not traced._export._bus._troubled:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        await ensure_telemetry(bus.connection, mesh_settings)
        assert set(await until_some(bus)) == {"early"}


async def test_without_a_server_they_are_bounded_and_counted_and_nobody_is_held_up(
    watching: Bus, mesh_settings: MeshSettings, nats_server: NatsServer
) -> None:
    metrics = Metrics()
    traced = tracer(metrics)
    budget = bus_spans.QUEUE_SPANS
    async with open_bus(mesh_settings, name="c1", tracer=traced):
        nats_server.kill()
        for _ in range(budget + 10):
            traced._export._bus._budget = SpanBudget()
            with traced.span("unheard"):
                pass
    async with asyncio.timeout(PATIENCE_SECONDS):
        await traced.close()
    lost = {
        reason: metrics.value(DROPPED, to="bus", reason=reason) or 0
        for reason in ("queue_full", "shutdown")
    }
    assert sum(lost.values()) == budget + 10
    assert lost["queue_full"] >= 10


async def test_what_was_lost_is_said_with_the_next_that_are_not(
    watching: Bus, mesh_settings: MeshSettings
) -> None:
    traced = tracer()
    async with open_bus(mesh_settings, name="c1", tracer=traced):
        with traced.span("huge") as span:
            span.set({"text": "x" * 2 * names.MAX_TELEMETRY_BYTES})
    for name in ("first", "second"):
        async with open_bus(mesh_settings, name="c1", tracer=traced):
            with traced.span(name):
                pass
    said = [
        {pair.key: pair.value.int_value for pair in each.resource_spans[0].resource.attributes}
        for each in await requests(watching)
    ]
    assert [each.get("ganglion.spans.lost") for each in said] == [1, None]


async def test_two_connections_of_one_tracer_come_and_go(
    watching: Bus, mesh_settings: MeshSettings
) -> None:
    traced = tracer()

    @asynccontextmanager
    async def connected() -> AsyncIterator[None]:
        async with open_bus(mesh_settings, name="c1", tracer=traced):
            yield

    async with connected():
        async with connected():
            with traced.span("inner"):
                pass
        assert set(await until_some(watching)) == {"inner"}
        with traced.span("outer"):
            pass
    assert set(await spans(watching)) == {"inner", "outer"}


async def test_a_claim_in_vain_leaves_no_span(watching: Bus, mesh_settings: MeshSettings) -> None:
    traced = tracer()
    async with open_bus(mesh_settings, name="c1", tracer=traced):
        with traced.span("ask") as span:
            span.set({"ganglion.in_vain": True})
        with traced.span("work"):
            pass
    assert set(await spans(watching)) == {"work"}


async def test_an_agents_thousand_decisions_are_not_all_told(
    watching: Bus, mesh_settings: MeshSettings
) -> None:
    metrics = Metrics()
    traced = tracer(metrics)
    async with open_bus(mesh_settings, name="c1", tracer=traced):
        for _ in range(20_000):
            with traced.span("burst"):
                pass
    told = metrics.value("ganglion_spans_exported_total", to="bus")
    left_out = metrics.value(DROPPED, to="bus", reason="over_budget")
    full = metrics.value(DROPPED, to="bus", reason="queue_full") or 0
    assert told is not None
    assert left_out is not None
    assert told + left_out + full == 20_000
    assert left_out > told > 0


async def test_who_may_not_tries_once(
    watching: Bus, mesh_settings: MeshSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An agent with a newer library than its mesh."""
    metrics = Metrics()
    traced = tracer(metrics)
    tries = 0

    async def refuse(data: bytes) -> None:
        nonlocal tries
        tries += 1
        raise Forbidden("not you")

    monkeypatch.setattr(bus_spans, "GATHER_SECONDS", 0.0)
    async with traced.on_the_bus(refuse, watching.redactor):
        for number in range(3):
            with traced.span(f"work {number}"):
                pass
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not tries:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
    await traced.close()
    assert tries == 1
    lost = [metrics.value(DROPPED, to="bus", reason=each) for each in ("export_failed", "shutdown")]
    assert lost == [1, 2]
