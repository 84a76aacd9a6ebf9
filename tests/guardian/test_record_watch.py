"""Does the guardian see what is parked, and how far ClickHouse is, on a real one?"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import clickhouse_connect
import pytest

from enchanted.events.v1.alarm_pb2 import SEVERITY_INFO, AlarmRaised
from enchanted.events.v1.incident_pb2 import IncidentClosed, IncidentOpened
from enchanted.events.v1.pulse_pb2 import PulseCompleted
from enchanted.events.v1.swarm_event_pb2 import ROLE_GOVERNOR, ROLE_OVERSEER
from enchanted.events.v1.system_signal_pb2 import SystemSignal
from guardian.clickhouse import ClickHouseRecord
from guardian.model import GuardianLimits
from nervous_system.bus import Bus
from nervous_system.errors import Unavailable
from tests.guardian.guardian_log import StartGuardian, assert_sound, publish, until_on_log
from tests.real_servers import ClickHouseServer, NatsServer, RealProcess

ALARMS = "swarm.events.guardian.alarm_raised"
OPENED = "swarm.events.incident.opened.*"


@pytest.fixture
def clickhouse(clickhouse_server: ClickHouseServer) -> ClickHouseServer:
    """One without a database."""
    with clickhouse_connect.get_client(dsn=clickhouse_server.url) as client:
        client.command("DROP DATABASE IF EXISTS swarm SYNC")
    return clickhouse_server


@pytest.fixture
async def poison(bus: Bus) -> None:
    """The first two positions of the log are no events."""
    for data in (b"\xff poison", b"\xfe poison"):
        await bus.connection.request("swarm.events.coder.decision", data, timeout_seconds=300)


class KeptRunning:
    """A process that is started again when it ends, as the supervisor does.

    The guardian may tell the ingestor to end, and relies on that.
    """

    def __init__(self, start: Callable[[], RealProcess]) -> None:
        self._start = start
        self.process = start()

    async def run(self) -> None:
        while True:
            if not self.process.running:
                self.process = self._start()
            await asyncio.sleep(0.05)


@pytest.fixture
async def ingestor(
    nats_server: NatsServer, clickhouse: ClickHouseServer, tmp_path: Path, poison: None
) -> AsyncIterator[KeptRunning]:
    def start() -> RealProcess:
        return RealProcess(
            [sys.executable, "-m", "ingestor"],
            log=tmp_path / "ingestor.log",
            environment={
                "NATS_URL": nats_server.url,
                "CLICKHOUSE_URL": clickhouse.url,
                "GANGLION_HOME": str(tmp_path),
                "GANGLION_METRICS_PORT": "0",
            },
        )

    kept = KeptRunning(start)
    keeping = asyncio.create_task(kept.run())
    yield kept
    keeping.cancel()
    kept.process.kill()


async def test_parked_events_and_a_lag_are_seen_and_so_is_their_end(
    bus: Bus,
    clickhouse: ClickHouseServer,
    ingestor: KeptRunning,
    start_guardian: StartGuardian,
) -> None:
    record = ClickHouseRecord(clickhouse.url)
    guardian = start_guardian(
        CLICKHOUSE_URL=clickhouse.url,
        GANGLION_GUARDIAN_LOOK_SECONDS="0.1",
        GANGLION_GUARDIAN_LAG_POSITIONS="200",
    )
    (parked,) = await until_on_log(bus, ALARMS, 1)
    assert isinstance(parked.event.payload, AlarmRaised)
    assert parked.event.payload.name == "parked_events"
    assert (parked.event.payload.first_sequence, parked.event.payload.last_sequence) == (1, 2)
    (opened,) = await until_on_log(bus, OPENED, 1)
    assert isinstance(opened.event.payload, IncidentOpened)
    assert opened.event.payload.rule == "parked_growing"
    # The ingestor sleeps, and the log goes on.
    ingestor.process.pause()
    for _ in range(250):
        await publish(bus, SystemSignal(status="HEALTHY"), role=ROLE_GOVERNOR)
    opened_two = await until_on_log(bus, OPENED, 2)
    behind = opened_two[1].event.payload
    assert isinstance(behind, IncidentOpened)
    assert (behind.rule, behind.subject_of_concern) == ("ingest_behind", "ClickHouse")
    ingestor.process.resume()
    (closed,) = await until_on_log(bus, "swarm.events.incident.closed.*", 1)
    assert isinstance(closed.event.payload, IncidentClosed)
    assert closed.event.payload.incident_id == behind.incident_id
    assert "ClickHouse has caught up" in closed.event.payload.root_cause
    look = await record.look(parked_epoch=1, parked_sequence=2)
    assert look is not None
    assert look.watermark >= 252
    assert look.parked.count == 0
    assert await asyncio.to_thread(guardian.terminate) == 0
    history = await assert_sound(bus, GuardianLimits(lag_positions=200))
    alarms = [each.event.payload for each in history if each.subject == ALARMS]
    assert sum(isinstance(a, AlarmRaised) and a.name == "parked_events" for a in alarms) == 1


async def test_a_small_lag_is_said_once_a_pulse_and_is_no_trouble(
    bus: Bus,
    clickhouse: ClickHouseServer,
    ingestor: KeptRunning,
    start_guardian: StartGuardian,
) -> None:
    record = ClickHouseRecord(clickhouse.url)
    start_guardian(CLICKHOUSE_URL=clickhouse.url, GANGLION_GUARDIAN_LOOK_SECONDS="0.1")
    await until_on_log(bus, ALARMS, 1)  # what was parked
    ingestor.process.pause()
    for _ in range(30):
        await publish(bus, SystemSignal(status="HEALTHY"), role=ROLE_GOVERNOR)
    pulse = PulseCompleted(number=1, interval_seconds=240)
    await publish(bus, pulse, role=ROLE_OVERSEER)
    behind = (await until_on_log(bus, ALARMS, 2))[1].event.payload
    assert isinstance(behind, AlarmRaised)
    assert (behind.name, behind.severity) == ("ingest_lag", SEVERITY_INFO)
    assert behind.last_sequence - behind.first_sequence > 30
    ingestor.process.resume()
    async with asyncio.timeout(60):
        while True:
            look = await record.look(parked_epoch=1, parked_sequence=2)
            if look is not None and look.watermark >= behind.last_sequence:
                break
    await publish(bus, pulse, role=ROLE_OVERSEER)
    again = (await until_on_log(bus, ALARMS, 3))[2].event.payload
    assert isinstance(again, AlarmRaised)
    assert again.last_sequence - again.first_sequence < 30


async def test_before_the_schema_there_is_nothing_to_see(own_clickhouse: ClickHouseServer) -> None:
    record = ClickHouseRecord(own_clickhouse.url)
    assert await record.look(parked_epoch=0, parked_sequence=0) is None
    own_clickhouse.kill()
    with pytest.raises(Unavailable, match="does not answer"):
        await record.look(parked_epoch=0, parked_sequence=0)
