"""Does the catalogue say what the code counts, and can Prometheus read it?"""

from __future__ import annotations

from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from nervous_system.telemetry.metric_catalogue import ALARMS, CATALOGUE, INSERT_ROWS, LAG
from nervous_system.telemetry.metrics import (
    DeclaredCounter,
    DeclaredGauge,
    DeclaredHistogram,
    Metrics,
)


def test_every_declaration_can_be_built_and_read_by_prometheus() -> None:
    metrics = Metrics()
    for declared in CATALOGUE:
        if isinstance(declared, DeclaredCounter):
            assert declared.name.endswith("_total")
            built = metrics.counter(declared)
        elif isinstance(declared, DeclaredGauge):
            assert not declared.name.endswith("_total")
            built = metrics.gauge(declared)  # type: ignore[assignment]
        else:
            assert isinstance(declared, DeclaredHistogram)
            built = metrics.histogram(declared)  # type: ignore[assignment]
        if declared.labels:
            built.labels(**dict.fromkeys(declared.labels, "x"))
    read = {
        family.name: family.documentation
        for family in text_string_to_metric_families(metrics.exposition().decode())
    }
    for declared in CATALOGUE:
        assert read[declared.name.removesuffix("_total")] == declared.help
    assert "process_resident_memory_bytes" in read


def test_names_are_declared_once() -> None:
    names = [declared.name for declared in CATALOGUE]
    assert len(names) == len(set(names))
    assert all(name.startswith("ganglion_") for name in names)


def test_everyone_who_asks_gets_the_same_metric_and_processes_share_none() -> None:
    one, other = Metrics(), Metrics()
    one.counter(ALARMS).labels(name="x").inc()
    one.counter(ALARMS).labels(name="x").inc()
    one.gauge(LAG).set(5)
    one.histogram(INSERT_ROWS).observe(700)
    assert one.value("ganglion_alarms_total", name="x") == 2
    assert one.value("ganglion_lag") == 5
    assert one.value("ganglion_insert_rows_bucket", le="1000.0") == 1
    assert other.value("ganglion_lag") is None
    assert REGISTRY.get_sample_value("ganglion_lag") is None
