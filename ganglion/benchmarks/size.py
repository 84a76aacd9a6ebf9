"""How much is measured? Enough for a steady figure, or just enough to see that it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Counts of events and rounds. Rates are compared, so slow contenders get fewer events."""

    ingest_events: int
    plain_events: int
    bulk_events: int
    serial_events: int
    single_samples: int  # of each way, in each round
    rounds: int
    tracing_rounds: int  # a cost of a few per cent needs more of them
    warm_up: bool
    settle_seconds: float  # from ready to idle
    idle_seconds: float


FULL: Final = Size(
    ingest_events=100_000,
    plain_events=40_000,
    bulk_events=40_000,
    serial_events=5_000,
    single_samples=2_500,
    rounds=3,
    tracing_rounds=5,
    warm_up=True,
    settle_seconds=3.0,
    idle_seconds=20.0,
)

QUICK: Final = Size(
    ingest_events=3_000,
    plain_events=2_000,
    bulk_events=2_000,
    serial_events=200,
    single_samples=100,
    rounds=1,
    tracing_rounds=1,
    warm_up=False,
    settle_seconds=0.0,
    idle_seconds=0.5,
)
