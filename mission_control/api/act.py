"""What do all acts of operators have in common? Who acts, under which id, only if …, or only
supposed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from mission_control.api.idempotency import IdempotencyKey, event_id_of
from mission_control.api.precondition import IfMatch, etag
from mission_control.mission import Mission, TheCaller, TheMission
from nervous_system.contract.payload import Payload
from nervous_system.ids import new_event_id
from operations.actions.on_record import record_of_person
from operations.actions.overseer_client import ask_as
from operations.queries.aggregate_position import Aggregate, position_of
from operations.queries.live_swarm import Now
from operations.queries.order_dry_run import would_follow

Order = TypeVar("Order", bound=Payload)


class Because(BaseModel):
    """Why."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    reason: str = Field("", max_length=1_000, description="it stands on the log")


class Acted(BaseModel):
    """What was done, or would be."""

    dry_run: bool
    would: list[str] = Field(
        default_factory=list, description="with `dry_run`: a sentence for each thing that follows"
    )
    event_id: str = Field("", description="of the event that says so; empty with `dry_run`")
    position: int | None = Field(
        None, description="of the last event about what was acted on, as in `ETag`"
    )
    as_of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One of them."""

    mission: Mission
    response: Response
    person: str
    event_id: str
    dry_run: bool
    if_match: list[str] | None

    async def now(self) -> Now:
        """How things stand."""
        return await self.mission.swarm.now()

    @asynccontextmanager
    async def turn(self, aggregate: Aggregate, id_: str) -> AsyncIterator[None]:
        """While one thing is acted on. Raises Problem if it is not as expected."""
        async with self.mission.preconditions.turn(
            self.mission.bus, aggregate, id_, if_match=self.if_match, event_id=self.event_id
        ):
            yield

    async def give(self, order: Payload, aggregate: Aggregate, id_: str) -> Acted:
        """Ask the overseer for it. Raises Rejected, NotAcknowledged, Problem."""
        async with self.turn(aggregate, id_):
            if self.dry_run:
                now = await self.now()
                return self.answer_dry_run(now, would_follow(now, order, person=self.person))
            await ask_as(self.person, self.mission.bus, order, event_id=self.event_id)
            return await self.done(aggregate, id_)

    async def say(
        self,
        order: Order,
        would: Callable[[Now, Order], list[str]],
        aggregate: Aggregate | None = None,
        id_: str = "",
    ) -> Acted:
        """Put it on record; dry, only what it `would` lead to."""
        if self.dry_run:
            now = await self.now()
            return self.answer_dry_run(now, would(now, order))
        await record_of_person(self.mission.bus, order, person=self.person, event_id=self.event_id)
        return await self.done(aggregate, id_)

    def answer_dry_run(self, now: Now, would: list[str]) -> Acted:
        """What would be done."""
        return Acted(dry_run=True, would=would, as_of=now.as_of)

    async def done(self, aggregate: Aggregate | None = None, id_: str = "") -> Acted:
        """It was done, to this thing."""
        position = None
        if aggregate is not None:
            position = await position_of(self.mission.bus, aggregate, id_)
            self.response.headers["ETag"] = etag(position)
        now = await self.now()
        return Acted(dry_run=False, event_id=self.event_id, position=position, as_of=now.as_of)


async def _act(
    request: Request,
    response: Response,
    mission: TheMission,
    caller: TheCaller,
    dry_run: Annotated[bool, Query(description="say what it would do, and do nothing")] = False,
    idempotency_key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Act:
    return Act(
        mission=mission,
        response=response,
        person=caller.name,
        event_id=new_event_id()
        if dry_run
        else await event_id_of(request, mission, caller, idempotency_key),
        dry_run=dry_run,
        if_match=if_match,
    )


TheAct = Annotated[Act, Depends(_act)]
