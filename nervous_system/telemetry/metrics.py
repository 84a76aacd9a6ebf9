"""How is something counted so that Prometheus can read it? In one registry per process.

What can be counted is declared once, in `metric_catalogue.py`; here it is built on first use.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4

SECONDS_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
TASK_SECONDS_BUCKETS: Final = (0.01, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 3_600, 14_400, 86_400)
ROWS_BUCKETS: Final = (1, 10, 100, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What is counted.

    Labels have few values: never an id, a subject or a path.
    """

    name: str
    help: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredCounter(Declared):
    """Only grows; its name ends in `_total`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredGauge(Declared):
    """Goes up and down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredHistogram(Declared):
    """How values are distributed."""

    buckets: tuple[float, ...] = SECONDS_BUCKETS


class Metrics:
    """What one process counts, and its own CPU and memory."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # second series nobody wants
        self._registry = CollectorRegistry(auto_describe=True)
        self._built: dict[str, Counter | Gauge | Histogram] = {}
        self._looks: list[Callable[[], None]] = []
        ProcessCollector(registry=self._registry)

    def counter(self, declared: DeclaredCounter) -> Counter:
        """The counter of this declaration, the same for everyone who asks."""
        built = self._built.get(declared.name)
        if not isinstance(built, Counter):
            built = Counter(declared.name, declared.help, declared.labels, registry=self._registry)
            self._built[declared.name] = built
        return built

    def gauge(self, declared: DeclaredGauge) -> Gauge:
        """The gauge of this declaration, the same for everyone who asks."""
        built = self._built.get(declared.name)
        if not isinstance(built, Gauge):
            built = Gauge(declared.name, declared.help, declared.labels, registry=self._registry)
            self._built[declared.name] = built
        return built

    def histogram(self, declared: DeclaredHistogram) -> Histogram:
        """The histogram of this declaration, the same for everyone who asks."""
        built = self._built.get(declared.name)
        if not isinstance(built, Histogram):
            built = Histogram(
                declared.name,
                declared.help,
                declared.labels,
                registry=self._registry,
                buckets=declared.buckets,
            )
            self._built[declared.name] = built
        return built

    def before_reading(self, look: Callable[[], None]) -> None:
        """Have `look` set gauges whenever somebody reads them, and at no other time."""
        self._looks.append(look)

    def forget(self, *gauges: DeclaredGauge) -> None:
        """Report nothing under these names until they are asked for again."""
        for declared in gauges:
            built = self._built.pop(declared.name, None)
            if built is not None:
                self._registry.unregister(built)

    def value(self, name: str, /, **labels: str) -> float | None:
        """One sample as it would be read; None where there is none.

        For facts and tests.
        """
        return self._registry.get_sample_value(name, labels)

    def exposition(self) -> bytes:
        """Everything in Prometheus' text format 0.0.4 (`CONTENT_TYPE`)."""
        for look in self._looks:
            look()
        return generate_latest(self._registry)
