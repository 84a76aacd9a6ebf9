"""`ganglion tasks`: what is being done, by whom, and what came of the rest?"""

from __future__ import annotations

import asyncio
import shlex
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from ganglion.acting import Yes, make_sure
from ganglion.nouns import noun
from ganglion.terminal import say, say_json

if TYPE_CHECKING:
    from enchanted.events.v1.task_request_pb2 import TaskOrder
    from nervous_system.client.proposing import TaskFields
    from nervous_system.contract.event import RecordedEvent
    from nervous_system.contract.words import Tier

app = noun(
    "Show open tasks and the last ended ones; add one, wait for it, cancel, retry or restore it."
)

TaskId = Annotated[str, typer.Argument(help="The task's id, or how it begins.")]
MAX_SENTENCES = 5
"""About why tasks wait, below a list of them."""

Reason = Annotated[str, typer.Option(help="Why; recorded on the log.")]


@app.command("list")
def list_(
    objective: Annotated[
        str | None, typer.Option(help="Only tasks of this objective (its id, or how it begins).")
    ] = None,
    ended: Annotated[int, typer.Option(min=0, help="How many ended tasks.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """List open tasks and the last ended ones, and why a task waits."""
    import json

    from ganglion.columns import TableColumn, note, say_table
    from nervous_system.phrases import TES, join_list
    from operations.queries.tasks import task_rows

    rows, known = asyncio.run(task_rows(objective, ended))
    if as_json:
        say_json(json.dumps(rows, indent=2))
        return
    if not rows:
        of = f" of objective {objective}" if objective is not None else ""
        say(f"no task{of} is {'known' if ended else 'open'}")
    say_table(
        (
            TableColumn("task", "id"),
            TableColumn("status"),
            TableColumn("action"),
            TableColumn("worker", "name"),
            TableColumn("tries"),
            TableColumn("TES"),
        ),
        [
            (
                row["task_id"],
                row["status"],
                row["action"],
                row["worker_id"] or "-",
                str(row["attempts"]),
                _score(row),
            )
            for row in rows
        ],
        known={"task": known},
    )
    if any("tool_efficacy_score" in row for row in rows):
        note(TES)
    told = {row["task_id"] for row in rows if row.get("waits")}
    because: dict[str, list[str]] = {}
    for row in rows:
        if (sentence := row.get("waits")) and (
            row["held_by"] == row["task_id"] or row["held_by"] not in told
        ):
            because.setdefault(sentence, []).append(row["task_id"])
    for sentence, ids in sorted(because.items(), key=lambda each: -len(each[1]))[:MAX_SENTENCES]:
        say(f"{join_list(ids)} {'waits' if len(ids) == 1 else 'wait'}: {sentence}")


def _score(row: dict[str, Any]) -> str:
    """Of what was never begun the log has one, too: that it took no time and changed nothing."""
    if "tool_efficacy_score" not in row:
        return ""
    return f"{row['tool_efficacy_score']:.0f}" if row["attempts"] else "-"


@app.command()
def add(
    action: Annotated[
        str, typer.Option(help="What a worker is to do, by the name it knows: diagnose.machine …")
    ],
    task_id: Annotated[
        str | None,
        typer.Option("--id", help="Its id, under which it is added once; a new one, if left out."),
    ] = None,
    description: Annotated[str, typer.Option(help="What it is for.")] = "",
    payload: Annotated[
        str | None,
        typer.Option(help="What the action is done with: a JSON object, or @FILE; @- is stdin."),
    ] = None,
    after: Annotated[
        list[str] | None,
        typer.Option(help="Id of a task that must be completed before; repeatable."),
    ] = None,
    skill: Annotated[
        list[str] | None, typer.Option(help="What its worker must be able to do; repeatable.")
    ] = None,
    priority: Annotated[int, typer.Option(min=0, max=10, help="Higher first.")] = 5,
    max_attempts: Annotated[int, typer.Option(min=1, help="How many attempts may fail.")] = 3,
    max_losses: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="How many attempts may be lost with their worker; as many as may fail, if left"
            " out. 0, with one attempt: at most once.",
        ),
    ] = None,
    timeout: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="An attempt that takes longer has failed: 30s, 10m, 2h, 7d."
        ),
    ] = None,
    ttl: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="It expires if it is not done by then: 2h, 7d."),
    ] = None,
    risk: Annotated[
        str,
        typer.Option(
            help="How much harm it could do, which the policy may forbid: safe, experimental or"
            " high-risk."
        ),
    ] = "safe",
    cpu_count: Annotated[
        float, typer.Option(min=0, help="Processors that its machine must have free.")
    ] = 0.0,
    memory_bytes: Annotated[
        int, typer.Option(min=0, help="Memory in bytes that its machine must have free.")
    ] = 0,
    idempotency_key: Annotated[
        str, typer.Option(help="One key for all attempts, for systems that it calls; else its id.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """Add one task without an objective."""
    import json

    from ganglion.durations import parse_duration
    from operations.actions.given_json import given_object
    from operations.actions.tasks import add_task

    step: TaskFields = {
        "action": action,
        "description": description,
        "payload": given_object(_payload_argument(payload), option="--payload") if payload else {},
        "after": after or [],
        "skills": skill or [],
        "priority": priority,
        "max_attempts": max_attempts,
        "risk_tier": _tier(risk),
        "cpu_count": cpu_count,
        "memory_bytes": memory_bytes,
        "idempotency_key": idempotency_key,
    }
    if max_losses is not None:
        step["max_losses"] = max_losses
    if timeout is not None:
        step["attempt_seconds"] = parse_duration(timeout, option="--timeout").total_seconds()
    if ttl is not None:
        step["ttl_seconds"] = parse_duration(ttl, option="--ttl").total_seconds()
    if task_id is not None:
        step["id"] = task_id
    chosen_id, waits = asyncio.run(add_task(step))
    if as_json:
        say_json(json.dumps({"task_id": chosen_id, "waits": waits}))
        return
    say(f"{chosen_id} is added; `ganglion tasks show {shlex.quote(chosen_id)}` shows how it goes")
    if waits:
        say(f"it waits: {waits}")


@app.command()
def show(
    task_id: TaskId,
    all_: Annotated[bool, typer.Option("--all", help="Also every progress report.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Show every step of one task: when, by whom, what, and in which trace."""
    from ganglion.event_line import EventLines
    from nervous_system.phrases import pluralize
    from operations.queries.event_json import json_line
    from operations.queries.tasks import life_of_task

    _, steps, waits = asyncio.run(life_of_task(task_id))
    lines = EventLines(whole=True)
    trace_id = ""
    if as_json:
        for step in steps:
            say_json(json_line(step))
        return
    shown = steps if all_ else _without_most_progress(steps)
    for step in shown:
        lines.event(step)
        if step.event.trace_id != trace_id:
            trace_id = step.event.trace_id
            say(f"{'':>8}  more: ganglion trace {trace_id or step.event.event_id}")
    if hidden := len(steps) - len(shown):
        say(f"{'':>8}  --all shows {pluralize(hidden, 'step')} of progress more")
    if waits:
        say(f"{'':>8}  it waits: {waits}")


@app.command()
def wait(
    task_id: TaskId,
    max_wait: Annotated[
        str | None, typer.Option("--for", metavar="TIME", help="At most: 30s, 10m, 2h, 7d.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Wait until a task has ended, and print its result (exit 0: completed, 1: not)."""
    from enchanted.events.v1.task_pb2 import RESULT_COMPLETED, TaskAcknowledged
    from ganglion.durations import parse_duration
    from ganglion.exit_codes import FAILURE
    from operations.descriptions.table import describe
    from operations.queries.event_json import json_line
    from operations.queries.task_end import task_end

    seconds = (
        parse_duration(max_wait, option="--for").total_seconds() if max_wait is not None else None
    )
    recorded = asyncio.run(task_end(task_id, within_seconds=seconds))
    if recorded is None:
        seen = f"ganglion tasks show {shlex.quote(task_id)}"
        say(f"{task_id} has not ended in {max_wait}; see `{seen}`", err=True)
        raise typer.Exit(FAILURE)
    end = recorded.event.payload
    assert isinstance(end, TaskAcknowledged)
    if as_json:
        say_json(json_line(recorded))
    else:
        say(describe(end))
        if end.output:
            say(end.output)
    if end.result != RESULT_COMPLETED:
        raise typer.Exit(FAILURE)


def _without_most_progress(steps: list[RecordedEvent]) -> list[RecordedEvent]:
    """Of what was said one after the other of its progress, the last."""
    from enchanted.events.v1.task_pb2 import TaskProgressed

    progress = [isinstance(each.event.payload, TaskProgressed) for each in steps]
    return [
        step
        for step, is_progress, goes_on in zip(steps, progress, [*progress[1:], False], strict=True)
        if not (is_progress and goes_on)
    ]


@app.command()
def cancel(task_id: TaskId, reason: Reason = "", yes: Yes = False) -> None:
    """Cancel a task."""
    make_sure("cancel a task of", yes=yes)
    from enchanted.events.v1.task_request_pb2 import ORDER_CANCEL

    _order(task_id, ORDER_CANCEL, reason, "is cancelled")


@app.command()
def quarantine(task_id: TaskId, reason: Reason = "", yes: Yes = False) -> None:
    """Set a task aside: no worker gets it until somebody retries it."""
    make_sure("set a task aside in", yes=yes)
    from enchanted.events.v1.task_request_pb2 import ORDER_QUARANTINE

    _order(task_id, ORDER_QUARANTINE, reason, "is set aside")


@app.command()
def retry(
    task_id: TaskId,
    reason: Reason = "",
    payload: Annotated[
        str | None,
        typer.Option(help="A JSON object to do it with instead, or @FILE; @- is stdin."),
    ] = None,
    yes: Yes = False,
) -> None:
    """Retry a task that failed, and the tasks that were cancelled because of it."""
    make_sure("try a task again in", yes=yes)
    from enchanted.events.v1.task_request_pb2 import ORDER_RETRY
    from operations.actions.given_json import given_object

    given = None if payload is None else _payload_argument(payload)
    given_object(given or "", option="--payload")
    _order(task_id, ORDER_RETRY, reason, "waits again", payload=given)


def _tier(name: str) -> Tier:
    from nervous_system.contract.words import Tier

    tiers: dict[str, Tier] = {each: each for each in get_args(Tier)}
    if name not in tiers:
        raise typer.BadParameter(f"--risk is {name!r}; there are {', '.join(tiers)}")
    return tiers[name]


def _payload_argument(payload: str) -> str:
    """What stands on the command line, or in the file that it names."""
    import sys
    from pathlib import Path

    from nervous_system.errors import BadSetting

    if not payload.startswith("@"):
        return payload
    try:
        if payload == "@-":
            return sys.stdin.read()
        return Path(payload[1:]).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise BadSetting(f"--payload cannot be read: {error}") from error


@app.command()
def restore(
    task_id: TaskId,
    reason: Reason = "",
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
    yes: Yes = False,
) -> None:
    """Restore the files that a task changed; a worker that has the workspace does it."""
    make_sure("take back what a task changed in", yes=yes)
    import json

    from nervous_system.client.restoring import SKILL, restoration
    from nervous_system.ids import new_event_id
    from operations.actions.overseer_client import ask_overseer
    from operations.queries.tasks import is_offered, life_of_task

    task_id, _, _ = asyncio.run(life_of_task(task_id))
    proposal = restoration(
        task_id,
        objective_id=f"restore-{new_event_id()[:8]}",
        reason=reason or "a person asked for it",
        source="cli",
        completed=True,
    )
    asyncio.run(ask_overseer(proposal))
    if as_json:
        say_json(json.dumps({"objective_id": proposal.objective_id}))
    else:
        objective = proposal.objective_id
        typed = shlex.quote(objective)
        say(f"{objective} is added; `ganglion objectives show {typed}` shows how it goes")
        if not asyncio.run(is_offered(SKILL)):
            say(
                "it waits for a worker that has the files at hand: no worker does now;"
                " name their folder in GANGLION_WORKER_WORKSPACE and start one"
            )


def _order(
    task_id: str, order: TaskOrder.ValueType, reason: str, done: str, *, payload: str | None = None
) -> None:
    from enchanted.events.v1.task_request_pb2 import TaskOrdered
    from operations.actions.overseer_client import order_overseer
    from operations.queries.meant import known_task

    task_id = asyncio.run(known_task(task_id))
    ordered = TaskOrdered(task_id=task_id, order=order, reason=reason, payload_json=payload)
    asyncio.run(order_overseer(ordered))
    say(f"{task_id} {done}")
