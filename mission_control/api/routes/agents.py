"""Agents: who decided, changed or did something lately, and how that went."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from mission_control.api.parameters import Limit, Time
from mission_control.mission import TheMission
from operations.queries.recently import ActiveAgent, active_agents
from operations.queries.record import LATEST

router = APIRouter(prefix="/api/agents")

WEEK = timedelta(days=7)


class AgentList(BaseModel):
    """The last heard of first."""

    agents: list[ActiveAgent]
    as_of: int


@router.get("")
def list_agents(
    mission: TheMission,
    since: Annotated[Time | None, Query(description="seven days ago")] = None,
    until: Time = LATEST,
    limit: Limit = 100,
) -> AgentList:
    """Agents and people, with what each decided last; `GET /workers` has those who do tasks."""
    as_of = mission.record.as_of()
    begin = since or mission.bus.clock() - WEEK
    found = active_agents(mission.record, since=begin, until=until, limit=limit)
    return AgentList(agents=found, as_of=as_of)
