"""Does `ganglion trace` show each event of a trace once, below what caused it?"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta

from command_line import CommandLine
from hypothesis import given
from hypothesis import strategies as st

from enchanted.events.v1.agent_decision_pb2 import AgentDecision
from enchanted.events.v1.swarm_event_pb2 import ROLE_CODER
from ganglion.errors import OK, REFUSED
from ganglion.trace_view.jaeger import span_address
from ganglion.trace_view.tree import Trace
from nervous_system.contract.event import Event, Recorded

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def event(event_id: str, sequence: int, *, cause: str = "") -> Recorded:
    return Recorded(
        event=Event(
            event_id=event_id,
            timestamp=START,
            agent_role=ROLE_CODER,
            agent_id="c1",
            payload=AgentDecision(chosen_action="look"),
            trace_id=TRACE_ID,
            span_id="00f067aa0ba902b7",
            causation_id=cause,
        ),
        sequence=sequence,
        subject="swarm.events.coder.decision",
        recorded_at=START + timedelta(milliseconds=sequence),
    )


def drawn(*events: Recorded) -> list[str]:
    lines = Trace.of(TRACE_ID, events).lines()
    return [line.drawing + line.recorded.event.event_id for line in lines]


def test_a_chain_goes_straight_down_and_branches_are_drawn() -> None:
    assert drawn(
        event("a", 1),
        event("b", 2, cause="a"),
        event("c", 3, cause="b"),
        event("d", 4, cause="b"),
        event("e", 5, cause="c"),
        event("f", 6, cause="d"),
        event("g", 7, cause="an event of another trace"),
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
    shown = [line.recorded for line in Trace.of(TRACE_ID, events).lines()]
    assert sorted(each.sequence for each in shown) == [each.sequence for each in events]


def test_the_page_of_the_very_span() -> None:
    assert (
        span_address("http://jaeger:16686/", trace_id="t", span_id="s")
        == "http://jaeger:16686/trace/t?uiFind=s"
    )
    assert span_address("http://jaeger:16686", trace_id="t", span_id="").endswith("/trace/t")


def test_a_trace_from_the_event_and_from_its_id(ganglion: CommandLine) -> None:
    processes = ("--only", "nats", "--only", "clickhouse", "--only", "ingestor")
    started = ganglion("up", "--detach", *processes)
    assert started.returncode == OK, started.stderr
    sent = ganglion("emit", "decision", "--json", "--rationale", "it is green", "--chosen", "merge")
    assert sent.returncode == OK, sent.stderr
    event_id = json.loads(sent.stdout)["event_id"]
    unknown = ganglion("trace", "018f0000-0000-7000-8000-000000000000")
    assert unknown.returncode == REFUSED
    assert "how far behind the log" in unknown.stderr
    while ganglion("trace", event_id).returncode != OK:  # until ClickHouse has it
        time.sleep(0.05)
    found = ganglion.json("trace", event_id, "--json")
    (shown,) = found["events"]
    assert shown["event_id"] == found["asked"] == event_id
    assert found["jaeger_url"].endswith(f"/trace/{shown['trace_id']}?uiFind={shown['span_id']}")
    by_trace = ganglion("trace", found["trace_id"])
    assert by_trace.returncode == OK, by_trace.stderr
    assert "1 events in 0.000 s, by 1 agents" in by_trace.stdout
    assert "merge: it is green" in by_trace.stdout
    assert found["jaeger_url"] in by_trace.stdout
