"""Does any command, into a pipe or on a terminal, put onto it what somebody named his agent?"""

from __future__ import annotations

import asyncio
import json
import re
import time

import nats
import pytest

from enchanted.events.v1.action_outcome_pb2 import OUTCOME_FAILED, ActionOutcome
from enchanted.events.v1.agent_decision_pb2 import AgentDecision
from enchanted.events.v1.incident_pb2 import IncidentOpened
from enchanted.events.v1.state_change_pb2 import StateChange
from enchanted.events.v1.swarm_event_pb2 import (
    ROLE_CODER,
    ROLE_GUARDIAN,
    ROLE_OVERSEER,
    AgentRole,
)
from enchanted.events.v1.task_pb2 import TaskManifest, TaskSubmitted
from ganglion.exit_codes import OK
from nervous_system.bus import open_bus
from nervous_system.clock import system_clock
from nervous_system.contract.event import Event
from nervous_system.contract.payload import Payload
from nervous_system.ids import new_event_id
from nervous_system.settings import MeshSettings
from nervous_system.users import ADMIN, with_user
from nervous_system.visible import visible
from tests.command_line import CommandLine
from tests.terminal_screen import on_a_terminal

HOSTILE = (
    "n\x1b[2J\x1b]52;c;eA==\x07\x9b2J\x7f\u202e\u2066\u200b\ufeff\u2028\ue000\U000e0041"
    "[bold][link=http://x]y[/]\r\nFORGED line of its own\t"
)
SELECT_GRAPHICS = re.compile(r"\x1b\[[0-9;]*m")
"""What rich draws its own boxes with, where a command line makes no sense."""


def _event(role: AgentRole.ValueType, payload: Payload, *, trace_id: str = "") -> Event:
    return Event(
        event_id=new_event_id(),
        timestamp=system_clock(),
        agent_role=role,
        agent_id=HOSTILE,
        payload=payload,
        correlation_id=HOSTILE,
        trace_id=trace_id,
        span_id="00f067aa0ba902b7" if trace_id else "",
    )


PROCESSES = ("nats", "clickhouse", "ingestor", "overseer")
ON_A_TERMINAL_TOO = (
    ("tail", "--from", "1", "-n", "7"),
    ("tail", "--from", "1", "-n", "7", "--json"),
    ("tasks",),
    ("tasks", "show", HOSTILE),
    ("incidents",),
    ("workers",),
    ("agents",),
    ("files", "history", HOSTILE),
    ("objective", "list"),
    ("parked", "list"),
    ("import", "git", HOSTILE),
    (HOSTILE,),
)
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"


async def _fill(settings: MeshSettings) -> str:
    """Hostile texts in everything that a command shows; the id of one of the events."""
    async with open_bus(settings, name="test", user=ADMIN) as bus:
        decision = _event(
            ROLE_CODER,
            AgentDecision(rationale=HOSTILE, chosen_action=HOSTILE, input_trigger=HOSTILE),
            trace_id=TRACE_ID,
        )
        await bus.publish(decision)
        for role, payload in (
            (ROLE_CODER, StateChange(target_type="FILE_SYSTEM", target_resource=HOSTILE)),
            (
                ROLE_CODER,
                ActionOutcome(
                    decision_event_id=decision.event_id, output=HOSTILE, status=OUTCOME_FAILED
                ),
            ),
            (
                ROLE_OVERSEER,
                TaskSubmitted(
                    manifest=TaskManifest(task_id=HOSTILE, action=HOSTILE, description=HOSTILE)
                ),
            ),
            (
                ROLE_GUARDIAN,
                IncidentOpened(
                    incident_id=HOSTILE, rule=HOSTILE, subject_of_concern=HOSTILE, summary=HOSTILE
                ),
            ),
        ):
            await bus.publish(_event(role, payload, trace_id=TRACE_ID))
    mine = with_user(settings, ADMIN)
    client = await nats.connect(mine.nats_url, user=mine.nats_user, password=mine.nats_password)
    await client.publish("swarm.events.coder.decision.\x1b[2J\x9b\u202e", b"\x1b[2J junk")
    await client.close()
    return decision.event_id


def _piped(ganglion: CommandLine, *arguments: str) -> str:
    ended = ganglion(*arguments)
    return ended.stdout + ended.stderr


def _on_a_terminal(ganglion: CommandLine, *arguments: str) -> str:
    shown, _ = on_a_terminal(
        ganglion.argv(*arguments),
        environment=ganglion.environment,
        cwd=ganglion.home.parent,
        columns=500,
        errors_too=True,
    )
    return shown


@pytest.mark.timeout(600)  # many commands
def test_no_command_shows_it_raw(ganglion: CommandLine) -> None:
    only = [word for name in PROCESSES for word in ("--only", name)]
    started = ganglion("up", "--detach", *only)
    assert started.returncode == OK, started.stderr
    nats_url = f"nats://127.0.0.1:{ganglion.environment['GANGLION_NATS_PORT']}"
    given = ("--id", HOSTILE, "--metadata", json.dumps({"x": HOSTILE}), "--plan", "diagnose")
    added = ganglion("objective", "add", HOSTILE, *given)
    event_id = asyncio.run(_fill(MeshSettings(nats_url=nats_url, home=ganglion.home)))
    while ganglion("trace", event_id).returncode != OK:  # until ClickHouse has it
        time.sleep(0.05)
    assert "FORGED" in added.stdout + added.stderr
    seen = 0
    for arguments in (
        ("tail", "--from", "1", "-n", "7"),
        ("tail", "--from", "1", "-n", "7", "--json"),
        ("trace", event_id),
        ("trace", event_id, "--json"),
        ("trace", HOSTILE),
        ("tasks",),
        ("tasks", "--json"),
        ("tasks", "--objective", HOSTILE),
        ("tasks", "show", HOSTILE),
        ("tasks", "show", HOSTILE, "--json"),
        ("tasks", "show", HOSTILE + "x"),
        ("tasks", "cancel", HOSTILE + "x"),
        ("objective", "list"),
        ("objective", "list", "--json"),
        ("objective", "approve", HOSTILE),
        ("objective", "cancel", HOSTILE + "x"),
        ("objective", "add", "again", "--id", HOSTILE),
        ("incidents",),
        ("incidents", "--json"),
        ("tasks", "add", "--action", HOSTILE, "--id", HOSTILE, "--after", HOSTILE),
        ("objectives", "add", HOSTILE, "--tasks", HOSTILE.replace("\0", "")),
        ("workers",),
        ("workers", "--json"),
        ("agents",),
        ("agents", "--json"),
        ("sessions", "--all"),
        ("sessions", "--agent", HOSTILE),
        ("files",),
        ("files", "--json"),
        ("files", "history", HOSTILE),
        ("files", "history", f"{HOSTILE}x"),
        ("logs",),
        ("logs", HOSTILE),
        ("tail", "--kind", HOSTILE),
        ("tail", "--until-end", "--agent", HOSTILE),
        ("parked", "list"),
        ("parked", "list", "--json"),
        ("parked", "show", "1"),
        ("epochs", "list"),
        ("status",),
        ("status", "--json"),
        ("doctor",),
        ("doctor", "--json"),
        ("settings", "--json"),
        ("export", "station", HOSTILE.replace("/", "")),
        ("import", "git", HOSTILE),
        ("import", "station", HOSTILE),
        ("import", "swe-agent", HOSTILE),
        ("keys", "list"),
        ("keys", "new", HOSTILE),
        ("sql", "SELECT agent_id, rationale FROM swarm.decisions", "--json"),
        ("sql", f"SELECT '{HOSTILE}' FROM nowhere"),
        ("sql", "SELECT 1", "--format", HOSTILE),
        ("emit", "decision", "--role", HOSTILE),
        (HOSTILE,),
        ("tail", f"--{HOSTILE}"),
        ("tail", "--since", HOSTILE),
    ):
        texts = [_piped(ganglion, *arguments)]
        if arguments in ON_A_TERMINAL_TOO:
            texts.append(_on_a_terminal(ganglion, *arguments))
        for shown in texts:
            plain = SELECT_GRAPHICS.sub("", shown) if "Usage:" in shown else shown
            assert visible(plain, keep="\n\t") == plain, arguments
            assert not re.search(r"^FORGED", plain, re.MULTILINE), arguments
            seen += "FORGED" in plain
    assert seen > 28
    for query in (
        ("SELECT agent_id, rationale FROM swarm.decisions",),
        ("SELECT agent_id, rationale FROM swarm.decisions", "--format", "TSVRaw"),
        ("SELECT agent_id, rationale FROM swarm.decisions", "--format", "Vertical"),
        ("SELECT agent_id, rationale FROM swarm.decisions", "--format", "RowBinary"),
    ):
        shown = _on_a_terminal(ganglion, "sql", *query)
        assert "FORGED" in shown
        assert visible(shown, keep="\n\t") == shown
    exact = ganglion("sql", "SELECT agent_id FROM swarm.decisions", "--format", "TSVRaw")
    assert exact.stdout.startswith(HOSTILE.replace("\r\n", "\n")[:5])
