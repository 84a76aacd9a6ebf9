"""How does a look at the machine become an event, again and again?"""

from __future__ import annotations

import asyncio

import structlog

from enchanted.events.v1.capacity_pb2 import CapacitySampled
from governor.ports import ObservationSink, Sampler
from nervous_system.errors import Fenced, LogFull, Transient
from nervous_system.telemetry.health import Progress, Work
from nervous_system.telemetry.metric_catalogue import (
    HOST_CPU_PERCENT,
    HOST_DISK_TOTAL_BYTES,
    HOST_DISK_USED_BYTES,
    HOST_MEMORY_LIMIT_BYTES,
    HOST_MEMORY_USED_BYTES,
    SAMPLE_FAILURES,
)
from nervous_system.telemetry.metrics import Metrics

_log = structlog.get_logger()

FIRST_SAMPLE_SECONDS = 1.0
"""After the start: CPU is measured between two looks."""

AGAIN_SECONDS = 5.0
"""After a sample was lost: what was in the way may be over, and is told until one is recorded."""


class Sampling:
    """The loop that looks at the machine."""

    def __init__(
        self,
        *,
        sampler: Sampler,
        observations: ObservationSink,
        metrics: Metrics,
        progress: Progress,
        work: Work,
        sample_seconds: float,
    ) -> None:
        self._sampler = sampler
        self._observations = observations
        self._metrics = metrics
        self._progress = progress
        self._work = work
        self._sample_seconds = sample_seconds

    async def run(self) -> None:
        """Sample and record every `sample_seconds` until cancelled."""
        loop = asyncio.get_running_loop()
        due = loop.time() + min(FIRST_SAMPLE_SECONDS, self._sample_seconds)
        while True:
            await asyncio.sleep(due - loop.time())
            self._progress.mark("looking at the machine")
            sample = await asyncio.to_thread(self._sampler.sample)
            self._show(sample)
            due = max(loop.time(), due + self._sample_seconds)
            self._progress.mark("recording a sample")
            if not await self._record(sample, within_seconds=due - loop.time()):
                due = loop.time() + min(AGAIN_SECONDS, self._sample_seconds)
            self._progress.mark("waiting for the next sample")

    async def _record(self, sample: CapacitySampled, *, within_seconds: float) -> bool:
        """Whether it is on the log. Given up when the next one is due: nobody needs an old one."""
        try:
            async with asyncio.timeout(within_seconds):
                await self._observations.observe(sample, key=sample.host)
        except TimeoutError:
            if self._observations.leads:
                self._report_lost("the log did not take it in time")
            else:  # why it does not lead is said by whoever tries to
                self._report_lost("another governor leads this machine, or none can")
                self._work.goes_on()
        except (Transient, Fenced, LogFull) as error:
            self._report_lost(str(error))
        else:
            self._work.goes_on()
            return True
        return False

    def _report_lost(self, reason: str) -> None:
        self._metrics.counter(SAMPLE_FAILURES).labels(part="record").inc()
        _log.warning("sample.not_recorded", reason=reason)
        self._work.held_up(f"no sample is recorded: {reason}", remedy="see what is said of the log")

    def _show(self, sample: CapacitySampled) -> None:
        gauge = self._metrics.gauge
        gauge(HOST_CPU_PERCENT).set(sample.cpu_percent)
        gauge(HOST_MEMORY_USED_BYTES).set(sample.memory_used_bytes)
        gauge(HOST_MEMORY_LIMIT_BYTES).set(sample.memory_limit_bytes)
        gauge(HOST_DISK_USED_BYTES).set(sample.disk_used_bytes)
        gauge(HOST_DISK_TOTAL_BYTES).set(sample.disk_total_bytes)
