"""How are the files that a task changed put back to what they were before it?

Written first and put on record after: an attempt that dies between the two finds the file as it is
to be, and puts that on record. Nothing is written over what somebody else has made of a file.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from builtin_worker.action import ActionContext, ActionProgress, ActionRequest, ActionResult
from builtin_worker.atomic_write import write_atomically
from builtin_worker.protected import PROTECTED
from builtin_worker.tally import ActionTally
from builtin_worker.task_changes import Changed, NoWayBack, Text, changed_by
from builtin_worker.thread import in_thread
from nervous_system.client.agent import Agent, Receipt
from nervous_system.client.finding_workspace import find_workspace
from nervous_system.client.workspace import Workspace
from nervous_system.contract.resource import FILE_SYSTEM
from nervous_system.errors import Permanent, Transient
from nervous_system.failpoint import failpoint
from nervous_system.ids import content_hash


async def restore_task(
    job: ActionRequest, place: ActionContext, progress: ActionProgress
) -> ActionResult:
    """Take back what the task `task_id` changed, in the workspace and on record.

    Raises Permanent, with every file that had to be left and why, where one had to be.
    """
    task_id = job.text_argument("task_id")
    reason = job.text_argument("reason", default="somebody asked for it")
    folder = place.workspace
    if folder is None:
        raise Permanent(
            f"what task {task_id} changed cannot be taken back here: this worker has no files at"
            " hand; name their folder in GANGLION_WORKER_WORKSPACE"
        )
    workspace = await find_workspace(place.workspace_name, folder=folder)
    await progress(0.0, "reading what it changed")
    every = await changed_by(
        place.bus, task_id, even_completed=job.payload.get("completed") is True
    )
    tally = ActionTally("Files")
    if not every:
        tally.lines.append(f"Nothing is left of what task {task_id} changed, if it did.")
        return _result_of(task_id, tally)
    decision = await place.agent.decide(
        rationale=reason, chosen=f"take back what task {task_id} changed"
    )
    for number, changed in enumerate(reversed(every)):
        name = changed.target.name
        await progress(number / len(every), name)
        try:
            put_back = partial(_put_back, folder, workspace, changed)
            after = await _restore(place.agent, put_back, changed, decision)
        except (NoWayBack, OSError, ValueError) as why:
            tally.leave(name, str(why))
        else:
            tally.done(Path(name), "removed" if after is None else "as it was before")
    if tally.left:
        left = "; ".join(f"{name}: {why}" for name, why in tally.left)
        raise Permanent(
            f"of {len(every)} resources that task {task_id} changed, {len(tally.left)} could not"
            f" be put back: {left}"
        )
    if await changed_by(place.bus, task_id, even_completed=True):
        raise Transient(f"task {task_id} was still worked on while it was taken back")
    return _result_of(task_id, tally)


def _result_of(task_id: str, tally: ActionTally) -> ActionResult:
    return ActionResult.within_limits(
        f"# What task {task_id} changed, taken back\n\n{tally.section.markdown}",
        changed_files=tally.changed_files,
        notes=[f"files put back: {len(tally.changed_files)}"],
    )


async def _restore(
    agent: Agent, put_back: Callable[[], tuple[Text, Text]], changed: Changed, decision: Receipt
) -> Text:
    before, after = await in_thread(lambda _: put_back())
    failpoint("restore.before_record")
    await agent.change(changed.target, before=before, after=after, because=decision)
    return after


def _put_back(folder: Path, workspace: Workspace, changed: Changed) -> tuple[Text, Text]:
    """What the file was until now, and what it is. Raises NoWayBack, OSError."""
    path = _file_of(folder, workspace, changed)
    try:
        found: Text = path.read_bytes().decode()
    except FileNotFoundError:
        found = None
    except UnicodeDecodeError:
        raise NoWayBack("it is no text any more") from None
    if content_hash(found) == changed.hash_before:
        return changed.after(found), found  # by an attempt that died before it said so
    if content_hash(found) != changed.hash_now:
        raise NoWayBack("somebody has changed it since, and did not put that on record")
    before = changed.before(found)
    if before is None:
        path.unlink()
    else:
        write_atomically(path, before.encode())
    return found, before


def _file_of(folder: Path, workspace: Workspace, changed: Changed) -> Path:
    target = changed.target
    if target.type != FILE_SYSTEM:
        raise NoWayBack(f"only files are put back, and this is {target.type}")
    root = start = folder.resolve()
    if target.workspace:  # without one, the name of a file starts at the folder
        if target.workspace != workspace.name:
            named = workspace.name or "no workspace"
            raise NoWayBack(f"it is in {target.workspace}, and the files here are in {named}")
        start = workspace.root or root
    path = Path(os.path.normpath(start / target.name))
    if not path.is_relative_to(root) or path.parent.resolve() != path.parent:
        raise NoWayBack(f"it does not lie in {folder}, or it lies behind a link")
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise NoWayBack("it is no regular file")
    if path.name in PROTECTED:
        raise NoWayBack("the swarm is governed by it; only people change it")
    return path
