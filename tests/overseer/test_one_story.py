"""Can an objective be followed through the spans, from its proposal to its last result?"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from nervous_system.bus import Bus
from nervous_system.client.agent import open_agent
from nervous_system.client.claimed_task import ClaimedTask
from nervous_system.client.serving import serve
from nervous_system.client.worker import open_worker
from nervous_system.settings import MeshSettings
from tests.nervous_system.otlp_collector import Collector, attributes
from tests.overseer.overseer_program import StartOverseer

ASK = "ask swarm.requests.overseer."
DECIDE = "decide swarm.events.overseer"


class Story(NamedTuple):
    """All spans of one objective of two tasks, each of which says how far it is."""

    spans: Sequence[Span]

    def named(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]

    def below(self, parent: Span) -> list[Span]:
        return [span for span in self.spans if span.parent_span_id == parent.span_id]


@pytest.fixture
async def story(
    start_overseer: StartOverseer, bus: Bus, mesh_settings: MeshSettings, collector: Collector
) -> Story:
    overseer = start_overseer(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url)
    url = mesh_settings.nats_url
    settings = mesh_settings.model_copy(
        update={"publish_deadline_seconds": 120.0, "otlp_endpoint": collector.url}
    )
    stop = asyncio.Event()

    async def do(held: ClaimedTask) -> None:
        await held.progress(0.5, "half of it")
        if held.action == "plant":  # its end has been heard before the worker is told to stop
            await held.finish()
            stop.set()

    async with open_agent(url, role="coder", agent_id="coder-1", settings=settings) as agent:
        await agent.propose(
            "plant a tree",
            objective_id="o1",
            tasks=[
                {"id": "dig", "action": "dig"},
                {"id": "plant", "action": "plant", "after": ["dig"]},
            ],
        )
    async with open_worker(url, worker_id="w1", settings=settings) as worker:
        async with asyncio.timeout(300):
            await serve(worker, do, stop)
    assert await asyncio.to_thread(overseer.terminate, seconds=120) == 0
    return Story(collector.all_spans())


async def test_an_objective_is_followed_from_its_proposal_to_its_last_result(story: Story) -> None:
    (proposal,) = story.named(f"{ASK}objective_proposed")
    assert proposal.kind == Span.SPAN_KIND_CLIENT
    claims = {
        str(attributes(span)["ganglion.task.id"]): span
        for span in story.named(f"{ASK}claim_requested")
        if "ganglion.task.id" in attributes(span)
    }
    assert claims.keys() == {"o1.dig", "o1.plant"}
    for task_id, claim in claims.items():
        assert {link.trace_id for link in claim.links} == {proposal.trace_id}, task_id
        assert claim.trace_id != proposal.trace_id
        (work,) = (span for span in story.below(claim) if span.name.startswith("work "))
        said = {span.name: span for span in story.below(work) if span.name.startswith(ASK)}
        assert said.keys() == {f"{ASK}progress_reported", f"{ASK}result_reported"}
        for each in said.values():
            (decided,) = (span for span in story.below(each) if span.name == DECIDE)
            assert decided.kind == Span.SPAN_KIND_SERVER
            assert attributes(decided)["ganglion.task.id"] == task_id
        for each in (claim, work, *said.values()):
            assert attributes(each) == {
                "ganglion.task.id": task_id,
                "ganglion.objective.id": "o1",
                "ganglion.task.action": task_id.removeprefix("o1."),
                "ganglion.task.attempt": 1,
                "ganglion.worker.id": "w1",
            }, each.name


async def test_the_name_of_an_objective_finds_all_of_its_traces(story: Story) -> None:
    found: defaultdict[bytes, set[str]] = defaultdict(set)
    for span in story.spans:
        if attributes(span).get("ganglion.objective.id") == "o1":
            found[span.trace_id].add(span.name)
    first, *others = found.values()
    assert first == {f"{ASK}objective_proposed", DECIDE}
    assert len(others) == 2
