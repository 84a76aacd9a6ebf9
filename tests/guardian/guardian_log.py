"""What do the tests put on a real log and read from it?"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

from enchanted.events.v1.incident_pb2 import IncidentClosed, IncidentOpened
from enchanted.events.v1.swarm_event_pb2 import ROLE_SUPERVISOR, AgentRole
from guardian.model import GuardianLimits
from guardian.spec import SUBJECTS
from nervous_system.bus import Bus, decode_stored
from nervous_system.clock import system_clock
from nervous_system.contract.event import Event, RecordedEvent
from nervous_system.contract.payload import Payload
from nervous_system.contract.subjects import covers
from nervous_system.ids import new_event_id
from tests.guardian.guardian_play import rebuilt
from tests.real_servers import RealProcess

StartGuardian = Callable[..., RealProcess]
"""The fixture `start_guardian`: a guardian of a name, with more variables in its environment."""

OWN = (
    "swarm.events.guardian.>",
    "swarm.events.incident.>",
    "swarm.events.command.>",
    "swarm.events.request.task_ordered.>",
)


async def publish(
    bus: Bus, payload: Payload, *, role: AgentRole.ValueType = ROLE_SUPERVISOR
) -> str:
    """One event of others; its id."""
    event = Event(
        event_id=new_event_id(),
        timestamp=system_clock(),
        agent_role=role,
        agent_id=getattr(payload, "worker_id", "") or "test",
        payload=payload,
    )
    await bus.publish(event)
    return event.event_id


async def until_on_log(bus: Bus, subject: str, count: int) -> list[RecordedEvent]:
    """The first events on a subject, as soon as there are so many."""
    found: list[RecordedEvent] = []
    async with (
        asyncio.timeout(300),
        bus.reader(start_sequence=1, subjects=[subject]) as reader,
    ):
        while len(found) < count:
            missing = count - len(found)
            found += [
                decode_stored(each)
                for each in await reader.batch(max_messages=missing, within_seconds=5)
            ]
    return found


async def assert_sound(bus: Bus, limits: GuardianLimits | None = None) -> list[RecordedEvent]:
    """No incident twice, none ended twice, nothing under one id twice, and a replay of the whole
    history decides nothing anew."""
    history = [
        decode_stored(each)
        async for each in bus.replay()
        if any(covers(subject, each.subject) for subject in (*SUBJECTS, *OWN))
    ]
    ids = Counter(each.event.event_id for each in history)
    assert max(ids.values()) == 1
    opened = [e.event.payload for e in history if isinstance(e.event.payload, IncidentOpened)]
    causes = Counter((each.rule, each.cause_event_id) for each in opened)
    assert not opened or max(causes.values()) == 1
    closed = Counter(
        e.event.payload.incident_id for e in history if isinstance(e.event.payload, IncidentClosed)
    )
    assert not closed or max(closed.values()) == 1
    folded, missing = rebuilt(history, limits)
    assert missing == []
    assert not folded.pending_ids
    return history
