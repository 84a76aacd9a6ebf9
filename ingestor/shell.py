"""How does the ingestor live?

It waits to lead, finds out where to go on, records, and starts over when interrupted.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime

import structlog

from enchanted.events.v1.alarm_pb2 import SEVERITY_CRITICAL, AlarmRaised
from enchanted.events.v1.swarm_event_pb2 import ROLE_INGESTOR
from ingestor.audit import BackgroundAudit
from ingestor.continuity import (
    Agrees,
    Continue,
    Fork,
    Gap,
    RecordedEpoch,
    compare,
    gap,
    owner,
    same,
)
from ingestor.core import Examined
from ingestor.doubts import Doubts
from ingestor.lag_watch import STILL_SECONDS, LagWatch
from ingestor.log_capacity import LogCapacity
from ingestor.model import Epoch
from ingestor.recording.pipeline import Recorder
from ingestor.row_encoder import RowEncoder
from ingestor.settings import IngestorSettings
from ingestor.span_recorder import SpanRecorder
from ingestor.span_table import SpanTable
from ingestor.warehouse import ClickHouseWarehouse
from nervous_system.bus import Bus
from nervous_system.cancelling import cancel
from nervous_system.clock import Clock, stopwatch
from nervous_system.contract.event import Event
from nervous_system.contract.stored import StreamState
from nervous_system.contract.words import POSITIONS_LOST, STREAM_TRUNCATED
from nervous_system.errors import Fenced, LogFull, Permanent, Transient
from nervous_system.ids import child_id
from nervous_system.names import ALL_EVENTS
from nervous_system.remedies import what_helps
from nervous_system.service.lease import hold_lease, open_leases
from nervous_system.settings import MeshSettings
from nervous_system.telemetry.metric_catalogue import (
    ALARMS,
    EPOCH,
    LAG,
    LOG_FULL,
    LOG_LIMIT_BYTES,
    LOG_USED_BYTES,
    OLDEST_UNRECORDED_SECONDS,
    WATERMARK,
)
from nervous_system.telemetry.service import Telemetry
from nervous_system.transport.reader import Interrupted
from nervous_system.waiting import pause

_log = structlog.get_logger()

LEASE = "ingestor.main"
RESTART_SECONDS = 1.0
REPORT_SECONDS = 1.0
REMEMBER_SECONDS = 60.0
MAX_SILENT_SECONDS = 30.0

SPANS_WAIT_POSITIONS = 2_000
"""While so many events wait to be recorded, spans wait, too."""

DOUBTS_SECONDS = 60.0
"""How often at most it is said that messages are not what they claim to be."""

DRAIN_SECONDS = 8.0
"""How long a stop waits for servers that do not answer; what is not stored stays on the log."""


class Ingestor:
    """One process that may record.

    Any number may run; one does.
    """

    def __init__(
        self,
        *,
        bus: Bus,
        warehouse: ClickHouseWarehouse,
        settings: IngestorSettings,
        mesh: MeshSettings,
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
        self._recording: Recorder | None = None  # only the one that records knows how far it is
        self._epoch: int | None = None
        self._last_sequence = 0
        self._log_full = False
        self._log_capacity = LogCapacity(
            high_percent=settings.log_high_percent, low_percent=settings.log_low_percent
        )
        self._doubts = Doubts()
        self._doubts_said_at: float | None = None
        self._state = "starting"
        self._takeovers = 0
        self._leads = False
        self._audit = self._auditor() if settings.audit_percent else None
        self._spans = SpanRecorder(
            bus=bus,
            table=SpanTable(warehouse.client),
            settings=mesh,
            metrics=telemetry.metrics,
            events_wait=lambda: (self._lag or 0) > SPANS_WAIT_POSITIONS,
        )
        health = telemetry.health
        self._progress = health.progress("recording", maximum_silence_seconds=MAX_SILENT_SECONDS)
        self._inserts = health.work("inserting")
        self._follows = health.work("following the log")
        self._following = LagWatch()
        health.fact("state", lambda: self._state)
        health.fact("epoch", lambda: self._epoch)
        health.fact("watermark", lambda: self._watermark)
        health.fact("lag", lambda: self._lag)
        health.fact("log_full", lambda: self._log_full)
        health.fact("spans_stored", lambda: self._spans.stored)
        health.fact("spans_lost", lambda: self._spans.lost)
        health.fact("damage", lambda: self._audit.damage if self._audit else "")
        health.fact("audits", lambda: self._audit.rounds if self._audit else 0)

    def _auditor(self) -> BackgroundAudit:
        return BackgroundAudit(
            bus=self._bus,
            warehouse=self._warehouse,
            percent=self._settings.audit_percent,
            round_seconds=self._settings.audit_round_seconds,
            leads=lambda: self._leads,
            recorded_to=lambda: self._recorded_to,
            raise_alarm=self._raise_about_damage,
        )

    @property
    def _watermark(self) -> int | None:
        return self._recording.watermark if self._recording is not None else None

    @property
    def _recorded_to(self) -> tuple[int, Examined] | None:
        if self._recording is None or self._epoch is None or self._recording.last is None:
            return None
        return self._epoch, self._recording.last

    @property
    def _lag(self) -> int | None:
        watermark = self._watermark
        return max(0, self._last_sequence - watermark) if watermark is not None else None

    async def run(self, stop: asyncio.Event) -> None:
        """Record until `stop`, and then what is in hand; raises only what a person must mend."""
        try:
            async with _time_limit(stop, DRAIN_SECONDS):
                await self._live(stop)
        except TimeoutError:
            reason = f"not done after {DRAIN_SECONDS:g} s; what is not stored stays on the log"
            _log.warning("ingestor.waiting", doing="draining", reason=reason)

    async def _live(self, stop: asyncio.Event) -> None:
        await self._prepare_schema(stop)
        beside = [asyncio.create_task(self._report(stop), name="report")]
        if self._audit is not None:
            beside.append(asyncio.create_task(self._audit.run(), name="audit"))
        try:
            while not stop.is_set():
                self._state = "waiting for the lease"
                try:
                    await self._lead(stop)
                except (Fenced, Transient) as error:
                    _log.warning("ingestor.restarting", reason=str(error))
                    self._follows.held_up(str(error), remedy=what_helps(error, server="nats"))
                    await pause(RESTART_SECONDS, unless=stop)
        finally:
            for task in beside:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def _prepare_schema(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self._progress.mark("bringing the schema up to date")
            try:
                applied = await self._warehouse.migrate()
                await self._warehouse.apply_ttl(self._settings.ttl_days)
            except Transient as error:
                _log.warning("ingestor.waiting", doing="migrating", reason=str(error))
                self._inserts.held_up(
                    f"the tables cannot be brought up to date: {error}",
                    remedy=what_helps(error, server="clickhouse"),
                )
                await pause(RESTART_SECONDS, unless=stop)
            else:
                _log.info("ingestor.schema_ready", applied=list(applied))
                self._inserts.goes_on()
                return

    async def _lead(self, stop: asyncio.Event) -> None:
        leases = await open_leases(self._bus.connection)
        try:
            async with hold_lease(
                leases, LEASE, holder=self._holder, stop=stop, waiting=self._wait
            ) as lease:
                if lease is not None:
                    self._leads = True
                    await self._record(stop)
        finally:
            self._leads = False
            self._recording = self._epoch = None
            self._state = "not recording"
            self._telemetry.metrics.forget(EPOCH, WATERMARK, LAG, OLDEST_UNRECORDED_SECONDS)

    def _wait(self) -> None:
        """One who waits for the lease is well: waiting is its work."""
        self._progress.mark("waiting for the lease")
        self._follows.goes_on()

    async def _record(self, stop: asyncio.Event) -> None:
        self._takeovers += 1
        self._state = "finding the position"
        self._progress.mark("taking over in ClickHouse")
        sight = await self._sight()
        writer = await self._warehouse.take_over(f"{self._holder}/{self._takeovers}")
        start = await self._position()
        self._epoch = start.epoch
        recording = Recorder(
            warehouse=self._warehouse,
            framer=RowEncoder(epoch=start.epoch, writer=writer),
            keys=self._bus.keys,
            doubts=self._doubts,
            next_sequence=start.next_sequence,
            settings=self._settings,
            tracer=self._telemetry.tracer,
            metrics=self._telemetry.metrics,
            progress=self._progress,
            work=self._inserts,
            stop=stop,
        )
        async with self._bus.reader(start_sequence=start.next_sequence) as reader:
            if await self._sight() != sight:
                raise Interrupted("the log was out of sight while the position was being compared")
            self._recording = recording
            self._state = "recording"
            gauge = self._telemetry.metrics.gauge
            gauge(EPOCH).set(start.epoch)
            gauge(WATERMARK).set(recording.watermark)
            gauge(LAG).set_function(lambda: self._lag or 0)
            _log.info("ingestor.recording", epoch=start.epoch, next_sequence=start.next_sequence)
            beside = (
                asyncio.create_task(self._remember(), name="remember"),
                asyncio.create_task(self._spans.run(), name="spans"),
            )
            try:
                await recording.run(reader)
            finally:
                for task in beside:
                    await cancel(task)
        await self._warehouse.save_watermark()
        _log.info("ingestor.drained", watermark=recording.watermark)

    async def _sight(self) -> tuple[int, str]:
        """Where it changes, the log may have become another one unseen."""
        created = (await self._bus.stream.state()).created
        return self._bus.connection.generation, created

    async def _position(self) -> Continue:
        """Where to go on; opens a new epoch where the stream is not the one that was recorded."""
        stream = await self._bus.stream.state()
        watermark = await self._warehouse.watermark()
        if watermark is None:
            first = max(1, stream.first_sequence)
            await self._open_epoch(1, "the first start", first, 0, stream)
            return Continue(epoch=1, next_sequence=first)
        epochs = await self._warehouse.epochs()
        recorded = RecordedEpoch(
            epoch=epochs[-1].epoch, first_sequence=epochs[-1].first_seq, watermark=watermark.seq
        )
        verdict = await compare(recorded, stream, self._agrees_with(epochs))
        if isinstance(verdict, Continue):
            verdict = await self._past_a_hole(recorded, verdict, stream)
        # The alarm comes first: should we die in between, the comparison finds the same again.
        if isinstance(verdict, Fork):
            await self._raise_about_positions(_truncated_alarm(recorded, verdict))
            agreed, reason = verdict.agreed, verdict.reason
        elif isinstance(verdict, Gap):
            alarm = _lost_alarm(recorded, verdict)
            await self._raise_about_positions(alarm)
            agreed, reason = verdict.agreed, alarm.message
        else:
            return verdict
        await self._open_epoch(verdict.epoch, reason, verdict.next_sequence, agreed, stream)
        return Continue(epoch=verdict.epoch, next_sequence=verdict.next_sequence)

    def _agrees_with(self, epochs: Sequence[Epoch]) -> Agrees:
        async def agrees(sequence: int) -> bool:
            stored = await self._bus.stream.at(sequence)
            epoch = owner(sequence, epochs)
            if epoch is None:
                return False
            return same(stored, await self._warehouse.fingerprint(epoch=epoch, seq=sequence))

        return agrees

    async def _past_a_hole(
        self, recorded: RecordedEpoch, verdict: Continue, stream: StreamState
    ) -> Continue | Gap:
        """A damaged block can be missing in the middle of a log that goes on behind it."""
        expected = verdict.next_sequence
        following = await self._bus.stream.next_on(ALL_EVENTS, at_least=expected)
        present = following.sequence if following is not None else stream.last_sequence + 1
        return gap(recorded, next_sequence=present) if present > expected else verdict

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

    async def _raise_about_positions(self, alarm: AlarmRaised) -> None:
        await self._raise_alarm(alarm, cause=f"{alarm.epoch}/{alarm.last_sequence}")

    async def _raise_about_damage(self, alarm: AlarmRaised, cause: str) -> None:
        try:
            await self._raise_alarm(alarm, cause=cause)
        except Permanent as error:
            _log.error("alarm.not_published", name=alarm.name, reason=str(error))

    async def _raise_alarm(self, alarm: AlarmRaised, *, cause: str) -> None:
        _log.error(
            f"alarm.{alarm.name}", message=alarm.message, remedy=alarm.action, epoch=alarm.epoch
        )
        self._telemetry.metrics.counter(ALARMS).labels(name=alarm.name).inc()
        event = Event(
            event_id=child_id(cause, alarm.name),
            timestamp=self._clock(),
            agent_role=ROLE_INGESTOR,
            agent_id="ingestor",
            payload=alarm,
        )
        try:
            await self._bus.publish_derived(event, key=alarm.name)
        except LogFull as error:
            _log.error("alarm.not_published", name=alarm.name, reason=str(error))

    async def _report(self, stop: asyncio.Event) -> None:
        """Keep the lag and the room on the log known, also while reading stands still."""
        gauge = self._telemetry.metrics.gauge
        while not stop.is_set():
            with suppress(Transient, Permanent):
                stream = await self._bus.stream.state()
                self._last_sequence, self._log_full = stream.last_sequence, stream.full
                gauge(LOG_USED_BYTES).set(stream.bytes)
                gauge(LOG_LIMIT_BYTES).set(stream.max_bytes)
                gauge(LOG_FULL).set(stream.full)
                if self._watermark is not None:
                    gauge(OLDEST_UNRECORDED_SECONDS).set(await self._oldest_unrecorded_seconds())
                self._watch_following()
                await self._watch_log_capacity(stream)
                await self._say_doubts()
            await pause(REPORT_SECONDS, unless=stop)

    async def _oldest_unrecorded_seconds(self) -> float:
        """By the clock of the log. Raises Unavailable."""
        if not self._lag or self._watermark is None:
            return 0.0
        oldest = await self._bus.stream.at(self._watermark + 1)
        if oldest is None:  # it has been forgotten, or recorded meanwhile
            return 0.0
        return max(0.0, (self._clock() - oldest.recorded_at).total_seconds())

    def _watch_following(self) -> None:
        """By what is stored: a reader that was paused gives nothing, and its loop moves."""
        recording, following = self._recording, self._following
        wrong = following.see(
            stopwatch(), watermark=self._watermark, last_sequence=self._last_sequence
        )
        if wrong:
            self._follows.held_up(
                wrong, remedy="where nothing is read it reads anew by itself; else see `inserting`"
            )
        elif recording is not None:
            self._follows.goes_on()
        if recording is not None and following.still_seconds >= STILL_SECONDS and recording.is_idle:
            recording.read_anew(wrong)

    async def _watch_log_capacity(self, stream: StreamState) -> None:
        """The one that records raises the alarm; a full log may refuse it, and then that is
        said."""
        if self._recording is None:
            return
        alarm = self._log_capacity.alarm(stream)
        if alarm is not None:
            try:
                await self._raise_alarm(alarm, cause=f"{stream.created}/{stream.last_sequence}")
            except Permanent as error:
                _log.error("alarm.not_published", name=alarm.name, reason=str(error))
        self._log_capacity = self._log_capacity.after(stream)

    async def _say_doubts(self) -> None:
        """At once, and then in turns: who floods the log with forgeries is said to do so, and does
        not fill it with alarms."""
        now = stopwatch()
        if self._doubts_said_at is not None and now - self._doubts_said_at < DOUBTS_SECONDS:
            return
        alarm = self._doubts.take_alarm(epoch=self._epoch or 0)
        if alarm is not None:
            self._doubts_said_at = now
            await self._raise_about_positions(alarm)

    async def _remember(self) -> None:
        while True:
            await asyncio.sleep(REMEMBER_SECONDS)
            with suppress(Transient):
                await self._warehouse.save_watermark()


@asynccontextmanager
async def _time_limit(stop: asyncio.Event, seconds: float) -> AsyncIterator[None]:
    """The block may go on for so long after the stop; then TimeoutError."""

    async def limit() -> None:
        await stop.wait()
        deadline.reschedule(asyncio.get_running_loop().time() + seconds)

    async with asyncio.timeout(None) as deadline:
        limiting = asyncio.create_task(limit(), name="limit")
        try:
            yield
        finally:
            limiting.cancel()


def _truncated_alarm(recorded: RecordedEpoch, fork: Fork) -> AlarmRaised:
    return AlarmRaised(
        name=STREAM_TRUNCATED,
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


def _lost_alarm(recorded: RecordedEpoch, lost: Gap) -> AlarmRaised:
    return AlarmRaised(
        name=POSITIONS_LOST,
        severity=SEVERITY_CRITICAL,
        message=(
            f"positions {lost.lost_first} to {lost.lost_last} were never recorded and are no longer"
            " on the stream: they aged out while the ingestor was away, or the store was damaged"
        ),
        action="publish them again from a backup of the stream, or accept the loss",
        epoch=recorded.epoch,
        first_sequence=lost.lost_first,
        last_sequence=lost.lost_last,
    )
