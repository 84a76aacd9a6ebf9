"""How does the ingestor live?

It waits to lead, finds out where to go on, records, and starts over when interrupted.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime

import structlog

from enchanted.events.v1.alarm_pb2 import SEVERITY_CRITICAL, AlarmRaised
from enchanted.events.v1.swarm_event_pb2 import ROLE_INGESTOR
from ingestor.continuity import Agrees, Continue, Fork, Gap, Recorded, compare, same
from ingestor.frames import Framer
from ingestor.ports import Warehouse
from ingestor.recording import Recording
from ingestor.settings import IngestorSettings
from nervous_system.bus import Bus
from nervous_system.clock import Clock
from nervous_system.errors import Fenced, LogFull, Transient
from nervous_system.event import Event
from nervous_system.ids import child_id
from nervous_system.lease import leading, open_leases
from nervous_system.metric_catalogue import ALARMS, EPOCH, LAG, WATERMARK
from nervous_system.reader import Interrupted
from nervous_system.stream import StreamState
from nervous_system.telemetry import Telemetry

_log = structlog.get_logger()

LEASE = "ingestor.main"
RESTART_SECONDS = 1.0
REPORT_SECONDS = 1.0
REMEMBER_SECONDS = 60.0
MOST_SILENT_SECONDS = 30.0


class Ingestor:
    """One process that may record.

    Any number may run; one does.
    """

    def __init__(
        self,
        *,
        bus: Bus,
        warehouse: Warehouse,
        settings: IngestorSettings,
        telemetry: Telemetry,
        holder: str,
        clock: Clock,
    ) -> None:
        self._bus = bus
        self._warehouse = warehouse
        self._settings = settings
        self._telemetry = telemetry
        self._holder = holder
        self._clock = clock
        self._recording: Recording | None = None
        self._epoch = 0
        self._last_sequence = 0
        self._state = "starting"
        self._takeovers = 0
        health = telemetry.health
        self._progress = health.progress("recording", maximum_silence_seconds=MOST_SILENT_SECONDS)
        health.fact("state", lambda: self._state)
        health.fact("epoch", lambda: self._epoch)
        health.fact("watermark", lambda: self._watermark)
        health.fact("lag", lambda: self._lag)
        telemetry.metrics.gauge(LAG).set_function(lambda: self._lag)

    @property
    def _watermark(self) -> int:
        return self._recording.watermark if self._recording is not None else 0

    @property
    def _lag(self) -> int:
        return max(0, self._last_sequence - self._watermark)

    async def run(self, stop: asyncio.Event) -> None:
        """Record until `stop`; raises only what a person must mend."""
        await self._prepare_schema(stop)
        report = asyncio.create_task(self._report(stop), name="report")
        try:
            while not stop.is_set():
                self._state = "waiting for the lease"
                try:
                    await self._lead(stop)
                except (Fenced, Transient) as error:
                    _log.warning("ingestor.restarting", reason=str(error))
                    with suppress(TimeoutError):
                        await asyncio.wait_for(stop.wait(), RESTART_SECONDS)
        finally:
            report.cancel()
            with suppress(asyncio.CancelledError):
                await report

    async def _prepare_schema(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self._progress.mark("bringing the schema up to date")
            try:
                applied = await self._warehouse.migrate()
                await self._warehouse.apply_ttl(self._settings.ttl_days)
            except Transient as error:
                _log.warning("ingestor.waiting", doing="migrating", reason=str(error))
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), RESTART_SECONDS)
            else:
                _log.info("ingestor.schema_ready", applied=list(applied))
                return

    async def _lead(self, stop: asyncio.Event) -> None:
        leases = await open_leases(self._bus.connection)
        try:
            async with leading(
                leases, LEASE, holder=self._holder, stop=stop, waiting=self._wait
            ) as lease:
                if lease is not None:
                    await self._record(stop)
        finally:
            self._recording = None

    def _wait(self) -> None:
        """One who waits for the lease is well: waiting is its work."""
        self._progress.mark("waiting for the lease")

    async def _record(self, stop: asyncio.Event) -> None:
        self._takeovers += 1
        self._state = "finding the position"
        self._progress.mark("taking over in ClickHouse")
        generation = self._bus.connection.generation
        writer = await self._warehouse.take_over(f"{self._holder}/{self._takeovers}")
        start = await self._position()
        self._epoch = start.epoch
        self._telemetry.metrics.gauge(EPOCH).set(start.epoch)
        recording = Recording(
            warehouse=self._warehouse,
            framer=Framer(epoch=start.epoch, writer=writer),
            settings=self._settings,
            tracer=self._telemetry.tracer,
            metrics=self._telemetry.metrics,
            progress=self._progress,
            stop=stop,
        )
        recording.watermark = start.next_sequence - 1
        self._telemetry.metrics.gauge(WATERMARK).set(recording.watermark)
        async with self._bus.reader(start_sequence=start.next_sequence) as reader:
            if self._bus.connection.generation != generation:
                raise Interrupted("the connection was lost while the position was being compared")
            self._recording = recording
            self._state = "recording"
            _log.info("ingestor.recording", epoch=start.epoch, next_sequence=start.next_sequence)
            remembering = asyncio.create_task(self._remember(), name="remember")
            try:
                await recording.run(reader)
            finally:
                remembering.cancel()
                with suppress(asyncio.CancelledError):
                    await remembering
        await self._warehouse.remember_watermark()
        _log.info("ingestor.drained", watermark=recording.watermark)

    async def _position(self) -> Continue:
        """Where to go on; opens a new epoch where the stream is not the one that was recorded."""
        stream = await self._bus.stream.state()
        watermark = await self._warehouse.watermark()
        if watermark is None:
            first = max(1, stream.first_sequence)
            await self._open_epoch(1, "the first start", first, 0, stream)
            return Continue(epoch=1, next_sequence=first)
        epoch = (await self._warehouse.epochs())[-1]
        recorded = Recorded(
            epoch=epoch.epoch, first_sequence=epoch.first_seq, watermark=watermark.seq
        )
        verdict = await compare(recorded, stream, self._agrees_in(epoch.epoch))
        # The alarm comes first: should we die in between, the comparison finds the same again.
        if isinstance(verdict, Fork):
            await self._raise_alarm(_truncated(recorded, verdict))
            agreed, reason = verdict.agreed, verdict.reason
        elif isinstance(verdict, Gap):
            alarm = _lost(recorded, verdict)
            await self._raise_alarm(alarm)
            agreed, reason = 0, alarm.message
        else:
            return verdict
        await self._open_epoch(verdict.epoch, reason, verdict.next_sequence, agreed, stream)
        return Continue(epoch=verdict.epoch, next_sequence=verdict.next_sequence)

    def _agrees_in(self, epoch: int) -> Agrees:
        async def agrees(sequence: int) -> bool:
            stored = await self._bus.stream.at(sequence)
            return same(stored, await self._warehouse.fingerprint(epoch=epoch, seq=sequence))

        return agrees

    async def _open_epoch(
        self, number: int, reason: str, first: int, agreed: int, stream: StreamState
    ) -> None:
        _log.info("ingestor.epoch_opened", epoch=number, reason=reason, first_sequence=first)
        await self._warehouse.open_epoch(
            epoch=number,
            reason=reason,
            stream_created=datetime.fromisoformat(stream.created),
            first_seq=first,
            forked_from_seq=agreed,
            holder=self._holder,
        )

    async def _raise_alarm(self, alarm: AlarmRaised) -> None:
        _log.error(
            f"alarm.{alarm.name}", message=alarm.message, remedy=alarm.action, epoch=alarm.epoch
        )
        self._telemetry.metrics.counter(ALARMS).labels(name=alarm.name).inc()
        event = Event(
            event_id=child_id(f"{alarm.epoch}/{alarm.last_sequence}", alarm.name),
            timestamp=self._clock(),
            agent_role=ROLE_INGESTOR,
            agent_id="ingestor",
            payload=alarm,
        )
        try:
            await self._bus.publish(event, key=alarm.name)
        except LogFull as error:
            _log.error("alarm.not_published", name=alarm.name, reason=str(error))

    async def _report(self, stop: asyncio.Event) -> None:
        """Keep the lag known, also while reading stands still."""
        while not stop.is_set():
            with suppress(Transient):
                self._last_sequence = (await self._bus.stream.state()).last_sequence
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), REPORT_SECONDS)

    async def _remember(self) -> None:
        while True:
            await asyncio.sleep(REMEMBER_SECONDS)
            with suppress(Transient):
                await self._warehouse.remember_watermark()


def _truncated(recorded: Recorded, fork: Fork) -> AlarmRaised:
    return AlarmRaised(
        name="stream_truncated",
        severity=SEVERITY_CRITICAL,
        message=(
            f"{fork.reason}: positions {fork.lost_first} to {fork.lost_last}"
            f" of epoch {recorded.epoch} are only in ClickHouse now"
        ),
        action=f"publish them again with `ganglion epochs republish {recorded.epoch}`",
        epoch=recorded.epoch,
        first_sequence=fork.lost_first,
        last_sequence=fork.lost_last,
    )


def _lost(recorded: Recorded, gap: Gap) -> AlarmRaised:
    return AlarmRaised(
        name="positions_lost",
        severity=SEVERITY_CRITICAL,
        message=(
            f"positions {gap.lost_first} to {gap.lost_last} aged out before they were recorded:"
            " the ingestor was away for longer than the stream keeps events"
        ),
        action="restore them from a backup of the stream, or accept the loss",
        epoch=recorded.epoch,
        first_sequence=gap.lost_first,
        last_sequence=gap.lost_last,
    )
