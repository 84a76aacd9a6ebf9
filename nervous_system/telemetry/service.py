"""What makes a service visible from outside?

Logs, spans, metrics, health, built together.
"""

from __future__ import annotations

import platform
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version

import structlog

from nervous_system.settings import MeshSettings
from nervous_system.telemetry import log
from nervous_system.telemetry.endpoint import Endpoint
from nervous_system.telemetry.health import Health
from nervous_system.telemetry.metric_catalogue import BUILD_INFO
from nervous_system.telemetry.metrics import Metrics
from nervous_system.telemetry.tracing import Tracer
from nervous_system.telemetry.watchdog import Watchdog

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Telemetry:
    """What a service's parts are handed."""

    tracer: Tracer
    metrics: Metrics
    health: Health
    port: int  # of /healthz and /metrics


@asynccontextmanager
async def telemetry(settings: MeshSettings, *, service: str) -> AsyncIterator[Telemetry]:
    """Telemetry while the block runs; at its end waiting spans are sent within three seconds.

    Raises Fatal where a log setting, the OTLP address or the port of /metrics is of no use.
    """
    log.configure(service=service, level=settings.log_level, format=settings.log_format)
    metrics = Metrics()
    metrics.gauge(BUILD_INFO).labels(version("ganglion"), platform.python_version()).set(1)
    health = Health(service=service, metrics=metrics)
    endpoint = Endpoint(health=health, metrics=metrics, names=settings.metrics_names)
    port = await endpoint.start(host=settings.metrics_host, port=settings.metrics_port)
    try:
        if settings.health_socket is not None:
            await endpoint.start_privately(settings.health_socket)
        tracer = Tracer.start(
            service_name=service,
            endpoint=settings.otlp_endpoint,
            source=service if settings.telemetry_spans else "",
            metrics=metrics,
        )
        try:
            _log.info("telemetry.listening", host=settings.metrics_host, port=port)
            with Watchdog(health, patience_seconds=settings.watchdog_seconds):
                yield Telemetry(tracer=tracer, metrics=metrics, health=health, port=port)
        finally:
            await tracer.close()
    finally:
        await endpoint.close()
