"""Does a trace go on where its event is worked on, as OpenTelemetry wants it?"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from enchanted.events.v1.system_signal_pb2 import SystemSignal
from enchanted.events.v1.worker_pb2 import WorkerHeartbeat
from nervous_system.bus import Bus, decode_stored, open_bus
from nervous_system.client.consumer import Consumer
from nervous_system.contract.event import RecordedEvent
from nervous_system.contract.message import Entry
from nervous_system.service.runner import Runner
from nervous_system.settings import MeshSettings
from nervous_system.telemetry.tracing import Tracer
from tests.nervous_system.counting import role
from tests.nervous_system.event_samples import decision
from tests.nervous_system.otlp_collector import Collector, attributes

PUBLISHED = "publish swarm.events.coder.decision"
DESTINATION = {
    "messaging.system": "nats",
    "messaging.destination.name": "swarm.events.coder.decision",
    "messaging.destination.template": "swarm.events.coder.decision",
}


def spans_named(collector: Collector, name: str) -> list[Span]:
    return [span for span in collector.all_spans() if span.name == name]


async def test_a_handler_works_within_the_publishers_trace(
    bus: Bus, mesh_settings: MeshSettings, collector: Collector
) -> None:
    tracer = Tracer.start(service_name="test", endpoint=collector.url)
    stop = asyncio.Event()
    async with open_bus(mesh_settings, name="traced", tracer=tracer) as traced:

        async def answer(cause: RecordedEvent) -> None:
            await traced.publish(decision("answer", SystemSignal(status="DONE")))
            stop.set()

        await traced.publish(decision("question"))
        consumer = Consumer(traced, durable="d", subjects=["swarm.events.coder.decision"])
        await consumer.run(answer, stop)
    await tracer.close()
    spans = collector.spans()
    question = spans[PUBLISHED]
    work = spans["process swarm.events.coder.decision"]
    assert work.kind == Span.SPAN_KIND_CONSUMER
    assert (work.trace_id, work.parent_span_id) == (question.trace_id, question.span_id)
    answered = spans["publish swarm.events.coder.signal"]
    assert attributes(work).items() >= DESTINATION.items()
    published = attributes(question)
    assert published["messaging.destination.name"] == "swarm.events.coder.decision"
    assert (answered.trace_id, answered.parent_span_id) == (question.trace_id, work.span_id)
    (stored,) = [each async for each in bus.replay(subjects=["swarm.events.coder.signal"])]
    event = decode_stored(stored).event
    assert (event.trace_id, event.span_id) == (answered.trace_id.hex(), answered.span_id.hex())


async def test_a_decision_is_a_child_of_its_causes_span(
    bus: Bus, mesh_settings: MeshSettings, collector: Collector
) -> None:
    tracer = Tracer.start(service_name="test", endpoint=collector.url)
    stop = asyncio.Event()
    async with open_bus(mesh_settings, name="traced", tracer=tracer) as traced:
        running = asyncio.create_task(Runner(traced, role(), holder="h").run(stop))
        for number in range(3):
            await traced.publish(decision(f"{number}"))
        decided = await _decided(traced, 3)
        assert len({each.event.trace_id for each in decided}) == 1
        # Many causes of many traces, decided in one go.
        many = [replace(decision(f"many {n}"), trace_id=f"{n + 1:032x}") for n in range(6)]
        spanned = [replace(each, span_id=f"{n + 1:016x}") for n, each in enumerate(many)]
        await traced.append([Entry(event=each) for each in spanned])
        await _decided(traced, 9)
        stop.set()
        await running
    await tracer.close()
    causes = {span.span_id: span for span in spans_named(collector, PUBLISHED)}
    first, *others = spans_named(collector, "decide swarm.events.guardian")
    assert first.parent_span_id in causes
    assert first.trace_id == causes[first.parent_span_id].trace_id
    assert {(each.event.trace_id, each.event.span_id) for each in decided} == {
        (first.trace_id.hex(), first.span_id.hex())
    }
    # Read in one go they are linked; where the reader was handed them in two, each is a child.
    assert all(bool(span.links) is not bool(span.parent_span_id) for span in others)
    followed = [
        int(trace_id.hex(), 16)
        for span in others
        for trace_id in [link.trace_id for link in span.links] or [span.trace_id]
    ]
    assert sorted(followed) == [3, 6]


async def _decided(bus: Bus, count: int) -> list[RecordedEvent]:
    found: list[RecordedEvent] = []
    subjects = ["swarm.events.guardian.alarm_raised", "swarm.events.guardian.signal"]
    async with (
        asyncio.timeout(300),
        bus.reader(start_sequence=1, subjects=subjects) as reader,
    ):
        while len(found) < count:
            found += [
                decode_stored(each)
                for each in await reader.batch(max_messages=100, within_seconds=1)
            ]
    return found


async def test_a_publish_says_where_it_goes_and_what_that_is_one_of(
    bus: Bus, mesh_settings: MeshSettings, collector: Collector
) -> None:
    tracer = Tracer.start(service_name="test", endpoint=collector.url)
    async with open_bus(mesh_settings, name="traced", tracer=tracer) as traced:
        await traced.publish(decision("keyed", WorkerHeartbeat(worker_id="w1")))
        await traced.append([Entry(event=decision("one of a batch"))])
    await tracer.close()
    spans = collector.spans()
    keyed = attributes(spans["publish swarm.events.worker.heartbeat"])
    assert keyed["messaging.destination.name"] == "swarm.events.worker.heartbeat.w1"
    assert keyed["messaging.destination.template"] == "swarm.events.worker.heartbeat"
    batch = attributes(spans["publish swarm.events.>"])
    assert batch["messaging.destination.template"] == "swarm.events.>"
    assert batch["messaging.batch.message_count"] == 1
