"""Are the rows still what was recorded? Asked again and again by the ingestor that records, a
little at a time: their number, their bytes on disk, and what they say against the log.

Each step is followed by a pause in proportion, so the audit takes a fixed share of the time however
much is kept; how far it is, is remembered in ClickHouse.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Final

import structlog

from enchanted.events.v1.alarm_pb2 import (
    ALARM_ROWS_DAMAGED,
    ALARM_ROWS_MISSING,
    SEVERITY_CRITICAL,
    AlarmName,
    AlarmRaised,
)
from ingestor.condition import Extent, Part
from ingestor.core import Examined
from ingestor.examination import CHUNK, BrokenPart, Damage, Examiner, Found
from ingestor.expected import Expected
from ingestor.model import Fingerprint, Identity
from ingestor.spans import PositionSpan, join, pieces, subtract
from ingestor.warehouse import ClickHouseWarehouse
from nervous_system.bus import Bus
from nervous_system.clickhouse.error_families import Damaged
from nervous_system.clock import Stopwatch, stopwatch
from nervous_system.contract.words import word
from nervous_system.errors import Fenced, Permanent, Transient
from nervous_system.ids import child_id

_log = structlog.get_logger()

TABLE: Final = "swarm.auditing"
MIN_PAUSE_SECONDS: Final = 0.2
RECOUNT_SECONDS: Final = 30.0
RETRY_SECONDS: Final = 5.0

RaiseAlarm = Callable[[AlarmRaised, str], Awaitable[None]]
"""Raises the alarm under the id that follows from a cause."""


class BackgroundAudit:
    """The audit of one ingestor. It looks only while `leads` says that this is the one."""

    def __init__(
        self,
        *,
        bus: Bus,
        warehouse: ClickHouseWarehouse,
        percent: float,
        round_seconds: float,
        leads: Callable[[], bool],
        recorded_to: Callable[[], tuple[int, Examined] | None],
        raise_alarm: RaiseAlarm,
        watch: Stopwatch = stopwatch,
    ) -> None:
        self._warehouse = warehouse
        self._examiner = Examiner(bus, warehouse)
        self._condition = self._examiner.condition
        self._expected = Expected(warehouse.client, self._condition, table=TABLE, keys=bus.keys)
        self._pause_factor = 100 / percent - 1
        self._round_seconds = round_seconds
        self._leads = leads
        self._recorded_to = recorded_to
        self._raise_alarm = raise_alarm
        self._watch = watch
        self._broken: dict[str, BrokenPart] = {}
        self._altered: dict[int, tuple[PositionSpan, ...]] = {}
        self._alarmed = Found()
        self._counted_at = 0.0
        self._remembered: tuple[int, Examined] | None = None
        self._parts_were_read = False
        self.damage = ""  # what is damaged, in words; empty: nothing that was found
        self.rounds = 0  # how often everything was looked at

    async def run(self) -> None:
        """Look until cancelled. What does not answer is asked again later."""
        while True:
            began = self._watch()
            try:
                if self._leads():
                    await self._round()
            except (Transient, Fenced) as error:
                _log.warning("audit.interrupted", reason=str(error))
                await asyncio.sleep(RETRY_SECONDS)
            left = self._round_seconds - (self._watch() - began)
            await asyncio.sleep(max(MIN_PAUSE_SECONDS, left))

    async def _round(self) -> None:
        """Everything once: a part, a stretch of contents, a part, …"""
        await self._step(self._count())
        more = await self._step(self._expected.open())
        parts = list(await self._condition.parts())
        async with aclosing(self._contents()) as contents:
            while (parts or more) and self._leads():
                if parts:
                    await self._step(self._look_at_part(parts.pop(0)))
                if more:
                    more = await self._step(anext(contents))
                if self._watch() - self._counted_at > RECOUNT_SECONDS:
                    await self._step(self._count())
        self._parts_were_read = not parts
        await self._step(self._expected.close())
        await self._step(self._count())
        self.rounds += 1

    async def _step(self, step: Awaitable[object]) -> bool:
        """Do it, and pause in proportion; whether it could be done. One that cannot be keeps no
        other from being done: a damaged file stops some looks, and another look finds it.
        """
        began = self._watch()
        done = False
        try:
            await step
            done = True
        except StopAsyncIteration:
            pass
        except Damaged as error:
            _log.warning("audit.interrupted", reason=str(error))
        except Permanent as error:
            _log.error(
                "audit.refused",
                reason=str(error),
                remedy="let the ingestor's account do this; until then damage is not noticed",
            )
        await self._pause(self._watch() - began)
        return done

    async def _pause(self, spent_seconds: float) -> None:
        await asyncio.sleep(max(MIN_PAUSE_SECONDS, spent_seconds * self._pause_factor))

    async def _look_at_part(self, part: Part) -> None:
        fault = await self._examiner.broken(part)
        if fault is not None and part.name not in self._broken:
            self._broken[part.name] = fault
            await self._count()

    def _forget_parts(self, there: set[str]) -> None:
        """Those that were merged or set aside are not damaged parts any more."""
        self._broken = {name: each for name, each in self._broken.items() if name in there}

    async def _count(self) -> None:
        """Count rows, look again at what was altered, and say what changed."""
        self._counted_at = self._watch()
        if await self._condition.repair_under_way():
            return
        if self._broken:  # first, so that rows of a part that is set aside meanwhile are missed
            self._forget_parts({part.name for part in await self._condition.parts()})
        await self._remember_how_far()
        found = await self._examiner.count_rows()
        found.broken = tuple(self._broken.values())
        await self._look_again(found)
        if found.unknown and not (found.broken or self._parts_were_read):
            return  # which part it is will be seen
        if not await self._condition.repair_under_way():
            await self._say(found)

    async def _remember_how_far(self) -> None:
        """From the one that records, who knows better than a table that somebody emptied."""
        reached = self._recorded_to()
        if reached is None or reached == self._remembered:
            return
        epoch, last = reached
        stored = last.stored
        held = Fingerprint(
            event_id=last.event_id,
            recorded_at_nanoseconds=stored.recorded_at_ns,
            raw_sha256=Fingerprint.digest(stored.data),
        )
        await self._warehouse.remember_position(epoch, stored.sequence, held)
        self._remembered = reached

    async def _look_again(self, found: Found) -> None:
        if not any(self._altered.values()) or found.unknown or found.broken:
            return
        rows_age = await self._condition.kept_days() is not None
        extents = {extent.epoch: extent for extent in await self._examiner.extents()}
        for damage in found.epochs:
            still: list[PositionSpan] = []
            for span in pieces(self._altered.get(damage.epoch, ()), size=CHUNK):
                still += await self._examiner.find_altered(
                    self._expected, extents[damage.epoch], span, rows_age=rows_age
                )
            damage.altered = self._altered[damage.epoch] = join(still)

    async def _contents(self) -> AsyncGenerator[PositionSpan, None]:
        """Compare contents, from where the last one stopped to the end; what was compared."""
        rows_age = await self._condition.kept_days() is not None
        epoch, seq = await self._condition.reached_position()
        extents = await self._examiner.extents()
        if not _beyond(extents, epoch, seq):
            epoch = seq = 0
        for extent in extents:
            first = max(extent.first, seq + 1) if extent.epoch == epoch else extent.first
            if extent.epoch < epoch or first > extent.last:
                continue
            for span in pieces([PositionSpan(first, extent.last)], size=CHUNK):
                await self._compare(extent, span, rows_age=rows_age)
                yield span

    async def _compare(self, extent: Extent, span: PositionSpan, *, rows_age: bool) -> None:
        if self._broken or self._lacks_rows() or await self._condition.repair_under_way():
            return  # repeats cannot be told from what they repeat before it is there again
        altered = await self._examiner.find_altered(self._expected, extent, span, rows_age=rows_age)
        known = self._altered.get(extent.epoch, ())
        rest = subtract(known, [span])
        self._altered[extent.epoch] = join((*rest, *altered))
        await self._condition.remember("content", epoch=extent.epoch, seq=span.last)
        if subtract(altered, known):
            await self._count()

    def _lacks_rows(self) -> bool:
        return bool(self._alarmed.unknown or any(each.missing for each in self._alarmed.epochs))

    async def _say(self, found: Found) -> None:
        """An alarm for what is new; a word when all is mended."""
        before, self._alarmed = self._alarmed, found
        self.damage = found.sentence()
        if found.sound:
            if not before.sound:
                _log.info("audit.mended")
                await self._condition.remember("mended")
            return
        for alarm in alarms(found, before):
            cause = hashlib.sha256(
                f"{alarm.message}/{await self._condition.last_mended()}".encode()
            ).hexdigest()
            if not await self._was_raised(alarm, cause):
                await self._raise_alarm(alarm, cause)

    async def _was_raised(self, alarm: AlarmRaised, cause: str) -> bool:
        """By an ingestor before this one, of the same damage."""
        try:
            own = Identity(child_id(cause, alarm.name), "ingestor", "ingestor")
            return own in await self._warehouse.existing_ids([own])
        except Damaged:
            return False


def alarms(found: Found, before: Found) -> list[AlarmRaised]:
    """What must be said of what was not there before: at most one about rows that are missing, and
    one about what is there and wrong.
    """
    told = {each.epoch: each for each in before.epochs}
    raised = []
    missing = Found(epochs=[Damage(epoch=x.epoch, missing=x.missing) for x in found.epochs])
    if any(
        subtract(each.missing, told.get(each.epoch, Damage(epoch=0)).missing)
        for each in found.epochs
    ):
        raised.append(_alarm(ALARM_ROWS_MISSING, missing))
    wrong = Found(
        broken=found.broken,
        foreign=found.foreign,
        unknown=found.unknown,
        epochs=[
            Damage(epoch=each.epoch, doubled=each.doubled, altered=each.altered)
            for each in found.epochs
        ],
    )
    new_wrong = any(
        subtract(
            (*each.doubled, *each.altered),
            (*told[each.epoch].doubled, *told[each.epoch].altered) if each.epoch in told else (),
        )
        for each in found.epochs
    )
    known_parts = {part.name for part in before.broken}
    new_part = any(part.name not in known_parts for part in found.broken)
    new_foreign = bool(set(found.foreign) - set(before.foreign))
    if new_wrong or new_part or new_foreign or (found.unknown and not before.unknown):
        raised.append(_alarm(ALARM_ROWS_DAMAGED, wrong))
    return raised


def _alarm(name: AlarmName.ValueType, found: Found) -> AlarmRaised:
    concerned = [each for each in found.epochs if each.all]
    first = concerned[0] if concerned else None
    return AlarmRaised(
        name=word(AlarmName, name),
        severity=SEVERITY_CRITICAL,
        message=f"swarm.events: {found.sentence()}",
        action="`ganglion repair` mends it from the log; with --dry-run it says what it would do",
        epoch=first.epoch if first else 0,
        first_sequence=first.all[0].first if first else 0,
        last_sequence=max(span.last for span in first.all) if first else 0,
    )


def _beyond(extents: tuple[Extent, ...], epoch: int, seq: int) -> bool:
    """Whether anything lies behind this place."""
    return any(
        each.last > seq if each.epoch == epoch else each.epoch > epoch and each.last >= each.first
        for each in extents
    )
