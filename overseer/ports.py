"""What does the overseer need from others?"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Protocol

from nervous_system.refusal import Refusal
from overseer.plan import ObjectivePlan, PlanningRequest


class Phases(Protocol):
    """Watches a pulse go through its phases; it has no say in what is decided."""

    def __call__(self, name: str, /) -> AbstractContextManager[Any]:
        """Entered at the beginning of `reflect`, `plan`, `act` or `critique`, left at its end."""


class Planner(Protocol):
    """Turns an objective into tasks. It is asked within a decision, so it must be pure: a planner
    that asks a model does so elsewhere and brings the tasks in the objective's metadata."""

    def plan(self, wanted: PlanningRequest, /) -> ObjectivePlan | Refusal:
        """The plan, or why there is none; the same answer for the same question."""
