"""Have others a turn while one who leads folds a long log? Its lease, which it else loses before it
has caught up, and then it begins again: on a busy machine for ever."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

from nervous_system.bus import Bus
from nervous_system.contract.event import RecordedEvent
from nervous_system.service.runner import TURN_SECONDS
from nervous_system.settings import MeshSettings
from nervous_system.waiting import pause
from tests.nervous_system.counting import CountingCore, Counts, role
from tests.nervous_system.running_roles import publish, running

EVENTS = 100


class SlowCore(CountingCore):
    """Takes its time over each event, and notes what others did until then."""

    def __init__(self) -> None:
        self.turn = 0
        self.turns: set[int] = set()

    def evolve(self, state: Counts, recorded: RecordedEvent, /) -> Counts:
        self.turns.add(self.turn)
        time.sleep(1.5 * TURN_SECONDS)
        return super().evolve(state, recorded)

    async def take_turns(self) -> None:
        while True:
            self.turn += 1
            await asyncio.sleep(0)


async def test_who_catches_up_gives_others_a_turn(bus: Bus, mesh_settings: MeshSettings) -> None:
    await publish(bus, 1, EVENTS)
    core = SlowCore()
    other = asyncio.create_task(core.take_turns())
    async with running(mesh_settings, of=replace(role(), core=core)) as run, asyncio.timeout(100):
        while run.value("position") < EVENTS:
            await pause(0.01, unless=run.stop)
    other.cancel()
    assert len(core.turns) >= EVENTS
