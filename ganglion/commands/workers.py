"""`ganglion workers`: who is there to do tasks, and what does each do now?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ganglion.nouns import noun
from ganglion.terminal import say, say_json

if TYPE_CHECKING:
    from operations.queries.workers import KnownWorker

app = noun("Show the workers, and what each does now.")


@app.command("list")
def list_(
    as_json: Annotated[bool, typer.Option("--json", help="As a JSON list.")] = False,
) -> None:
    """List workers: host, skills, current task, or why it takes none."""
    import asyncio
    import json

    from ganglion.columns import TableColumn, say_table
    from operations.queries.workers import every_worker

    every = asyncio.run(every_worker())
    if as_json:
        say_json(json.dumps([each.document() for each in every], indent=2))
        return
    if not every:
        say(
            "no worker is there to do tasks; examples/first_worker.py is one, and `ganglion up`"
            " starts one, too"
        )
    say_table(
        (
            TableColumn("worker", "id"),
            TableColumn("status"),
            TableColumn("where", "name", max_width=32),
            TableColumn("tasks"),
            TableColumn("skills"),
            TableColumn("what it does now, and can do", "text"),
        ),
        [_row(each) for each in every],
    )


def _row(worker: KnownWorker) -> tuple[str, ...]:
    doing = ", ".join(
        f"{each.task_id} ({each.action}{f', attempt {each.attempt}' if each.attempt > 1 else ''})"
        for each in worker.tasks
    )
    can = f"does {', '.join(worker.actions)}" if worker.actions else "does not say which actions"
    return (
        worker.worker_id,
        worker.status,
        f"{worker.host or '?'}:{worker.pid}",
        f"{len(worker.tasks)} of {worker.max_concurrent_tasks}",
        ", ".join(worker.skills) or "-",
        "; ".join(filter(None, (doing and f"has {doing}", worker.why, can))),
    )
