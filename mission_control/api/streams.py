"""How many listen at once, and to what?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import Depends, Query

from mission_control.api.problem import Problem
from nervous_system.contract.payload import KINDS_BY_FIELD
from operations.queries.live_feed import LivePosition

MAX_STREAMS: Final = 200


class Streams:
    """Those that are open."""

    def __init__(self, max_open: int = MAX_STREAMS) -> None:
        self._max_open = max_open
        self._open = 0

    @property
    def open(self) -> int:
        """How many are."""
        return self._open

    def check(self) -> None:
        """Raises Problem if there is no room for another one."""
        if self._open >= self._max_open:
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, f"{self._max_open} listen already")

    @contextmanager
    def one(self) -> Iterator[None]:
        """While it is open. Raises as `check`."""
        self.check()
        self._open += 1
        try:
            yield
        finally:
            self._open -= 1


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
