"""`ganglion rollback`: how does the swarm go back to a checkpoint?"""

from __future__ import annotations

from typing import Annotated

import typer

from ganglion.acting import Yes, make_sure
from ganglion.terminal import say, say_json

app = typer.Typer(add_completion=False)


@app.command()
def rollback(
    checkpoint: Annotated[str, typer.Argument(help="Its id, or its name.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be done, and do nothing.")
    ] = False,
    leave: Annotated[
        bool, typer.Option("--leave", help="Do the rest if some changes cannot be taken back.")
    ] = False,
    reason: Annotated[str, typer.Option(help="Why; recorded on the log.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
    yes: Yes = False,
) -> None:
    """Take back what the swarm did since a checkpoint.

    What was begun is cancelled; files are put back by changes of their own. Nothing is taken off
    the log."""
    import asyncio
    import json

    from operations.actions.rollback import plan_of, roll_back_to

    if dry_run:
        plan, objective_id = asyncio.run(plan_of(checkpoint)), ""
    else:
        make_sure("take back what was done in", yes=yes)
        plan, objective_id = asyncio.run(roll_back_to(checkpoint, leave=leave, reason=reason))
    if as_json:
        said = {"dry_run": dry_run, "would": plan.would(), "left": plan.left}
        say_json(json.dumps({**said, "objective_id": objective_id}))
        return
    if dry_run:
        say("nothing is done; it would be:")
    for sentence in plan.would():
        say(sentence)
    if dry_run and plan.left and not leave:
        say("without --leave it is refused, as some changes cannot be taken back")
    if objective_id:
        say(f"{objective_id} puts files back; `ganglion objectives show {objective_id}` shows how")
