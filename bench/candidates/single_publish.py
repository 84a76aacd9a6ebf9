"""How long does one acknowledged publish take: nats-py's, our bus's, an agent's decision?

In turn, event by event, so that a slow moment of the disk or the machine hits all three alike.
nats-py sends the bytes alone: no id, no headers, no check.
"""

from __future__ import annotations

import nats

from bench.candidates.order import Order, result
from bench.events import entries, payloads
from enchanted.events.v1.agent_decision_pb2 import AgentDecision
from nervous_system.client.agent import open_agent
from nervous_system.clock import stopwatch
from nervous_system.contract.message import encode_message
from nervous_system.contract.redaction import Redactor
from nervous_system.settings import MeshSettings

WARM_UP = 50
KINDS_IN_TURN = 20
"""`payloads` makes decisions of the first of every so many; all three publish a decision."""


async def run(order: Order) -> None:
    """Take `order.count` samples of each way; the stream is made first."""
    redactor = Redactor.of()
    decisions = [
        entry
        for entry in entries(payloads((order.count + WARM_UP) * KINDS_IN_TURN // 8 + KINDS_IN_TURN))
        if isinstance(entry.event.payload, AgentDecision)
    ][: order.count + WARM_UP]
    messages = [encode_message(entry, redactor, traceparent=None)[0] for entry in decisions]
    seconds: dict[str, list[float]] = {"raw": [], "publish": [], "decide": []}
    settings = MeshSettings(nats_url=order.nats_url)
    client = await nats.connect(order.nats_url)
    stream = client.jetstream()
    async with open_agent(order.nats_url, role="coder", agent_id="coder-1", settings=settings) as a:
        await a.bus.stream.ensure(settings)
        for entry, message in zip(decisions, messages, strict=True):
            payload = entry.event.payload
            assert isinstance(payload, AgentDecision)
            started = stopwatch()
            await stream.publish(message.subject, message.data)
            raw = stopwatch()
            await a.bus.publish(entry.event)
            published = stopwatch()
            await a.decide(
                rationale=payload.rationale,
                chosen=payload.chosen_action,
                alternatives=payload.rejected_alternatives,
                confidence=payload.confidence_score,
                context_hash=payload.context_hash,
                trigger=payload.input_trigger,
            )
            decided = stopwatch()
            seconds["raw"].append(raw - started)
            seconds["publish"].append(published - raw)
            seconds["decide"].append(decided - published)
    await client.close()
    result({name: _percentiles(each[WARM_UP:]) for name, each in seconds.items()})


def _percentiles(seconds: list[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    return {f"p{percent}": ordered[len(ordered) * percent // 100] for percent in (50, 99)}
