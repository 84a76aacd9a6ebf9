"""What is one line of the table? A figure, what it was made of, and whether it meets its target."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from nervous_system.errors import StartFailed

Unit = Literal["x", "%", "MB", "s", "ms", "µs", "/M"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured value."""

    name: str  # such as `ingest.plain`
    what: str  # what is compared, for a person
    value: float | None  # None: it could not be measured; `detail` says why
    unit: Unit
    target: float | None  # None: shown for information
    at_least: bool  # whether more is better
    detail: str  # the two sides in absolute numbers, and how far the rounds lay apart
    failed: bool = False  # measuring it was tried and did not work; `detail` says why

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None where there is none, or nothing was measured."""
        if self.failed:
            return False
        if self.target is None or self.value is None:
            return None
        return self.value >= self.target if self.at_least else self.value <= self.target

    @property
    def verdict(self) -> str:
        """In a word."""
        if self.failed:
            return "FAILED"
        return {True: "met", False: "MISSED", None: ""}[self.met]

    @property
    def shown(self) -> str:
        """The value with its unit."""
        return shown(self.value, self.unit) if self.value is not None else "—"

    @property
    def shown_target(self) -> str:
        """The target with its sign and unit, empty where there is none."""
        if self.target is None:
            return ""
        return f"{'≥' if self.at_least else '≤'} {shown(self.target, self.unit)}"


def shown(value: float, unit: Unit) -> str:
    """A value as a person reads it."""
    digits = 0 if unit == "MB" or value >= 100 else 1 if value >= 10 else 2
    return f"{value:.{digits}f} {unit}"


async def measured(
    name: str, what: str, measure: Callable[[], Awaitable[list[Figure]]]
) -> list[Figure]:
    """The figures of one part of a run; where it fails, one that says why, and the run goes on."""
    try:
        return await measure()
    except (StartFailed, TimeoutError) as error:
        return [not_measured(name, what, str(error) or type(error).__name__, failed=True)]


def not_measured(name: str, what: str, reason: str, *, failed: bool = False) -> Figure:
    """A figure without a value, and why."""
    return Figure(
        name=name,
        what=what,
        value=None,
        unit="x",
        target=None,
        at_least=True,
        detail=reason,
        failed=failed,
    )
