"""A person's own SQL, and questions that have a name."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from mission_control.api.problem import Problem
from mission_control.mission import TheMission
from nervous_system.errors import QueryRefused
from operations.queries.ask import MAX_ROWS, AnswerColumn, NoTable, Question, questions

router = APIRouter(prefix="/api")


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
def ask(given: SqlQuestion, mission: TheMission) -> SqlAnswerDocument:
    """By who may read, for at most 30 s; what the query says of limits is refused."""
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
