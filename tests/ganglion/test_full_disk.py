"""Does a mesh whose disk was full work again by itself once there is room?

And does it say what it waits for?
"""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import nats
import pytest
from nats.errors import Error as NatsError

from ganglion.exit_codes import FAILURE, OK
from local_mesh.store_room import ROOM_BYTES, obstacle_in
from nervous_system.users import FOLDER, read_password
from tests.command_line import CommandLine, MakeCommandLine
from tests.ganglion.test_up_command import mesh_of, up, wait_until

MountDisk = Callable[[int], Path]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[MountDisk]:
    """File systems of so many MiB."""
    mounted: list[Path] = []

    def mount(mebibytes: int) -> Path:
        folder = tmp_path / f"disk{len(mounted)}"
        folder.mkdir()
        if os.geteuid() != 0:
            pytest.skip("a small disk: only root may mount one")
        command = ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "ganglion-test", str(folder)]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("a small disk: mounting is not allowed here")
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def on_small_disk(command_lines: MakeCommandLine, small_disk: MountDisk) -> CommandLine:
    """A command line whose home lies on 64 MiB."""
    line = command_lines("small")
    line.home = small_disk(64) / "home"
    line.environment |= {"GANGLION_HOME": str(line.home), "GANGLION_MIN_FREE_BYTES": "0"}
    return line


def fill(disk: Path) -> Path:
    """Take all that is left."""
    filler = disk / "filler"
    left = os.statvfs(disk)
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, left.f_bavail * left.f_frsize)
    return filler


async def refused(url: str, home: Path) -> None:
    """Publish until the server can not take any more."""
    password = read_password(home / FOLDER / "coder")
    client = await nats.connect(url, user="coder", password=password)
    try:
        with pytest.raises((NatsError, asyncio.TimeoutError)):
            for _ in range(100):
                await client.jetstream().publish(
                    "swarm.events.coder.x", b"x" * 900_000, timeout=1.0
                )
    finally:
        await client.close()


def test_with_room_again_the_log_takes_events_again_without_anybodys_help(
    on_small_disk: CommandLine,
) -> None:
    ganglion = on_small_disk
    mesh = up(ganglion)
    assert ganglion("emit", "signal", "HEALTHY").returncode == OK
    filler = fill(ganglion.home.parent)
    asyncio.run(refused(mesh.nats_url, ganglion.home))
    told = ""

    def waits() -> bool:
        nonlocal told
        told = ganglion("status").stderr
        return "make room" in told

    wait_until(waits)
    assert "no space left on device" in told
    assert "started again by itself" in told
    refused_to_say = ganglion("emit", "signal", "HEALTHY")
    assert refused_to_say.returncode != OK
    assert "no space is left on the disk" in refused_to_say.stderr
    doctor = ganglion("doctor")
    assert doctor.returncode == FAILURE
    assert "make room" in doctor.stdout
    assert mesh_of(ganglion).processes[0].pid == mesh.processes[0].pid, "not while there is none"
    filler.unlink()  # that is all that was said to be done
    wait_until(lambda: ganglion("emit", "signal", "HEALTHY").returncode == OK, seconds=300)
    wait_until(lambda: ganglion("status").returncode == OK)
    assert mesh_of(ganglion).processes[0].attempt == 2
    assert ganglion("down").returncode == OK


def test_a_mesh_that_cannot_begin_for_want_of_room_says_so(on_small_disk: CommandLine) -> None:
    ganglion = on_small_disk
    up(ganglion)
    assert ganglion("down").returncode == OK
    filler = fill(ganglion.home.parent)
    refused_to_start = ganglion("up", "--detach", "--only", "nats")
    assert refused_to_start.returncode == FAILURE
    assert "o space left on device" in refused_to_start.stderr
    assert "fault of ganglion" not in refused_to_start.stderr
    assert len(refused_to_start.stderr.splitlines()) == 1
    filler.unlink()
    assert ganglion("up", "--detach", "--only", "nats").returncode == OK
    assert ganglion("down").returncode == OK


def test_what_is_in_the_way_of_a_store_is_said(tmp_path: Path, small_disk: MountDisk) -> None:
    assert obstacle_in(tmp_path) == ""
    assert list(tmp_path.iterdir()) == [], "nothing is left of the attempt"
    assert "is gone" in obstacle_in(tmp_path / "nothing")
    disk = small_disk(ROOM_BYTES // 1024**2 - 1)
    assert "make room" in obstacle_in(disk)
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    assert "mount it for writing" in obstacle_in(disk)


def test_a_file_of_the_store_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    block = tmp_path / "msgs" / "1.blk"
    block.parent.mkdir()
    block.write_text("x")
    if os.geteuid() != 0:
        block.chmod(0o400)
        assert f"{block} cannot be written to" in obstacle_in(tmp_path)
        return
    if subprocess.run(["chattr", "+i", str(block)], capture_output=True, check=False).returncode:
        pytest.skip("root may write to everything here")
    try:
        assert f"{block} cannot be written to" in obstacle_in(tmp_path)
    finally:
        subprocess.run(["chattr", "-i", str(block)], check=True)
    assert obstacle_in(tmp_path) == ""
