"""
Which runs are in a trajectory file?

From its bytes to frozen types, or one sentence why not: SWE-agent's and mini-swe-agent's documents,
and a bare list of messages, as earlier versions of the latter wrote.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from pathlib import Path
from typing import Any, Final

from importers.foreign_file import read_foreign
from importers.refusal import ImportRefused
from importers.swe_agent import file as swe_agent_file
from importers.swe_agent import mini_swe_agent_file
from importers.swe_agent import trajectory_value as part
from importers.swe_agent.trajectory import Trajectory, TrajectoryFile
from nervous_system.contract.truncation import recordable

MAX_FILE_BYTES: Final = 200 * 1024**2
_GZIP: Final = b"\x1f\x8b"
_MAX_KEY_CHARACTERS: Final = 100
_MAX_DURATION_SECONDS: Final = 100 * 365 * 86400.0


def read_trajectories(path: Path) -> TrajectoryFile:
    """
    The runs in a file of at most 200 MiB.

    Raises ImportRefused with a sentence that names the file.
    """
    name = recordable(str(path))
    if path.is_dir():
        raise ImportRefused(f"{name} is a folder; name the .traj files in it")
    data = read_foreign(path, max_bytes=MAX_FILE_BYTES, follow_link=True)
    if data is None:
        raise ImportRefused(f"{name} cannot be read: No such file; check the path")
    return parse_trajectories(data, name=name)


def parse_trajectories(data: bytes, *, name: str) -> TrajectoryFile:
    """The runs in these bytes; `name` begins the sentence of an ImportRefused."""
    try:
        return _parse(data, name)
    except RecursionError as error:
        raise ImportRefused(f"{name} is nested too deeply to be a trajectory") from error


def _parse(data: bytes, name: str) -> TrajectoryFile:
    document = _json(data, name)
    content_hash = hashlib.sha256(data).hexdigest()
    if isinstance(document, list):
        document = {"messages": document}
    if not isinstance(document, dict):
        raise part.wrong(name, f"the file holds {part.kind(document)}, not an object")
    if document.get("messages") is not None:
        found = mini_swe_agent_file.trajectory_of(document, content_hash=content_hash, name=name)
        return TrajectoryFile((_check_duration(found, name),))
    trajectories, refused = [], []
    documents = swe_agent_file.documents(document, name)
    for number, (attempt, inner) in enumerate(documents, 1):
        called = f"{name}: {attempt}" if attempt else name
        own = content_hash
        if attempt:
            own = hashlib.sha256(f"{content_hash} {number}".encode("ascii")).hexdigest()
        try:
            made = swe_agent_file.trajectory_of(
                inner, content_hash=own, attempt=attempt, name=called
            )
            trajectories.append(_check_duration(made, called))
        except ImportRefused as error:
            refused.append(str(error))
    if not trajectories:
        raise ImportRefused("; ".join(refused))
    return TrajectoryFile(tuple(trajectories), tuple(refused))


def _check_duration(trajectory: Trajectory, name: str) -> Trajectory:
    if math.fsum(step.duration_seconds or 0.0 for step in trajectory.steps) > _MAX_DURATION_SECONDS:
        raise part.wrong(name, "its execution times add up to more than a hundred years")
    return trajectory


def _json(data: bytes, name: str) -> Any:
    if not data.strip():
        raise ImportRefused(f"{name} is empty; there is nothing to import")
    encoding = json.detect_encoding(data)  # Windows' shells write UTF-16
    try:
        return json.loads(data.decode(encoding), object_pairs_hook=_once)
    except UnicodeDecodeError as error:
        packed = "; it is packed, unpack it first" if data.startswith(_GZIP) else ""
        raise ImportRefused(
            f"{name} is not {encoding.upper()} at byte {error.start}; it is not a trajectory or is"
            f" damaged{packed}"
        ) from error
    except json.JSONDecodeError as error:
        several = error.msg == "Extra data"
        raise ImportRefused(
            f"{name} is not JSON at line {error.lineno}, column {error.colno}: {error.msg};"
            + (
                " it holds more than one document, where a trajectory is one"
                if several
                else " the file is damaged or was cut off"
            )
        ) from error
    except ValueError as error:
        raise ImportRefused(f"{name} is not JSON that can be read: {error}") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; of two values under one key one would be lost in silence."""
    found = dict(pairs)
    if len(found) < len(pairs):
        key = next(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
        raise ValueError(f"an object has the key {recordable(key)[:_MAX_KEY_CHARACTERS]!r} twice")
    return found
