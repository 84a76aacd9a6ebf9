"""How does a person stop dispatch, and let it go on? By an event, as all else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from enchanted.events.v1.pulse_pb2 import HaltLifted, HaltOrdered
from local_mesh.addresses import client_settings
from nervous_system.bus import Bus
from nervous_system.contract.command import MAX_SECONDS, override_end
from nervous_system.contract.event import RecordedEvent
from nervous_system.contract.subjects import PERSONS
from nervous_system.errors import BadSetting
from nervous_system.ids import new_event_id
from nervous_system.names import EVENTS
from operations.actions.on_record import record_of_person
from operations.actions.overseer_client import operator
from operations.log_session import bus_session

_TIME: Final = re.compile(r"(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?", re.ASCII).fullmatch


def override_seconds(text: str) -> float:
    """How long a person overrides the limits: hours, minutes and seconds as in `1h30m`, at most a
    day. Raises BadSetting."""
    found = _TIME(text.strip())
    hours, minutes, seconds = (int(each or 0) for each in found.groups()) if found else (0, 0, 0)
    length = float(hours * 3600 + minutes * 60 + seconds)
    if not 0 < length <= MAX_SECONDS.total_seconds():
        raise BadSetting(
            f"--for is a time of at most 24h, such as 90s, 30m or 1h30m, and not {text[:40]!r}"
        )
    return length


async def publish_halt(order: HaltOrdered | HaltLifted) -> tuple[str, int]:
    """The event's id and position, once it is on disk."""
    async with bus_session(client_settings()) as bus:
        done = await record_of_person(bus, order, person=operator(), event_id=new_event_id())
    return done.event_id, done.sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class LastWord:
    """What persons said last of dispatch."""

    halted: bool
    overridden: bool  # the limits hold nothing back


async def last_word() -> LastWord:
    """As it stands on the log."""
    async with bus_session(client_settings()) as bus:
        halt, lifted = await _last(bus, "halt_ordered"), await _last(bus, "halt_lifted")
        now = bus.clock()
    halted = halt is not None and (lifted is None or halt.sequence > lifted.sequence)
    until = None
    if lifted is not None and isinstance(lifted.event.payload, HaltLifted):
        until = override_end(lifted.event.payload, lifted.recorded_at)
    return LastWord(halted=halted, overridden=until is not None and now < until)


async def _last(bus: Bus, word: str) -> RecordedEvent | None:
    found = [await bus.last_live(f"{EVENTS}.{person}.{word}") for person in PERSONS]
    said = [each for each in found if each is not None]
    return max(said, key=lambda each: each.sequence, default=None)
