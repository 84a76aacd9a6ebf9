"""What has a worker been told to do, and does it still hold?

What time it is says the stream, so a machine whose clock is wrong obeys as others do.

- *Throttle* and *sleep* hold until they expire, until a release, or until the command that names
  them as replaced; at most for a day. They bind whoever works under that name, also one that starts
  later. A throttle counts when a task is claimed. So does a sleep, and at checkpoints as well: a
  task that is being done pauses in `ClaimedTask.progress`, keeps its lease meanwhile, and goes on
  when the sleep is over.
- *Drain*, *stop*, *cancel* and *clean up* are done once, by whoever was there when it was said: a
  worker that was started again is not stopped by what its predecessor was told. A stop gives back
  what is paused, too.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from enchanted.events.v1.command_pb2 import (
    COMMAND_CANCEL,
    COMMAND_CLEAN_UP,
    COMMAND_DRAIN,
    COMMAND_RELEASE,
    COMMAND_SLEEP,
    COMMAND_STOP,
    COMMAND_THROTTLE,
    CommandIssued,
)
from nervous_system.client.end import end_of
from nervous_system.clock import Stopwatch, stopwatch
from nervous_system.contract.command import MAX_SECONDS, length
from nervous_system.contract.event import RecordedEvent
from nervous_system.contract.given import Given
from nervous_system.contract.truncation import MAX_NOTES_CHARACTERS
from nervous_system.error_text import error_words

CleanUp = Callable[[], Awaitable[str]]
"""Gives back memory and temporary files; says what was given back."""

CommandAnswer = tuple[bool, str]
"""Whether a command is obeyed, and what there is to say about it."""

CallOff = Callable[[CommandIssued], CommandAnswer]
"""Ends what is done for one attempt at one task, or says that nothing is."""

_ONCE: Final = (COMMAND_CANCEL, COMMAND_CLEAN_UP, COMMAND_DRAIN, COMMAND_STOP)


async def nothing_to_clean_up() -> str:
    """The `CleanUp` of a worker that keeps nothing."""
    return "there is nothing to clean up"


def holds_nothing(command: CommandIssued) -> CommandAnswer:
    """The `CallOff` of one who does no tasks."""
    return True, "it has no task"


class ActiveCommands:
    """The commands in force for one member of the swarm."""

    def __init__(
        self,
        *,
        watch: Stopwatch = stopwatch,
        clean_up: CleanUp = nothing_to_clean_up,
        call_off: CallOff = holds_nothing,
    ) -> None:
        self._watch = watch
        self._call_off = call_off
        self._clean_up = clean_up
        self._began: datetime | None = None  # by the stream's clock
        self._began_seconds = 0.0  # by the stopwatch
        self._in_force: dict[str, CommandIssued] = {}  # by id
        self._ends: list[tuple[datetime, str]] = []  # a heap: when each of them is over
        self._settled: dict[str, datetime] = {}  # taken, or ended unseen: when that was, by id
        self._change = asyncio.Event()
        self.draining = asyncio.Event()  # finish what you have
        self.stopping = asyncio.Event()  # give back what you have

    def begin(self, now: datetime, *, seconds_ago: float = 0.0) -> None:
        """From here on, or since so long ago, there is somebody to be told; `now` is the stream's
        time."""
        if self._began is None:
            self._began = now - timedelta(seconds=seconds_ago)
            self._began_seconds = self._watch() - seconds_ago

    @property
    def begun(self) -> bool:
        """Whether it has."""
        return self._began is not None

    def now(self) -> datetime:
        """The stream's time; no machine's clock has a say."""
        assert self._began is not None
        return self._began + timedelta(seconds=self._watch() - self._began_seconds)

    def max_tasks(self, usual: int) -> int:
        """How many tasks may be held at once, at this moment."""
        if self.draining.is_set() or self.stopping.is_set() or self.asleep:
            return 0
        throttles = (each for each in self._in_force.values() if each.kind == COMMAND_THROTTLE)
        return min([usual, *(each.limit for each in throttles)])

    @property
    def asleep(self) -> str:
        """Why nothing is to be done at this moment; empty where it may be."""
        self._expire()
        for command in self._in_force.values():
            if command.kind == COMMAND_SLEEP:
                return command.reason or "it was told to sleep"
        return ""

    async def change(self) -> None:
        """Wait until something is said or is over."""
        self._expire()
        left = (self._ends[0][0] - self.now()).total_seconds() if self._ends else None
        with suppress(TimeoutError):
            async with asyncio.timeout(left):
                await self._change.wait()

    async def rest(self, *, within_seconds: float) -> None:
        """Wait until it need not sleep, is told to stop, or the time is up."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_seconds):
                while self.asleep and not self.stopping.is_set():
                    await self.change()

    async def take(self, command: RecordedEvent) -> CommandAnswer | None:
        """Do as a command says. None where there is nothing to say about it: it is over, was taken
        before, or was said to somebody else."""
        payload, command_id = command.event.payload, command.event.event_id
        if not isinstance(payload, CommandIssued) or command_id in self._settled:
            return None
        if command.is_history:  # it was said in another life of the log
            return None
        now = self.now()
        until = command.recorded_at + length(payload)
        was_there = self._began is not None and command.recorded_at >= self._began
        if until <= now or (payload.kind in _ONCE and not was_there):
            return None
        self._settle(command_id, now)
        answer = await self._apply(payload, command_id, until)
        self._change.set()
        self._change = asyncio.Event()
        return answer

    async def _apply(
        self, command: CommandIssued, command_id: str, until: datetime
    ) -> CommandAnswer:
        kind = command.kind
        released = self._release(command.releases_command_id)
        if kind in (COMMAND_THROTTLE, COMMAND_SLEEP):
            self._in_force[command_id] = command
            heapq.heappush(self._ends, (until, command_id))
            return True, f"until {until:%Y-%m-%d %H:%M:%S} UTC"
        if kind == COMMAND_RELEASE:
            return True, "released" if released else "it was over already"
        if kind == COMMAND_DRAIN:
            self.draining.set()
            return True, "finishing what it has"
        if kind == COMMAND_STOP:
            self.stopping.set()
            return True, "giving back what it has"
        if kind == COMMAND_CANCEL:
            return self._call_off(command)
        if kind == COMMAND_CLEAN_UP:
            return await self._cleaned_up()
        return False, f"this version does not know command {kind}"

    async def _cleaned_up(self) -> CommandAnswer:
        """What an agent's own code says is told of it, whatever it does."""
        end = await end_of(self._clean_up)
        if end.error is not None:
            return False, f"cleaning up failed: {error_words(end.error)}"
        given = Given()
        said = given.text_within(
            "what cleaning up returned", end.returned, max_characters=MAX_NOTES_CHARACTERS
        )
        return True, "; ".join(given.problems) or said

    def _release(self, command_id: str) -> bool:
        """End a command; one of the other lane may have yet to arrive, and will not count."""
        if command_id:
            self._settle(command_id, self.now())
        return self._in_force.pop(command_id, None) is not None

    def _settle(self, command_id: str, now: datetime) -> None:
        self._settled.setdefault(command_id, now)
        while now - next(iter(self._settled.values())) > 2 * MAX_SECONDS:  # it can come no more
            del self._settled[next(iter(self._settled))]

    def _expire(self) -> None:
        while self._ends and self._ends[0][0] <= self.now():
            self._in_force.pop(heapq.heappop(self._ends)[1], None)
