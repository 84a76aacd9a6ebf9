"""How is the mesh of this home: its processes, its log, and how far ClickHouse is behind?"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final, Literal

from ingestor.statements import statement
from local_mesh.addresses import client_settings, leads_home, running_mesh
from local_mesh.drift import MENDED, OF_SETTINGS, find_drift
from local_mesh.home import Home
from local_mesh.store_room import obstacle_in
from local_mesh.supervisor.mesh_file import MeshRecord, ProcessRecord
from local_mesh.supervisor.process_list import CLICKHOUSE, NATS
from local_mesh.supervisor.recording import ServiceHealth, ask_health, recording_of
from nervous_system.bus import Bus
from nervous_system.clickhouse.query import query_rows
from nervous_system.clock import system_clock
from nervous_system.contract.exit_code import how_it_ended
from nervous_system.contract.stored import StreamState
from nervous_system.errors import Forbidden, GanglionError
from nervous_system.host.store_lock import holders_of, in_use
from nervous_system.nobody_there import REMEDY
from nervous_system.phrases import moment
from nervous_system.place import rule_in_force
from nervous_system.settings import MeshSettings
from nervous_system.shown_address import display_address
from operations.log_session import bus_session
from operations.queries.overseer_projection import OverseerProjection
from operations.queries.system_mode import LastPulse, last_mode, last_pulse
from overseer.facts import FACTS

Health = Literal["ok", "held up", "unhealthy", "starting", "restarting", "stopping", "stopped"]

FULL_LOG_REMEDY: Final = (
    "raise GANGLION_STREAM_MAX_BYTES or lower GANGLION_STREAM_MAX_AGE_SECONDS,"
    " and start the mesh again"
)
SECOND_LOOK_SECONDS: Final = 0.5
LATE_PULSE_SECONDS: Final = 30.0
NOT_RUNNING: Final = "not running"
ELSEWHERE: Final = "running elsewhere"
"""No supervisor of this home started it: containers, or another machine. Its log answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessStatus:
    """One process as it is now."""

    name: str
    pid: int | None
    address: str
    health: Health
    sentence: str  # what is wrong, empty when nothing is
    attempt: int  # how often it was started
    log: str
    remedy: str = ""  # what helps, empty when nothing is wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class SwarmStatus:
    """What the leading overseer says of the swarm."""

    held: str  # why no task is handed out; empty where they are
    slowed: str  # which machines are given less than usual, and why
    waits: str  # what waits for something that nobody has
    aside: str  # which task was set aside, why, and what helps
    unapproved: str  # which objectives wait for a person, and how to say yes or no
    dismissed: str  # which workers were told to go of late and are not back, and why
    overridden: str  # who lets the limits hold nothing back, and until when
    workers: int
    objectives: int  # that are open
    tasks_waiting: int
    tasks_claimed: int
    pulse: int  # number of the last
    rules_refused: str = ""  # why what the files of the home say is not in force
    inbox_broken: str = ""  # the last line of the file inbox that could not be read, and why


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFound:
    """What the log itself says."""

    stream: StreamState | None = None
    system_mode: str | None = None
    pulse: LastPulse | None = None
    swarm: SwarmStatus | None = None  # folded from it; None: not looked at
    problem: str = ""  # why it says nothing
    refused: str = ""  # why it says nothing to us, and what helps; empty where it would
    drift: tuple[str, ...] = ()  # what somebody changed of it and the buckets, and what helps


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReport:
    """Everything `ganglion status` tells."""

    home: str
    chosen_by: str = ""  # the rule that led to this home, or to these servers (place.py)
    state: str  # starting, running, stopping; ELSEWHERE; or "not running"
    pid: int | None = None  # the supervisor's, where it is one of this home
    nats_url: str | None = None
    clickhouse_url: str | None = None
    processes: tuple[ProcessStatus, ...] = ()
    stream: StreamState | None = None
    watermark: int | None = None  # last position that is in ClickHouse
    lag: int | None = None  # positions that are not there yet
    problems: tuple[str, ...] = ()
    nats_open: bool = False  # everybody who reaches it may do everything
    system_mode: str | None = None  # operational, degraded, halted; None: nobody says
    swarm: SwarmStatus | None = None  # None: no overseer leads here
    staged_on_disk: str = ""  # why batches are not staged in memory; slower, and nothing worse
    damage: str = ""  # what of the rows in ClickHouse is damaged, as the ingestor found

    @property
    def is_running(self) -> bool:
        """Whether there is a mesh at all."""
        return self.state != NOT_RUNNING

    def document(self) -> dict[str, Any]:
        """The JSON of `status --json`."""
        document = asdict(self)
        if self.stream is not None:
            stream = document["stream"]
            document["stream"] = {"name": "ENCHANTED_SWARM", **stream}
        return {**document, "healthy": self.is_running and not self.problems}


async def report_status(settings: MeshSettings) -> StatusReport:
    """How things are now; what does not answer is a problem in the report, not an error."""
    home = Home.at(settings.home)
    by = rule_in_force().by
    mesh = running_mesh(home) if leads_home(settings) else None
    if mesh is None:
        return replace(await _elsewhere(home), chosen_by=by)
    healths = await asyncio.gather(*(_ask_twice(each.health_url) for each in mesh.processes))
    # After the ingestor was asked, so that the lag is never said too small.
    log = await _log_of(settings.model_copy(update={"nats_url": mesh.nats_url}))
    report = assemble(
        home, mesh, healths=healths, log=log, obstacles=_obstacles(home, mesh, healths)
    )
    return replace(report, chosen_by=by)


async def _ask_twice(url: str) -> ServiceHealth:
    """Bad news counts when it is there a moment later, too: while the log server makes a stream it
    says that it could not recover it.
    """
    health = await ask_health(url)
    if not health.ok and health.answered:
        await asyncio.sleep(SECOND_LOOK_SECONDS)
        return await ask_health(url)
    return health


def _obstacles(home: Home, mesh: MeshRecord, healths: list[ServiceHealth]) -> dict[str, str]:
    """What a person has to do before a server that is not well can be; looked at here, since on a
    full disk the supervisor cannot write down what it waits for.
    """
    stores = {NATS: home.nats_store, CLICKHOUSE: home.clickhouse_store}
    return {
        process.name: obstacle_in(stores[process.name])
        for process, health in zip(mesh.processes, healths, strict=True)
        if process.name in stores and not health.ok
    }


async def _elsewhere(home: Home) -> StatusReport:
    """What the servers say that the settings lead to, as the commands use them."""
    settings = client_settings()
    watermark: int | None = None
    problems = _left_over(home)
    log = await _log_of(settings, folded=True)
    problems += log.drift
    if log.stream is None:
        elsewhere = log.refused or (
            f"none answers at {display_address(settings.nats_url)}; {REMEDY}"
        )
        return StatusReport(
            home=str(home.path),
            state=NOT_RUNNING,
            problems=(*_left_over(home), f"no mesh runs in {home.path}, and {elsewhere}"),
        )
    try:
        if settings.clickhouse_url:
            watermark = await asyncio.to_thread(_watermark, settings.clickhouse_dsn)
    except GanglionError as error:
        problems.append(f"ClickHouse: {error}")
    if log.swarm is not None and log.swarm.held:
        problems.append(f"the swarm: {log.swarm.held}")
    return StatusReport(
        home=str(home.path),
        state=ELSEWHERE,
        nats_url=display_address(settings.nats_url),
        clickhouse_url=display_address(settings.clickhouse_url),
        stream=log.stream,
        watermark=watermark,
        lag=None if watermark is None else max(0, log.stream.last_sequence - watermark),
        problems=tuple(problems),
        system_mode=log.system_mode,
        swarm=log.swarm,
    )


def _watermark(clickhouse_url: str) -> int:
    found = query_rows(clickhouse_url, statement("watermark"))
    return int(found[0]["seq"]) if found else 0


def _left_over(home: Home) -> list[str]:
    """Who works on the stores of a home in which no mesh runs."""
    stores = (home.nats_store, home.clickhouse_store)
    return [in_use(store, found) for store in stores if (found := holders_of(store))]


def assemble(
    home: Home,
    mesh: MeshRecord,
    *,
    healths: list[ServiceHealth],
    log: LogFound,
    obstacles: Mapping[str, str] = MappingProxyType({}),
    now: datetime | None = None,
) -> StatusReport:
    """The report from what was found; pure."""
    stream = log.stream
    processes = tuple(
        _process_status(process, health, obstacle=obstacles.get(process.name, ""))
        for process, health in zip(mesh.processes, healths, strict=True)
    )
    problems = [_problem(each) for each in processes if each.health != "ok"]
    if log.problem:
        problems.append(log.problem)
    problems += log.drift
    if stream is not None and stream.full:
        problems.append(
            f"the log: it is full ({stream.used_percent:.1f} %) and refuses events;"
            f" {FULL_LOG_REMEDY}"
        )
    if late := _late_pulse(mesh, log.pulse, now or system_clock()):
        problems.append(late)
    if mesh.state != "running":
        problems.append(f"the mesh is {mesh.state}")
    recording = next(
        (
            recording_of(health)
            for process, health in zip(mesh.processes, healths, strict=True)
            if process.name == "ingestor"
        ),
        None,
    )
    damage = next((health.facts["damage"] for health in healths if health.facts.get("damage")), "")
    if damage:
        problems.append(f"ClickHouse: {damage}; `ganglion repair` mends it from the log")
    watermark = recording.watermark if recording is not None else None
    lag = recording.lag if recording is not None else None
    if watermark is not None and stream is not None:
        # Counted from the log itself: an ingestor that is stuck does not know how far behind it is.
        lag = max(0, stream.last_sequence - watermark)
    return StatusReport(
        home=str(home.path),
        state=mesh.state,
        pid=mesh.pid,
        nats_url=display_address(mesh.nats_url),
        nats_open=mesh.nats_open,
        clickhouse_url=display_address(mesh.clickhouse_url),
        processes=processes,
        stream=stream,
        watermark=watermark,
        lag=lag,
        problems=tuple(problems),
        system_mode=log.system_mode,
        swarm=_swarm(mesh, healths),
        staged_on_disk=mesh.staged_on_disk,
        damage=str(damage),
    )


def _late_pulse(mesh: MeshRecord, pulse: LastPulse | None, now: datetime) -> str:
    """What is on the log counts: an overseer that waits for a lease says that it is well."""
    overseer = mesh.process("overseer")
    if pulse is None or overseer is None:
        return ""
    patience = timedelta(seconds=pulse.interval_seconds + LATE_PULSE_SECONDS)
    began = max(pulse.recorded_at, datetime.fromisoformat(mesh.started_at))
    if now - began <= patience:
        return ""
    return (
        f"the swarm: no pulse since {moment(pulse.recorded_at)}, one is due every"
        f" {pulse.interval_seconds:g} s → see {overseer.log}; where that waits for a lease, another"
        " overseer has it and does not pulse: end that one"
    )


def _problem(process: ProcessStatus) -> str:
    return f"{process.name}: {process.sentence} → {process.remedy}"


def _swarm(mesh: MeshRecord, healths: list[ServiceHealth]) -> SwarmStatus | None:
    for process, health in zip(mesh.processes, healths, strict=True):
        if process.name == "overseer" and health.facts.get("workers") is not None:
            return _swarm_of(health.facts)
    return None


def _swarm_of(facts: Mapping[str, Any]) -> SwarmStatus:
    return SwarmStatus(
        held=str(facts.get("held") or ""),
        slowed=str(facts.get("slowed") or ""),
        waits=str(facts.get("waits") or ""),
        aside=str(facts.get("aside") or ""),
        unapproved=str(facts.get("unapproved") or ""),
        dismissed=str(facts.get("dismissed") or ""),
        overridden=str(facts.get("overridden") or ""),
        workers=int(facts["workers"]),
        objectives=int(facts["objectives"]),
        tasks_waiting=int(facts["tasks_waiting"]),
        tasks_claimed=int(facts["tasks_claimed"]),
        pulse=int(facts["pulse"]),
        rules_refused=str(facts.get("rules_refused") or ""),
        inbox_broken=str(facts.get("inbox_broken") or ""),
    )


async def _swarm_on(bus: Bus) -> SwarmStatus | None:
    """As the overseer would say it, where its own answer does not come from here."""
    try:
        overseen = await OverseerProjection.of(bus)
    except Forbidden:  # whoever asks as an agent is not told
        return None
    if not overseen.state.charter_hash and not overseen.state.kernel.workers:
        return None
    return swarm_status(overseen, bus.clock())


def swarm_status(overseen: OverseerProjection, now: datetime) -> SwarmStatus:
    """As the overseer would say it at this moment."""
    state, settings = overseen.state, overseen.settings
    return _swarm_of({name: look(state, settings, now) for name, look in FACTS.items()})


def _process_status(
    process: ProcessRecord, health: ServiceHealth, *, obstacle: str
) -> ProcessStatus:
    verdict: Health
    sentence = ""
    if process.state == "running":
        verdict, sentence = ("ok", "") if health.ok else ("unhealthy", health.sentence)
        if health.ok and health.held_up:
            verdict = "held up"
            sentence = "; ".join(
                f"{each.work} since {moment(datetime.fromisoformat(each.since))}: {each.sentence}"
                for each in health.held_up
            )
    elif process.state == "restarting":
        verdict = "restarting"
        why = f" ({process.trouble})" if process.trouble else ""
        sentence = f"it {how_it_ended(process.last_exit_code or 0)}{why}; it is started again soon"
    elif process.state in ("stopping", "stopped"):
        verdict, sentence = process.state, f"it is {process.state}"
    else:
        verdict, sentence = "starting", process.trouble or "it is not ready yet"
    remedy = "" if verdict == "ok" else f"see {process.log}"
    if verdict == "held up":
        remedy = "; ".join(each.remedy for each in health.held_up)
    if obstacle:
        remedy = f"{obstacle}; then it is started again by itself"
    return ProcessStatus(
        name=process.name,
        pid=process.pid,
        address=process.address,
        health=verdict,
        sentence=sentence,
        attempt=process.attempt,
        log=process.log,
        remedy=remedy,
    )


async def _drift_of(bus: Bus, settings: MeshSettings) -> tuple[str, ...]:
    try:
        found = await find_drift(bus.connection, settings, but=OF_SETTINGS)
    except Forbidden:  # whoever asks as an agent is not told
        return ()
    return tuple(f"{each.where}: {each.sentence}; {each.remedy or MENDED}" for each in found)


async def _log_of(settings: MeshSettings, *, folded: bool = False) -> LogFound:
    """`folded`: with how the swarm stands, for which the log is read behind the overseer's last
    snapshot."""
    try:
        async with bus_session(settings) as bus:
            return LogFound(
                stream=await bus.stream.state(),
                system_mode=await last_mode(bus),
                pulse=await last_pulse(bus),
                swarm=await _swarm_on(bus) if folded else None,
                drift=await _drift_of(bus, settings),
            )
    except Forbidden as error:
        return LogFound(problem=f"the log: {error}", refused=str(error))
    except GanglionError as error:
        return LogFound(problem=f"the log: {error}")
