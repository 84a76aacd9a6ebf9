"""What is mission control made of? Everything is built here and taken down here."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from functools import partial
from typing import Final

import structlog

from local_mesh.home import Home
from local_mesh.settings import LocalMeshSettings
from mission_control.api.admission import Admission
from mission_control.api.application import application, takes
from mission_control.api.precondition import Preconditions
from mission_control.api.rate import Rates
from mission_control.api.request_metrics import RequestMetrics
from mission_control.api.routes.ask import asks
from mission_control.api.seen_requests import SeenRequests
from mission_control.api.streams import streams
from mission_control.listening import bound_socket, listen
from mission_control.mission import Mission
from mission_control.sessions import Sessions
from mission_control.settings import MissionControlSettings
from nervous_system.bus import Bus
from nervous_system.environment import read_settings
from nervous_system.service.service_context import open_service
from nervous_system.settings import MeshSettings
from nervous_system.telemetry.metric_catalogue import HTTP_STREAMS
from operations.actions.overseer_client import operator
from operations.http_tokens import Caller, Tokens
from operations.queries.ask import Analyst
from operations.queries.live_feed import LiveFeed
from operations.queries.live_history import live_incidents, live_objectives
from operations.queries.live_swarm import LiveSwarm
from operations.queries.record import Record
from operations.queries.state.kept import KeptStates
from operations.queries.state.past import PastStates

SERVICE: Final = "mission_control"

_log = structlog.get_logger()


async def run(stop: asyncio.Event) -> None:
    """Answer HTTP until `stop` is set. Raises only what a person must mend."""
    mesh, settings = read_settings(MeshSettings), read_settings(MissionControlSettings)
    async with AsyncExitStack() as stack:
        # First, so that a port that is taken is said before anything else.
        listening = stack.enter_context(bound_socket(settings.host, settings.port))
        member = await stack.enter_async_context(open_service(mesh, service=SERVICE, stop=stop))
        if member is None:
            return
        port = listening.getsockname()[1]
        member.telemetry.health.fact("port", lambda: port)
        feed = LiveFeed(member.bus)
        kept = KeptStates.of(member.bus, Home.at(mesh.home).keyframes)
        past = PastStates(member.bus, kept)
        door = front_door(member.bus, feed, past, mesh, settings, port=port)
        _log.info("http.listening", host=settings.host, port=port)
        async with asyncio.TaskGroup() as tasks:
            keeping = tasks.create_task(past.keep(stop), name="keyframes")
            await listen(door, listening, stop=stop, when_stopping=feed.close)
            keeping.cancel()


def front_door(
    bus: Bus,
    feed: LiveFeed,
    past: PastStates,
    mesh: MeshSettings,
    settings: MissionControlSettings,
    *,
    port: int,
) -> Admission:
    """The application, and who gets to it. Raises Fatal, OSError."""
    here = Caller(operator(), "admin")
    sessions = Sessions(mesh.home, caller=here)
    sessions.new_key()
    tokens = Tokens(mesh.home, secret_token=settings.secret_token)
    tokens.callers()  # a file that is no list of tokens is said now
    cookie = f"ganglion_{port}"
    listening = streams()
    bus.metrics.gauge(HTTP_STREAMS).set_function(lambda: listening.taken)
    app = application(
        Mission(
            bus=bus,
            swarm=LiveSwarm(bus),
            past=past,
            feed=feed,
            streams=listening,
            asks=asks(),
            seen=SeenRequests(),
            preconditions=Preconditions(),
            sessions=sessions,
            settings=settings,
            incidents=live_incidents(bus),
            objectives=live_objectives(bus),
            record=Record(mesh.clickhouse_dsn if mesh.clickhouse_url else ""),
            analyst=Analyst.of(mesh),
            cookie=cookie,
            logs=Home.at(mesh.home).logs,
            jaeger_url=read_settings(LocalMeshSettings).jaeger_url,
        )
    )
    return Admission(
        app,
        tokens=tokens,
        sessions=sessions,
        rates=Rates(settings.requests_per_second),
        here=here,
        cookie=cookie,
        metrics=RequestMetrics(bus.metrics),
        takes=partial(takes, app),
        names=settings.names,
    )
