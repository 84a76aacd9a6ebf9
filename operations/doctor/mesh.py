"""Does this mesh keep its promises?"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from importlib.resources import files
from typing import Any

from local_mesh.addresses import client_settings
from local_mesh.drift import MENDED, find_drift
from nervous_system.clickhouse.query import query_rows
from nervous_system.errors import GanglionError, QueryRefused
from nervous_system.host.http_get import http_get
from nervous_system.phrases import LAG
from nervous_system.settings import MeshSettings
from nervous_system.transport.stream import configuration
from operations.doctor.finding import DoctorFinding, fail, passed, unchecked
from operations.doctor.nats_limits import examine_limits
from operations.doctor.rows import MENDS, examine_rows
from operations.log_session import bus_session
from operations.queries.status_report import ELSEWHERE, FULL_LOG_REMEDY, StatusReport, SwarmStatus

MUCH_LAG = 10_000
LET_GO_ON = "`ganglion resume` lifts a halt, and `--for 1h` overrides the limits for a time"
UNKNOWN_TABLE = 60
UNKNOWN_DATABASE = 81
DENIED = (192, 193, 194, 497, 516)
"""No such user, no or a wrong password, no such right."""


async def examine_mesh(
    report: StatusReport, *, monitor_url: str | None
) -> AsyncIterator[DoctorFinding]:
    """The mesh of this home, or the servers that the settings lead to."""
    yield _processes(report)
    told = any(each.name == "overseer" and each.health == "held up" for each in report.processes)
    if report.swarm is not None and not told:
        yield examine_dispatch(report.swarm)
    if report.swarm is not None:
        yield examine_tasks(report.swarm)
    found = client_settings()
    sick = {each.name for each in report.processes if each.health != "ok"}
    lacking: dict[str, str] = {}  # what others need, and the finding that says why it is not there
    nowhere = not found.clickhouse_url
    servers = [("nats", _silent_log), ("clickhouse", _silent_warehouse)]
    for server, look_at in servers[:1] if nowhere else servers:
        error = await look_at(found)
        if error is None:
            continue
        lacking[server] = "mesh" if server in sick else server
        if server not in sick:
            yield fail(server, str(error), remedy=_if_silent(report, server))
    for name, needs, look in _looks(found, report, monitor_url):
        if nowhere and "clickhouse" in needs:
            continue
        cause = next((lacking[each] for each in needs if each in lacking), "")
        finding = unchecked(name, waits_for=cause) if cause else await look()
        if not finding.ok:
            lacking.setdefault(name, name)
        yield finding
    if nowhere:
        yield passed("clickhouse", "it was not looked at: CLICKHOUSE_URL does not say where it is")


def _looks(
    found: MeshSettings, report: StatusReport, monitor_url: str | None
) -> Iterator[tuple[str, tuple[str, ...], Callable[[], Awaitable[DoctorFinding]]]]:
    """What is looked at in which order, and what has to be well before."""
    if monitor_url is not None:
        yield "nats durability", ("nats",), lambda: _sync(monitor_url)
        yield "nats users", (), lambda: _users(report)
    yield "stream", ("nats",), lambda: _stream(found, report)
    silent_remedy = _if_silent(report, "nats")
    yield "nats limits", ("nats",), lambda: examine_limits(found, silent_remedy=silent_remedy)
    yield "nats streams", ("nats",), lambda: _foundations(found)
    yield "schema", ("clickhouse",), lambda: _schema(found, report)
    if report.is_running:
        yield "ingestor", ("nats", "clickhouse"), lambda: _ingestor(report)
    tables = ("clickhouse", "schema")
    yield "positions", tables, lambda: _positions(found, watermark=report.watermark)
    yield "subjects", tables, lambda: _subjects(found)
    yield "rows", ("nats", *tables), lambda: examine_rows(audit_found=report.damage)


async def _silent_log(settings: MeshSettings) -> GanglionError | None:
    """Why the log does not answer; None where it does."""
    try:
        async with bus_session(settings) as bus:
            await bus.stream.state()
    except GanglionError as error:
        return error
    return None


async def _silent_warehouse(settings: MeshSettings) -> GanglionError | None:
    """Why no ClickHouse answers; None where one does, whatever it says."""
    try:
        query_rows(settings.clickhouse_dsn, "SELECT 1")
    except QueryRefused:
        return None
    except GanglionError as error:
        return error
    return None


def _processes(report: StatusReport) -> DoctorFinding:
    if not report.is_running:
        return passed("mesh", f"none runs in {report.home}")
    if report.state == ELSEWHERE:
        return passed("mesh", f"none in {report.home}; one answers at {report.nats_url}")
    sick = [f"{each.name}: {each.sentence}" for each in report.processes if each.health != "ok"]
    if sick:
        remedies = [f"{each.name}: {each.remedy}" for each in report.processes if each.remedy]
        return fail("mesh", "; ".join(sick), remedy="; ".join(remedies))
    names = ", ".join(each.name for each in report.processes)
    return passed("mesh", f"{report.state} (pid {report.pid}): {names}")


def examine_dispatch(swarm: SwarmStatus) -> DoctorFinding:
    """Whether tasks are handed out, and why not."""
    if swarm.held:
        return fail("dispatch", swarm.held, remedy=LET_GO_ON)
    if swarm.waits:
        return fail("dispatch", swarm.waits, remedy="start a worker that can do it, or call it off")
    going = swarm.overridden or swarm.slowed or "tasks are handed out"
    return passed("dispatch", going)


def examine_tasks(swarm: SwarmStatus) -> DoctorFinding:
    """Whether a task waits for nothing but a person."""
    if swarm.aside:
        return fail(
            "tasks", swarm.aside, remedy="mend what the reason says, then do one of the two"
        )
    return passed("tasks", "none is set aside")


async def _sync(monitor_url: str) -> DoctorFinding:
    try:
        answer = json.loads((await http_get(f"{monitor_url}/varz")).body)
    except (GanglionError, ValueError) as error:
        return fail("nats durability", str(error), remedy="see what `mesh` says of nats")
    configured = answer.get("jetstream", {}).get("config", {})
    if not configured.get("sync_always"):
        return fail(
            "nats durability",
            "the server acknowledges before an event is on disk: a power cut loses events",
            remedy="its configuration was changed; `ganglion down` and `ganglion up` write it anew",
        )
    return passed(
        "nats durability", f"nats-server {answer.get('version')} syncs before it acknowledges"
    )


async def _foundations(settings: MeshSettings) -> DoctorFinding:
    try:
        async with bus_session(settings) as bus:
            found = await find_drift(bus.connection, settings)
    except GanglionError as error:
        return fail("nats streams", str(error), remedy="run it with the home of the mesh")
    if found:
        return fail(
            "nats streams",
            "; ".join(f"{each.where}: {each.sentence}" for each in found),
            remedy="; ".join(dict.fromkeys(each.remedy or MENDED for each in found)),
        )
    return passed("nats streams", "the log and the buckets are as they were made")


async def _users(report: StatusReport) -> DoctorFinding:
    if report.nats_open:
        return fail(
            "nats users",
            "everybody who reaches the port may publish as anybody, and remove the log",
            remedy="unset GANGLION_NATS_OPEN and start the mesh again",
        )
    return passed("nats users", "each program has a user of its own, with what it needs")


async def _stream(settings: MeshSettings, report: StatusReport) -> DoctorFinding:
    try:
        async with bus_session(settings) as bus:
            have = await bus.stream.configuration()
            state = await bus.stream.state()
    except GanglionError as error:
        return fail("stream", str(error), remedy=_if_silent(report, "nats"))
    differing = [key for key, value in configuration(settings).items() if have.get(key) != value]
    if differing:
        return fail(
            "stream",
            f"its {', '.join(differing)} are not what the settings say",
            remedy="restart the mesh, which brings the stream up to its settings, or correct them",
        )
    used = f"{state.used_percent:.0f} % full"
    sentence = f"positions {state.first_sequence:,} to {state.last_sequence:,}, {used}"
    if state.used_percent > 90:
        return fail(
            "stream",
            f"{sentence}; at 100 % it refuses new events",
            remedy=FULL_LOG_REMEDY,
        )
    return passed("stream", sentence)


async def _schema(settings: MeshSettings, report: StatusReport) -> DoctorFinding:
    from ingestor.schema import RecordedStep, outdated, own_version

    try:
        rows = _ask(settings, "migrations")
        applied = {int(row["number"]): str(row["checksum"]) for row in rows if not row["name"]}
        recorded = {
            str(row["name"]): RecordedStep(
                checksum=str(row["checksum"]), version=str(row["version"])
            )
            for row in rows
            if row["name"]
        }
        missing = outdated(applied, recorded)
    except QueryRefused as error:
        if error.code in (UNKNOWN_TABLE, UNKNOWN_DATABASE):
            return fail("schema", "the tables are not there yet", remedy="run `ganglion migrate`")
        if error.code in DENIED:
            remedy = "check the user and password in CLICKHOUSE_URL"
            return fail("schema", str(error), remedy=remedy)
        return fail("schema", str(error), remedy=f"see the log of ClickHouse{_log(report)}")
    except GanglionError as error:
        return fail("schema", str(error), remedy=_if_silent(report, "clickhouse"))
    if missing:
        names = ", ".join(missing)
        return fail("schema", f"not applied yet: {names}", remedy="run `ganglion migrate`")
    return passed("schema", f"up to date with version {own_version()}")


async def _ingestor(report: StatusReport) -> DoctorFinding:
    if report.watermark is None or report.lag is None:
        return fail(
            "ingestor",
            "it does not say how far it is",
            remedy="see what `mesh` says of it" if report.pid else "see the ingestor's log",
        )
    sentence = f"up to position {report.watermark:,}, lag {report.lag:,} ({LAG})"
    if report.lag > MUCH_LAG:
        return fail("ingestor", sentence, remedy="see whether the lag falls; if not, its log")
    return passed("ingestor", sentence)


async def _positions(settings: MeshSettings, *, watermark: int | None) -> DoctorFinding:
    try:
        rows = _ask(settings, "positions")
    except GanglionError as error:
        return fail("positions", str(error), remedy="see what `schema` says")
    row = {key: int(value) for key, value in rows[0].items()} if rows else {"last_seq": 0}
    if watermark is not None and row["last_seq"] < watermark:
        return fail(
            "positions",
            f"the ingestor says that it stored up to position {watermark:,}, and the last one in"
            f" swarm.events is {row['last_seq']:,}",
            remedy=f"unless a TTL removed them, events are missing: {MENDS}",
        )
    if not rows:
        return passed("positions", "nothing is recorded yet")
    expected = row["last_seq"] - row["first_seq"] + 1
    sentence = (
        f"{row['positions']:,} = {row['stored']:,} stored + {row['parked']:,} parked (they could"
        f" not be read) + {row['duplicates']:,} duplicates"
    )
    if row["positions"] != expected:
        return fail(
            "positions",
            f"{sentence}, but {row['first_seq']:,} to {row['last_seq']:,} are {expected:,}",
            remedy=f"events are missing or doubled: {MENDS}",
        )
    return passed("positions", sentence)


def _if_silent(report: StatusReport, name: str) -> str:
    """What helps where a server does not answer, or not as it should."""
    if not report.is_running:
        return "start the mesh with `ganglion up`"
    if any(each.name == name for each in report.processes):
        return f"see what `mesh` says of {name}; what dies or hangs is started again by itself"
    return "see that the server which the settings lead to runs, and what its own log says"


def _log(report: StatusReport) -> str:
    found = next((each.log for each in report.processes if each.name == "clickhouse"), "")
    return f", {found}" if found else ""


async def _subjects(settings: MeshSettings) -> DoctorFinding:
    try:
        (row,) = _ask(settings, "wrong_subjects")
    except GanglionError as error:
        return fail("subjects", str(error), remedy="see what `schema` says")
    lately, ever = int(row["lately"]), int(row["ever"])
    if lately:
        return fail(
            "subjects",
            f"{lately:,} events of the last day count for nothing: they were published on a subject"
            f" that is not that of their kind and role, the last on {row['last_subject']}",
            remedy='mend who publishes them; `ganglion sql "SELECT * FROM swarm.warnings ORDER BY'
            ' recorded_at DESC LIMIT 20"` shows them',
        )
    return passed("subjects", f"{ever:,} events ever on a wrong one, none in the last day")


def _ask(settings: MeshSettings, name: str) -> list[dict[str, Any]]:
    query = (files("operations.doctor") / f"{name}.sql").read_text(encoding="utf-8")
    return query_rows(settings.clickhouse_dsn, query)
