"""What was in a file of a station, by the chain of its changes on the log?"""

from __future__ import annotations

from dataclasses import dataclass

from enchanted.events.v1.state_change_pb2 import StateChange
from nervous_system.contract.patch import FROM_NOTHING, DoesNotApply, apply_patch
from nervous_system.ids import content_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class StationFile:
    """One file after the last change that was recorded; nothing was, where `event_id` is empty."""

    event_id: str = ""  # of the last link
    hash: str = ""  # of the content
    text: str | None = None  # None: its content is not on the log
    exact: bool = False  # whether `text` is what was recorded, to the letter

    def after(self, event_id: str, change: StateChange) -> StationFile:
        """The file after one more link of its chain."""
        if event_id == self.event_id:
            return self
        diff = change.diff_patch
        before = None if diff.startswith(FROM_NOTHING) else self.text
        text: str | None
        try:
            if change.truncated:
                text = None
            elif diff:
                text = apply_patch(before, diff)
            else:
                text = "" if change.new_state_hash == content_hash("") else before
        except DoesNotApply:
            text = None
        return StationFile(
            event_id=event_id,
            hash=change.new_state_hash,
            text=text,
            exact=text is not None and content_hash(text) == change.new_state_hash,
        )
