"""What runs in this home, and where?

A JSON file that the supervisor writes and everybody else reads.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal

from nervous_system.errors import Fatal

FORMAT_VERSION: Final = 1

MeshState = Literal["starting", "running", "stopping"]
ProcessState = Literal["waiting", "starting", "running", "restarting", "stopping", "stopped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessRecord:
    """One process as the supervisor knows it."""

    name: str
    state: ProcessState
    pid: int | None  # None while there is none
    address: str
    health_url: str
    log: str
    attempt: int  # how often it was started
    last_exit_code: int | None = None
    trouble: str = ""  # why it is not well though it runs, and what the supervisor waits for


@dataclass(frozen=True, slots=True, kw_only=True)
class MeshRecord:
    """The mesh of one home."""

    pid: int  # the supervisor's
    state: MeshState
    started_at: str  # ISO 8601, UTC
    nats_url: str
    nats_monitor_url: str | None  # None: the server is somebody else's
    clickhouse_url: str
    processes: tuple[ProcessRecord, ...]
    staged_on_disk: str = ""  # why the log's batches are not staged in memory
    nats_open: bool = False  # everybody who reaches it may do everything

    def process(self, name: str) -> ProcessRecord | None:
        """The process of that name, None when this mesh does not run it."""
        return next((each for each in self.processes if each.name == name), None)


def write_mesh(path: Path, mesh: MeshRecord) -> None:
    """Replace the file in one step: a reader sees the old or the new one, never half of either."""
    # Only its owner may read it: an address given by hand can hold a password.
    beside = path.with_name(f"{path.name}.new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump({"format": FORMAT_VERSION, **asdict(mesh)}, file, indent=2)
    beside.replace(path)


def read_mesh(path: Path) -> MeshRecord | None:
    """What the supervisor wrote last, None when there is nothing. It may be dead: ask the lock."""
    try:
        found = json.loads(path.read_text())
        if found.pop("format") != FORMAT_VERSION:
            raise ValueError("it is of another version")
        processes = tuple(ProcessRecord(**each) for each in found.pop("processes"))
        return MeshRecord(**found, processes=processes)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise Fatal(
            f"{path} cannot be understood ({error}); stop the mesh with the version that"
            " started it, or remove the file"
        ) from error


def remove_mesh(path: Path) -> None:
    """Nothing runs any more."""
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
