"""What does a function return that was asked for something, and says why there is none?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Refusal:
    """Every reason there is, a sentence each; at least one."""

    reasons: tuple[str, ...]

    @classmethod
    def because(cls, *reasons: str) -> Self:
        """For these reasons."""
        return cls(reasons)

    def __str__(self) -> str:
        return "; ".join(self.reasons)
