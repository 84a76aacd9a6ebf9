"""Does `ganglion trace` show each event of a trace once, below what caused it, and the way to other
traces?
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enchanted.events.v1.agent_decision_pb2 import AgentDecision
from enchanted.events.v1.leadership_pb2 import RequestsTaken
from enchanted.events.v1.swarm_event_pb2 import ROLE_CODER
from enchanted.events.v1.task_pb2 import TaskClaimed, TaskManifest, TaskSubmitted
from enchanted.events.v1.task_request_pb2 import ClaimRequested, ResultReported
from ganglion.exit_codes import OK, USAGE
from ganglion.trace_text import trace_text
from nervous_system.bus import open_bus
from nervous_system.client.agent import open_agent
from nervous_system.contract.event import Event, RecordedEvent
from nervous_system.contract.payload import Payload
from nervous_system.ids import child_id
from nervous_system.settings import MeshSettings
from operations.queries.trace import jaeger, lookup
from operations.queries.trace.cross_trace_links import CrossTraceLinks, DownstreamTrace
from operations.queries.trace.jaeger import span_address
from operations.queries.trace.tree import Trace
from operations.queries.trace.waterfall import SpanOfTrace
from tests.command_line import CommandLine, FreePort

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
OTHER_TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
THIRD_TRACE_ID = "aaf7651916cd43dd8448eb211c80319c"
NATS_PORT = "GANGLION_NATS_PORT"
PROCESSES = ("--only", "nats", "--only", "clickhouse", "--only", "ingestor")
START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def event(
    event_id: str, sequence: int, *, cause: str = "", trace_id: str = TRACE_ID
) -> RecordedEvent:
    return RecordedEvent(
        event=Event(
            event_id=event_id,
            timestamp=START,
            agent_role=ROLE_CODER,
            agent_id="c1",
            payload=AgentDecision(chosen_action="look"),
            trace_id=trace_id,
            span_id="00f067aa0ba902b7",
            causation_id=cause,
        ),
        sequence=sequence,
        subject="swarm.events.coder.decision",
        recorded_at=START + timedelta(milliseconds=sequence),
    )


def drawn(*events: RecordedEvent) -> list[str]:
    lines = Trace.of(TRACE_ID, events, elsewhere=CrossTraceLinks()).lines()
    return [
        line.drawing + line.shown.event.event_id
        for line in lines
        if isinstance(line.shown, RecordedEvent)
    ]


def printed(*events: RecordedEvent, elsewhere: CrossTraceLinks) -> list[str]:
    """The tree as it is printed, without positions and times."""
    text = list(trace_text(Trace.of(TRACE_ID, events, elsewhere=elsewhere), "http://jaeger"))
    return [line.text[22:] for line in text[2:-1]]


def test_a_chain_goes_straight_down_and_branches_are_drawn() -> None:
    assert drawn(
        event("a", 1),
        event("b", 2, cause="a"),
        event("c", 3, cause="b"),
        event("d", 4, cause="b"),
        event("e", 5, cause="c"),
        event("f", 6, cause="d"),
        event("g", 7),
    ) == ["a", "↓ b", "├─ c", "│  ↓ e", "└─ d", "   ↓ f", "g"]


def test_an_event_published_again_in_a_new_stream_is_shown_once() -> None:
    assert drawn(event("a", 1), event("b", 2, cause="a"), event("a", 1)) == ["a", "↓ b"]


def test_a_chain_longer_than_python_may_call() -> None:
    events = [event(f"{number}", number + 1, cause=f"{number - 1}") for number in range(5_000)]
    assert len(drawn(*events)) == 5_000


@given(st.lists(st.integers(min_value=-1, max_value=12), min_size=1, max_size=12))
def test_each_event_is_shown_once_whatever_caused_it(causes: list[int]) -> None:
    """Also where causes go round in a circle."""
    events = [event(f"{n}", n + 1, cause=f"{cause}") for n, cause in enumerate(causes)]
    lines = Trace.of(TRACE_ID, events, elsewhere=CrossTraceLinks()).lines()
    shown = [line.shown.sequence for line in lines if isinstance(line.shown, RecordedEvent)]
    assert sorted(shown) == [each.sequence for each in events]


def test_what_another_trace_caused_stands_below_its_cause() -> None:
    cause = event("x", 1, trace_id=OTHER_TRACE_ID)
    moment = cause.recorded_at.astimezone()
    assert printed(
        event("a", 2),
        event("b", 3, cause="x"),
        event("c", 4, cause="x"),
        event("d", 5, cause="c"),
        event("e", 6, cause="nobody knows"),
        event("f", 7, cause="y"),
        elsewhere=CrossTraceLinks(causes=(cause, event("y", 1, trace_id=""))),
    ) == [
        "decision  c1  look",
        f"caused by decision of c1 at {moment:%Y-%m-%d %H:%M:%S %Z}, trace {OTHER_TRACE_ID}: look",
        "├─ decision  c1  look",
        "└─ decision  c1  look",
        "   ↓ decision  c1  look",
        "caused by event nobody knows, which ClickHouse does not have",
        "↓ decision  c1  look",
        f"caused by decision of c1 at {moment:%Y-%m-%d %H:%M:%S %Z}, without a trace: look",
        "↓ decision  c1  look",
    ]


def test_the_way_to_other_traces_stands_below_what_led_there() -> None:
    def onward(cause: str, trace_id: str, events: int, *, traces: int) -> DownstreamTrace:
        return DownstreamTrace(causation_id=cause, trace_id=trace_id, events=events, traces=traces)

    assert printed(
        event("a", 1),
        event("b", 2, cause="a"),
        elsewhere=CrossTraceLinks(
            onward=(
                onward("a", OTHER_TRACE_ID, 1, traces=12),
                onward("a", "", 2, traces=12),
                onward("b", OTHER_TRACE_ID, 3, traces=1),
            )
        ),
    ) == [
        "decision  c1  look",
        "├─ decision  c1  look",
        f"│  ↓ led to 3 events in trace {OTHER_TRACE_ID}",
        f"├─ led to 1 event in trace {OTHER_TRACE_ID}",
        "├─ led to 2 events without a trace",
        "└─ led to events in 10 more traces",
    ]


def test_where_a_claimed_task_comes_from_is_said() -> None:
    claims = [
        replace(
            event(task_id, sequence),
            event=replace(event(task_id, sequence).event, payload=TaskClaimed(task_id=task_id)),
        )
        for sequence, task_id in enumerate(("here", "elsewhere"), 2)
    ]
    submitted = replace(
        event("submitted", 1),
        event=replace(
            event("submitted", 1).event,
            payload=TaskSubmitted(manifest=TaskManifest(task_id="here")),
        ),
    )
    trace = Trace.of(TRACE_ID, [submitted, *claims], elsewhere=CrossTraceLinks())
    assert [line.text for line in trace_text(trace, None) if line.text.startswith("What came")] == [
        "What came before of task elsewhere: `ganglion tasks show elsewhere`"
    ]


def test_a_task_of_an_odd_id_is_named_as_a_shell_takes_it() -> None:
    claimed = event("claimed", 1)
    odd = replace(claimed, event=replace(claimed.event, payload=TaskClaimed(task_id="a;b $c")))
    *_, line = trace_text(Trace.of(TRACE_ID, [odd], elsewhere=CrossTraceLinks()), None)
    assert line.text == "What came before of task a;b $c: `ganglion tasks show 'a;b $c'`"


def test_the_page_of_the_very_span() -> None:
    assert (
        span_address("http://jaeger:16686/", trace_id="t", span_id="s")
        == "http://jaeger:16686/trace/t?uiFind=s"
    )
    assert span_address("http://jaeger:16686", trace_id="t", span_id="").endswith("/trace/t")


def plumbing(sequence: int, payload: Payload, *, event_id: str, cause: str = "") -> RecordedEvent:
    made = event(event_id, sequence, cause=cause)
    return replace(made, event=replace(made.event, payload=payload))


def test_the_work_stands_below_what_led_to_how_it_came_about() -> None:
    """Requests and turns are left out; nothing that came of them is."""
    events = (
        event("a", 1),
        plumbing(2, RequestsTaken(service="overseer"), event_id="turn"),
        plumbing(3, ResultReported(task_id="t"), event_id="report", cause="a"),
        event("b", 4, cause="report"),
        plumbing(5, ClaimRequested(), event_id="claim", cause="report"),
        event("c", 6, cause="claim"),
        event("d", 7, cause="x"),
    )
    foreign = plumbing(0, ClaimRequested(), event_id="x")
    foreign = replace(foreign, event=replace(foreign.event, trace_id=OTHER_TRACE_ID))
    onward = DownstreamTrace(causation_id="claim", trace_id=OTHER_TRACE_ID, events=1, traces=1)
    whole = Trace.of(
        TRACE_ID, events, elsewhere=CrossTraceLinks(causes=(foreign,), onward=(onward,)), asked=""
    )
    work = whole.work()
    assert [each.event.event_id for each in work.events] == ["a", "b", "c", "d"]
    assert work.hidden == 3
    assert [line.text[22:] for line in trace_text(work, None)][2:] == [
        "decision  c1  look",
        "├─ decision  c1  look",
        "├─ decision  c1  look",
        f"└─ led to 1 event in trace {OTHER_TRACE_ID}",
        "decision  c1  look",
    ]
    assert "--all shows 3 events more" in next(trace_text(work, None)).text

    asked = replace(whole, asked="report").work()
    assert [each.event.event_id for each in asked.events] == ["a", "report", "b", "c", "d"]
    only = Trace.of(TRACE_ID, events[1:2], elsewhere=CrossTraceLinks())
    assert only.work() is only


async def test_the_local_jaeger_is_named_if_it_answers(
    monkeypatch: pytest.MonkeyPatch, free_port: FreePort
) -> None:
    status = 200

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        Thread(target=server.serve_forever).start()
        local = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setattr(jaeger, "LOCAL", local)
        assert await jaeger.jaeger_address(None) == local
        status = 404
        assert await jaeger.jaeger_address(None) is None
        server.shutdown()
    monkeypatch.setattr(jaeger, "LOCAL", f"http://127.0.0.1:{free_port()}")
    assert await jaeger.jaeger_address(None) is None
    assert await jaeger.jaeger_address("https://far.away") == "https://far.away"


def test_a_trace_from_the_event_and_from_its_id(
    ganglion: CommandLine, free_port: FreePort, monkeypatch: pytest.MonkeyPatch
) -> None:
    ganglion.environment["GANGLION_JAEGER_URL"] = "http://jaeger:16686"
    started = ganglion("up", "--detach", *PROCESSES)
    assert started.returncode == OK, started.stderr
    sent = ganglion("emit", "decision", "--json", "--rationale", "it is green", "--chosen", "merge")
    assert sent.returncode == OK, sent.stderr
    event_id = json.loads(sent.stdout)["event_id"]
    unknown = ganglion("trace", "018f0000-0000-7000-8000-000000000000")
    assert unknown.returncode == USAGE
    assert "how far behind the log" in unknown.stderr
    while ganglion("trace", event_id).returncode != OK:  # until ClickHouse has it
        time.sleep(0.05)
    found = ganglion.json("trace", event_id, "--json")
    (shown,) = found["events"]
    assert shown["event_id"] == found["asked"] == event_id
    assert found["jaeger_url"].endswith(f"/trace/{shown['trace_id']}?uiFind={shown['span_id']}")
    begins = ganglion.json("trace", f"{event_id[:9]}…", "--json")
    assert begins == found
    assert ganglion.json("trace", found["trace_id"][:8], "--json")["trace_id"] == found["trace_id"]
    by_trace = ganglion("trace", found["trace_id"])
    assert by_trace.returncode == OK, by_trace.stderr
    assert "1 event in 0.000 s, by 1 agent, from " in by_trace.stdout
    assert "merge: it is green" in by_trace.stdout
    assert f"Jaeger: {found['jaeger_url']}\n" in by_trace.stdout

    del ganglion.environment["GANGLION_JAEGER_URL"]
    monkeypatch.setattr(jaeger, "LOCAL", f"http://127.0.0.1:{free_port()}")
    found = ganglion.json("trace", event_id, "--json")
    assert found["jaeger_url"] is None
    assert found["events"][0]["jaeger_url"] is None
    assert "Jaeger" not in ganglion("trace", event_id).stdout


def test_the_way_from_trace_to_trace(
    ganglion: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = ganglion("up", "--detach", *PROCESSES)
    assert started.returncode == OK, started.stderr
    a, b, c, d, e, f, unknown = (child_id("trace", name) for name in "abcdefx")
    events = (
        event(a, 1),
        event(b, 2, cause=c, trace_id=OTHER_TRACE_ID),  # before its cause
        event(c, 3, cause=a, trace_id=OTHER_TRACE_ID),
        event(d, 4, cause=a, trace_id=OTHER_TRACE_ID),
        event(e, 5, cause=unknown, trace_id=OTHER_TRACE_ID),
        event(f, 6, cause=a, trace_id=THIRD_TRACE_ID),
    )
    url = f"nats://127.0.0.1:{ganglion.environment[NATS_PORT]}"
    asyncio.run(publish(events, MeshSettings(nats_url=url, home=ganglion.home)))
    while ganglion("trace", f).returncode != OK:  # until ClickHouse has it
        time.sleep(0.05)

    here = ganglion.json("trace", a, "--json")
    assert here["caused_by"] == []
    assert here["led_to"] == [
        {"causation_id": a, "trace_id": OTHER_TRACE_ID, "events": 2, "traces": 2},
        {"causation_id": a, "trace_id": THIRD_TRACE_ID, "events": 1, "traces": 2},
    ]
    there = ganglion.json("trace", OTHER_TRACE_ID, "--json")
    assert [each["event_id"] for each in there["events"]] == [b, c, d, e]
    known, missing = there["caused_by"]
    assert known == here["events"][0]
    assert missing == {"event_id": unknown, "payload_kind": None}
    assert there["led_to"] == []

    text = ganglion("trace", OTHER_TRACE_ID).stdout
    assert "caused by decision of c1 at " in text
    assert f", trace {TRACE_ID}: look" in text
    assert f"caused by event {unknown}, which ClickHouse does not have" in text
    monkeypatch.setattr(lookup, "MAX_TRACES", 1)
    text = ganglion("trace", TRACE_ID).stdout
    assert f"├─ led to 2 events in trace {OTHER_TRACE_ID}" in text
    assert "└─ led to events in 1 more trace" in text
    monkeypatch.setattr(lookup, "MAX_EVENTS", 1)  # what caused the only one is beyond the cut
    cut = ganglion.json("trace", OTHER_TRACE_ID, "--json")
    assert cut["cut"]
    assert cut["caused_by"] == [there["events"][1]]


async def publish(events: tuple[RecordedEvent, ...], settings: MeshSettings) -> None:
    async with open_bus(settings, name="test") as bus:
        for each in events:
            await bus.publish(each.event)


def span(
    span_id: str, *, parent: str = "", after_ms: int = 0, source: str = "coder"
) -> SpanOfTrace:
    return SpanOfTrace(
        span_id=span_id,
        parent_span_id=parent,
        source=source,
        service="c1",
        name=f"work \x1b[2J{span_id}",
        kind="internal",
        started_at=START + timedelta(milliseconds=after_ms),
        seconds=0.012,
        status="error" if span_id == "failed" else "",
        status_message="it broke\u202e\x07" if span_id == "failed" else "",
        attributes={},
    )


def in_span(event_id: str, sequence: int, span_id: str, *, cause: str = "") -> RecordedEvent:
    recorded = event(event_id, sequence, cause=cause)
    return replace(recorded, event=replace(recorded.event, span_id=span_id))


def drawn_with(spans: list[SpanOfTrace], *events: RecordedEvent, cause: str = "") -> list[str]:
    causes = (event(cause, 1, trace_id=OTHER_TRACE_ID),) if cause else ()
    elsewhere = CrossTraceLinks(causes=causes)
    names = []
    for line in Trace.of(TRACE_ID, events, elsewhere=elsewhere, spans=spans).lines():
        match line.shown:
            case SpanOfTrace():
                name = line.shown.span_id
            case RecordedEvent():
                name = line.shown.event.event_id
            case _:
                name = "elsewhere"
        names.append(line.drawing + name)
    return names


def test_spans_and_events_are_one_tree() -> None:
    assert drawn_with(
        [
            span("ask", after_ms=0),
            span("decide", parent="ask", after_ms=2),
            span("work", parent="ask", after_ms=5),
            span("after b", parent="not recorded", after_ms=20),
        ],
        in_span("a", 3, "decide"),
        in_span("b", 6, "not recorded", cause="a"),
        in_span("c", 7, "work", cause="a"),
    ) == ["ask", "├─ decide", "│  ↓ a", "│  ↓ b", "│  ↓ after b", "└─ work", "   ↓ c"]


def test_what_another_trace_caused_stands_below_that_with_the_spans_around_it() -> None:
    spans = [span("ask"), span("decide", parent="ask", after_ms=1)]
    assert drawn_with(spans, in_span("a", 2, "decide", cause="x"), cause="x") == [
        "elsewhere",
        "↓ ask",
        "↓ decide",
        "↓ a",
    ]


def test_a_forged_span_hides_none_of_another_source() -> None:
    spans = [span("same", source="worker"), span("same", after_ms=1, source="overseer")]
    assert drawn_with(spans, in_span("a", 2, "same")) == ["same", "↓ a", "same"]


@given(
    st.lists(st.integers(min_value=-1, max_value=8), min_size=0, max_size=8),
    st.lists(st.tuples(st.integers(-1, 8), st.integers(-1, 8)), min_size=0, max_size=8),
)
def test_each_span_and_event_is_shown_once(parents: list[int], said: list[tuple[int, int]]) -> None:
    """Whatever stands below what, also in circles."""
    spans = [span(f"s{n}", parent=f"s{parent}", after_ms=n) for n, parent in enumerate(parents)]
    events = [
        in_span(f"e{n}", n + 1, f"s{within}", cause=f"e{cause}")
        for n, (within, cause) in enumerate(said)
    ]
    trace = Trace.of(TRACE_ID, events, elsewhere=CrossTraceLinks(), spans=spans)
    shown = [line.shown for line in trace.lines()]
    found = [each for each in shown if isinstance(each, SpanOfTrace | RecordedEvent)]
    assert len(found) == len(spans) + len(events)
    if events or spans:
        assert len(list(trace_text(trace, None))) == 2 + len(shown)


def test_texts_of_spans_do_nothing_to_the_terminal() -> None:
    trace = Trace.of(TRACE_ID, (), elsewhere=CrossTraceLinks(), spans=[span("failed")])
    text = "\n".join(line.text for line in trace_text(trace, "http://jaeger"))
    assert "12.0 ms, failed: it broke" in text
    assert f"http://jaeger/trace/{TRACE_ID}" in text
    assert not {"\x1b", "\x07", "\u202e"} & set(text)


def test_what_an_agent_did_is_in_the_trace_without_any_jaeger(
    ganglion: CommandLine,
) -> None:
    """From the agent through the server and ClickHouse to the command, as their own users."""
    started = ganglion("up", "--detach", *PROCESSES)
    assert started.returncode == OK, started.stderr
    home = Path(ganglion.environment["GANGLION_HOME"])
    settings = MeshSettings(
        nats_url=f"nats://127.0.0.1:{ganglion.environment[NATS_PORT]}", home=home
    )

    async def decide() -> str:
        async with open_agent(
            role="coder", agent_id="c1", settings=settings, workspace=""
        ) as agent:
            return (await agent.decide(chosen="look", rationale="to see")).event_id

    event_id = asyncio.run(decide())
    spans: list[dict[str, object]] = []
    while not spans:
        time.sleep(0.1)
        answer = ganglion("trace", event_id, "--json")
        spans = json.loads(answer.stdout)["spans"] if answer.returncode == OK else []
    (span,) = spans
    assert (span["source"], span["service"]) == ("coder", "c1")
    assert span["name"] == "record swarm.events.coder.decision"
    lines = [line[22:] for line in ganglion("trace", event_id).stdout.splitlines()[2:4]]
    assert lines[0].startswith("record swarm.events.coder.decision  c1  ")
    assert lines[1].startswith("↓ ◀ decision  c1  look")
