"""
How does a station become events?

As history: each row one event, `policy.yaml` and `registry.jsonl` a change of a file each; nothing
of it is ever dispatched.

- Ids derive from the file's name and the row's content, so that a station gives the same events
  wherever its folder lies, and a row that comes to a file later is the only one that is added. Two
  stations with the very same row have it once.
- Times are the rows' own. They have no zone and are taken for UTC. A row without one, and the two
  files, are at 1970-01-01, which every reader takes for unknown.
- The two files continue their chains: what changed since the last import is one more link.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from datetime import datetime
from typing import Final

from enchanted.events.v1.state_change_pb2 import StateChange
from enchanted.events.v1.swarm_event_pb2 import ROLE_OPERATOR
from importers.bounded import MAX_DIFF_BYTES, MAX_NAME_BYTES, mark_cut
from importers.origin import Origin
from importers.swe_agent.history import UNKNOWN_TIME
from importers.unit import ImportSource, ImportUnit
from nervous_system.bus import Bus
from nervous_system.contract.event import Event
from nervous_system.contract.message import Entry
from nervous_system.contract.payload import Payload
from nervous_system.contract.resource import Resource
from nervous_system.contract.subjects import chain_filter
from nervous_system.errors import MalformedEvent
from nervous_system.ids import content_hash
from nervous_system.names import EVENTS
from station.file import StationFile
from station.importing.folder import Row, StationFolder
from station.importing.row import (
    imported_objective,
    imported_status,
    imported_task,
    moment_of,
    objective_id_of,
    task_id_of,
)
from station.names import (
    OBJECTIVES,
    OBJECTIVES_HISTORY,
    ROW_FILES,
    TASK_QUEUE,
    WHOLE_FILES,
    resource_of,
    speaker_of,
)

OBJECTIVE_FILTER: Final = f"{EVENTS}.request.objective_proposed.*"
TASK_FILTER: Final = f"{EVENTS}.operator.task_imported.*"
STATUS_FILTER: Final = f"{EVENTS}.operator.task_status_imported.*"


def history_of(station: StationFolder, files: Mapping[str, StationFile]) -> ImportSource:
    """
    Every row and file of the station. Pure: the same arguments give the same events.

    `files`: what the log has of the whole files, by name.
    """
    units = [
        *(
            _file_unit(name, station.whole[name], files.get(name, StationFile()))
            for name in WHOLE_FILES
            if name in station.whole
        ),
        *(_row_unit(row) for name in ROW_FILES for row in station.rows_of(name)),
    ]

    async def one_by_one() -> AsyncGenerator[ImportUnit, None]:
        for unit in units:
            yield unit

    return ImportSource(station.name, len(units), one_by_one(), refused=station.refused, noun="row")


async def recorded_files(bus: Bus) -> dict[str, StationFile]:
    """What the log has of the whole files of the stations imported so far, by name."""
    files: dict[str, StationFile] = {}
    for name in WHOLE_FILES:
        chain = chain_filter(Resource.file(resource_of(name)).key)
        files[name] = StationFile()
        async for stored in bus.replay(subjects=[chain]):
            try:
                event = bus.decode_stored(stored).event
            except MalformedEvent:
                continue  # the ingestor parks it; our own links can be read
            if isinstance(event.payload, StateChange):
                files[name] = files[name].after(event.event_id, event.payload)
    return files


def _file_unit(name: str, data: bytes, known: StationFile) -> ImportUnit:
    target = Resource.file(resource_of(name))
    if known.event_id and known.hash == content_hash(data):
        change, event_id = target.link(before=data, after=data, max_bytes=0), known.event_id
    else:
        change = target.link(
            before=known.text if known.exact else None, after=data, max_bytes=MAX_DIFF_BYTES
        )
        if not known.exact and known.hash:
            # The content before is not on the log: the diff holds all of the new one.
            change.previous_state_hash = known.hash
            change.is_reversible = False
        event_id = Origin(known.event_id or resource_of(name)).event_id(change.new_state_hash)
    origin = Origin(event_id)
    event = Event(
        event_id=event_id,
        timestamp=UNKNOWN_TIME,
        agent_role=ROLE_OPERATOR,
        agent_id=speaker_of(name),
        payload=change,
        trace_id=origin.trace_id,
        span_id=origin.span_id("change"),
        causation_id=known.event_id if known.event_id != event_id else "",
        correlation_id=resource_of(name),
    )
    return ImportUnit(name, (Entry(event=event),), filter_of_all=chain_filter(target.key))


def _row_unit(row: Row) -> ImportUnit:
    payload: Payload
    if row.file in (OBJECTIVES, OBJECTIVES_HISTORY):
        payload = imported_objective(row, taken=row.file == OBJECTIVES_HISTORY)
        subject, run = objective_id_of(row), OBJECTIVE_FILTER
    elif row.file == TASK_QUEUE:
        payload, subject, run = imported_task(row), task_id_of(row), TASK_FILTER
    else:
        payload, subject, run = imported_status(row), task_id_of(row), STATUS_FILTER
    event = row_event(
        row,
        payload,
        subject=subject,
        label="row",
        timestamp=moment_of(row),
        agent_id=speaker_of(row.file),
    )
    return ImportUnit(f"{row.file}:{row.line}", (Entry(event=event),), filter_of_all=run)


def row_event(
    row: Row, payload: Payload, *, subject: str, label: str, timestamp: datetime, agent_id: str
) -> Event:
    """An event that follows from a row; `subject` is the task or objective it is about."""
    origin = Origin(f"station:{row.file}\n{row.content}\n{row.repeat}")
    return Event(
        event_id=origin.event_id(label),
        timestamp=timestamp,
        agent_role=ROLE_OPERATOR,
        agent_id=agent_id,
        payload=payload,
        trace_id=Origin(f"station {subject}").trace_id,
        span_id=origin.span_id(label),
        correlation_id=mark_cut(subject, MAX_NAME_BYTES),
    )
