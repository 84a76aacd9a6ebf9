"""How does an error look to who asked? As RFC 9457 has it: `application/problem+json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import Scope

from nervous_system.contract.truncation import recordable
from nervous_system.errors import (
    Conflict,
    Crowded,
    Duplicate,
    Forbidden,
    GanglionError,
    InvalidEvent,
    LogFull,
    NoSuch,
    NotAcknowledged,
    NotDone,
    NotRunning,
    QueryRefused,
    Rejected,
    TooLarge,
    Transient,
    Unavailable,
)
from operations.queries.state.moment import UnknownMoment

MEDIA_TYPE: Final = "application/problem+json"
_METHODS: Final = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
AGAIN_SECONDS: Final = 1
MAX_REASONS: Final = 100

_STATUS: Final[Mapping[type[GanglionError], HTTPStatus]] = {
    InvalidEvent: HTTPStatus.UNPROCESSABLE_ENTITY,
    TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Rejected: HTTPStatus.CONFLICT,
    NoSuch: HTTPStatus.NOT_FOUND,
    UnknownMoment: HTTPStatus.NOT_FOUND,
    NotDone: HTTPStatus.CONFLICT,
    Conflict: HTTPStatus.CONFLICT,
    Duplicate: HTTPStatus.CONFLICT,
    LogFull: HTTPStatus.INSUFFICIENT_STORAGE,
    Forbidden: HTTPStatus.FORBIDDEN,
    QueryRefused: HTTPStatus.BAD_GATEWAY,
    NotAcknowledged: HTTPStatus.GATEWAY_TIMEOUT,
    Crowded: HTTPStatus.SERVICE_UNAVAILABLE,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    NotRunning: HTTPStatus.SERVICE_UNAVAILABLE,
    Transient: HTTPStatus.SERVICE_UNAVAILABLE,
}
_AGAIN: Final = frozenset(
    {
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
        HTTPStatus.TOO_MANY_REQUESTS,
    }
)
"""With these the same request may succeed later."""


class ProblemDocument(BaseModel):
    """What went wrong."""

    type: str = Field(description="what kind of problem it is; the same for the same kind")
    title: str = Field(description="the kind in words")
    status: int
    detail: str = Field(description="what happened, and what helps")
    reasons: list[str] = Field(default_factory=list, description="each reason there is")


class Problem(HTTPException):
    """A request that is not done as asked."""

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        reasons: Sequence[str] = (),
        kind: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        again = {"Retry-After": str(AGAIN_SECONDS)} if status in _AGAIN else {}
        super().__init__(status, detail, {**again, **(headers or {})})
        self.status = status
        self.reasons = tuple(reasons)
        self.kind = kind or status.phrase.lower().replace(" ", "-")

    def response(self) -> JSONResponse:
        """As it is sent."""
        document = ProblemDocument(
            type=f"urn:ganglion:problem:{self.kind}",
            title=self.kind.replace("-", " "),
            status=self.status.value,
            detail=recordable(self.detail),
            reasons=[recordable(each) for each in self.reasons[:MAX_REASONS]],
        )
        return JSONResponse(
            document.model_dump(), self.status.value, self.headers, media_type=MEDIA_TYPE
        )


def problem_of(error: GanglionError) -> Problem:
    """Our own errors, by their family; one that nobody foresaw is this server's."""
    status = next(
        (_STATUS[each] for each in type(error).__mro__ if each in _STATUS),
        HTTPStatus.INTERNAL_SERVER_ERROR,
    )
    reasons: Sequence[str] = ()
    if isinstance(error, InvalidEvent):
        reasons = error.problems
    elif isinstance(error, Rejected):
        reasons = error.reasons
    return Problem(status, str(error), reasons=reasons, kind=_name(type(error)))


def defect() -> Problem:
    """What nobody foresaw."""
    return Problem(
        HTTPStatus.INTERNAL_SERVER_ERROR, "this is a defect of mission control; its log says more"
    )


def answer_problems(application: FastAPI) -> None:
    """Whatever goes wrong in a route is answered as a problem."""

    async def ours(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, GanglionError)
        return problem_of(error).response()

    async def http(request: Request, error: Exception) -> JSONResponse:
        if isinstance(error, Problem):
            return error.response()
        assert isinstance(error, HTTPException)
        status, headers = HTTPStatus(error.status_code), error.headers
        if status is HTTPStatus.METHOD_NOT_ALLOWED:
            headers = {"Allow": ", ".join(_methods_at(application, request.scope))}
        return Problem(status, error.detail, headers=headers).response()

    async def unforeseen(_: Request, error: Exception) -> JSONResponse:
        del error  # its words are for the log (`admission.py`)
        return defect().response()

    async def invalid(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        reasons = [_reason(each) for each in error.errors()]
        detail = "the request is not as the interface has it (/openapi.json)"
        return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, reasons=reasons).response()

    application.add_exception_handler(GanglionError, ours)
    application.add_exception_handler(HTTPException, http)
    application.add_exception_handler(RequestValidationError, invalid)
    application.add_exception_handler(Exception, unforeseen)


def _methods_at(application: FastAPI, scope: Scope) -> list[str]:
    """Those that some route takes at a path; the framework names those of the first route."""
    asked = [{**scope, "method": method} for method in _METHODS]
    return [
        each["method"]
        for each in asked
        if any(route.matches(each)[0] is Match.FULL for route in application.routes)
    ]


def _reason(error: Mapping[str, Any]) -> str:
    where = ".".join(str(each)[:40] for each in error["loc"])
    return f"{where}: {error['msg']}"


def _name(error: type[GanglionError]) -> str:
    """`NotAcknowledged` is `not-acknowledged`."""
    name = "".join(f"-{each.lower()}" if each.isupper() else each for each in error.__name__)
    return name.removeprefix("-")
