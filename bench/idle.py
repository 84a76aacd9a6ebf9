"""What does a mesh cost that has nothing to do, and how soon is it there?

The real `ganglion up --detach` in a home of its own: started twice, left alone, measured, stopped.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from bench.child import python, started
from bench.environment import Laboratory, free_port
from bench.figure import Figure
from bench.processes import processes_of
from bench.profile import Size
from bench.progress import ProgressDisplay
from local_mesh.home import Home
from local_mesh.supervisor.mesh_file import read_mesh
from nervous_system.clock import stopwatch
from nervous_system.errors import StartFailed

_COMMAND_SECONDS: Final = 120.0
_MEGABYTE: Final = 1024**2


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """All processes of a mesh together, over a time in which nothing was asked of them."""

    processes: int
    resident_bytes: int  # pages that several processes share are counted in each
    proportional_bytes: int  # shared pages are divided among those that share them
    cpu_share: float  # of one core


class LocalMesh:
    """One home, and the command line on it."""

    def __init__(self, home: Path) -> None:
        self._home = home
        ports = {name: free_port() for name in ("nats", "nats_monitor", "clickhouse", "http")}
        self._environment = {
            "GANGLION_HOME": str(home),
            **{f"GANGLION_{name.upper()}_PORT": str(port) for name, port in ports.items()},
        }

    async def up(self) -> float:
        """Start it; the seconds until it is ready."""
        began = stopwatch()
        await self._command("up", "--detach")
        return stopwatch() - began

    async def down(self) -> None:
        """Stop it and wait until it is gone; nothing where it does not run."""
        await self._command("down", check=False)

    async def footprint(self, *, seconds: float) -> Footprint:
        """What its processes hold and use while nothing is asked of them for `seconds`."""
        mesh = read_mesh(Home.at(self._home).mesh_file)
        if mesh is None:
            raise StartFailed(f"the mesh in {self._home} is gone")
        processes = processes_of(mesh.pid)
        before, began = _cpu_seconds(processes), stopwatch()
        await asyncio.sleep(seconds)
        used, took = _cpu_seconds(processes) - before, stopwatch() - began
        memory = [each.memory_full_info() for each in processes]
        return Footprint(
            processes=len(processes),
            resident_bytes=sum(each.rss for each in memory),
            proportional_bytes=sum(each.pss for each in memory),
            cpu_share=used / took,
        )

    async def _command(self, *words: str, check: bool = True) -> str:
        """What `ganglion …` prints. Raises StartFailed where it fails."""
        async with started(
            f"ganglion {words[0]}",
            python("ganglion", *words),
            folder=self._home.parent,
            environment=self._environment,
            stop_signal=signal.SIGINT,  # `up --detach` takes what it started down with it
        ) as child:
            return await child.output(within_seconds=_COMMAND_SECONDS, check=check)


async def measure(laboratory: Laboratory, size: Size, show: ProgressDisplay) -> list[Figure]:
    """The figures of a mesh at rest."""
    show.expect(3)
    mesh = LocalMesh(laboratory.folder / "home")
    try:
        show.step("first start of a mesh")
        first = await mesh.up()
        await mesh.down()
        show.done()
        show.step("second start of a mesh")
        second = await mesh.up()
        show.done()
        show.step(f"an idle mesh, {size.idle_seconds:g} s")
        await asyncio.sleep(size.settle_seconds)
        footprint = await mesh.footprint(seconds=size.idle_seconds)
        show.done()
    finally:
        await asyncio.shield(mesh.down())
    return _figures(first, second, footprint, size)


def _figures(first: float, second: float, footprint: Footprint, size: Size) -> list[Figure]:
    return [
        Figure(
            name="idle.start",
            what="`ganglion up --detach` until ready, second time",
            value=second,
            unit="s",
            target=5.0,
            at_least=False,
            detail=f"the first time {first:.1f} s",
        ),
        Figure(
            name="idle.memory",
            what="resident memory of all processes of an idle mesh",
            value=footprint.resident_bytes / _MEGABYTE,
            unit="MB",
            target=900.0,
            at_least=False,
            detail=(
                f"{footprint.processes} processes; shared pages counted once:"
                f" {footprint.proportional_bytes / _MEGABYTE:,.0f} MB"
            ),
        ),
        Figure(
            name="idle.cpu",
            what="CPU time of an idle mesh, of one core",
            value=footprint.cpu_share * 100,
            unit="%",
            target=5.0,
            at_least=False,
            detail=f"over {size.idle_seconds:g} s",
        ),
    ]


def _cpu_seconds(processes: Sequence[psutil.Process]) -> float:
    times = (each.cpu_times() for each in processes)
    return sum(each.user + each.system for each in times)
