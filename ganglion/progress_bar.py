"""How far is it? A line on stderr that moves, on a terminal; elsewhere nothing."""

from __future__ import annotations

import sys
from typing import Any

from rich.console import Console  # noqa: TID251 - shows visible() texts
from rich.progress import Progress, ProgressColumn, TaskID, TextColumn

from nervous_system.visible import visible


class ProgressBar(Progress):
    """What it is about may have come from outside, so it is text and no markup."""

    def tell(self, sentence: str) -> None:
        """A line on stderr that stays, above the bar where one is shown."""
        self.console.print(visible(sentence), markup=False, highlight=False, soft_wrap=True)

    def add_task(self, description: str, *arguments: Any, **fields: Any) -> TaskID:
        return super().add_task(visible(description), *arguments, **fields)

    def update(self, task_id: TaskID, **fields: Any) -> None:
        if isinstance(description := fields.get("description"), str):
            fields["description"] = visible(description)
        super().update(task_id, **fields)


def progress_bar(
    *columns: ProgressColumn, quiet: bool, refresh_per_second: float = 4
) -> ProgressBar:
    """A bar of these columns that is gone when its block ends; `quiet` shows none on a terminal
    either.
    """
    for column in columns:
        if type(column) is TextColumn:  # those derived from it have a markup of their own
            column.markup = False
    return ProgressBar(
        *columns,
        console=Console(stderr=True),
        disable=quiet or not sys.stderr.isatty(),  # else it leaves an empty line in a pipe
        refresh_per_second=refresh_per_second,
        transient=True,
    )
