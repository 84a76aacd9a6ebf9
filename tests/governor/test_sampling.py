"""Does the loop of samples go on when one is lost, and end when something is broken?"""

from __future__ import annotations

import asyncio

import pytest

from enchanted.events.v1.capacity_pb2 import CapacitySampled
from governor import shell
from governor.shell import Sampling
from nervous_system.contract.payload import Payload
from nervous_system.errors import Fenced, Forbidden, LogFull, NotAcknowledged
from nervous_system.telemetry.health import Health, Work
from nervous_system.telemetry.metrics import Metrics


class Machine:
    """Counts how often it was looked at."""

    def __init__(self) -> None:
        self.looks = 0

    def sample(self) -> CapacitySampled:
        self.looks += 1
        return CapacitySampled(host="node-1", cpu_percent=self.looks, memory_limit_bytes=7)


class Answers:
    """A log that answers as it is told, one answer per sample; then Forbidden."""

    leads = True

    def __init__(self, *answers: Exception | None) -> None:
        self._answers = list(answers)
        self.recorded: list[Payload] = []
        self.took_one = asyncio.Event()

    async def observe(self, payload: Payload, *, key: str | None = None) -> None:
        assert key == "node-1"
        if not self._answers:
            raise Forbidden("the end of the test")
        answer = self._answers.pop(0)
        if isinstance(answer, TimeoutError):
            await asyncio.Event().wait()  # never: as while another governor leads
        if answer is not None:
            raise answer
        self.recorded.append(payload)
        self.took_one.set()


async def test_a_lost_sample_is_counted_and_the_next_one_comes() -> None:
    metrics, machine = Metrics(), Machine()
    log = Answers(None, NotAcknowledged("x"), TimeoutError(), Fenced("x"), LogFull("x"), None)
    sampling = Sampling(
        sampler=machine,
        observations=log,
        metrics=metrics,
        progress=Health(service="governor", metrics=metrics).progress(
            "sample", maximum_silence_seconds=1
        ),
        work=Work(),
        sample_seconds=0.01,
    )
    with pytest.raises(Forbidden):
        await sampling.run()
    assert [getattr(sample, "cpu_percent", 0) for sample in log.recorded] == [1, 6]
    assert metrics.value("ganglion_sample_failures_total", part="record") == 4
    assert metrics.value("ganglion_host_cpu_percent") == 7
    assert metrics.value("ganglion_host_memory_limit_bytes") == 7


async def test_after_a_lost_sample_the_next_one_does_not_wait_for_its_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was in the way is told until one is recorded: a sample a day would tell it for a day."""
    monkeypatch.setattr(shell, "FIRST_SAMPLE_SECONDS", 0.01)
    monkeypatch.setattr(shell, "AGAIN_SECONDS", 0.01)
    metrics, work = Metrics(), Work(grace_seconds=0.0)
    log = Answers(LogFull("no room"), NotAcknowledged("no answer"), None)
    sampling = Sampling(
        sampler=Machine(),
        observations=log,
        metrics=metrics,
        progress=Health(service="governor", metrics=metrics).progress(
            "sample", maximum_silence_seconds=1
        ),
        work=work,
        sample_seconds=86_400.0,
    )
    running = asyncio.create_task(sampling.run())
    async with asyncio.timeout(60):
        await log.took_one.wait()
    running.cancel()
    assert work.hindrance() is None


@pytest.mark.parametrize(
    ("leads", "lost", "told"),
    [
        (True, NotAcknowledged("no answer"), "no sample is recorded: no answer"),
        (True, LogFull("no room"), "no sample is recorded: no room"),
        (True, TimeoutError(), "no sample is recorded: the log did not take it in time"),
        (False, TimeoutError(), ""),  # another leads this machine, and that is well
        (True, None, ""),
    ],
)
async def test_samples_that_nobody_records_are_no_work_done(
    *, leads: bool, lost: Exception | None, told: str
) -> None:
    log = Answers(None, lost)
    log.leads = leads
    metrics, work = Metrics(), Work(grace_seconds=0.0)
    sampling = Sampling(
        sampler=Machine(),
        observations=log,
        metrics=metrics,
        progress=Health(service="governor", metrics=metrics).progress(
            "sample", maximum_silence_seconds=1
        ),
        work=work,
        sample_seconds=0.01,
    )
    with pytest.raises(Forbidden):
        await sampling.run()
    hindrance = work.hindrance()
    assert (hindrance.sentence if hindrance is not None else "") == told
