"""Does a mesh whose log server cannot read a description of a stream come back by itself, with all
that is in it?
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from ganglion.exit_codes import OK
from nervous_system import names
from tests.command_line import CommandLine
from tests.ganglion.test_up_command import mesh_of, up, wait_until

Damage = Callable[[Path], None]


def flip(path: Path) -> None:
    """Change the bytes in its middle."""
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 8] = bytes(byte ^ 0xFF for byte in content[middle : middle + 8])
    path.write_bytes(content)


DAMAGES: dict[str, Damage] = {
    "description flipped": lambda stream: flip(stream / "meta.inf"),
    "description gone": lambda stream: (stream / "meta.inf").unlink(),
    "description empty": lambda stream: (stream / "meta.inf").write_bytes(b""),  # type: ignore[dict-item]
    "checksum flipped": lambda stream: flip(stream / "meta.sum"),
    "checksum gone": lambda stream: (stream / "meta.sum").unlink(),
}


def folder_of(ganglion: CommandLine, stream: str) -> Path:
    return next((ganglion.home / "nats" / "jetstream").glob(f"*/streams/{stream}"))


@pytest.mark.parametrize("stream", [names.STREAM, f"KV_{names.LEASES}"])
@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_server_that_cannot_read_a_description_gets_its_stream_back(
    ganglion: CommandLine, damage: Damage, stream: str
) -> None:
    up(ganglion)
    assert ganglion("emit", "signal", "HEALTHY").returncode == OK
    wait_until(lambda: ganglion("status").returncode == OK)
    before = ganglion.json("status", "--json")["stream"]["last_sequence"]
    damage(folder_of(ganglion, stream))
    pid = mesh_of(ganglion).processes[0].pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: ganglion("status").returncode == OK, seconds=60)
    after = ganglion.json("status", "--json")["stream"]
    assert after["first_sequence"] == 1
    assert after["last_sequence"] > before, "all that was there, and what the supervisor said"
    assert ganglion("down").returncode == OK


def test_a_server_that_lost_the_log_gets_a_new_one(ganglion: CommandLine) -> None:
    up(ganglion)
    assert ganglion("emit", "signal", "HEALTHY").returncode == OK
    shutil.rmtree(folder_of(ganglion, names.STREAM))
    pid = mesh_of(ganglion).processes[0].pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: ganglion("status").returncode == OK, seconds=60)
    assert ganglion("emit", "signal", "HEALTHY").returncode == OK
    assert ganglion("down").returncode == OK
