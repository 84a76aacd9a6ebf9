"""Which events do fault runs publish, and who keeps count of what was acknowledged?"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from enchanted.events.v1.agent_decision_pb2 import AgentDecision
from enchanted.events.v1.swarm_event_pb2 import ROLE_CODER
from nervous_system import names
from nervous_system.bus import Bus
from nervous_system.contract.codec import encode
from nervous_system.contract.event import Event
from nervous_system.contract.message import Entry
from nervous_system.errors import Duplicate, Transient
from nervous_system.ids import child_id
from tests.conservation import Ledger

MOMENT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
SUBJECT = "swarm.events.coder.decision"


def event(label: str, *, rationale: str = "") -> Event:
    """A decision whose id and bytes follow from the label."""
    return Event(
        event_id=child_id("faults", label),
        timestamp=MOMENT,
        agent_role=ROLE_CODER,
        agent_id="coder-1",
        trace_id="0af7651916cd43dd8448eb211c80319c",
        span_id="b7ad6b7169203331",
        payload=AgentDecision(rationale=rationale or f"because of {label}", chosen_action="go"),
    )


def labels(prefix: str, count: int) -> list[str]:
    """`count` labels, different for different prefixes."""
    return [f"{prefix}-{number}" for number in range(count)]


class Publishing:
    """Publishes for a test and writes down what was acknowledged."""

    def __init__(self, bus: Bus, ledger: Ledger) -> None:
        self._bus = bus
        self.ledger = ledger

    async def one(self, label: str) -> None:
        """One event, acknowledged. Raises as `Bus.publish`."""
        published = event(label)
        self.ledger.attempted.add(published.event_id)
        await self._bus.publish(published)
        self.ledger.acknowledged[published.event_id] = encode(published)

    async def all(self, those: Iterable[str], *, rationale: str = "") -> None:
        """Many, in atomic batches. Raises as `Bus.publish_all`."""
        events = [event(label, rationale=rationale) for label in those]
        self.ledger.attempted.update(each.event_id for each in events)
        await self._bus.publish_all([Entry(event=each) for each in events])
        self.ledger.acknowledged.update((each.event_id, encode(each)) for each in events)

    async def raw(
        self, data: bytes, *, event_id: str = "", subject: str = SUBJECT, message_id: str = ""
    ) -> int:
        """Bytes as a foreign producer sends them, without an id unless one is given; the sequence.

        With `event_id` it counts as an event that must be stored once.
        """
        headers = {names.MESSAGE_ID: message_id} if message_id else None
        acknowledgement = await self._bus.connection.client.jetstream().publish(
            subject, data, headers=headers
        )
        if event_id:
            self.ledger.attempted.add(event_id)
            self.ledger.acknowledged.setdefault(event_id, data)
        else:
            self.ledger.foreign += 1
        return acknowledgement.seq

    @asynccontextmanager
    async def load(self, prefix: str, *, publishers: int = 3) -> AsyncIterator[None]:
        """Publishers that go on while the block runs, whatever happens to the servers."""
        stop = asyncio.Event()
        tasks = [
            asyncio.create_task(self._go_on(f"{prefix}-{number}", stop))
            for number in range(publishers)
        ]
        try:
            yield
        finally:
            stop.set()
            await asyncio.gather(*tasks)

    async def _go_on(self, prefix: str, stop: asyncio.Event) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            label = f"{prefix}-{number}"
            while True:
                try:
                    await self.one(label)
                except Transient:
                    continue  # the same event again, under the same id
                except Duplicate:
                    pass
                break
