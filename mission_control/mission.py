"""What does every route stand on?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from mission_control.api.precondition import Preconditions
from mission_control.api.seen_requests import SeenRequests
from mission_control.api.shares import Shares
from mission_control.sessions import Sessions
from mission_control.settings import MissionControlSettings
from nervous_system.bus import Bus
from operations.http_tokens import Caller
from operations.queries.ask import Analyst
from operations.queries.incidents import IncidentHistory
from operations.queries.live_feed import LiveFeed
from operations.queries.live_history import LiveHistory
from operations.queries.live_swarm import LiveSwarm
from operations.queries.objectives import ObjectiveHistory
from operations.queries.record import Record
from operations.queries.state.past import PastStates


@dataclass(frozen=True, slots=True, kw_only=True)
class Mission:
    """All that is opened once, by wiring."""

    bus: Bus
    swarm: LiveSwarm
    past: PastStates
    feed: LiveFeed
    streams: Shares
    asks: Shares
    seen: SeenRequests
    preconditions: Preconditions
    sessions: Sessions
    settings: MissionControlSettings
    incidents: LiveHistory[IncidentHistory]
    objectives: LiveHistory[ObjectiveHistory]
    record: Record
    analyst: Analyst
    cookie: str  # its name
    logs: Path  # folder of the services' log files
    jaeger_url: str | None  # None: that of this machine, if one answers there


@dataclass(frozen=True, slots=True)
class Admitted:
    """Who was let in, and whether they would be now: a stream may outlive a token."""

    caller: Caller
    still: Callable[[], bool]


def _mission(connection: HTTPConnection) -> Mission:
    mission = connection.app.state.mission
    assert isinstance(mission, Mission)
    return mission


def _caller(connection: HTTPConnection) -> Caller:
    caller = connection.state.caller
    assert isinstance(caller, Caller)  # only public routes have none
    return caller


def _admitted(connection: HTTPConnection) -> Admitted:
    admitted = connection.state.admitted
    assert isinstance(admitted, Admitted)  # only public routes have none
    return admitted


TheAdmitted = Annotated[Admitted, Depends(_admitted)]
TheMission = Annotated[Mission, Depends(_mission)]
TheCaller = Annotated[Caller, Depends(_caller)]
