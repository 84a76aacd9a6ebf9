"""Which routes make the interface?"""

from __future__ import annotations

from functools import partial
from typing import Final

from fastapi import FastAPI
from starlette.routing import Match
from starlette.types import Scope

from mission_control.api.description import describe_interface
from mission_control.api.problem import answer_problems
from mission_control.api.routes import (
    agents,
    ask,
    checkpoints,
    decisions,
    dispatch,
    events,
    export,
    health,
    incidents,
    live,
    metrics,
    objectives,
    orders,
    overview,
    pages,
    parked,
    resources,
    rest,
    session,
    state,
    station,
    tasks,
    traces,
    trends,
    window,
    workers,
)
from mission_control.mission import Mission

DESCRIPTION: Final = """What a swarm does, and what it shall do. Every answer says in `as_of` up to
which position of the log it goes; every error is `application/problem+json` (RFC 9457)."""


def application(mission: Mission) -> FastAPI:
    """All routes. Who gets to them is `admission.py`."""
    app = FastAPI(
        title="Ganglion mission control",
        version="1",
        description=DESCRIPTION,
        docs_url=None,  # they load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,  # each route has one address
    )
    app.openapi = partial(describe_interface, app)  # type: ignore[method-assign]  # as FastAPI says
    app.state.mission = mission
    answer_problems(app)
    surfaces = (health, session, tasks, workers, station)
    reads = (
        *(overview, state, objectives, agents, events, decisions, traces),
        *(window, resources),
        *(incidents, trends, metrics, parked, ask, export, live),
    )
    acts = (dispatch, orders, rest, checkpoints)
    for each in (*surfaces, *reads, *acts):
        app.include_router(each.router)
    app.include_router(pages.router)
    return app


def takes(app: FastAPI, scope: Scope) -> bool:
    """Whether there is a route for this path and method."""
    return any(route.matches(scope)[0] is Match.FULL for route in app.routes)
