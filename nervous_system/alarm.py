"""How is something said that a person must know? As an event that `ganglion status` and `doctor`
show."""

from __future__ import annotations

import structlog

from enchanted.events.v1.alarm_pb2 import AlarmRaised
from enchanted.events.v1.swarm_event_pb2 import AgentRole
from nervous_system.bus import Bus
from nervous_system.contract.event import Event
from nervous_system.errors import GanglionError
from nervous_system.ids import new_event_id
from nervous_system.telemetry.metric_catalogue import ALARMS

_log = structlog.get_logger()


async def raise_alarm(
    bus: Bus, alarm: AlarmRaised, *, role: AgentRole.ValueType, agent_id: str
) -> None:
    """On the log, as said by this member. Where the log does not take it, that is said in the
    log of the process; nothing is raised."""
    _log.error(f"alarm.{alarm.name}", message=alarm.message, remedy=alarm.action)
    bus.metrics.counter(ALARMS).labels(name=alarm.name).inc()
    event = Event(
        event_id=new_event_id(),
        timestamp=bus.clock(),
        agent_role=role,
        agent_id=agent_id,
        payload=alarm,
    )
    try:
        await bus.publish(event, key=alarm.name)
    except GanglionError as error:
        _log.error("alarm.not_published", name=alarm.name, reason=str(error))
