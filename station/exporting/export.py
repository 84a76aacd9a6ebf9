"""How does the log get through the fold and into the folder?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from local_mesh.addresses import client_settings
from nervous_system.bus import Bus
from nervous_system.errors import MalformedEvent
from operations.log_session import bus_session
from station.exporting.closing import closing_lines, remarks, whole_files
from station.exporting.folder import export_folder
from station.exporting.measurements import headings
from station.exporting.station import SUBJECTS, StationState, evolve

_TELL_EVERY = 1000


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What was made of what."""

    folder: str
    files: Mapping[str, int]  # rows by file, without a heading
    events: int  # that the files are made of
    last_sequence: int  # the end of the log when it began
    remarks: tuple[str, ...]  # what whoever uses the files should know


Progress = Callable[[int, int], None]
"""Told the position that was reached, and the last one. Must not block."""


async def export_station(
    bus: Bus, target: Path, *, force: bool, progress: Progress | None = None
) -> ExportReport:
    """
    Write the classic files of the log as it is now; on return they are on disk.

    Raises ExportRefused, and the errors of a replay.
    """
    with export_folder(target, force=force) as folder:
        log = await bus.stream.state()
        for line in headings():
            folder.write(line)
        state = StationState()
        events = unreadable = 0
        async for stored in bus.replay(subjects=SUBJECTS):
            if stored.sequence > log.last_sequence:
                break
            try:
                state, lines = evolve(state, bus.decode_stored(stored))
            except MalformedEvent:
                unreadable += 1
                continue
            for line in lines:
                folder.write(line)
            events += 1
            if progress is not None and events % _TELL_EVERY == 0:
                progress(stored.sequence, log.last_sequence)
        for line in closing_lines(state):
            folder.write(line)
        for name, text in whole_files(state).items():
            folder.write_whole(name, text)
        if progress is not None:
            progress(log.last_sequence, log.last_sequence)
        rows = dict(folder.rows)
    for line in headings():
        rows[line.file] -= 1
    said = list(remarks(state))
    if log.first_sequence > 1:
        said.append(
            f"the log begins at position {log.first_sequence}: what was before has aged out of it"
            " and is in ClickHouse only"
        )
    if unreadable:
        said.append(f"{unreadable} positions could not be read and were left out")
    return ExportReport(str(target), rows, events, log.last_sequence, tuple(said))


async def export_mesh(
    folder: Path, *, force: bool, progress: Callable[[int, int], None]
) -> ExportReport:
    """As `export_station`, of the mesh that is meant."""
    async with bus_session(client_settings()) as bus:
        return await export_station(bus, folder, force=force, progress=progress)
