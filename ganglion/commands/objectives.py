"""`ganglion objectives`: what is the swarm to achieve?"""

from __future__ import annotations

import asyncio
import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from ganglion.acting import Yes, make_sure
from ganglion.nouns import noun
from ganglion.terminal import say, say_json

if TYPE_CHECKING:
    from enchanted.events.v1.objective_pb2 import ObjectiveProposed

app = noun("Add, list, approve and cancel objectives.")

ObjectiveId = Annotated[str, typer.Argument(help="The objective's id, or how it begins.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]


@app.command()
def add(
    description: Annotated[
        str | None, typer.Argument(help="What to achieve; if left out, the file says it.")
    ] = None,
    priority: Annotated[
        int | None, typer.Option(min=0, max=10, help="Higher first; 5, or what the file says.")
    ] = None,
    objective_id: Annotated[
        str | None, typer.Option("--id", help="Its id; a new one, if not given.")
    ] = None,
    plan: Annotated[str | None, typer.Option(help="Name of a plan of the catalogue.")] = None,
    tasks: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="YAML or JSON with its tasks (docs/reference/plan.schema.json); - is stdin.",
        ),
    ] = None,
    metadata: Annotated[
        str | None, typer.Option(help='A JSON object; its "tasks" are taken as they are.')
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be done, and record nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Add an objective; it is planned at once."""
    import json

    from nervous_system.client.proposing import USUAL_PRIORITY, objective
    from nervous_system.errors import Rejected
    from nervous_system.ids import new_event_id
    from operations.actions.given_json import given_object
    from operations.actions.overseer_client import ask_overseer
    from operations.actions.plan_file import PlanFile
    from operations.queries.objectives import what_follows, why_it_waits

    given = given_object(metadata or "", option="--metadata")
    if tasks is not None and (plan is not None or "tasks" in given):
        raise typer.BadParameter("--tasks names the tasks: no --plan, and none in --metadata")
    file = PlanFile.at(tasks) if tasks is not None else None
    if plan is not None:
        given = {**given, "plan": plan}
    if file is not None:
        given = {**given, "tasks": file.tasks}
        description = description or file.plan.description
        priority = file.plan.priority if priority is None else priority
        objective_id = objective_id or file.plan.id
    if not description:
        raise typer.BadParameter("say what is to be achieved: DESCRIPTION, or in the file")
    chosen_id = objective_id or f"objective-{new_event_id()[:8]}"
    proposal = objective(
        description,
        objective_id=chosen_id,
        priority=USUAL_PRIORITY if priority is None else priority,
        metadata=given,
        source="cli",
    )
    try:
        if dry_run:
            _suppose(proposal, as_json=as_json)
            return
        asyncio.run(ask_overseer(proposal))
    except Rejected as error:
        if file is None:
            raise
        reasons = [file.with_place(each, objective_id=chosen_id) for each in error.reasons]
        raise Rejected(reasons) from error
    waits = asyncio.run(why_it_waits(chosen_id))
    if as_json:
        say_json(json.dumps({"objective_id": chosen_id, "waits": waits}))
    else:
        say(f"{chosen_id} {asyncio.run(what_follows(chosen_id))}")
        if waits:
            say(f"it waits: {waits}")


def _suppose(proposal: ObjectiveProposed, *, as_json: bool) -> None:
    """Say what would become of it. Raises Rejected if it would be."""
    import json

    from ganglion.columns import TableColumn, say_table
    from nervous_system.errors import Rejected
    from operations.queries.dry_run import run_supposed

    found = asyncio.run(run_supposed(proposal))
    if as_json:
        say_json(json.dumps(found.document(), indent=2))
    if found.reasons:
        raise Rejected(found.reasons)
    if as_json:
        return
    say(f"nothing is recorded; {found.sentence()}")
    said = found.waits_for_approval  # why all of them wait
    say_table(
        (
            TableColumn("task", "id"),
            TableColumn("action"),
            TableColumn("risk"),
            TableColumn("it would wait", "text"),
        ),
        [
            (each.task_id, each.action, each.risk_tier, "" if said else each.waits)
            for each in found.tasks
        ],
    )


@app.command()
def approve(
    objective_id: ObjectiveId,
    reason: Annotated[str, typer.Option(help="Why it may be done.")] = "",
    yes: Yes = False,
) -> None:
    """Approve a plan that waits for a person."""
    make_sure("approve an objective of", yes=yes)
    from enchanted.events.v1.objective_pb2 import ObjectiveApproved
    from operations.actions.overseer_client import order_overseer
    from operations.queries.meant import known_objective

    objective_id = asyncio.run(known_objective(objective_id))
    asyncio.run(order_overseer(ObjectiveApproved(objective_id=objective_id, reason=reason)))
    say(f"{objective_id} is approved")


@app.command()
def cancel(
    objective_id: ObjectiveId,
    reason: Annotated[str, typer.Option(help="Why it is cancelled.")] = "",
    yes: Yes = False,
) -> None:
    """Cancel an objective with all its tasks; this also rejects a plan that waits."""
    make_sure("cancel an objective of", yes=yes)
    from enchanted.events.v1.task_request_pb2 import ORDER_CANCEL, TaskOrdered
    from nervous_system.errors import NotDone
    from operations.actions.overseer_client import order_overseer
    from operations.queries.meant import known_objective
    from operations.queries.objectives import how_it_ended

    objective_id = asyncio.run(known_objective(objective_id))
    order = TaskOrdered(objective_id=objective_id, order=ORDER_CANCEL, reason=reason)
    asyncio.run(order_overseer(order))
    if how := asyncio.run(how_it_ended(objective_id)):
        raise NotDone(f"{objective_id} had ended already: {how}")
    say(f"{objective_id} is cancelled")


@app.command("list")
def list_objectives(
    all_: Annotated[
        bool, typer.Option("--all", help="Also those that have ended and are still on the log.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show the objectives that have not ended, the most urgent first."""
    import json

    from ganglion.columns import TableColumn, say_table
    from nervous_system.phrases import pluralize
    from operations.queries.objectives import every_objective

    every = asyncio.run(every_objective())
    found = [each for each in every if all_ or each.is_open]
    if as_json:
        say_json(json.dumps([each.document() for each in found], indent=2))
        return
    if not found:
        say(
            "no objective is on the log; `ganglion objectives add` adds one"
            if all_
            else "no objective is open; --all shows what ended"
        )
    columns = (
        TableColumn("objective", "id"),
        TableColumn("priority"),
        TableColumn("status"),
        TableColumn("plan"),
        TableColumn("open tasks"),
        TableColumn("what it is, and what came of it", "text"),
    )
    rows = [
        (
            each.objective_id,
            str(each.priority),
            each.status,
            each.plan or "-",
            str(len(each.open_tasks)),
            f"{each.description}; {each.summary}" if each.summary else each.description,
        )
        for each in found
    ]
    say_table(columns, rows, known={"objective": [each.objective_id for each in every]})
    waiting = sum(each.waits_for_approval for each in found)
    if waiting:
        say(
            f"{pluralize(waiting, 'objective')} waiting for a person: `ganglion objectives show ID`"
            " shows what would be done, `ganglion objectives approve ID` says yes"
        )


@app.command()
def show(objective_id: ObjectiveId, as_json: AsJson = False) -> None:
    """Show one objective: its tasks, who approved it and why, and how it ended."""
    import json

    from ganglion.columns import TableColumn, say_table
    from nervous_system.errors import BadSetting
    from nervous_system.phrases import moment, with_reason
    from operations.queries.meant import closest_id
    from operations.queries.objectives import every_objective

    found = {each.objective_id: each for each in asyncio.run(every_objective())}
    each = found.get(closest_id(objective_id, found, noun="objective"))
    if each is None:
        raise BadSetting(
            f"the log has no objective {objective_id}; `ganglion objectives list --all` lists those"
            " it has"
        )
    if as_json:
        say_json(json.dumps(each.document(), indent=2))
        return
    say(f"{each.objective_id}: {each.status}, priority {each.priority}, brought by {each.brought}")
    say(f"  {each.description}")
    say(f"  added {moment(each.added_at)}")
    if each.plan:
        say(f"  plan {each.plan}{with_reason(each.rationale)}")
    if each.approved is not None:
        say(f"  approved by {each.approved.sentence()}")
    if each.called_off is not None:
        say(f"  called off by {each.called_off.sentence()}")
    if each.ended_at is not None:
        say(f"  ended {moment(each.ended_at)}{with_reason(each.summary)}")
    if each.waits_for_approval:
        typed = shlex.quote(each.objective_id)
        say(f"  it waits for a person: `ganglion objectives approve {typed}`")
    if each.waits:
        say(f"  it waits: {each.waits}")
    say_table(
        (
            TableColumn("task", "id"),
            TableColumn("status"),
            TableColumn("worker", "name"),
            TableColumn("action"),
        ),
        [(task.task_id, task.status, task.worker_id or "-", task.action) for task in each.tasks],
    )
