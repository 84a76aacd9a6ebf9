"""Who asks, and what may they do?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

Scope = Literal["viewer", "operator", "admin"]
"""Each may do what the one before may: look; change what the swarm does; change who gets in."""

SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who was let in. `name` stands in each event that follows from what they do."""

    name: str
    scope: Scope

    def may(self, scope: Scope) -> bool:
        """Whether they may do what needs this scope."""
        return SCOPES.index(self.scope) >= SCOPES.index(scope)
