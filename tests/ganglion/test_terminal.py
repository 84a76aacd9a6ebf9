"""Does a line end where the terminal does, and is it whole where there is none?"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence

import pytest
from command_line import CommandLine
from real_servers import NatsServer
from terminal_screen import on_a_terminal

from enchanted.events.v1.swarm_event_pb2 import ROLE_OVERSEER
from enchanted.events.v1.task_pb2 import TaskManifest, TaskSubmitted
from nervous_system.bus import Bus
from nervous_system.clock import system_clock
from nervous_system.contract.event import Event
from nervous_system.ids import new_event_id

COLUMNS = 50
TASK_ID = "a-task-whose-id-is-longer-than-many-others-are"


def lines_on_a_terminal(arguments: Sequence[str], environment: dict[str, str]) -> list[str]:
    """The lines that the program writes onto a terminal so narrow."""
    environment = {name: value for name, value in environment.items() if name != "COLUMNS"}
    shown, code = on_a_terminal(arguments, environment=environment, columns=COLUMNS)
    assert code == 0
    return shown.splitlines()


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("", ""),
        ("x" * COLUMNS, "x" * COLUMNS),
        ("x" * COLUMNS + "y", "x" * (COLUMNS - 1) + "…"),
        (f"{'x' * 40}          y", "x" * 40 + "…"),
        ("日" * 25, "日" * 25),
        ("日" * 26, "日" * 24 + "…"),
    ],
)
def test_it_is_cut_only_where_it_does_not_fit(line: str, shown: str) -> None:
    program = f"from ganglion.terminal import on_terminal; print(on_terminal({line!r}), flush=True)"
    arguments = [sys.executable, "-c", program]
    assert lines_on_a_terminal(arguments, dict(os.environ)) == [shown]
    piped = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert piped.stdout == f"{line}\n"


@pytest.mark.parametrize(
    ("command", "cut"),
    [
        (("tail", "--from", "1", "-n", "1"), True),
        (("tail", "--from", "1", "-n", "1", "--json"), False),
        (("tasks",), True),
        (("tasks", "show", TASK_ID), True),
    ],
)
async def test_the_lines_of(
    ganglion: CommandLine, nats_server: NatsServer, bus: Bus, command: tuple[str, ...], cut: bool
) -> None:
    ganglion.lead_to(nats_server.url)
    manifest = TaskManifest(task_id=TASK_ID, action="dig", description="deeper " * 10)
    await bus.publish(
        Event(
            event_id=new_event_id(),
            timestamp=system_clock(),
            agent_role=ROLE_OVERSEER,
            agent_id="overseer/main",
            payload=TaskSubmitted(manifest=manifest),
        )
    )
    piped = (await asyncio.to_thread(ganglion, *command)).stdout.splitlines()
    shown = await asyncio.to_thread(
        lines_on_a_terminal, ganglion.argv(*command), ganglion.environment
    )
    assert len(piped[0]) > COLUMNS
    assert "…" not in piped[0]
    if cut:
        assert shown[0].endswith("…")
        assert len(shown[0]) <= COLUMNS
        assert piped[0].startswith(shown[0].removesuffix("…"))
        assert shown[1:] == piped[1:]  # a command to go on with is whole
    else:
        assert shown == piped
