"""Which function does a task, where a worker has one for each action?"""

from __future__ import annotations

from collections.abc import Mapping

from nervous_system.client.attempt import Do
from nervous_system.client.held_task import HeldTask
from nervous_system.contract.given import Given
from nervous_system.errors import Permanent

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

    def do(task: HeldTask) -> object:
        does = functions.get(task.action)
        if does is None:
            known = ", ".join(sorted(functions))
            raise Permanent(f"its worker does {known}, and was given {task.action!r}")
        return does(task)

    return do  # type: ignore[return-value]  # what is no coroutine is its end
