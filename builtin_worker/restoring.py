"""How are the files that a task changed, or the swarm since a checkpoint, put back to what they
were before?

Written first and put on record after: an attempt that dies between the two finds the file as it is
to be, and puts that on record. Nothing is written over what somebody else has made of a file.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from builtin_worker.action import ActionContext, ActionProgress, ActionRequest, ActionResult
from builtin_worker.atomic_write import write_atomically
from builtin_worker.protected import PROTECTED
from builtin_worker.tally import ActionTally
from builtin_worker.task_changes import Changed, NoWayBack, Text, changed_by, changed_since
from builtin_worker.thread import in_thread
from nervous_system.client.agent import Agent, Receipt
from nervous_system.client.finding_workspace import find_workspace
from nervous_system.client.workspace import Workspace
from nervous_system.contract.resource import FILE_SYSTEM
from nervous_system.errors import Permanent, Transient
from nervous_system.failpoint import failpoint
from nervous_system.ids import content_hash
from nervous_system.phrases import pluralize


async def restore_task(
    job: ActionRequest, place: ActionContext, progress: ActionProgress
) -> ActionResult:
    """Take back what the task `task_id` changed, in the workspace and on record.

    Raises Permanent, with every file that had to be left and why, where one had to be.
    """
    task_id = job.text_argument("task_id")
    reason = job.text_argument("reason", default="somebody asked for it")

    async def changed(*, even_completed: bool) -> list[Changed]:
        return await changed_by(place.bus, task_id, even_completed=even_completed)

    return await _take_back(
        place,
        progress,
        f"task {task_id} changed",
        first=partial(changed, even_completed=job.payload.get("completed") is True),
        again=partial(changed, even_completed=True),
        reason=reason,
    )


async def restore_checkpoint(
    job: ActionRequest, place: ActionContext, progress: ActionProgress
) -> ActionResult:
    """Take back what the swarm changed since the `position` of the log that was created at
    `log_created`. With `leave`, what cannot be taken back by what the log says of it is left.
    Raises as `restore_task`.
    """
    reason = job.text_argument("reason", default="somebody asked for it")
    position = job.integer_argument("position", default=0, min_value=0, max_value=2**63)
    leave = job.payload.get("leave") is True
    if (await place.bus.stream.state()).created != job.text_argument("log_created"):
        raise Permanent("the log was begun anew since: it does not say what was changed")

    async def changed() -> list[Changed]:
        every = await changed_since(place.bus, position)
        return [each for each in every if not (leave and each.obstacle)]

    changes = f"the swarm changed since position {position:,}"
    return await _take_back(place, progress, changes, first=changed, again=changed, reason=reason)


async def _take_back(
    place: ActionContext,
    progress: ActionProgress,
    changes: str,  # who changed, and when: for sentences
    *,
    first: Callable[[], Awaitable[list[Changed]]],
    again: Callable[[], Awaitable[list[Changed]]],  # what is left of it then
    reason: str,
) -> ActionResult:
    folder = place.workspace
    if folder is None:
        raise Permanent(
            f"what {changes} cannot be taken back here: this worker has no files at hand; name"
            " their folder in GANGLION_WORKER_WORKSPACE"
        )
    workspace = await find_workspace(place.workspace_name, folder=folder)
    await progress(0.0, "reading what was changed")
    every = await first()
    tally = ActionTally("Files")
    if not every:
        tally.lines.append(f"Nothing is left of what {changes}, if anything.")
        return _result_of(changes, tally)
    decision = await place.agent.decide(rationale=reason, chosen=f"take back what {changes}")
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
            f"of {pluralize(len(every), 'resource')} that {changes}, {len(tally.left)} could not be"
            f" put back: {left}"
        )
    if await again():
        raise Transient(f"what {changes} grew while it was taken back: somebody still works on it")
    return _result_of(changes, tally)


def _result_of(changes: str, tally: ActionTally) -> ActionResult:
    return ActionResult.within_limits(
        f"# Taken back: what {changes}\n\n{tally.section.markdown}",
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
        raise NoWayBack(changed.obstacle)
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
