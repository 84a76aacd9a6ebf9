"""Is every line as wide as the terminal at most, and is nothing lost by it?"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import nats
import pytest
import typer
from rich.cells import cell_len

from enchanted.events.v1.agent_decision_pb2 import AgentDecision
from enchanted.events.v1.incident_pb2 import INCIDENT_MAJOR, IncidentOpened
from enchanted.events.v1.objective_pb2 import ObjectiveAdded, ObjectivePlanned
from enchanted.events.v1.state_change_pb2 import StateChange
from enchanted.events.v1.swarm_event_pb2 import (
    ROLE_CODER,
    ROLE_GUARDIAN,
    ROLE_OVERSEER,
    ROLE_WORKER,
    AgentRole,
)
from enchanted.events.v1.task_pb2 import (
    RESULT_FAILED,
    TaskAcknowledged,
    TaskClaimed,
    TaskFailed,
    TaskManifest,
    TaskSubmitted,
)
from enchanted.events.v1.worker_pb2 import WorkerRegistered
from ganglion.columns import Table, TableColumn, say_table
from ganglion.command_group import app
from ganglion.exit_codes import OK
from ganglion.nouns import plural
from ganglion.widths import cut, fold, shorten, unique_lengths
from nervous_system.bus import open_bus
from nervous_system.clock import system_clock
from nervous_system.contract.event import Event
from nervous_system.contract.payload import Payload
from nervous_system.errors import BadSetting
from nervous_system.ids import new_event_id
from nervous_system.settings import MeshSettings
from nervous_system.users import ADMIN, with_user
from operations.queries.meant import closest_id
from tests.command_line import CommandLine
from tests.terminal_screen import on_a_terminal

WIDE = "日本語の長い名前🚀🚀" * 6
OBJECTIVE = "objective-whose-id-is-longer-than-those-of-many-others-are-and-goes-on-and-on-for-ever"
TASK = f"{OBJECTIVE}.日本語-one"
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
TARGET = f"src/{WIDE}.py"
REASON = f"the build broke: {WIDE} in {'x' * 120} and then {'it went on and on ' * 40}to the END"
PROCESSES = ("nats", "clickhouse", "ingestor", "overseer")


COPIED = ("nats://", "give it to the agent: GANGLION_SIGNING_KEY=")
"""With what lines begin that are never folded, as they are copied."""


def broken(lines: list[str], ids: Iterable[str]) -> list[str]:
    """The ids that go on in the next line."""
    whole, squeezed = "\n".join(lines), "".join("".join(lines).split())
    return [each for each in ids if squeezed.count(each) > whole.count(each)]


def lines_on_a_terminal(ganglion: CommandLine, *arguments: str, columns: int) -> list[str]:
    """All that it says to somebody in front of it."""
    ended = ganglion(*arguments, columns=columns)
    return (ended.stdout + ended.stderr).splitlines()


async def fill(settings: MeshSettings) -> str:
    """Wide things in all that a command shows; the id of a decision."""
    manifest = TaskManifest(task_id=TASK, objective_id=OBJECTIVE, action="dig", description=WIDE)
    decision = ""
    async with open_bus(settings, name="test", user=ADMIN) as bus:

        async def put(role: AgentRole.ValueType, agent_id: str, payload: Payload) -> str:
            event = Event(
                event_id=new_event_id(),
                timestamp=system_clock(),
                agent_role=role,
                agent_id=agent_id,
                payload=payload,
                trace_id=TRACE_ID,
                span_id="00f067aa0ba902b7",
                causation_id=decision,
            )
            await bus.publish(event)
            return event.event_id

        decision = await put(
            ROLE_CODER,
            f"Ada <{'ada' * 20}@example.org>",
            AgentDecision(rationale=WIDE * 4, chosen_action=f"{'y' * 100} {WIDE}"),
        )
        change = StateChange(target_type="FILE_SYSTEM", target_resource=TARGET)
        await put(ROLE_CODER, "ada", change)
        registered = WorkerRegistered(worker_id=WIDE, skills=[WIDE], actions=["x" * 90], host="h")
        await put(ROLE_WORKER, WIDE, registered)
        for payload in (
            ObjectiveAdded(objective_id=OBJECTIVE, description=WIDE, source="cli"),
            ObjectivePlanned(objective_id=OBJECTIVE, plan="explicit", task_ids=[TASK]),
            TaskSubmitted(manifest=manifest),
            TaskClaimed(task_id=TASK, worker_id=WIDE, attempt=1, lease_seconds=60),
            TaskFailed(
                task_id=TASK, worker_id=WIDE, attempt=1, result=RESULT_FAILED, reason=REASON
            ),
            TaskAcknowledged(
                task_id=TASK,
                objective_id=OBJECTIVE,
                action="dig",
                worker_id=WIDE,
                attempts=1,
                result=RESULT_FAILED,
                notes=REASON,
            ),
        ):
            await put(ROLE_OVERSEER, "overseer/main", payload)
        incident = IncidentOpened(
            incident_id="i",
            rule="worker_silent",
            subject_of_concern=WIDE,
            incident_class=INCIDENT_MAJOR,
            summary=REASON,
        )
        await put(ROLE_GUARDIAN, "guardian/main", incident)
    mine = with_user(settings, ADMIN)
    client = await nats.connect(mine.nats_url, user=mine.nats_user, password=mine.nats_password)
    await client.publish(f"swarm.events.coder.decision.{'z' * 100}", b"junk")
    await client.close()
    return decision


COMMANDS = (
    ("emit", "decision", "--rationale", WIDE, "--chosen", "go on", "--agent-id", WIDE),
    ("keys", "new", "reviewer-1", "--role", "reviewer"),
    ("keys", "new", "for-somebody"),
    ("contexts", "add", "far-away", "--url", f"nats://{'far-' * 20}away:4222"),
    ("contexts",),
    ("status",),
    ("doctor",),
    ("tail", "--until-end"),
    ("tail", "--subject", "swarm.events.task.>", "--from", "1", "-n", "4"),
    ("tasks",),
    ("tasks", "--objective", OBJECTIVE[:12]),
    ("tasks", "show", TASK),
    ("tasks", "show", "no such task " * 12),
    ("tasks", "wait", "no such task " * 12),
    ("objective", "list"),
    ("objective", "list", "--all"),
    ("objective", "show", OBJECTIVE[:12]),
    ("trace", TRACE_ID),
    ("trace", TRACE_ID[:8], "--all"),
    ("incidents",),
    ("workers",),
    ("agents",),
    ("sessions", "--all"),
    ("files",),
    ("files", "history", TARGET),
    ("logs",),
    ("parked", "list"),
    ("epochs", "list"),
    ("settings",),
    ("keys", "list"),
    ("sql", "SELECT * FROM swarm.tasks"),
    ("sql", "SELECT agent_id, chosen_action FROM swarm.decisions"),
    ("sql", "SELECT number, toString(number) FROM numbers(3)"),
    ("sql", f"SELECT '{WIDE}' FROM nowhere"),
    ("objective", "approve", "x" * 200),
    ("tasks", "cancel", "no such task " * 12),
    ("tasks", "retry", TASK, "--payload", f'{{"a": {WIDE}'),
    ("parked", "show", "1"),
    ("halt", "--reason", WIDE),
    ("status",),
    ("resume",),
)
ELSEWHERE = {
    *("up", "down", "open", "init", "migrate", "samples", "import", "export", "repair"),
    *("simulate", "demo", "bench", "state", "checkout", "checkpoints", "rollback"),
}
"""What begins and ends meshes, or draws a bar; other tests look at it."""

READ_MOST = (
    ("tail", "--subject", "swarm.events.task.>", "--from", "1", "-n", "4"),
    ("tasks",),
    ("tasks", "show", TASK),
    ("objective", "list"),
    ("incidents",),
    ("epochs", "list"),
)


@pytest.mark.timeout(600)  # many commands
def test_no_line_of_any_command_is_wider_than_the_terminal(ganglion: CommandLine) -> None:
    only = [word for name in PROCESSES for word in ("--only", name)]
    started = ganglion("up", "--detach", *only)
    assert started.returncode == OK, started.stderr
    url = f"nats://127.0.0.1:{ganglion.environment['GANGLION_NATS_PORT']}"
    decision = asyncio.run(fill(MeshSettings(nats_url=url, home=ganglion.home)))
    while ganglion("trace", decision).returncode != OK:  # until ClickHouse has it
        time.sleep(0.05)
    ids = {
        event[name]
        for line in ganglion("tail", "--until-end", "--json").stdout.splitlines()
        for event in [json.loads(line)]
        for name in ("event_id", "trace_id")
        if event.get(name)
    }
    assert len(ids) > 10
    group: Any = typer.main.get_command(app)
    names = set(group.list_commands(None))
    assert {plural(command[0], names) for command in COMMANDS} == names - ELSEWHERE
    screens = {}
    for columns in (80, 100, 120):
        for command in COMMANDS if columns == 80 else READ_MOST:
            lines = lines_on_a_terminal(ganglion, *command, columns=columns)
            assert lines, command
            widest = max(lines, key=cell_len)
            if not widest.startswith(COPIED):
                assert cell_len(widest) <= columns, (command, widest)
            assert broken(lines, ids) == [], command
            screens[columns, command] = lines

        reason = "".join(REASON.split())
        for command in (
            ("tasks", "show", TASK),
            READ_MOST[0],
            ("incidents",),
        ):
            assert reason in "".join("".join(screens[columns, command]).split())
        for command in (("tasks",), ("objective", "list"), READ_MOST[0]):
            heading = screens[columns, command][0].split()
            assert heading[0] in ("task", "objective", "position")
        assert "TES:" in "\n".join(screens[columns, ("tasks",)])
        assert "Row 1:" in screens[80, ("sql", "SELECT * FROM swarm.tasks")]
        (zone,) = {line for line in screens[columns, ("epochs", "list")] if "first start" in line}
        assert f"{datetime.now().astimezone():%Z}" in zone  # noqa: TID251 - the zone's name only

    decisions = ganglion("tail", "--subject", "swarm.events.coder.>", "--from", "1", "-n", "1")
    tasks = ganglion(*READ_MOST[0])
    piped = [*decisions.stdout.splitlines(), *tasks.stdout.splitlines()]
    assert all(len(line.split("\t")) == 6 for line in piped)
    assert any(line.endswith(REASON) for line in piped)
    assert any(line.split("\t")[3] == f"Ada <{'ada' * 20}@example.org>" for line in piped)
    listed = [line.split("\t")[:3] for line in ganglion("tasks").stdout.splitlines()]
    assert [TASK, "failed", "dig"] in listed
    steps = ganglion("tasks", "show", f"{TASK[:20]}…", "--json").stdout.splitlines()
    assert {json.loads(step)["trace_id"] for step in steps} == {TRACE_ID}
    objectives = {
        each["objective_id"]: each for each in ganglion.json("objective", "list", "--json")
    }
    assert objectives[OBJECTIVE]["added_at"].endswith("+00:00")
    on_one = on_a_terminal(ganglion.argv("tasks"), environment=ganglion.environment, columns=80)
    assert on_one[0].splitlines() == lines_on_a_terminal(ganglion, "tasks", columns=80)


@pytest.mark.parametrize(
    ("line", "lines"),
    [
        ("", [""]),
        ("x" * 30, ["x" * 30]),
        ("x" * 31, ["x" * 30, "  x"]),
        ("日" * 16, ["日" * 15, "  日"]),
        (f"  {'word ' * 6}end", ["  word word word word word", "    word end"]),
        (f"say {'x' * 40} end", [f"say {'x' * 26}", f"  {'x' * 14} end"]),
        ("say yes with `ganglion approve one`", ["say yes with", "  `ganglion approve one`"]),
    ],
)
def test_a_line_is_folded_between_words(line: str, lines: list[str]) -> None:
    assert fold(line, 30) == lines


def test_a_line_of_a_megabyte_is_folded_at_once() -> None:
    """In steps that grow with its length: by its square this would not end."""
    lines = fold("x" * 1_000_000, 80)
    assert len(lines) == 1 + -(-(1_000_000 - 80) // 78)


def test_a_name_is_cut_and_an_id_as_far_as_it_stays_unique() -> None:
    assert cut("日本語日本語", 7) == "日本語…"
    unique = unique_lengths(["deploy.a", "deploy.b", "test", "test.unit.one.of.many"])
    assert unique == {"deploy.a": 8, "deploy.b": 8, "test": 4, "test.unit.one.of.many": 5}
    long = "test.unit.one.of.many"
    assert shorten(long, 12, unique=unique[long]) == "test.unit.o…"
    assert shorten(long, 8, unique=unique[long]) == long  # too little would be left of it
    assert shorten("deploy.a.b", 9, unique=10) == "deploy.a.b"


def test_an_id_is_shortened_only_where_it_is_unique_among_all(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also among those that are not shown: what is shown can be typed."""
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    columns = (TableColumn("task", "id"), TableColumn("action", "key"))
    task_id, action = "simulation-28b79115-00028", "a" * 25
    say_table(columns, [(task_id, action)], known={"task": ["deploy"]})
    assert "simulation-2…" in capsys.readouterr().out
    say_table(columns, [(task_id, action)], known={"task": ["simulation-28b79115-00029"]})
    assert capsys.readouterr().out.splitlines()[1:] == [task_id, f"{' ' * 15}{action}"]


def test_a_text_with_a_word_too_long_for_its_column_stands_below_its_row(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    event_id = "018f0000-0000-7000-8000-000000000000"
    columns = (TableColumn("position"), TableColumn("time"), TableColumn("why", "text"))
    table = Table(columns, widths=(8, 14, 400))
    for said in ("nobody said why, and nobody asked", f"because of {event_id}"):
        table.row(("1", "11-30 12:00:00", said))
    assert capsys.readouterr().out.splitlines() == [
        f"1         11-30 12:00:00  {'nobody said why, and nobody asked'}",
        "1         11-30 12:00:00",
        f"    because of {event_id}",
    ]


def test_the_beginning_of_an_id_is_enough_where_one_begins_so() -> None:
    known = ["deploy", "deploy.a", "deploy.b", "test\x1b"]
    assert closest_id("deploy", known, noun="task") == "deploy"
    assert closest_id("tes…", known, noun="task") == "test\x1b"
    assert closest_id("test\\x1b", known, noun="task") == "test\x1b"
    assert closest_id("build", known, noun="task") == "build"
    with pytest.raises(BadSetting, match=r"of 2 tasks: deploy\.a and deploy\.b; write more"):
        closest_id("deploy.", known, noun="task")
