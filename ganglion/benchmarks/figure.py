"""What is one line of the table? A figure, what it was made of, and whether it meets its target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Unit = Literal["x", "%", "MB", "s", "ms"]


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

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None where there is none, or nothing was measured."""
        if self.target is None or self.value is None:
            return None
        return self.value >= self.target if self.at_least else self.value <= self.target

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
