"""What does the overseer need from others?"""

from __future__ import annotations

from typing import Protocol

from overseer.plan import Plan, Wanted


class Planner(Protocol):
    """Turns an objective into tasks. It is asked within a decision, so it must be pure: a planner
    that asks a model does so elsewhere and brings the tasks in the objective's metadata."""

    def plan(self, wanted: Wanted, /) -> Plan | str:
        """The plan, or in one sentence why there is none; the same answer for the same question."""
