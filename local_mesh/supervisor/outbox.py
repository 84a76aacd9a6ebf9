"""How does the life of the processes get onto the log, though the log is one of them?

Facts are made into events the moment they happen, with their ids, and wait here until the log
takes them. The same event is sent again until it is acknowledged; its id makes the repeat
harmless.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

from enchanted.events.v1.swarm_event_pb2 import ROLE_SUPERVISOR
from local_mesh.supervisor.ports import ProcessFact
from local_mesh.supervisor.restarting import restart_delay_seconds
from nervous_system.clock import Clock
from nervous_system.contract.event import Event
from nervous_system.errors import GanglionError, Permanent
from nervous_system.ids import new_event_id

MAX_WAITING: Final = 5000
"""A process that dies as soon as it runs, every 6 s with the pause before it is started again, says
two things each time, and fills this in four hours without the log; then the oldest are dropped.
"""


class Publish(Protocol):
    """The way to the log."""

    async def __call__(self, event: Event, /) -> None:
        """Returns once the event is on disk.

        Raises Permanent when it never will be, Transient when it may.
        """


class Outbox:
    """Facts that wait for the log. `put` never waits; `deliver` is a task of its own."""

    def __init__(self, *, clock: Clock, trouble: Callable[[str], None]) -> None:
        self._clock = clock
        self._trouble = trouble
        self._session = new_event_id()
        self._number = 0
        self._waiting: deque[Event] = deque()
        self._filled = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self.dropped = 0

    def put(self, payload: ProcessFact) -> None:
        """Take a fact down now."""
        if len(self._waiting) >= MAX_WAITING:
            self._waiting.popleft()
            self.dropped += 1
            self._trouble(f"the log cannot be reached: {self.dropped} process events were dropped")
        self._number += 1
        self._waiting.append(
            Event(
                event_id=new_event_id(),
                timestamp=self._clock(),
                agent_role=ROLE_SUPERVISOR,
                agent_id="supervisor",
                payload=payload,
                producer_session=self._session,
                producer_sequence=self._number,
            )
        )
        self._empty.clear()
        self._filled.set()

    async def deliver(self, publish: Publish) -> None:
        """Send what waits, in order, for ever."""
        failures = 0
        while True:
            await self._filled.wait()
            event = self._waiting[0]
            try:
                await publish(event)
            except Permanent as error:
                self._trouble(f"the log refuses a process event, it is dropped: {error}")
                self.dropped += 1
            except GanglionError:  # it waits here, and the log's absence shows elsewhere
                failures += 1
                await asyncio.sleep(restart_delay_seconds(failures))
                continue
            failures = 0
            if self._waiting and self._waiting[0] is event:
                self._waiting.popleft()
            if not self._waiting:
                self._filled.clear()
                self._empty.set()

    async def drain(self, *, within_seconds: float) -> int:
        """Wait until all are sent, at most so long. Returns how many are left."""
        try:
            async with asyncio.timeout(within_seconds):
                await self._empty.wait()
        except TimeoutError:
            return len(self._waiting)
        return 0
