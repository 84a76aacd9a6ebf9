"""How does a browser get in and out?"""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from mission_control.api.problem import Problem
from mission_control.mission import TheMission

router = APIRouter()


class Key(BaseModel):
    """What stood behind `#key=` in the address."""

    key: str = Field(max_length=200)


@router.post("/api/session", status_code=HTTPStatus.NO_CONTENT)
async def open_session(given: Key, mission: TheMission) -> Response:
    """Change the key for a cookie. Each key is good once."""
    cookie = mission.sessions.open(given.key)
    if cookie is None:
        raise Problem(
            HTTPStatus.UNAUTHORIZED, "this address was used: `ganglion open` prints a new one"
        )
    answer = Response(status_code=HTTPStatus.NO_CONTENT)
    answer.set_cookie(mission.cookie, cookie, httponly=True, samesite="strict", path="/")
    return answer


@router.delete("/api/session", status_code=HTTPStatus.NO_CONTENT)
async def close_session(request: Request, mission: TheMission) -> Response:
    """Let this browser in no more."""
    mission.sessions.close(request.cookies.get(mission.cookie, ""))
    answer = Response(status_code=HTTPStatus.NO_CONTENT)
    answer.delete_cookie(mission.cookie, path="/", httponly=True, samesite="strict")
    return answer
