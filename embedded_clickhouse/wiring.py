"""Which parts make the embedded ClickHouse, and in which order do they start and stop? Everything
is built here."""

from __future__ import annotations

import asyncio
import resource
import signal
import socket
import sys
from collections.abc import Callable, Sequence

from aiohttp import web

from embedded_clickhouse.admission import Admission
from embedded_clickhouse.compression import supported_encodings
from embedded_clickhouse.connections import Connections
from embedded_clickhouse.engine import Engine, EngineConnection
from embedded_clickhouse.execution import Execution
from embedded_clickhouse.limits import Limits
from embedded_clickhouse.protocol import front_protocols
from embedded_clickhouse.response import ServerIdentity
from embedded_clickhouse.scrutiny import Scrutiny, reaching_functions
from embedded_clickhouse.server import ClickHouseServer
from embedded_clickhouse.sessions import Sessions
from embedded_clickhouse.settings import ClickHouseSettings
from embedded_clickhouse.spool import Spools
from embedded_clickhouse.threads import Threads
from embedded_clickhouse.users import Users
from nervous_system.browsers import LOOPBACK_NAMES
from nervous_system.ids import new_event_id

READ_BUFFER_BYTES = 1 << 20
_SPARE_THREADS = 4
"""For killing, closing and packing while all places are taken."""
_INTAKE_THREADS = 4
"""For unpacking and keeping bodies, which comes before a place; each account has one more, for
reading its statements."""
_DESCRIPTORS = 1 << 16
_SWITCH_SECONDS = 0.0005
"""How long a thread that reads a statement keeps the interpreter. The event loop lets go of it at
each read of a connection and waits so long to go on: at Python's own 5 ms a few hundred connections
cost it seconds."""

Log = Callable[[str, dict[str, object]], None]
"""Writes one line: its action, and what goes with it."""


async def serve(
    settings: ClickHouseSettings,
    *,
    users: Users,
    listening: Sequence[socket.socket],
    remarks: Sequence[tuple[str, dict[str, object]]],
    log: Log,
) -> None:
    """Serve on `listening`, the port first, until SIGTERM or SIGINT, then drain. `remarks` are said
    at the start. Raises `EngineStartError`."""
    _raise_descriptor_limit()
    sys.setswitchinterval(_SWITCH_SECONDS)
    admission = Admission(
        users,
        running=settings.max_queries,
        waiting=settings.max_waiting_queries,
        max_wait_seconds=settings.max_wait_seconds,
    )
    threads = Threads(admission.max_running + _SPARE_THREADS)
    engine = Engine(settings.path)
    await threads.run(engine.open)
    sessions = Sessions(engine=engine, threads=threads, limit=settings.max_sessions)
    execution = Execution(engine=engine, threads=threads)
    limits = Limits()
    intake = Threads(len(users.by_name) + _INTAKE_THREADS)
    connections = Connections(limits)
    server = ClickHouseServer(
        users=users,
        names=LOOPBACK_NAMES | {settings.host, *settings.hosts},
        admission=admission,
        sessions=sessions,
        execution=execution,
        threads=threads,
        intake=intake,
        spools=Spools(folder=settings.path, limits=limits, threads=intake),
        connections=connections,
        limits=limits,
        encodings=supported_encodings(),
        identity=await threads.run(_identity, engine.connect()),
        scrutiny=Scrutiny(
            reaching=await threads.run(_reaching, engine.connect()), is_open=settings.open
        ),
        new_id=new_event_id,
    )
    try:
        await _listen(settings, server, admission, listening, connections, limits, remarks, log)
    finally:
        await sessions.close()
        await threads.run(engine.close)
        threads.close()
        intake.close()
        log("clickhouse_stopped", {})


async def _listen(
    settings: ClickHouseSettings,
    server: ClickHouseServer,
    admission: Admission,
    listening: Sequence[socket.socket],
    connections: Connections,
    limits: Limits,
    remarks: Sequence[tuple[str, dict[str, object]]],
    log: Log,
) -> None:
    runner = web.AppRunner(
        server.application(),
        handler_cancellation=True,
        shutdown_timeout=settings.drain_seconds,
    )
    await runner.setup()
    loop = asyncio.get_running_loop()
    assert runner.server is not None  # made by setup
    protocols = front_protocols(
        runner.server,
        limits=limits,
        version=server.version,
        access_log=None,
        auto_decompress=False,
        read_bufsize=READ_BUFFER_BYTES,
        max_line_size=limits.max_url_bytes,
        max_field_size=limits.max_header_bytes,
        max_headers=limits.max_headers,
        keepalive_timeout=30.0,
    )
    accepting = [await loop.create_server(connections.guard(protocols), sock=listening[0])]
    for private in listening[1:]:  # its owner's, who is not one of many
        accepting.append(await loop.create_unix_server(protocols, sock=private))
    host, port = listening[0].getsockname()[:2]
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    log("clickhouse_serving", {"url": f"http://{host}:{port}", "path": str(settings.path)})
    for action, fields in remarks:
        log(action, fields)
    watch = asyncio.create_task(connections.watch(), name="watch connections")
    await stop.wait()
    log("clickhouse_draining", {"running": admission.running, "waiting": admission.waiting})
    server.start_draining()
    watch.cancel()
    for each in accepting:
        each.close()
    await runner.cleanup()


def _raise_descriptor_limit() -> None:
    """As many descriptors as we may have: connections and the engine's parts need more than the
    usual 1024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _identity(connection: EngineConnection) -> ServerIdentity:
    try:
        line = connection.run(b"SELECT version(), timezone(), hostName()").body.decode()
    finally:
        connection.close()
    version, timezone, display_name = line.rstrip("\n").split("\t")
    return ServerIdentity(version, timezone, display_name)


def _reaching(connection: EngineConnection) -> frozenset[str]:
    try:
        return reaching_functions(connection)
    finally:
        connection.close()
