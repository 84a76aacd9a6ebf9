"""Files, variables, schemas: what agents changed, step by step, and who brought each line."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from mission_control.api.pages import cursor_behind, place_behind
from mission_control.api.parameters import Cursor, Limit, Moment
from mission_control.mission import TheMission
from nervous_system.contract.resource import FILE_SYSTEM
from operations.queries.chain import (
    Chain,
    ChangedResource,
    Content,
    chain,
    content,
    resources,
)

router = APIRouter(prefix="/api")

Name = Annotated[str, Query(max_length=4_000, description="its path, or its name")]
Workspace = Annotated[str, Query(max_length=4_000, description="repository or folder it is in")]
Type = Annotated[str, Query(max_length=100, description="FILE_SYSTEM, ENV_VAR, DB_SCHEMA …")]


class ResourcePageAnswer(BaseModel):
    """Some of them, in the order of workspace, type and name."""

    resources: list[ChangedResource]
    next_cursor: str | None
    as_of: int


@router.get("/resources")
def list_resources(
    mission: TheMission,
    at: Moment = "",
    workspace: Annotated[str | None, Query(max_length=4_000)] = None,
    prefix: Annotated[str, Query(max_length=4_000)] = "",
    limit: Limit = 100,
    cursor: Cursor = "",
) -> ResourcePageAnswer:
    """What had been changed up to a moment, with its last change; `state_hash` is empty if it was
    gone by then. Without a `workspace` of all of them."""
    found = resources(
        mission.record,
        at=at,
        workspace=workspace,
        prefix=prefix,
        after=place_behind(cursor, of="resources"),
        limit=limit,
    )
    more = cursor_behind(found.last, of="resources")
    return ResourcePageAnswer(resources=found.resources, next_cursor=more, as_of=found.as_of)


@router.get("/chain")
def show_chain(
    mission: TheMission,
    resource: Name,
    workspace: Workspace = "",
    type: Type = FILE_SYSTEM,
    at: Moment = "",
) -> Chain:
    """Each change up to a moment: who, when, by which decision, from what to what."""
    return chain(mission.record, at=at, workspace=workspace, type_=type, name=resource)


@router.get("/content")
def show_content(
    mission: TheMission, resource: Name, workspace: Workspace = "", at: Moment = ""
) -> Content:
    """A file as it was at a moment, rebuilt from its chain and held against its hash; and of each
    line the step that brought it."""
    return content(mission.record, at=at, workspace=workspace, name=resource)
