"""What do the importers' tests run on? Repositories and trajectories made here, and a real NATS."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sysconfig
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from nervous_system.bus import Bus, open_bus
from nervous_system.settings import MeshSettings
from tests.importers.importing_samples import Repository, tiny_trajectory


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """An empty repository."""
    path = tmp_path / "repository"
    path.mkdir()
    made = Repository(path)
    made.git("init", "--quiet", "--initial-branch=main")
    return made


@pytest.fixture
def eventful(repository: Repository) -> Repository:
    """Eleven commits with everything that git knows: modes, links, odd names, merges, binaries."""
    r = repository
    r.write("README", b"one\ntwo\nthree\n")
    r.write("with space.txt", b"a\nb\n")
    r.write(b"caf\xe9", b"latin name\n")
    r.write("ünïcode\ttab", b"odd name\n")
    r.write("binary", bytes(range(256)) * 10)
    r.write("script", b"#!/bin/sh\n")
    r.write("empty", b"")
    (r.path / "link").symlink_to("README")
    r.commit("First\n\ndiff --git a/x b/x\n:100644 100644 0 0 M\tx", seconds=1_600_000_001)
    r.write("README", b"one\n2\nthree")
    r.write("latin1.txt", "grün\n".encode("latin-1"))
    r.commit("Change and add", seconds=1_600_000_002)
    r.commit("", seconds=1_600_000_003)
    (r.path / "script").chmod(0o755)
    (r.path / "link").unlink()
    r.write("link", b"no longer a link\n")
    r.commit("Mode and type", seconds=1_600_000_004)
    r.git("checkout", "--quiet", "-b", "side")
    r.write("side/file", b"made aside\n")
    r.commit("On the side", seconds=1_600_000_005)
    r.git("checkout", "--quiet", "main")
    r.write("crlf.txt", b"one\r\ntwo\r\n")
    r.commit("CR LF", seconds=1_600_000_006)
    r.git("merge", "--quiet", "--no-ff", "-m", "Merge side", "side", seconds=1_600_000_007)
    r.git("mv", "side/file", "moved")
    r.commit("Rename", seconds=1_600_000_008)
    r.git("rm", "--quiet", "with space.txt", "binary")
    r.commit("Delete", seconds=1_600_000_009)
    head = r.git("rev-parse", "HEAD").decode().strip()
    r.git("update-index", "--add", "--cacheinfo", f"160000,{head},submodule")
    r.git("commit", "-m", "A submodule", seconds=1_600_000_010)
    (r.path / "submodule").mkdir()
    r.write("binary", b"text now\n")
    r.commit("Back again", seconds=1_600_000_011)
    return r


@pytest.fixture
def trajectory_file(tmp_path: Path) -> Callable[..., Path]:
    """Writes a tiny trajectory and gives its path."""

    def write(name: str = "tiny.traj", **changes: Any) -> Path:
        path = tmp_path / name
        path.write_text(json.dumps(tiny_trajectory(**changes)))
        return path

    return write


@pytest.fixture
def nats_url(tmp_path: Path) -> Iterator[str]:
    """A NATS server with JetStream of this test alone."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    configuration = tmp_path / "nats.conf"
    configuration.write_text(
        f'listen: "127.0.0.1:{port}"\n'
        f'jetstream {{ store_dir: "{tmp_path / "nats"}", sync_interval: always }}\n'
    )
    binary = Path(sysconfig.get_path("scripts")) / "nats-server"
    process = subprocess.Popen(
        [binary, "--config", configuration], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield f"nats://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=300)


@pytest.fixture
async def bus(nats_url: str) -> AsyncIterator[Bus]:
    """A bus on that server, its stream made."""
    settings = MeshSettings(
        nats_url=nats_url, redact_patterns=["hunter2"], stream_max_bytes=256 * 1024**2
    )
    port = int(nats_url.rpartition(":")[2])
    async with asyncio.timeout(300):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.01)
            else:
                writer.close()
                break
    async with open_bus(settings, name="importing_test") as opened:
        await opened.stream.ensure(settings)
        yield opened
