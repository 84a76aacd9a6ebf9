"""
Which ids do imported events get?

Derived from the content of the source, never from its place or the day.
"""

from __future__ import annotations

from dataclasses import dataclass

from nervous_system.ids import child_id


@dataclass(frozen=True, slots=True)
class Origin:
    """
    One piece of a source that never changes: a trajectory's bytes, a git commit.

    `cause` names it for ever, e.g. `git:<commit id>`. What is derived here is the same on every
    machine.
    """

    cause: str

    def event_id(self, label: str) -> str:
        """The id of the event that `label` tells from the others of this origin."""
        return child_id(self.cause, label)

    @property
    def trace_id(self) -> str:
        """
        One W3C trace per origin.

        32 hex digits, never all zero because a UUID's version is in them.
        """
        return child_id(self.cause, "trace").replace("-", "")

    def span_id(self, label: str) -> str:
        """One W3C span per step: 16 hex digits, never all zero for the same reason."""
        return child_id(self.cause, f"span {label}").replace("-", "")[:16]
