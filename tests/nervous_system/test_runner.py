"""Does a core's decision stand on the real log once, whatever happens to those who lead?"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import structlog

from enchanted.events.v1.alarm_pb2 import AlarmRaised
from enchanted.events.v1.leadership_pb2 import LeadershipTaken, TickObserved
from enchanted.events.v1.swarm_event_pb2 import ROLE_GOVERNOR, ROLE_GUARDIAN
from enchanted.events.v1.system_signal_pb2 import SystemSignal
from local_mesh.key_files import make_keys
from nervous_system import names
from nervous_system.bus import Bus, open_bus
from nervous_system.clock import stopwatch, system_clock
from nervous_system.contract.codec import encode
from nervous_system.contract.event import RecordedEvent
from nervous_system.contract.subjects import covers, leadership_subject
from nervous_system.service.leadership import take_term
from nervous_system.service.service_spec import ServiceSpec
from nervous_system.settings import MeshSettings
from nervous_system.telemetry.health import Work
from tests.nervous_system.counting import AGENTS, SERVICE, CountingCore, Counts, rebuilt, role
from tests.nervous_system.event_samples import decision
from tests.nervous_system.running_roles import (
    ANSWERS,
    THIRDS,
    assert_complete,
    history,
    publish,
    running,
    saved,
    until_on_log,
)
from tests.real_servers import NatsServer, RealProcess, wait_until
from tests.shifted_clock import shifted

TERMS = leadership_subject(service=SERVICE, scope="main")

pytestmark = pytest.mark.usefixtures("quickly")


async def test_decisions_and_what_follows_from_them_appear_once(
    bus: Bus, mesh_settings: MeshSettings
) -> None:
    await publish(bus, 1, 4)
    async with running(mesh_settings) as run:
        await publish(bus, 5, 7)
        await until_on_log(bus, ANSWERS, 4)
        await run.reached((await bus.stream.state()).last_sequence)
        assert run.value("events_decided_total") == 6
        assert run.value("term") == 1
    assert run.value("leading") == 0
    assert run.value("snapshots_total", outcome="written") == 1
    state = await assert_complete(bus, agents=7)
    assert (await saved(bus)).state == state
    assert state.answered == 2
    events = {each.event.event_id: each for each in await history(bus)}
    answer = next(
        each
        for each in events.values()
        if isinstance(each.event.payload, SystemSignal) and each.event.payload.status == "answer 3"
    )
    third = events[answer.event.causation_id]
    assert events[third.event.causation_id].event.event_id == decision("agent 3").event_id


@pytest.fixture
def program(nats_server: NatsServer, tmp_path: Path) -> Iterator[Callable[..., RealProcess]]:
    """Starts counting services in processes of their own."""
    started: list[RealProcess] = []

    def start(holder: str, *points: str) -> RealProcess:
        path = Path(__file__).with_name("counting_program.py")
        process = RealProcess(
            [sys.executable, str(path), nats_server.url, holder, *points],
            log=tmp_path / f"{holder}.log",
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()


@pytest.mark.parametrize("point", ["runner.before_append:2", "runner.after_append:2"])
async def test_a_leader_killed_around_an_append_repeats_and_loses_nothing(
    bus: Bus, mesh_settings: MeshSettings, program: Callable[..., RealProcess], point: str
) -> None:
    """Failure mode 3."""
    doomed = program("doomed", point)
    await publish(bus, 1, 9)
    assert await asyncio.to_thread(doomed.wait) == -9
    async with running(mesh_settings, of=role(tick_seconds=0.05)) as run:
        await publish(bus, 10, 12)
        await until_on_log(bus, ANSWERS, 8)
        await run.reached((await bus.stream.state()).last_sequence)
    await assert_complete(bus, agents=12)


async def test_two_at_once_and_the_other_takes_over(bus: Bus, mesh_settings: MeshSettings) -> None:
    async with running(mesh_settings, holder="first") as first:
        await first.leads()
        async with running(mesh_settings, holder="second") as second:
            await publish(bus, 1, 6)
            await until_on_log(bus, ANSWERS, 4)
            assert second.value("leading") == 0
            await first.finish()
            await second.leads()
            await publish(bus, 7, 9)
            await until_on_log(bus, ANSWERS, 6)
            assert second.value("snapshots_total", outcome="loaded") == 1
    await assert_complete(bus, agents=9)


async def test_a_paused_leader_that_wakes_up_writes_nothing(
    bus: Bus, mesh_settings: MeshSettings, program: Callable[..., RealProcess]
) -> None:
    """Failure mode 3: the successor's term fences it."""
    sleeper = program("sleeper")
    await publish(bus, 1, 4)
    await until_on_log(bus, ANSWERS, 2)
    sleeper.pause()
    async with running(mesh_settings, holder="successor", of=role(tick_seconds=0.1)) as run:
        await publish(bus, 5, 7)
        await run.leads()
        await until_on_log(bus, ANSWERS, 4)
        sleeper.resume()
        await asyncio.to_thread(
            wait_until,
            lambda: "lease.waiting" in sleeper.log.read_text(),
            "the sleeper to notice",
        )
        await publish(bus, 8, 9)
        await until_on_log(bus, ANSWERS, 6)
        terms = [
            each.event.payload.holder
            for each in await history(bus)
            if isinstance(each.event.payload, LeadershipTaken)
        ]
        assert terms == ["sleeper", "successor"]
        await run.reached((await bus.stream.state()).last_sequence)
    assert "runner.restarting" in sleeper.log.read_text()
    await assert_complete(bus, agents=9)


async def test_a_leader_that_reads_of_a_newer_term_stops(
    bus: Bus, mesh_settings: MeshSettings
) -> None:
    """Also when its lease says otherwise, and before it has anything to write."""
    async with running(mesh_settings) as run:
        await run.leads()
        await take_term(
            bus,
            service=SERVICE,
            scope="main",
            role=ROLE_GUARDIAN,
            holder="usurper",
            clock=system_clock,
            watch=stopwatch,
        )
        await run.until(lambda: run.value("term") == 3, "a term of its own again")
        await publish(bus, 1, 3)
        await until_on_log(bus, ANSWERS, 2)
    await assert_complete(bus, agents=3)


async def test_what_nobody_vouches_for_is_not_decided_on(
    bus: Bus, mesh_settings: MeshSettings, tmp_path: Path
) -> None:
    make_keys(tmp_path, "coder", ["coder-1"])
    settings = mesh_settings.model_copy(update={"home": tmp_path})
    async with running(settings) as run, open_bus(settings, name="signing") as signing:
        await publish(bus, 1, 2)
        await publish(signing, 3, 5)
        await until_on_log(bus, ANSWERS, 2)
        assert run.value("events_skipped_total", reason="untrusted") == 2
        assert run.runner.state is not None
        assert run.runner.state.counted == 3


async def test_who_signs_with_a_wrong_clock_does_not_lead(
    bus: Bus, mesh_settings: MeshSettings, tmp_path: Path
) -> None:
    """Failure mode 8: nobody would believe what it decides."""
    make_keys(tmp_path, "mesh", [])
    settings = mesh_settings.model_copy(update={"home": tmp_path})
    with structlog.testing.capture_logs() as said:
        async with running(settings, clock=shifted("-3600")) as run:
            await run.until(lambda: len(said) > 2, "a second try")
            assert run.value("leading") == 0
    restarts = [line["reason"] for line in said if line["event"] == "runner.restarting"]
    assert restarts
    assert all("-3600 s off that of the log" in reason for reason in restarts)


async def test_a_rebuild_from_nothing_gives_the_same_state_and_no_new_events(
    bus: Bus, mesh_settings: MeshSettings
) -> None:
    """Ticks replay where they struck, although other events came in before they were stored."""
    ticking = role(tick_seconds=0.05)
    async with running(mesh_settings, of=ticking) as run:
        for number in range(1, 30):
            await publish(bus, number, number)
            await asyncio.sleep(0.01)
        await run.reached((await bus.stream.state()).last_sequence)
    state = (await saved(bus)).state
    before = await history(bus)
    assert any(isinstance(each.event.payload, TickObserved) for each in before)
    await bus.connection.client.jetstream().delete_object_store(names.SNAPSHOTS)
    async with running(mesh_settings) as run:
        await run.reached((await bus.stream.state()).last_sequence)
        await run.until(lambda: run.value("events_folded_total") > len(before) - 1, "all folded")
    after = await history(bus)
    assert [type(each.event.payload) for each in after[len(before) :]] == [LeadershipTaken]
    fold, missing = rebuilt(before)
    assert missing == []
    # The first runner may have stopped before its own last decisions came back; the state is ahead.
    assert fold.state == state


async def test_a_machine_clock_an_hour_off_changes_no_decision(
    bus: Bus, mesh_settings: MeshSettings
) -> None:
    """Failure mode 8: what a tick decides on is the stream's time."""
    async with running(
        mesh_settings,
        of=role(tick_seconds=0.05),
        clock=lambda: system_clock() + timedelta(hours=1),
    ):
        await publish(bus, 1, 1)
        await until_on_log(bus, THIRDS, 1)
    (tick,) = [each for each in await history(bus) if isinstance(each.event.payload, TickObserved)]
    assert abs(tick.event.timestamp - tick.recorded_at) < timedelta(seconds=5)
    (published,) = [each for each in await history(bus) if each.subject.startswith(AGENTS[:-2])]
    assert tick.event.timestamp >= published.recorded_at


async def test_what_cannot_be_read_is_skipped_and_counted(
    bus: Bus, mesh_settings: MeshSettings
) -> None:
    """Failure mode 9: also on the subjects that are the service's own."""
    async with running(mesh_settings) as run:
        await run.leads()
        for subject in ("swarm.events.coder.decision", THIRDS):
            for data in (b"\xff\xff poison", b"", b"\x00" * 100):
                await bus.connection.request(subject, data, timeout_seconds=300)
        await publish(bus, 1, 3)
        await until_on_log(bus, ANSWERS, 2)
        assert run.value("events_skipped_total", reason="unreadable") == 6
    async with running(mesh_settings):
        await publish(bus, 4, 6)
        await until_on_log(bus, ANSWERS, 4)
    await assert_complete(bus, agents=6)


async def test_nonsense_on_the_subject_of_terms_is_passed_over(
    bus: Bus, mesh_settings: MeshSettings
) -> None:
    async with running(mesh_settings) as run:
        await run.leads()
        await bus.connection.request(TERMS, b"\xff", timeout_seconds=300)
        await run.until(lambda: run.value("term") == 2, "the next term")
        await publish(bus, 1, 3)
        await until_on_log(bus, ANSWERS, 2)
    await assert_complete(bus, agents=3)


async def test_it_goes_on_after_a_restart_of_nats(
    bus: Bus, mesh_settings: MeshSettings, nats_server: NatsServer
) -> None:
    async with running(mesh_settings) as run:
        await publish(bus, 1, 5)
        await run.leads()
        nats_server.kill()
        await asyncio.to_thread(nats_server.start)
        await publish(bus, 6, 9)
        await until_on_log(bus, ANSWERS, 6)
        assert run.value("nats_disconnects") >= 1
    await assert_complete(bus, agents=9)


async def test_what_was_in_the_way_is_told_no_longer_once_it_leads_again(
    bus: Bus, mesh_settings: MeshSettings
) -> None:
    """Not only at its next tick, which is an hour away."""
    await publish(bus, 1, 1)
    work = Work(grace_seconds=0.0)
    work.held_up("no log server answers", remedy="")
    async with running(mesh_settings, of=role(tick_seconds=3600.0), work=work) as run:
        await run.until(lambda: work.hindrance() is None, "the end of the trouble")


async def test_a_repeated_cause_breaks_nothing(bus: Bus, mesh_settings: MeshSettings) -> None:
    """Failure mode 11: without an id for the server, the same event stands on the log again and
    again."""

    async def again() -> None:
        data = encode(decision("agent 3"))
        await bus.connection.request("swarm.events.coder.decision", data, timeout_seconds=300)

    core = role(subjects=(AGENTS,))
    async with running(mesh_settings, of=_each_is_answered(core)) as run:
        await publish(bus, 1, 3)
        await until_on_log(bus, THIRDS, 3)
        for times in (1, 2):
            await again()
            await run.until(
                lambda times=times: run.value("events_skipped_total", reason="repeated") == times,  # type: ignore[misc]
                f"repetition {times}",
            )
        await publish(bus, 4, 4)
        await until_on_log(bus, THIRDS, 4)
        assert not run.task.done()
    async with running(mesh_settings, of=_each_is_answered(core)) as run:
        await again()
        await publish(bus, 5, 5)
        await until_on_log(bus, THIRDS, 5)
    messages = [
        each.event.causation_id
        for each in await history(bus)
        if isinstance(each.event.payload, AlarmRaised)
    ]
    assert messages == [decision(f"agent {number}").event_id for number in range(1, 6)]


def _each_is_answered(like: ServiceSpec[Counts]) -> ServiceSpec[Counts]:
    from nervous_system.service.decision import Emit, Tick

    class Answering(CountingCore):
        def decide(
            self, state: Counts, cause: RecordedEvent | Tick, now: datetime, /
        ) -> tuple[Emit, ...]:
            if isinstance(cause, RecordedEvent) and cause.subject == "swarm.events.coder.decision":
                return (Emit(label="answer", payload=AlarmRaised(name="answer")),)
            return ()

    return ServiceSpec(
        core=Answering(),
        state_type=Counts,
        service=like.service,
        scope=like.scope,
        agent_role=like.agent_role,
        subjects=like.subjects,
        tick_seconds=like.tick_seconds,
    )


async def test_it_waits_while_the_log_is_full(nats_server: NatsServer) -> None:
    """Failure mode 6."""
    settings = MeshSettings(
        nats_url=nats_server.url, stream_max_bytes=2000, publish_deadline_seconds=2.0
    )
    async with open_bus(settings, name="test") as bus:
        await bus.stream.ensure(settings)
        for number in range(1, 4):
            await bus.publish(decision(f"agent {number}"))
        async with running(settings) as run:
            with structlog.testing.capture_logs() as said:
                await run.until(
                    lambda: any("GANGLION_STREAM_MAX_BYTES" in str(line) for line in said),
                    "the refusal",
                )
            await bus.stream.ensure(settings.model_copy(update={"stream_max_bytes": 1024**2}))
            await until_on_log(bus, ANSWERS, 2)
        await assert_complete(bus, agents=3)


async def test_observations_come_back_through_the_log(
    bus: Bus, mesh_settings: MeshSettings
) -> None:
    async with running(mesh_settings) as run:
        await run.runner.observe(SystemSignal(status="answer by the world"))
        await run.reached(2)
    state = (await saved(bus)).state
    assert state.answered == 1
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):  # short: nobody leads any more
            await run.runner.observe(SystemSignal(status="x"))


async def test_filters_that_overlap_are_read_once(bus: Bus, mesh_settings: MeshSettings) -> None:
    """The server takes none that overlap; a core is given what it asked for all the same."""
    overlapping = role(subjects=("swarm.events.*.decision", "swarm.events.guardian.alarm_raised"))
    partly = role(subjects=("swarm.events.*.decision", "swarm.events.coder.*"))
    async with running(mesh_settings, of=overlapping):
        await publish(bus, 1, 3)
        await until_on_log(bus, ANSWERS, 2)
    async with running(mesh_settings, of=partly):
        await bus.publish(decision("ignored", SystemSignal(status="x")), key="deeper")
        await publish(bus, 4, 6)
        await until_on_log(bus, ANSWERS, 4)
    await assert_complete(bus, agents=6)


@pytest.mark.parametrize(
    ("wide", "narrow", "covered"),
    [
        ("a.>", "a.b", True),
        ("a.>", "a", False),
        ("a.>", "a.>", True),
        ("a.*", "a.b", True),
        ("a.*", "a.>", False),
        ("a.*", "a.b.c", False),
        ("a.b", "a.*", False),
        ("*.b", "a.b", True),
        ("a.*.c", "a.*.c", True),
        ("a.b.c", "a.b", False),
    ],
)
def test_what_a_filter_covers(wide: str, narrow: str, covered: bool) -> None:
    assert covers(wide, narrow) is covered


def test_a_service_publishes_under_its_own_name() -> None:
    with pytest.raises(ValueError, match="guardian cannot publish as governor"):
        ServiceSpec(
            core=CountingCore(),
            state_type=Counts,
            service="guardian",
            scope="main",
            agent_role=ROLE_GOVERNOR,
            subjects=(),
            tick_seconds=1,
        )
