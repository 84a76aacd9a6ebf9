"""How does a person see that something is going on? A bar with what is being measured."""

from __future__ import annotations

from typing import Protocol

from rich.progress import Progress, TaskID


class ProgressDisplay(Protocol):
    """Told what happens. Must not raise and must not wait."""

    def expect(self, steps: int) -> None:
        """So many steps more will be done."""

    def step(self, what: str) -> None:
        """One begins."""

    def done(self) -> None:
        """It ended."""


class Bar:
    """On a terminal, or nowhere."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._steps = 0
        self._task: TaskID = progress.add_task("starting", total=None)

    def expect(self, steps: int) -> None:
        self._steps += steps
        self._progress.update(self._task, total=self._steps)

    def step(self, what: str) -> None:
        self._progress.update(self._task, description=what)

    def done(self) -> None:
        self._progress.advance(self._task)
