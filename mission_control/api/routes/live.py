"""What happens now: as server-sent events, and on a WebSocket. Both go on from a position, and both
tell a slow client what it missed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing, suppress
from typing import Annotated, Final

from fastapi import APIRouter, Header, Query, WebSocket, WebSocketDisconnect
from fastapi.responses import StreamingResponse

from mission_control.api.event_types import event_type
from mission_control.api.streams import LiveFilter, TheFilter
from mission_control.mission import Admitted, Mission, TheAdmitted, TheMission
from nervous_system.cancelling import cancel
from operations.queries.live_feed import LivePosition, MissedPositions, NothingNew

router = APIRouter()

SERVICE_RESTART: Final = 1012
"""Of the WebSocket's codes: come again."""
QUIET_SECONDS: Final = 15.0
"""So often at least something is sent, so that a proxy keeps the connection, and a browser knows
from where to go on."""

After = Annotated[int | None, Query(ge=0, description="the last position that is known already")]
Told = Sequence[LivePosition] | MissedPositions | NothingNew


@router.get(
    "/api/live",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}}},
)
async def live(
    mission: TheMission,
    wanted: TheFilter,
    admitted: TheAdmitted,
    after: After = None,
    last_event_id: Annotated[int | None, Header(ge=0)] = None,
) -> StreamingResponse:
    """Events as they come, each with its position as its id. `event: missed` says from which
    position to which the client was too slow; it can ask for them."""
    mission.streams.check(admitted.caller.name)
    begin = await mission.feed.place(after if last_event_id is None else last_event_id)
    stream = _stream(mission, begin, wanted, admitted)
    return StreamingResponse(stream, media_type="text/event-stream")


@router.websocket("/ws/events")
async def ws_events(
    socket: WebSocket,
    mission: TheMission,
    wanted: TheFilter,
    admitted: TheAdmitted,
    after: After = None,
) -> None:
    """`{type, data, timestamp, source, seq}` for each event."""
    mission.streams.check(admitted.caller.name)
    begin = await mission.feed.place(after)
    await socket.accept()
    telling = asyncio.create_task(_tell(socket, mission, begin, wanted, admitted))
    leaving = asyncio.create_task(_leave(socket))
    try:
        await asyncio.wait({telling, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if telling.done():
            with suppress(WebSocketDisconnect):
                telling.result()
                await socket.close(SERVICE_RESTART)
    finally:
        await cancel(leaving)
        await cancel(telling)


async def _stream(
    mission: Mission, begin: int, wanted: LiveFilter, admitted: Admitted
) -> AsyncGenerator[str, None]:
    with mission.streams.part(admitted.caller.name):
        yield f"id: {begin}\nretry: 1000\n\n"
        async with aclosing(mission.feed.follow(begin, quiet_seconds=QUIET_SECONDS)) as told:
            async for each in told:
                if not admitted.still():
                    return
                yield "".join(_messages(each, wanted))


def _messages(told: Told, wanted: LiveFilter) -> Iterable[str]:
    """As `text/event-stream` has it. JSON of one line has no line end of its own."""
    if isinstance(told, NothingNew):
        yield f"id: {told.sequence}\n: nothing new\n\n"
    elif isinstance(told, MissedPositions):
        yield f"id: {told.last}\nevent: missed\ndata: {json.dumps(told._asdict())}\n\n"
    else:
        for each in filter(wanted.takes, told):
            yield f"id: {each.sequence}\nevent: event\ndata: {each.text}\n\n"


async def _tell(
    socket: WebSocket, mission: Mission, begin: int, wanted: LiveFilter, admitted: Admitted
) -> None:
    with mission.streams.part(admitted.caller.name):
        async with aclosing(mission.feed.follow(begin, quiet_seconds=QUIET_SECONDS)) as told:
            async for each in told:
                if not admitted.still():
                    return
                for frame in _frames(each, wanted):
                    await socket.send_text(frame)


async def _leave(socket: WebSocket) -> None:
    """Until the client goes. What it says meanwhile is nothing to us."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass


def _frames(told: Told, wanted: LiveFilter) -> Iterable[str]:
    if isinstance(told, NothingNew):
        return
    if isinstance(told, MissedPositions):
        yield json.dumps({"type": "missed", "data": told._asdict(), "seq": told.last})
        return
    for each in filter(wanted.takes, told):
        head = {
            "type": event_type(each.kind),
            "timestamp": each.document["recorded_at"],
            "source": each.agent_id,
            "seq": each.sequence,
        }
        yield f'{json.dumps(head, ensure_ascii=False)[:-1]}, "data": {each.text}}}'
