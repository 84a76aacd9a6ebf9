"""How does the swarm stand, on one page: what runs, what is stuck, what it costs, who does what,
and what waits for a person?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from textwrap import shorten
from typing import Final, Literal

from nervous_system.phrases import pluralize
from operations.queries.counts import count_tasks
from operations.queries.incidents import PastIncident
from operations.queries.overseer_projection import OverseerProjection
from operations.queries.pulses import PulseReport
from operations.queries.recently import Alarm, Costs, Recently
from operations.queries.status_report import swarm_status
from operations.queries.workers import workers_of
from overseer.standstill import unapproved

UPTIME: Final = "uptime_percent"
MAX_DESCRIPTION: Final = 120
MAX_CARDS: Final = 200
MAX_SHOWN: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentences:
    """The swarm in three of them."""

    runs: str
    stuck: str
    costs: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Halt:
    """Somebody stopped dispatch."""

    reason: str
    by: str
    now: bool  # and ended what was being done


@dataclass(frozen=True, slots=True, kw_only=True)
class Efficacy:
    """How well the last tasks ended, 0 to 100."""

    mean: float | None  # None: none has ended
    trend: float  # the newer half against the older, as the last pulse found it
    tasks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The last look at one."""

    host: str
    cpu_percent: float
    memory_percent: float
    cpu_count: float
    memory_bytes: int
    sampled_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentCard:
    """Who is there and what it does."""

    kind: Literal["worker", "agent"]
    id: str
    role: str
    status: str  # of a worker: busy, idle, asleep, draining; of an agent: heard
    doing: str  # in words; empty: nothing
    task_id: str
    since: datetime | None  # when it began that
    lease_until: datetime | None
    heard_at: datetime
    more_tasks: int = 0  # that it has at once, beside this one


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingForPerson:
    """What goes on only if a person says so."""

    kind: Literal["approval", "set_aside", "incident"]
    id: str
    text: str
    since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """At one position of the log."""

    as_of: int
    at: datetime
    mode: str  # operational, degraded or halted
    mode_reason: str
    halted: Halt | None
    sentences: Sentences
    uptime_percent: float | None
    tes: Efficacy
    queue_depth: int
    tasks: dict[str, int]  # by state
    recorded: int | None  # the position that ClickHouse has; None: it does not answer
    lag: int | None  # positions that it does not have yet
    costs: Costs | None
    machines: list[Machine]
    pulse: PulseReport | None
    agents: list[AgentCard]
    incidents: list[PastIncident]  # that are open, the worst first
    alarms: list[Alarm]  # of the last hour
    waits_for_person: list[WaitingForPerson]
    left_out: list[str]  # what could not be known, and why


def summary(
    overseen: OverseerProjection,
    *,
    as_of: int,
    at: datetime,
    incidents: Sequence[PastIncident],
    pulse: PulseReport | None,
    recently: Recently,
) -> Summary:
    """Of the overseer's state, with what others know. Pure."""
    state = overseen.state
    is_open = [each for each in incidents if each.closed_at is None]
    indicators = {each.name: each.value for each in pulse.indicators} if pulse else {}
    scores = state.scores
    return Summary(
        as_of=as_of,
        at=at,
        mode=state.mode,
        mode_reason=state.mode_reason,
        halted=Halt(reason=state.halted, by=state.halted_by, now=state.halted_now)
        if state.halted
        else None,
        sentences=_sentences(overseen, at, is_open, recently.costs),
        uptime_percent=indicators.get(UPTIME),
        tes=Efficacy(
            mean=sum(scores) / len(scores) if scores else None,
            trend=pulse.tes_trend if pulse else 0.0,
            tasks=len(scores),
        ),
        queue_depth=len(state.kernel.tasks) - len(state.kernel.claimed),
        tasks=count_tasks(state, at),
        recorded=recently.recorded,
        lag=None if recently.recorded is None else max(0, as_of - recently.recorded),
        costs=recently.costs,
        machines=[
            Machine(
                host=host,
                cpu_percent=load.cpu_percent,
                memory_percent=load.memory_percent,
                cpu_count=load.cpu_count,
                memory_bytes=load.memory_bytes,
                sampled_at=load.sampled_at,
            )
            for host, load in sorted(state.loads.items())
        ],
        pulse=pulse,
        agents=[*_workers(overseen, at), *_agents(recently)][:MAX_CARDS],
        incidents=is_open[-MAX_SHOWN:][::-1],
        alarms=recently.alarms,
        waits_for_person=list(_waiting(overseen, is_open))[:MAX_SHOWN],
        left_out=recently.left_out,
    )


def _sentences(
    overseen: OverseerProjection,
    at: datetime,
    is_open: Sequence[PastIncident],
    costs: Costs | None,
) -> Sentences:
    status = swarm_status(overseen, at)
    busy = sum(1 for each in overseen.state.kernel.workers.values() if each.task_ids)
    runs = (
        f"{pluralize(busy, 'worker')} of {status.workers:,} at"
        f" {pluralize(status.tasks_claimed, 'task')}, {status.tasks_waiting:,} waiting,"
        f" {pluralize(status.objectives, 'objective')} open"
    )
    troubles = (status.held, status.waits, status.aside, _unapproved(overseen), status.slowed)
    stuck = [each for each in dict.fromkeys(troubles) if each]
    if is_open:
        stuck.append(f"{pluralize(len(is_open), 'incident')} open: {is_open[-1].summary}")
    spent = (
        f"{_money(costs.lately_usd)} in the last 24 hours, {_money(costs.usd)} in all"
        if costs is not None
        else "what it costs is not known, as ClickHouse does not answer"
    )
    return Sentences(runs=runs, stuck="; ".join(stuck) or "nothing is stuck", costs=spent)


def _unapproved(overseen: OverseerProjection) -> str:
    """What waits for a person to say yes; on a page with a button nobody needs the command."""
    waiting = unapproved(overseen.state)
    if not waiting:
        return ""
    first = waiting[0]
    what = shorten(first.description, MAX_DESCRIPTION, placeholder=" …") or first.objective_id
    others = f" and {len(waiting) - 1:,} more wait" if len(waiting) > 1 else " waits"
    return f'"{what}"{others} for your yes'


def _money(usd: float) -> str:
    return f"${usd:,.2f}"


def _workers(overseen: OverseerProjection, at: datetime) -> Iterator[AgentCard]:
    """Those that do something first."""
    tasks = overseen.state.kernel.tasks
    known = sorted(workers_of(overseen, at), key=lambda each: (not each.tasks, each.worker_id))
    for worker in known:
        task = worker.tasks[0] if worker.tasks else None
        claim = tasks[task.task_id].claim if task is not None else None
        yield AgentCard(
            kind="worker",
            id=worker.worker_id,
            role=worker.role,
            status=worker.status,
            doing=f"{task.action}, attempt {task.attempt}" if task is not None else worker.why,
            task_id=task.task_id if task is not None else "",
            since=claim.claimed_at if claim is not None else None,
            lease_until=claim.lease_until if claim is not None else None,
            heard_at=worker.heard_at,
            more_tasks=max(0, len(worker.tasks) - 1),
        )


def _agents(recently: Recently) -> Iterator[AgentCard]:
    for each in recently.agents:
        yield AgentCard(
            kind="agent",
            id=each.agent_id,
            role=each.role_name or each.agent_role,
            status="heard",
            doing=each.decided,
            task_id="",
            since=None,
            lease_until=None,
            heard_at=each.heard_at,
        )


def _waiting(
    overseen: OverseerProjection, is_open: Sequence[PastIncident]
) -> Iterator[WaitingForPerson]:
    state, kernel = overseen.state, overseen.state.kernel
    for objective in unapproved(state):
        yield WaitingForPerson(
            kind="approval",
            id=objective.objective_id,
            text=objective.description,
            since=objective.added_at,
        )
    for incident in reversed(is_open):
        yield WaitingForPerson(
            kind="incident",
            id=incident.incident_id,
            text=incident.summary,
            since=incident.opened_at,
        )
    for task_id in sorted(kernel.ready_queue.aside):
        task = kernel.tasks[task_id]
        yield WaitingForPerson(
            kind="set_aside",
            id=task_id,
            text=task.aside or "it was set aside",
            since=task.submitted_at,
        )
