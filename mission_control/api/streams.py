"""How many listen at once, and to what?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import Depends, Query

from mission_control.api.problem import Problem
from mission_control.api.shares import Shares
from nervous_system.contract.payload import KINDS_BY_FIELD
from operations.queries.live_feed import LivePosition

MAX_STREAMS: Final = 200


def streams() -> Shares:
    """Those that are open; each caller has half of them."""
    return Shares(most=MAX_STREAMS, most_of_one=MAX_STREAMS // 2, words="too many listen already")


@dataclass(frozen=True, slots=True)
class LiveFilter:
    """Which events somebody wants to hear of: nothing said is all."""

    kinds: frozenset[str]
    agents: frozenset[str]

    def takes(self, each: LivePosition) -> bool:
        """Whether it is to be sent."""
        return (not self.kinds or each.kind in self.kinds) and (
            not self.agents or each.agent_id in self.agents
        )


def _filter(
    kind: Annotated[list[str] | None, Query(max_length=100)] = None,
    agent: Annotated[list[str] | None, Query(max_length=100)] = None,
) -> LiveFilter:
    return LiveFilter(frozenset(known_kinds(kind)), frozenset(agent or ()))


def known_kinds(given: Sequence[str] | None) -> tuple[str, ...]:
    """Kinds of event that were asked for. Raises Problem for one that there is not."""
    kinds = tuple(dict.fromkeys(given or ()))
    if unknown := [each for each in kinds if each not in KINDS_BY_FIELD]:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, f"no event is of the kind {unknown[0][:60]!r}"
        )
    return kinds


TheFilter = Annotated[LiveFilter, Depends(_filter)]
