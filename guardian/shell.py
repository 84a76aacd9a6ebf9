"""What does the guardian see with its own eyes? The flag in the home directory, and ClickHouse.

Both loops run at the pace of the fold's ticks, so only in the leader, and what they see they put on
the log: the core decides on it when it comes back.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

import structlog

from enchanted.events.v1.alarm_pb2 import SEVERITY_INFO, SEVERITY_WARNING, AlarmRaised
from enchanted.events.v1.pulse_pb2 import HaltLifted, HaltOrdered
from guardian.model import BY_FLAG, PARKED_EVENTS, GuardianLimits, GuardianState
from guardian.observations import Observations
from guardian.ports import ClickHouseProbe, ObservationSink
from guardian.state_subscription import StateSubscription
from nervous_system.clock import Stopwatch, stopwatch
from nervous_system.contract.payload import Payload
from nervous_system.contract.words import INGEST_LAG
from nervous_system.errors import Fenced, LogFull, Transient
from nervous_system.telemetry.health import Work
from nervous_system.transport.stream import Stream

_log = structlog.get_logger()

MAX_REASON_CHARACTERS: Final = 500


class FlagWatch:
    """Orders a halt while the flag is there. What it says is the reason."""

    def __init__(
        self,
        *,
        flag: Path,
        following: StateSubscription[GuardianState],
        observations: ObservationSink,
    ) -> None:
        self._flag = flag
        self._following = following
        self._observations = observations

    async def run(self) -> None:
        """Look at every tick until cancelled."""
        while True:
            state = await self._following.next_tick()
            reason = await asyncio.to_thread(self._read)
            ordered = BY_FLAG in state.halts
            if (reason is not None) == ordered:
                continue
            payload: Payload
            if reason is not None:
                payload = HaltOrdered(reason=reason)
            else:
                payload = HaltLifted(reason=f"{self._flag.name} is gone")
            if await _record(self._observations, payload):
                await self._following.next_tick()  # meanwhile it comes back to the fold

    def _read(self) -> str | None:
        try:
            words = self._flag.read_text(errors="replace")[:MAX_REASON_CHARACTERS].strip()
        except FileNotFoundError:
            return None
        except OSError as error:
            words = f"it cannot be read ({error.strerror})"
        return f"{self._flag.name}: {words}" if words else f"{self._flag.name} is there"


class RecordWatch:
    """Says on the log how far ClickHouse is behind it, and when more was parked."""

    def __init__(
        self,
        *,
        record: ClickHouseProbe,
        stream: Stream,
        following: StateSubscription[GuardianState],
        observations: ObservationSink,
        limits: GuardianLimits,
        look_seconds: float,
        watch: Stopwatch = stopwatch,
        work: Work | None = None,
    ) -> None:
        self._work = work or Work()
        self._record = record
        self._stream = stream
        self._following = following
        self._observations = observations
        self._limits = limits
        self._look_seconds = look_seconds
        self._watch = watch
        self._watermark: int | None = None  # the last one known
        self._answered = True

    async def run(self) -> None:
        """Look every `look_seconds`, at the next tick, until cancelled."""
        due = self._watch()
        while True:
            state = await self._following.next_tick()
            if self._watch() >= due:
                due = self._watch() + self._look_seconds
                await self._look(state)

    async def _look(self, state: GuardianState) -> None:
        known = state.observations.parked[-1] if state.observations.parked else None
        try:
            look = await self._record.look(
                parked_epoch=known.epoch if known else 0,
                parked_sequence=known.last_sequence if known else 0,
            )
            end: int | None = (await self._stream.state()).last_sequence
        except Transient as error:
            if self._answered:
                _log.warning("record.unseen", reason=str(error))
            self._work.held_up(str(error), remedy="see what is said of ClickHouse and of the log")
            self._answered, look = False, None
            end = await self._end()
        else:
            self._answered = True
            self._work.goes_on()
        if look is not None:
            self._watermark = look.watermark
            if look.parked.count:
                parked = AlarmRaised(
                    name=PARKED_EVENTS,
                    severity=SEVERITY_WARNING,
                    message=(
                        f"{look.parked.count:,} events were parked,"
                        f" the last at position {look.parked.last_sequence:,}"
                    ),
                    action="see `ganglion parked list`",
                    epoch=look.epoch,
                    first_sequence=look.parked.first_sequence,
                    last_sequence=look.parked.last_sequence,
                )
                await _record(self._observations, parked)
        if self._watermark is not None and end is not None:
            await self._say_lag(state, self._watermark, end)

    async def _end(self) -> int | None:
        try:
            return (await self._stream.state()).last_sequence
        except Transient:
            return None

    async def _say_lag(self, state: GuardianState, watermark: int, end: int) -> None:
        lag = max(0, end - watermark)
        if not is_news(state.observations, self._limits, lag):
            return
        far = lag >= self._limits.lag_positions
        behind = AlarmRaised(
            name=INGEST_LAG,
            severity=SEVERITY_WARNING if far else SEVERITY_INFO,
            message=f"ClickHouse is {lag:,} positions behind the log",
            action="look at the ingestor's log and at ClickHouse" if far else "",
            first_sequence=watermark,
            last_sequence=max(end, watermark),
        )
        await _record(self._observations, behind)


def is_news(watched: Observations, limits: GuardianLimits, lag: int) -> bool:
    """Whether this lag is said: at each look where it is a tenth of the limit or more, or was; else
    once after each pulse, where it is not what was said last, so that the next pulse shows a number
    of its own and the log is not filled with small ones."""
    said = watched.lags[-1] if watched.lags else None
    before = said.positions if said is not None else 0
    if max(lag, before) >= limits.lag_positions // 10:
        return True
    pulsed = watched.pulse is not None and (said is None or said.seen.at <= watched.pulse.seen.at)
    return pulsed and lag != before


async def _record(observations: ObservationSink, payload: Payload) -> bool:
    """Whether the log has it; if not, the next look says it again."""
    try:
        await observations.observe(payload)
    except (Transient, Fenced, LogFull) as error:
        _log.warning("observation.not_recorded", reason=str(error))
        return False
    return True
