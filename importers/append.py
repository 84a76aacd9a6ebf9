"""
How do imported units get onto the log so that doing it twice adds nothing, whenever and where?

The log itself says what is there: the ids on the run's subjects are read once, a unit whose last
event is among them is skipped, one of which only a part is there gets the rest. Every batch expects
that nobody appended to the run since that read; where somebody did (another import of the same
source), the run is read again and what is missing is decided again. A unit that fits into a batch
is stored as a whole, together with its neighbours; a larger one in several batches, in order, and
no more of it than a batch is in memory.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import Final

from importers.log import ImportLog
from importers.unit import ImportSource, ImportUnit
from nervous_system import names
from nervous_system.contract.message import Entry, Expectation
from nervous_system.contract.subjects import subject_for
from nervous_system.errors import Conflict, Duplicate, IdTaken
from nervous_system.failpoint import failpoint

MAX_BATCH_BYTES: Final = 4 * 1024**2
_ENVELOPE_BYTES: Final = 512
_MAX_RE_READS: Final = 20
_FILTERS_AT_ONCE: Final = 100
_MAX_PLACES: Final = 5


@dataclass(frozen=True, slots=True)
class ImportReport:
    """How far an import came; the last one is its result."""

    units_total: int
    units: int = 0  # on the log as a whole by now, those that were there before included
    units_skipped: int = 0  # of these, the ones that were there before
    events: int = 0  # that this import added; another of the same source at once may count some too
    redactions: int = 0  # secrets that were taken out of these
    redacted: tuple[str, ...] = ()  # the names of the units that they were in
    incomplete: tuple[str, ...] = ()  # a sentence for each unit that its source had not whole
    refused: tuple[str, ...] = ()  # a sentence for each that is not on the log


Progress = Callable[[ImportReport], None]
"""Told the numbers after every step forward. Must not block."""


async def append_units(
    log: ImportLog,
    source: ImportSource,
    *,
    progress: Progress | None = None,
    max_messages: int = names.MAX_BATCH_MESSAGES,
    max_bytes: int = MAX_BATCH_BYTES,
) -> ImportReport:
    """
    Append what is missing of every unit; on return all of it is on disk.

    Whatever it raises, what was reported is on the log, and importing again goes on from there. A
    unit under whose ids the log has other bytes is named in the report, and the others go on.
    Raises the errors of `ImportLog` and of the source; Conflict or Duplicate only where 20 looks at
    the log in a row did not show what was in the way.
    """
    appender = _Appender(
        log,
        progress=progress or (lambda report: None),
        report=ImportReport(source.total),
        max_messages=max_messages,
        max_bytes=max_bytes,
    )
    async with aclosing(source.units) as units:
        async for unit in units:
            await appender.add(unit)
    await appender.flush()
    return replace(
        appender.report,
        redacted=tuple(appender.redacted),
        incomplete=tuple(appender.incomplete),
        refused=(*source.refused, *appender.refused),
    )


class _Appender:
    """What one import knows of the log, and what it has yet to send."""

    def __init__(
        self,
        log: ImportLog,
        *,
        progress: Progress,
        report: ImportReport,
        max_messages: int,
        max_bytes: int,
    ) -> None:
        self._log = log
        self._progress = progress
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self._run_filter = ""
        self._present: set[str] = set()  # ids on the run's subjects, as far as they were read
        self._last_sequence = 0  # on the run's filter
        self._pending: list[ImportUnit] = []
        self._pending_ids: set[str] = set()  # their last ones: a source may name a thing twice
        self._pending_messages = 0
        self._pending_bytes = 0
        self.report = report  # the numbers
        self.redacted: list[str] = []
        self.incomplete: list[str] = []
        self.refused: list[str] = []

    async def add(self, unit: ImportUnit) -> None:
        """Take one more unit; it is on the log after the next `flush` at the latest."""
        if unit.run != self._run_filter:
            await self.flush()
            self._run_filter = unit.run
            await self._read_run()
        if unit.gap:
            self.incomplete.append(f"{unit.reference or unit.name} is not whole: {unit.gap}")
        if unit.last_id in self._present or unit.last_id in self._pending_ids:
            self._tell(units=1, units_skipped=1)
            return
        large = len(unit.entries) > self._max_messages
        size = 0 if large else sum(_size_bytes(entry) for entry in unit.entries)
        if (
            self._pending_messages + len(unit.entries) > self._max_messages
            or self._pending_bytes + size > self._max_bytes
        ):
            await self.flush()
        self._pending.append(unit)
        self._pending_ids.add(unit.last_id)
        self._pending_messages += len(unit.entries)
        self._pending_bytes += size

    async def flush(self) -> None:
        """Append everything that waits."""
        re_reads = 0
        while self._pending:
            try:
                await self._append_pending()
            except IdTaken as error:
                self._refuse(error)
            except (Conflict, Duplicate):
                re_reads += 1
                if re_reads > _MAX_RE_READS:
                    raise
                await self._read_run()
                self._drop_present(skipped=True)
        self._pending_messages = self._pending_bytes = 0
        self._pending_ids.clear()

    async def _append_pending(self) -> None:
        """One try; the units that it completed are no longer pending, also when it raises."""
        if not any(unit.first_id in self._present for unit in self._pending):
            entries = chain.from_iterable(unit.entries for unit in self._pending)
            await self._append(entries, self._pending)
            self._drop_present(skipped=False)
            return
        # Of at least one, somebody stored a beginning: send of each only what is missing.
        for unit in list(self._pending):
            async for missing in self._missing(unit):
                await self._append(missing, [unit])
            self._drop_present(skipped=False)

    async def _append(self, entries: Iterable[Entry], units: list[ImportUnit]) -> None:
        for batch in self._batches(entries):
            expectation = Expectation(self._run_filter, self._last_sequence)
            acknowledgement = await self._log.append(
                [replace(batch[0], expectation=expectation), *batch[1:]]
            )
            for offset, entry in enumerate(batch):
                if units[0].is_of_run(entry):
                    self._last_sequence = acknowledgement.first_sequence + offset
                    self._present.add(entry.event.event_id)
            self._tell(events=len(batch), redactions=acknowledgement.redacted)
            cleaned = {batch[place].event.event_id for place in acknowledgement.redacted_at}
            for unit in units if cleaned else ():
                name = unit.reference or unit.name
                if name not in self.redacted[-1:] and (
                    len(units) == 1
                    or not cleaned.isdisjoint(entry.event.event_id for entry in unit.entries)
                ):
                    self.redacted.append(name)
            failpoint("import.after_batch")

    async def _missing(self, unit: ImportUnit) -> AsyncIterator[list[Entry]]:
        """The unit's entries that are not on the log, in order, some at a time."""
        entries = iter(unit.entries)
        begun = unit.first_id in self._present
        while some := list(islice(entries, _FILTERS_AT_ONCE if begun else self._max_messages)):
            present = self._present
            subjects = sorted(
                {
                    subject_for(entry.event, key=entry.key)
                    for entry in some
                    if begun and not unit.is_of_run(entry)
                }
            )
            if subjects:
                present = present | await self._log.event_ids(subjects)
            if missing := [entry for entry in some if entry.event.event_id not in present]:
                yield missing

    async def _read_run(self) -> None:
        # In this order: what is appended between the two reads makes the expectation fail.
        self._last_sequence = await self._log.last_sequence(self._run_filter)
        self._present = await self._log.event_ids([self._run_filter])

    def _drop_present(self, *, skipped: bool) -> None:
        """Forget the units that are on the log by now; `skipped` where another import did it."""
        before = len(self._pending)
        self._pending = [unit for unit in self._pending if unit.last_id not in self._present]
        dropped = before - len(self._pending)
        if dropped:
            self._tell(units=dropped, units_skipped=dropped if skipped else 0)

    def _refuse(self, error: IdTaken) -> None:
        """Go on without the units under whose ids there is something else."""
        left = []
        for unit in self._pending:
            ids = (entry.event.event_id for entry in unit.entries)
            places = sorted(error.positions[each] for each in ids if each in error.positions)
            if not places:
                left.append(unit)
                continue
            self.refused.append(
                f"{unit.name}: not added, as the log has other bytes under its ids, at"
                f" position {', '.join(map(str, places[:_MAX_PLACES]))}; see who put them there"
            )
        self._pending = left

    def _batches(self, entries: Iterable[Entry]) -> Iterator[list[Entry]]:
        batch: list[Entry] = []
        size = 0
        for entry in entries:
            entry_bytes = _size_bytes(entry)
            full = len(batch) >= self._max_messages or size + entry_bytes > self._max_bytes
            if batch and full:
                yield batch
                batch, size = [], 0
            batch.append(entry)
            size += entry_bytes
        if batch:
            yield batch

    def _tell(
        self, *, units: int = 0, units_skipped: int = 0, events: int = 0, redactions: int = 0
    ) -> None:
        report = self.report
        self.report = ImportReport(
            report.units_total,
            report.units + units,
            report.units_skipped + units_skipped,
            report.events + events,
            report.redactions + redactions,
        )
        self._progress(self.report)


def _size_bytes(entry: Entry) -> int:
    return entry.event.payload.ByteSize() + _ENVELOPE_BYTES
