"""Are spans what OpenTelemetry says they are, when a real OTLP receiver looks at them?"""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SentSpan
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from nervous_system.errors import Fatal
from nervous_system.telemetry import collector_spans, semantic_names, tracing
from nervous_system.telemetry.metrics import Metrics
from nervous_system.telemetry.tracing import Tracer, current_ids, extract, inject
from tests.nervous_system.otlp_collector import Collector, attributes

REMOTE = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"


async def test_spans_reach_the_collector_as_one_tree(collector: Collector) -> None:
    metrics = Metrics()
    tracer = Tracer.start(service_name="coder", endpoint=collector.url + "/", metrics=metrics)
    assert tracer.recording

    async def child(name: str) -> str:
        with tracer.span(name, kind="producer") as span:
            await asyncio.sleep(0)  # lets the sibling in between
            assert current_ids() == (span.trace_id, span.span_id)
            return span.span_id

    with tracer.span("decide", "swarm.events.coder.decision") as decide:
        decide.set({semantic_names.MESSAGING_BATCH_COUNT: 2})
        children = await asyncio.gather(child("first"), child("second"))
    with tracer.span("process", "swarm.events.coder.decision", kind="consumer", parent=REMOTE):
        pass
    await tracer.close()

    assert collector.paths == ["/v1/traces"]
    spans = collector.spans()
    root = spans["decide swarm.events.coder.decision"]
    assert root.trace_id.hex() == decide.trace_id
    assert root.span_id.hex() == decide.span_id
    assert not root.parent_span_id
    assert attributes(root) == {"messaging.batch.message_count": 2}
    assert list(children) == [spans[name].span_id.hex() for name in ("first", "second")]
    assert all(spans[name].parent_span_id == root.span_id for name in ("first", "second"))
    assert spans["first"].kind == SentSpan.SPAN_KIND_PRODUCER
    remote = spans["process swarm.events.coder.decision"]
    assert (remote.trace_id.hex(), remote.parent_span_id.hex()) == ("a" * 32, "b" * 16)
    resource = collector.requests[0].resource_spans[0].resource
    assert any(
        pair.key == "service.name" and pair.value.string_value == "coder"
        for pair in resource.attributes
    )
    assert metrics.value("ganglion_spans_exported_total", to="collector") == 4


async def test_a_failure_marks_the_span_and_a_cancellation_does_not(collector: Collector) -> None:
    tracer = Tracer.start(service_name="x", endpoint=collector.url)
    with pytest.raises(ValueError, match="broken"), tracer.span("fails"):
        raise ValueError("broken")
    with pytest.raises(asyncio.CancelledError), tracer.span("cancelled"):
        raise asyncio.CancelledError
    assert current_ids() == ("", "")
    await tracer.close()
    spans = collector.spans()
    assert spans["fails"].status.code == Status.STATUS_CODE_ERROR
    assert spans["fails"].status.message == "broken"
    assert attributes(spans["fails"]) == {"error.type": "ValueError"}
    assert spans["cancelled"].status.code == Status.STATUS_CODE_UNSET


async def test_a_batch_keeps_a_bounded_number_of_different_links(collector: Collector) -> None:
    tracer = Tracer.start(service_name="x", endpoint=collector.url)
    different = [f"00-{number:032x}-{'b' * 16}-01" for number in range(1, 101)]
    with tracer.span("insert", links=[*different, *different]):
        pass
    with tracer.span("few", links=["nonsense", REMOTE, REMOTE]):
        pass
    await tracer.close()
    spans = collector.spans()
    assert len(spans["insert"].links) == tracing.MAX_LINKS
    assert attributes(spans["insert"]) == {semantic_names.LINKS_LEFT_OUT: 100 - tracing.MAX_LINKS}
    assert [link.trace_id.hex() for link in spans["few"].links] == ["a" * 32]


async def test_an_agents_own_opentelemetry_span_is_the_parent() -> None:
    own = trace.NonRecordingSpan(trace.SpanContext(7, 9, False, trace.TraceFlags(1)))
    with trace.use_span(own), Tracer().span("decide") as span:
        assert span.trace_id == f"{7:032x}"
        assert trace.get_current_span().get_span_context().span_id == int(span.span_id, 16)


async def test_spans_over_the_queue_are_counted(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collector_spans, "QUEUE_SPANS", 8)
    monkeypatch.setattr(collector_spans, "BATCH_SPANS", 4)
    collector.released.clear()
    metrics = Metrics()
    tracer = Tracer.start(service_name="x", endpoint=collector.url, metrics=metrics)
    for _ in range(100):
        with tracer.span("burst"):
            pass
    collector.released.set()
    await tracer.close()
    exported = metrics.value("ganglion_spans_exported_total", to="collector")
    dropped = metrics.value("ganglion_spans_dropped_total", to="collector", reason="queue_full")
    assert exported is not None
    assert dropped is not None
    assert exported >= 8
    assert exported + dropped == 100


async def test_a_collector_that_refuses_costs_the_spans_and_nothing_else(
    collector: Collector,
) -> None:
    collector.answer = 400
    metrics = Metrics()
    tracer = Tracer.start(service_name="x", endpoint=collector.url, metrics=metrics)
    with tracer.span("work"):
        pass
    await tracer.close()
    assert (
        metrics.value("ganglion_spans_dropped_total", to="collector", reason="export_failed") == 1
    )


async def test_closing_keeps_its_deadline_and_counts_what_is_left(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collector_spans, "BATCH_SPANS", 4)
    collector.released.clear()
    metrics = Metrics()
    tracer = Tracer.start(service_name="x", endpoint=collector.url, metrics=metrics)
    for _ in range(10):
        with tracer.span("work"):
            pass
    async with asyncio.timeout(300):
        await tracer.close(deadline_seconds=0.1)
    lost = metrics.value("ganglion_spans_dropped_total", to="collector", reason="shutdown")
    assert lost in (6, 10)  # the first batch of 4 may be on its way
    with tracer.span("too late"):
        pass
    assert (
        metrics.value("ganglion_spans_dropped_total", to="collector", reason="shutdown") == lost + 1
    )


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(Fatal, match=r"such as http://127\.0\.0\.1:4318"):
        Tracer.start(service_name="x", endpoint="localhost:4318")


def test_without_an_endpoint_ids_are_valid_and_nothing_is_loaded() -> None:
    code = (
        "import sys\n"
        "from nervous_system.telemetry.tracing import Tracer, inject\n"
        "tracer = Tracer.start(service_name='x', endpoint=None)\n"
        "headers = {}\n"
        "with tracer.span('decide') as outer, tracer.span('publish') as inner:\n"
        "    inject(headers)\n"
        "assert outer.trace_id == inner.trace_id and outer.span_id != inner.span_id\n"
        "assert headers == {'traceparent': f'00-{inner.trace_id}-{inner.span_id}-01'}\n"
        "assert not inner.recorded\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry.sdk')])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_headers_carry_the_span_over_one_hop() -> None:
    tracer = Tracer()
    headers: dict[str, str] = {}
    inject(headers)
    assert headers == {}
    with tracer.span("send") as sender:
        inject(headers)
    assert headers["traceparent"] == sender.traceparent
    parent = extract(headers)
    with tracer.span("process", parent=parent) as receiver:
        assert receiver.trace_id == sender.trace_id
        assert receiver.span_id != sender.span_id
    assert extract(None) is None


@given(st.text(max_size=80) | st.sampled_from(["00-" + "0" * 32 + "-" + "b" * 16 + "-01", ""]))
def test_nonsense_in_a_header_starts_a_new_trace(value: str) -> None:
    assert extract({"traceparent": value}) is None
    with Tracer().span("process", parent=value) as span:
        assert len(span.trace_id) == 32
        assert int(span.trace_id, 16)
        assert int(span.span_id, 16)
