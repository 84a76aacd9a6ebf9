"""Is everything there that the mesh needs, before anything is started?"""

from __future__ import annotations

import shutil
import socket
import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nervous_system.errors import Fatal, InUse, NoRoom

LOOPBACK: Final = "127.0.0.1"
_FIRST_OWN_PORT: Final = 20_000
_OWN_PORTS: Final = 10_000
"""Below 32768, where Linux takes the ports of outgoing connections from: those come and go."""


@dataclass(frozen=True, slots=True)
class WantedPort:
    """A port that a process will listen on, and the variable that moves it."""

    number: int
    variable: str


def check_ports(wanted: Sequence[WantedPort]) -> None:
    """Raises InUse, which names every port that is taken, or one that is wanted twice."""
    seen: dict[int, str] = {}
    for port in wanted:
        if port.number in seen:
            raise InUse(
                f"{seen[port.number]} and {port.variable} are both {port.number};"
                " set one of them to another port"
            )
        seen[port.number] = port.variable
    taken = [port for port in wanted if not is_free(port.number)]
    if not taken:
        return
    numbers = ", ".join(str(port.number) for port in taken)
    variables = list(dict.fromkeys(port.variable for port in taken))
    said = (
        f"port {numbers} on {LOOPBACK} is in use; set {variables[0]} to a free one"
        if len(taken) == 1
        else f"ports {numbers} on {LOOPBACK} are in use; set {', '.join(variables)} to free ones"
    )
    if len(variables) > 1:
        said += ", or GANGLION_PORT_BASE alone to the first of four"
    raise InUse(f"{said}, or stop what listens there")


def is_free(port: int) -> bool:
    """Whether one could listen on the port now. Raises Fatal where one never could."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: connections of an earlier run that are still closing are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
            probe.listen(1)
        except PermissionError as error:
            raise Fatal(
                f"port {port} needs more rights than you have; set one above 1023"
            ) from error
        except OSError:
            return False
    return True


def pick_port(home: Path, *, name: str, taken: Collection[int]) -> int:
    """A free port for a process of this home, the same at every start as long as nobody else has
    it.
    """
    start = zlib.crc32(f"{home}\0{name}".encode()) % _OWN_PORTS
    for step in range(_OWN_PORTS):
        port = _FIRST_OWN_PORT + (start + step) % _OWN_PORTS
        if port not in taken and is_free(port):
            return port
    raise InUse(f"no port from {_FIRST_OWN_PORT} on is free on {LOOPBACK}; stop something")


def check_disk(home: Path, *, min_free_bytes: int) -> None:
    """Raises NoRoom when the disk under the home has less than `min_free_bytes` left."""
    free = shutil.disk_usage(home).free
    if free < min_free_bytes:
        raise NoRoom(
            f"the disk under {home} has {free // 1024**2:,} MiB left and the mesh wants"
            f" {min_free_bytes // 1024**2:,} MiB to begin; make room, set GANGLION_HOME to another"
            " disk, or lower GANGLION_MIN_FREE_BYTES"
        )
