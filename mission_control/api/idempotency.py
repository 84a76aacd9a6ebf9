"""When is a request the same as an earlier one? If the same caller sends the same
`Idempotency-Key`, which is for one request only."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Header, Request

from mission_control.mission import Mission, TheCaller, TheMission
from nervous_system.ids import child_id, new_event_id
from operations.http_tokens import Caller

IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=200,
        description="sent again with the same key, the request is decided on once",
    ),
]


async def event_id_of(request: Request, mission: Mission, caller: Caller, key: str | None) -> str:
    """The id of the event that this request becomes. Raises Problem if its key was used for
    something else."""
    if key is None:
        return new_event_id()
    event_id = child_id(f"asked over HTTP by {caller.name}", key)
    asked = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    mission.seen.check(event_id, asked + await request.body())
    return event_id


async def _event_id(
    request: Request,
    mission: TheMission,
    caller: TheCaller,
    idempotency_key: IdempotencyKey = None,
) -> str:
    return await event_id_of(request, mission, caller, idempotency_key)


EventId = Annotated[str, Depends(_event_id)]
"""The id of the event that the request becomes. It derives from the key, so a stranger who knows
the key can say something under it beforehand; then the request is refused and not mistaken."""
