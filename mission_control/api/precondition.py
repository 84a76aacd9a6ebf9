"""Is what somebody acts on as they saw it? `ETag` is the position of the last event about a thing;
with `If-Match` an act is done only while that is still the last."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Annotated, Final
from weakref import WeakValueDictionary

from fastapi import Header

from mission_control.api.problem import Problem
from nervous_system.bus import Bus
from operations.queries.aggregate_position import Aggregate, position_of

MAX_REMEMBERED: Final = 10_000
_TAG: Final = re.compile(r'\s*(W/)?"([\x21\x23-\x7e]{0,100})"\s*', re.ASCII)

IfMatch = Annotated[
    list[str] | None,
    Header(description="only if the position of the last event about it is one of these `ETag`s"),
]


def etag(position: int) -> str:
    """The header of this position."""
    return f'"{position}"'


class Preconditions:
    """Of all acts of one process. Those on the same thing take turns, so that of several that
    expect the same position one is done."""

    def __init__(self) -> None:
        self._turns: WeakValueDictionary[tuple[Aggregate, str], asyncio.Lock]
        self._turns = WeakValueDictionary()
        self._met: dict[str, None] = {}  # ids of events whose condition was met

    @asynccontextmanager
    async def turn(
        self, bus: Bus, aggregate: Aggregate, id_: str, *, if_match: list[str] | None, event_id: str
    ) -> AsyncIterator[None]:
        """While it is acted on. Raises Problem if it is not as expected. Who asks again under the
        same id acted already: what has moved is what they did."""
        if if_match is None:
            yield
            return
        lock = self._turns.setdefault((aggregate, id_), asyncio.Lock())
        async with lock:
            if event_id not in self._met:
                position = await position_of(bus, aggregate, id_)
                if not is_met(",".join(if_match), position):
                    raise Problem(
                        HTTPStatus.PRECONDITION_FAILED,
                        f"the last event about this {aggregate} is at position {position} by now:"
                        " look at it again",
                        headers={"ETag": etag(position)},
                    )
                self._met[event_id] = None
                if len(self._met) > MAX_REMEMBERED:
                    del self._met[next(iter(self._met))]
            yield


def is_met(if_match: str, position: int) -> bool:
    """Whether the header names what is there now (RFC 9110: a weak tag names nothing). Raises
    Problem for what is no list of tags."""
    if if_match.strip() == "*":
        return position > 0
    found = [_TAG.fullmatch(each) for each in if_match.split(",") if each.strip()]
    if not found or None in found:
        raise Problem(HTTPStatus.BAD_REQUEST, 'If-Match is a list of ETags: "17", or *')
    return any(each is not None and not each[1] and each[2] == str(position) for each in found)
