"""What does a supervisor look like whose processes are stubs?

Run as a process, to be killed from outside.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from local_mesh.home import Home
from local_mesh.supervisor.mesh_file import MeshRecord, ProcessRecord
from local_mesh.supervisor.ports import ProcessFact
from local_mesh.supervisor.specification import ProcessSpecification
from local_mesh.supervisor.supervisor import Supervisor
from nervous_system.clock import stopwatch

STUB = Path(__file__).with_name("stub_service.py")


def stub(
    name: str,
    *arguments: str,
    port: int,
    needs: tuple[str, ...] = (),
    ready_timeout_seconds: float = 10.0,
    stop_timeout_seconds: float = 5.0,
    silent_seconds: float = 30.0,
) -> ProcessSpecification:
    """A stub as a process of the mesh."""
    return ProcessSpecification(
        name=name,
        argv=(sys.executable, str(STUB), "--port", str(port), "--name", name, *arguments),
        address=f"http://127.0.0.1:{port}",
        health_url=f"http://127.0.0.1:{port}/healthz",
        needs=needs,
        ready_timeout_seconds=ready_timeout_seconds,
        stop_timeout_seconds=stop_timeout_seconds,
        silent_seconds=silent_seconds,
    )


@dataclass
class Observed:
    """Takes down what the supervisor says; both of its ports."""

    facts: list[ProcessFact] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, payload: ProcessFact) -> None:
        self.facts.append(payload)
        self.changed.set()

    def starting(self, process: ProcessRecord) -> None:
        self.lines.append(f"starting {process.name}")

    def ready(self, process: ProcessRecord, *, after_seconds: float) -> None:
        self.lines.append(f"ready {process.name} {process.attempt}")
        self.changed.set()

    def died(
        self,
        process: ProcessRecord,
        *,
        code: int,
        restart_in_seconds: float | None,
        words: list[str],
    ) -> None:
        self.lines.append(f"died {process.name} {code} {restart_in_seconds} {words}")
        self.changed.set()

    def trouble(self, sentence: str) -> None:
        self.lines.append(f"trouble {sentence}")
        self.changed.set()
        self.changed.set()

    def stopping(self, process: ProcessRecord) -> None:
        self.lines.append(f"stopping {process.name}")

    def stopped(self, process: ProcessRecord, *, code: int, killed: bool) -> None:
        self.lines.append(f"stopped {process.name} {code} {killed}")


def make_supervisor(
    specifications: Sequence[ProcessSpecification],
    *,
    home: Home,
    observed: Observed,
    stop_timeout_seconds: float = 10.0,
    look_seconds: float = 2.0,
) -> Supervisor:
    """A supervisor of stubs."""
    home.create()
    return Supervisor(
        specifications,
        mesh=MeshRecord(
            pid=0,
            state="starting",
            started_at="2026-01-01T00:00:00+00:00",
            nats_url="nats://127.0.0.1:1",
            nats_monitor_url=None,
            clickhouse_url="http://127.0.0.1:1",
            processes=(),
        ),
        home=home,
        record=observed,
        show=observed,
        stopwatch=stopwatch,
        stop_timeout_seconds=stop_timeout_seconds,
        log_max_bytes=1024**2,
        look_seconds=look_seconds,
    )


async def nothing() -> None:
    """Before stopping there is nothing to do."""


async def _run(home: Path, ports: list[int]) -> None:
    supervisor = make_supervisor(
        [stub(f"stub{port}", "--ignore-sigterm", port=port) for port in ports],
        home=Home.at(home),
        observed=Observed(),
    )
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, supervisor.ask_to_stop)

    async def say_ready() -> None:
        print("ready", flush=True)
        await asyncio.Event().wait()

    await supervisor.run(while_running=say_ready, before_stop=nothing)


if __name__ == "__main__":
    asyncio.run(_run(Path(sys.argv[1]), [int(port) for port in sys.argv[2:]]))
