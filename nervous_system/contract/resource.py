"""What can an agent change?

A resource of some type, and how its two states become a link of its chain.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from enchanted.events.v1.state_change_pb2 import StateChange
from nervous_system.contract.diff import unified_diff
from nervous_system.contract.subjects import resource_key
from nervous_system.ids import content_hash

FILE_SYSTEM: Final = "FILE_SYSTEM"
"""The type of files."""

Content = bytes | str | None
"""A resource's whole content; None when it does not exist."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource that has states.

    The workspace, the type and the name are its identity.
    """

    type: str
    name: str
    workspace: str | None = None  # None: that of who changes it; empty: none

    @classmethod
    def file(cls, path: str) -> Resource:
        """A file, by its path in the workspace of who changes it."""
        return cls(FILE_SYSTEM, path)

    @classmethod
    def variable(cls, name: str) -> Resource:
        """An environment variable."""
        return cls("ENV_VAR", name)

    @property
    def key(self) -> str:
        """Its token in subjects."""
        return resource_key(self.type, self.name, workspace=self.workspace or "")

    def link(self, *, before: Content, after: Content, max_bytes: int) -> StateChange:
        """The change from one content to the other; without its diff where that is larger than
        `max_bytes`."""
        change = StateChange(
            target_type=self.type,
            target_resource=self.name,
            previous_state_hash=content_hash(before),
            new_state_hash=content_hash(after),
            workspace=self.workspace or "",
        )
        patch = self._patch(before, after)
        if patch is None or len(patch.encode()) > max_bytes:
            change.truncated = True
        else:
            change.diff_patch = patch
            # A name with a line break in it is not what the patch's headers say.
            change.is_reversible = self.type == FILE_SYSTEM and self.name.isprintable()
        return change

    def external_link(self, *, recorded_hash: str, found: Content) -> StateChange:
        """What somebody outside did between the last link and now; nobody saw it, so there is no
        diff."""
        return StateChange(
            target_type=self.type,
            target_resource=self.name,
            previous_state_hash=recorded_hash,
            new_state_hash=content_hash(found),
            truncated=True,
            external=True,
            workspace=self.workspace or "",
        )

    def _patch(self, before: Content, after: Content) -> str | None:
        try:
            old, new = _text(before), _text(after)
        except UnicodeDecodeError:
            return None
        if self.type == FILE_SYSTEM:
            return unified_diff(old, new, path=self.name)
        return json.dumps(new)


def _text(content: Content) -> str | None:
    return content.decode() if isinstance(content, bytes) else content
