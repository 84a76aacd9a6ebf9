"""What is in the files that change, when the whole log was folded?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nervous_system.service.persistent import EMPTY
from station.exporting.imported_row import ImportedRow
from station.exporting.line import ExportLine, json_line
from station.exporting.station import StationState
from station.names import OBJECTIVES, OBJECTIVES_HISTORY, POLICY, REGISTRY, TASK_QUEUE, WHOLE_FILES


def closing_lines(state: StationState) -> Iterator[ExportLine]:
    """The rows of the files that change, in the order in which they came onto the log."""
    yield from _queue(state)
    yield from _objectives(state)


def whole_files(state: StationState) -> dict[str, str]:
    """The texts of policy and registry, by name; one that the log does not know is not in it."""
    texts = {POLICY: state.policy, REGISTRY: state.registry}
    return {name: text for name, text in texts.items() if text is not None}


def remarks(state: StationState) -> Iterator[str]:
    """What whoever uses the files should know."""
    texts = whole_files(state)
    for name in WHOLE_FILES:
        file = state.files.get(name)
        if name not in texts:
            why = "nothing on the log says what it was"
            if file is not None and file.event_id:
                why = "it was imported, and its content is too large for the log or was altered"
            yield f"{name} is not among them: {why}"
        elif file is not None and texts[name] == file.text and not file.exact:
            yield f"{name} is not what was imported: secrets were taken out of it"


def _queue(state: StationState) -> Iterator[ExportLine]:
    rows = _in_order(state, TASK_QUEUE)
    last = {row.subject: number for number, row in enumerate(rows)}
    places: list[tuple[int, ExportLine]] = []
    for number, row in enumerate(rows):
        live = state.tasks.get(row.subject) if last[row.subject] == number else None
        text = ExportLine(TASK_QUEUE, row.text)
        if live is not None:
            text = json_line(TASK_QUEUE, {**row.fields, **live.progress()})
        places.append((row.sequence, text))
    for task_id, live in state.tasks.items():
        if task_id not in last:
            places.append((live.sequence, json_line(TASK_QUEUE, live.row())))
    yield from _in_place_order(places)


def _objectives(state: StationState) -> Iterator[ExportLine]:
    history = [
        (row.sequence, ExportLine(OBJECTIVES_HISTORY, row.text))
        for row in _in_order(state, OBJECTIVES_HISTORY)
    ]
    inbox: list[tuple[int, ExportLine]] = []
    waiting: set[str] = set()
    for row in _in_order(state, OBJECTIVES):
        live = state.objectives.get(row.subject)
        if live is None or not live.result:
            inbox.append((row.sequence, ExportLine(OBJECTIVES, row.text)))
            waiting.add(row.subject)
    for objective_id, live in state.objectives.items():
        if live.result:
            history.append((live.sequence, json_line(OBJECTIVES_HISTORY, live.row())))
        elif objective_id not in waiting:
            inbox.append((live.sequence, json_line(OBJECTIVES, live.row())))
    yield from _in_place_order(history)
    yield from _in_place_order(inbox)


def _in_place_order(places: Iterable[tuple[int, ExportLine]]) -> Iterator[ExportLine]:
    for _, line in sorted(places, key=lambda place: place[0]):
        yield line


def _in_order(state: StationState, file: str) -> list[ImportedRow]:
    rows = state.imported.get(file, EMPTY)
    return sorted(rows.values(), key=lambda row: row.sequence)
