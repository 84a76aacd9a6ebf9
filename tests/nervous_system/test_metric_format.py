"""Is what is counted in Prometheus' format, by Prometheus' own word, and is all of it collected?"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from nervous_system.telemetry.metric_catalogue import CATALOGUE
from nervous_system.telemetry.metrics import (
    Declared,
    DeclaredCounter,
    DeclaredGauge,
    DeclaredHistogram,
    Metrics,
)

ROOT = Path(__file__).parents[2]
PROMTOOL = shutil.which("promtool")


def _count(metrics: Metrics, declared: Declared) -> None:
    labels = [f"a {name}" for name in declared.labels]
    match declared:
        case DeclaredCounter():
            counter = metrics.counter(declared)
            (counter.labels(*labels) if labels else counter).inc()
        case DeclaredGauge():
            gauge = metrics.gauge(declared)
            (gauge.labels(*labels) if labels else gauge).set(1)
        case DeclaredHistogram():
            histogram = metrics.histogram(declared)
            (histogram.labels(*labels) if labels else histogram).observe(1)
        case _:
            pytest.fail(f"{declared.name} is of no kind")


@pytest.mark.process
@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not here (Debian: prometheus)")
def test_prometheus_takes_every_metric() -> None:
    metrics = Metrics()
    for declared in CATALOGUE:
        _count(metrics, declared)
    assert PROMTOOL is not None
    checked = subprocess.run(
        [PROMTOOL, "check", "metrics"], input=metrics.exposition(), capture_output=True, check=False
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


@pytest.mark.process
@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not here (Debian: prometheus)")
def test_prometheus_takes_the_scrape_file() -> None:
    assert PROMTOOL is not None
    file = ROOT / "infra" / "prometheus" / "prometheus.yml"
    subprocess.run([PROMTOOL, "check", "config", file], check=True, capture_output=True)


def test_every_service_of_the_containers_is_collected() -> None:
    file = yaml.safe_load((ROOT / "infra" / "prometheus" / "prometheus.yml").read_text())
    (job,) = file["scrape_configs"]
    (targets,) = [each["targets"] for each in job["static_configs"]]
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    images = {name: each.get("command", []) for name, each in compose["services"].items()}
    services = {
        *("ingestor", "governor", "overseer", "guardian", "builtin_worker", "mission_control")
    }
    run = {name for name, command in images.items() if services.intersection(command[:1])}
    assert {each.removesuffix(":9100") for each in targets} == run


def test_what_is_looked_at_is_looked_at_when_somebody_reads() -> None:
    metrics, looked = Metrics(), []
    metrics.before_reading(lambda: looked.append(1))
    assert looked == []
    metrics.exposition()
    assert looked == [1]
