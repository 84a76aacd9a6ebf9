"""How does one attempt at a task end on the log, whatever the task's code does?

The code is a stranger's (`end.py`). How it ended is said until somebody has heard it.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Final

import structlog

from nervous_system import names
from nervous_system.client.claimed_task import ClaimedTask, LeaseLost, ResultFields
from nervous_system.client.end import CancelledByOverseer, End, end_of
from nervous_system.contract.given import Given
from nervous_system.contract.truncation import truncate_middle
from nervous_system.contract.words import TaskOutcome
from nervous_system.error_text import error_text, error_words, raised_at, said_by
from nervous_system.errors import GanglionError, Permanent, Transient
from nervous_system.telemetry.log import is_set_up
from nervous_system.telemetry.semantic_names import WORKER_ID
from nervous_system.telemetry.task_attributes import task_attributes
from nervous_system.telemetry.tracing import AttributeValue, Tracer

_log = structlog.get_logger()

AGAIN_SECONDS: Final = 0.5
"""Between two tries to say an end that nobody acknowledged."""

MAX_LOGGED_CHARACTERS: Final = 500
"""Of a reason; the whole of it stands on the log of the mesh."""

Do = Callable[[ClaimedTask], Awaitable[object]]
"""Does one task. It may finish it itself; where it has not, returning completes it, with what it
returns as its output: a text, or JSON of anything else. What it raises fails the attempt."""

Table = Mapping[str, Do]
"""The functions of a worker, by the actions that they do."""


def by_action(table: Table) -> Do:
    """One that hands each task to the function of its action. Raises InvalidEvent."""
    given = Given()
    given.texts("actions", list(table))
    if not table:
        given.problems.append("the table has no action, and its worker nothing to do")
    given.problems += [
        f"what does {str(action)[:40]!r} is of type {type(does).__name__}: it has to be a function"
        for action, does in table.items()
        if not callable(does)
    ]
    given.check()
    functions = dict(table)

    def do(task: ClaimedTask) -> object:
        does = functions.get(task.action)
        if does is None:
            known = ", ".join(sorted(functions))
            raise Permanent(f"its worker does {known}, and was given {task.action!r}")
        return does(task)

    return do  # type: ignore[return-value]  # what is no coroutine is its end


async def attempt(do: Do, task: ClaimedTask, slots: asyncio.Semaphore, tracer: Tracer) -> None:
    """Do the task when there is a slot, and say how that ended. Cancelled, it cancels the code,
    waits for it, and says nothing: that is left to whoever cancelled it. Raises nothing else.

    What is called off, or takes longer than an attempt may, is cancelled, and its slot is free when
    it has ended, or after `ENDS_WITHIN_SECONDS` all the same."""
    destination = f"{names.EVENTS}.task.{task.action}"
    end = End()
    try:
        async with slots:
            try:
                with tracer.span(
                    "work",
                    destination,
                    attributes=_attributes(task) if tracer.recording else None,
                    parent=task.grant.traceparent or None,
                ) as span:
                    task.traceparent = span.traceparent
                    end = await end_of(
                        partial(do, task),
                        off=task.cancellation,
                        max_seconds=task.grant.manifest.attempt_seconds,
                    )
                    if end.error is not None:
                        raise end.error  # so that the span has failed
            except BaseException as error:
                if error is not end.error:
                    if isinstance(error, asyncio.CancelledError):
                        raise
                    end = End(error=error)  # ours: the attempt has an end all the same
        if end.error is not None:
            _log_error(task, end.error)
        if task.holder.holds(task):
            await _say(task, end)
    finally:
        end = End()  # whose error holds this frame: as a circle they would outlive all of this
        task.holder.drop(task)


def _attributes(task: ClaimedTask) -> dict[str, AttributeValue]:
    return {WORKER_ID: task.worker_id, **task_attributes(task.grant)}


def _log_error(task: ClaimedTask, error: BaseException) -> None:
    if isinstance(error, CancelledByOverseer):
        _log.info("worker.called_off", task_id=task.task_id, reason=str(error))
    elif isinstance(error, LeaseLost):
        _log.warning("worker.lease_lost", task_id=task.task_id, reason=str(error))
    else:
        reason = truncate_middle(_reason(error), max_characters=MAX_LOGGED_CHARACTERS)
        traced = not isinstance(error, GanglionError)  # whose sentence says all there is
        # Where nobody has set up a log this is printed, and one line will do.
        more = {"exception": error_text(error)} if traced and is_set_up() else {}
        where = {"at": raised_at(error)} if traced else {}
        _log.error("worker.task_failed", task_id=task.task_id, reason=reason, **where, **more)


async def _say(task: ClaimedTask, end: End) -> None:
    """Until it is acknowledged, or counts for nothing: what is done is not done again because
    nobody was there to hear of it."""
    how, said = _words(end)
    say = (
        task.report_again if task.pending_report is not None else partial(task.finish, how, **said)
    )
    while True:
        try:
            await say()
        except LeaseLost as error:
            if how != "cancelled":  # which is said of what is lost
                _log_error(task, error)
        except Transient as error:
            _log.warning("worker.result_not_heard", task_id=task.task_id, reason=str(error))
            say = task.report_again
            await asyncio.sleep(AGAIN_SECONDS)
            continue
        except Exception as error:  # noqa: BLE001 - its lease will run out
            _log.error("worker.result_not_taken", task_id=task.task_id, reason=_reason(error))
        return


def _words(end: End) -> tuple[TaskOutcome, ResultFields]:
    """What to say of an end of which the code itself said nothing."""
    if isinstance(end.error, CancelledByOverseer):
        return "cancelled", {"notes": _reason(end.error)}
    if end.error is not None:
        return "failed", {"notes": _reason(end.error)}
    returned = end.returned
    try:
        if any(is_begun(returned) for is_begun in _BEGUN):
            kind = type(returned).__name__
            return "failed", {"notes": f"it returned a {kind} that nobody awaits: it was not done"}
        return "completed", {"output": _output(returned)}
    except Exception as error:  # noqa: BLE001 - it is done all the same: once more would not help
        return "completed", {"notes": f"its output is left out: {_reason(error)}"}


_BEGUN: Final = (inspect.isawaitable, inspect.isasyncgen, inspect.isgenerator)


def _output(returned: object) -> str:
    """Raises Permanent, and whatever an odd object raises when it is looked at."""
    if returned is None or isinstance(returned, str):
        return "" if returned is None else returned
    given = Given()
    text = given.json("what it returned", returned)
    if given.problems:
        raise Permanent(given.problems[0])
    return text


def _reason(error: BaseException) -> str:
    if isinstance(error, GanglionError):
        said = said_by(error)  # a sentence; one without any is told by its name
        return said if said.strip() else error_words(error)
    if isinstance(error, asyncio.CancelledError):
        return f"{error_words(error)}: it was cancelled from within, and not by its worker"
    return error_words(error)
