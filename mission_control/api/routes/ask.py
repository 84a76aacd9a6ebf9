"""A person's own SQL, and questions that have a name."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from mission_control.api.problem import Problem
from mission_control.api.shares import Shares
from mission_control.mission import Mission, TheCaller, TheMission
from nervous_system.errors import QueryRefused
from operations.queries.ask import MAX_ROWS, AnswerColumn, NoTable, Question, questions

router = APIRouter(prefix="/api")

MAX_ASKS: Final = 8
"""Each holds one of 40 threads for up to 30 s, also if who asked is gone."""


def asks() -> Shares:
    """Those that are being answered; each caller has half of them."""
    return Shares(most=MAX_ASKS, most_of_one=MAX_ASKS // 2, words="too much is being asked")


class SqlQuestion(BaseModel):
    """One statement that reads, without FORMAT."""

    model_config = ConfigDict(extra="forbid")

    sql: str = Field(min_length=1, max_length=100_000)
    max_rows: int = Field(1_000, ge=1, le=MAX_ROWS)


class SqlAnswerDocument(BaseModel):
    """Rows, each a list of values as JSON has them."""

    columns: list[AnswerColumn]
    rows: list[list[Any]]
    truncated: bool = Field(description="whether there are more")
    seconds: float
    as_of: int


class QuestionList(BaseModel):
    """Questions that somebody may want to ask."""

    questions: list[Question]
    as_of: int


@router.post("/ask")
async def ask(given: SqlQuestion, mission: TheMission, caller: TheCaller) -> SqlAnswerDocument:
    """By who may read, for at most 30 s; what the query says of limits is refused. 503 while others
    of the same caller, or of all, are being answered."""
    with mission.asks.part(caller.name):
        return await run_in_threadpool(_answer, given, mission)


def _answer(given: SqlQuestion, mission: Mission) -> SqlAnswerDocument:
    as_of = mission.record.as_of()
    try:
        found = mission.analyst.ask(given.sql, max_rows=given.max_rows)
    except (QueryRefused, NoTable) as error:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(error), kind="query-refused") from error
    return SqlAnswerDocument(
        columns=found.columns,
        rows=found.rows,
        truncated=found.truncated,
        seconds=found.seconds,
        as_of=as_of,
    )


@router.get("/questions")
async def list_questions(mission: TheMission) -> QuestionList:
    """With their SQL."""
    log = await mission.bus.stream.state()
    return QuestionList(questions=list(questions()), as_of=log.last_sequence)
