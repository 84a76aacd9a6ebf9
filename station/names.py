"""What is what in a station, a file-based overseer's folder, and what is it called on the log?"""

from __future__ import annotations

from typing import Final

POLICY: Final = "policy.yaml"
REGISTRY: Final = "registry.jsonl"
OBJECTIVES: Final = "objectives.jsonl"
"""The inbox: objectives that nobody has taken yet."""
OBJECTIVES_HISTORY: Final = "objectives_history.jsonl"
TASK_QUEUE: Final = "task_queue.jsonl"
TASK_STATUS: Final = "task_status.jsonl"
DISPATCH_LOG: Final = "dispatch_log.jsonl"
PULSES: Final = "pulse.csv"
CAPACITY: Final = "capacity.csv"

WHOLE_FILES: Final = (POLICY, REGISTRY)
"""Recorded as files, because each line counts only together with the others."""
ROW_FILES: Final = (OBJECTIVES_HISTORY, OBJECTIVES, TASK_QUEUE, TASK_STATUS, DISPATCH_LOG)
"""Recorded row by row."""
EXPORTED: Final = (*WHOLE_FILES, *ROW_FILES, PULSES, CAPACITY)
"""What an export makes."""

ROW_KEY: Final = "station_row"
"""In the metadata of an imported objective: its row, as it was."""

_SPEAKER: Final = "station:"


def resource_of(name: str) -> str:
    """The resource that a whole file is, by its path relative to the station."""
    return f"station:{name}"


def speaker_of(name: str) -> str:
    """The agent id under which the rows of a file are on the log: the file speaks."""
    return f"{_SPEAKER}{name}"


def file_of(agent_id: str) -> str | None:
    """The file whose row an event is, None where none speaks."""
    name = agent_id.removeprefix(_SPEAKER)
    return name if name != agent_id and name in ROW_FILES else None
