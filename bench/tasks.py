"""How many tasks a second go from submission through a worker to their recorded end, and how soon
is one begun, against those one would take otherwise?

Each contender has a server, workers and a client of its own; durability is what the table says. All
run on this machine, one after the other.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Final

from bench.environment import Laboratory
from bench.figure import Figure, measured, not_measured
from bench.mesh_queue import MeshQueue
from bench.peer_queue import (
    CELERY,
    CELERY_DEFAULT,
    PROCRASTINATE,
    TASKIQ,
    TASKIQ_DEFAULT,
    PeerQueue,
)
from bench.profile import Size
from bench.progress import ProgressDisplay
from bench.rounds import Rounds, interleave
from bench.task_queue import Cycles, TaskQueue, percentile
from nervous_system.errors import StartFailed

PEERS: Final = {"celery": CELERY, "procrastinate": PROCRASTINATE, "taskiq": TASKIQ}
AS_SHIPPED: Final = {"celery_default": CELERY_DEFAULT, "taskiq_default": TASKIQ_DEFAULT}
DEFAULTS_AT: Final = 8
"""Workers at which the peers' default settings are looked at, and the long queue, too."""

_MILLISECONDS: Final = 1_000


async def measure(laboratory: Laboratory, size: Size, show: ProgressDisplay) -> list[Figure]:
    """The figures of tasks; a peer that is not installed has rows that say so."""
    ours = MeshQueue(laboratory)
    peers: dict[str, TaskQueue] = {
        key: PeerQueue(kind, laboratory) for key, kind in {**PEERS, **AS_SHIPPED}.items()
    }
    figures: list[Figure] = []
    for workers, count in size.task_workers.items():
        meant = {key: peer for key, peer in peers.items() if key in PEERS or workers == DEFAULTS_AT}
        at = partial(_at, workers, count, ours, meant, size, show)
        figures += await measured(f"tasks.all_{workers}", f"{workers} workers", at)
    equal = {key: peer for key, peer in peers.items() if key in PEERS}
    begun = partial(_measure_pickups, ours, equal, size, show)
    figures += await measured("tasks.begin", "how soon a task is begun", begun)
    waiting = partial(_waiting, ours, equal, size, show)
    return figures + await measured("tasks.waiting", "a long queue", waiting)


async def _at(
    workers: int,
    count: int,
    ours: TaskQueue,
    peers: Mapping[str, TaskQueue],
    size: Size,
    show: ProgressDisplay,
) -> list[Figure]:
    """So many workers, with nothing else waiting."""
    claims: list[float] = []
    present = {key: peer for key, peer in peers.items() if not peer.missing}

    failed: dict[str, str] = {}

    async def rate(queue: TaskQueue) -> float:
        try:
            cycles = await queue.cycles(workers, count)
        except StartFailed as error:
            if queue is ours:
                raise
            failed[queue.name] = str(error)
            return 1.0
        claims.extend(cycles.claims_seconds)
        return cycles.per_second

    contenders: dict[str, Callable[[], Awaitable[float]]] = {
        queue.name: partial(rate, queue) for queue in (ours, *present.values())
    }
    show.expect(len(contenders) * (size.rounds + size.warm_up))
    found = await interleave(
        contenders,
        rounds=size.rounds,
        warm_up=size.warm_up,
        max_seconds=size.suite_seconds,
        show=show,
    )
    noun = "worker" if workers == 1 else "workers"
    return [
        *(
            _against(
                key,
                workers,
                f"{workers} {noun}",
                ours,
                peer,
                found,
                reason=peer.missing or failed.get(peer.name, ""),
            )
            for key, peer in peers.items()
        ),
        _claims(f"tasks.claim_{workers}", f"{workers} {noun}", sorted(claims)),
    ]


def _against(
    key: str,
    workers: int,
    when: str,
    ours: TaskQueue,
    peer: TaskQueue,
    found: Rounds,
    *,
    reason: str,
) -> Figure:
    name, equal = f"tasks.{key}_{workers}", key in PEERS
    what = f"cycles a second over {peer.name} ({peer.settings}), {when}"
    if reason:
        return not_measured(name, what, reason)
    ratio = found.ratio(ours.name, peer.name)
    return Figure(
        name=name,
        what=what,
        value=ratio.median,
        unit="x",
        target=1.0 if equal else None,
        at_least=True,
        detail=(
            f"{ours.name} {found.median(ours.name):,.0f}/s ({ours.settings}: {ours.guarantees});"
            f" {peer.name} {found.median(peer.name):,.0f}/s ({peer.guarantees}); {ratio.spread}"
        ),
    )


def _claims(name: str, when: str, claims: list[float]) -> Figure:
    middle, late = (percentile(claims, share) * _MILLISECONDS for share in (0.5, 0.99))
    return Figure(
        name=name,
        what=f"p50 of a claim, from the request to the task in hand, {when}",
        value=middle,
        unit="ms",
        target=None,
        at_least=False,
        detail=f"p99 {late:.1f} ms; {len(claims):,} claims",
    )


async def _measure_pickups(
    ours: TaskQueue, peers: Mapping[str, TaskQueue], size: Size, show: ProgressDisplay
) -> list[Figure]:
    """One task after the other, at an idle worker."""
    present = [peer for peer in peers.values() if not peer.missing]
    show.expect(1 + len(present))
    found: dict[str, list[float]] = {}
    failed: dict[str, str] = {}
    for queue in (ours, *present):
        show.step(f"{queue.name}: how soon a task is begun")
        try:
            found[queue.name] = await queue.pickups(size.pickups)
        except StartFailed as error:
            if queue is ours:
                raise
            failed[queue.name] = str(error)
        show.done()
    figures = []
    for key, peer in peers.items():
        name, what = f"tasks.begin_{key}", f"p50 from submission to begin, of that of {peer.name}"
        reason = peer.missing or failed.get(peer.name, "")
        if reason:
            figures.append(not_measured(name, what, reason))
            continue
        sides = {
            queue.name: [
                percentile(found[queue.name], share) * _MILLISECONDS for share in (0.5, 0.99)
            ]
            for queue in (ours, peer)
        }
        figures.append(
            Figure(
                name=name,
                what=what,
                value=sides[ours.name][0] / sides[peer.name][0],
                unit="x",
                target=None,
                at_least=False,
                detail="; ".join(
                    f"{each} p50 {middle:.1f} ms, p99 {late:.1f} ms"
                    for each, (middle, late) in sides.items()
                ),
            )
        )
    return figures


async def _waiting(
    ours: TaskQueue, peers: Mapping[str, TaskQueue], size: Size, show: ProgressDisplay
) -> list[Figure]:
    """As many as are done are submitted, behind so many others that wait. Last of all: what waits
    is never done."""
    workers = DEFAULTS_AT
    count = size.task_workers[workers]
    present = [peer for peer in peers.values() if not peer.missing]
    show.expect(2 * (1 + len(present)))
    found: dict[str, Cycles] = {}
    failed: dict[str, str] = {}
    for queue in (ours, *present):
        show.step(f"{queue.name}: {size.waiting_tasks:,} tasks wait")
        try:
            await queue.fill(size.waiting_tasks)
            show.done()
            show.step(f"{queue.name}: behind {size.waiting_tasks:,} tasks")
            found[queue.name] = await queue.cycles(workers, count)
        except StartFailed as error:
            if queue is ours:
                raise
            failed[queue.name] = str(error)
        show.done()
    when = f"{workers} workers, {size.waiting_tasks:,} tasks waiting"
    figures = []
    for key, peer in peers.items():
        name = f"tasks.{key}_waiting"
        what = f"cycles a second over {peer.name} ({peer.settings}), {when}"
        reason = peer.missing or failed.get(peer.name, "")
        if reason:
            figures.append(not_measured(name, what, reason))
            continue
        own, theirs = found[ours.name].per_second, found[peer.name].per_second
        figures.append(
            Figure(
                name=name,
                what=what,
                value=own / theirs,
                unit="x",
                target=1.0,
                at_least=True,
                detail=f"{ours.name} {own:,.0f}/s; {peer.name} {theirs:,.0f}/s; 1 round",
            )
        )
    claims = found[ours.name].claims_seconds
    return [*figures, _claims("tasks.claim_waiting", when, list(claims))]
