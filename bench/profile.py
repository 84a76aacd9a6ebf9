"""How much is measured? Enough for a steady figure, or just enough to see that it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Counts of events and rounds. Rates are compared, so slow contenders get fewer events."""

    ingest_events: int
    plain_events: int  # of the plain recipe and of nats-py's pull
    bulk_events: int
    serial_events: int
    single_samples: int  # of each way, in each round
    rounds: int
    warm_up: bool
    suite_seconds: float  # no further round where it would take longer
    settle_seconds: float  # from ready to idle
    idle_seconds: float
    folded_tasks: int  # four events each
    snapshot_open: int  # tasks in the snapshot from which is started
    snapshot_ended: int
    moment_tasks: int  # in the log whose past is asked for; six events each
    moments: int  # at random
    task_workers: Mapping[int, int]  # how many workers, and how many tasks they get
    waiting_tasks: int
    harmless_lines: int  # of code and prose in which secrets are looked for
    reads: int  # questions of each kind to mission control
    pickups: int  # tasks submitted one by one, to see how soon one is begun


FULL: Final = Size(
    ingest_events=200_000,
    plain_events=20_000,
    bulk_events=20_000,
    serial_events=3_000,
    single_samples=2_000,
    rounds=3,
    warm_up=True,
    suite_seconds=95.0,
    settle_seconds=3.0,
    idle_seconds=20.0,
    folded_tasks=250_000,
    snapshot_open=10_000,
    snapshot_ended=100_000,
    moment_tasks=35_000,
    moments=1_000,
    task_workers={1: 400, 8: 1_200, 64: 2_500},
    waiting_tasks=100_000,
    harmless_lines=1_000_000,
    reads=300,
    pickups=100,
)

QUICK: Final = Size(
    ingest_events=3_000,
    plain_events=2_000,
    bulk_events=2_000,
    serial_events=200,
    single_samples=100,
    rounds=1,
    warm_up=False,
    suite_seconds=60.0,
    settle_seconds=0.0,
    idle_seconds=0.5,
    folded_tasks=500,
    snapshot_open=50,
    snapshot_ended=200,
    moment_tasks=300,
    moments=5,
    task_workers={1: 10, 8: 30},
    waiting_tasks=800,
    harmless_lines=20_000,
    reads=5,
    pickups=3,
)
