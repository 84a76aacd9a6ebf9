"""Does an acknowledgement mean that the event is on the log, once?"""

from __future__ import annotations

import asyncio
import socket
import struct
import subprocess
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import uvloop

from enchanted.events.v1.agent_decision_pb2 import AgentDecision
from local_mesh import nats_limits
from nervous_system import names
from nervous_system.bus import Bus, decode_stored, open_bus
from nervous_system.contract.message import Entry, Expectation
from nervous_system.contract.stored import Stored
from nervous_system.errors import (
    Conflict,
    Duplicate,
    Fenced,
    Forbidden,
    InvalidEvent,
    LogFull,
    NotAcknowledged,
    TooLarge,
    Unavailable,
)
from nervous_system.settings import MeshSettings
from nervous_system.telemetry.metrics import Metrics
from nervous_system.transport import publisher
from nervous_system.transport.bulk_client import BulkClient
from nervous_system.transport.frame import frame
from tests.nervous_system.event_samples import decision, entry
from tests.real_servers import NatsServer, free_port


async def _everything(bus: Bus) -> list[Stored]:
    return [stored async for stored in bus.replay()]


async def test_an_acknowledged_event_is_on_the_log_with_its_id_and_trace(bus: Bus) -> None:
    acknowledgement = await bus.publish(decision("one"))
    (stored,) = await _everything(bus)
    event = decode_stored(stored).event
    assert stored.sequence == acknowledgement.last_sequence == 1
    assert stored.subject == "swarm.events.coder.decision"
    assert stored.message_id == event.event_id == decision("one").event_id
    assert stored.headers is not None
    assert stored.headers[names.TRACEPARENT] == f"00-{event.trace_id}-{event.span_id}-01"


async def test_the_same_id_again_is_acknowledged_and_stored_once(bus: Bus) -> None:
    first = await bus.publish(decision("one"))
    again = await bus.publish(decision("one"))
    assert again.duplicate
    assert again.last_sequence == first.last_sequence
    assert len(await _everything(bus)) == 1


async def test_an_event_that_breaks_the_contracts_is_not_sent(bus: Bus) -> None:
    wrong = decision("one", AgentDecision(rationale="r", confidence_score=1.4))
    with pytest.raises(InvalidEvent, match="confidence_score is not between 0 and 1"):
        await bus.publish(wrong)
    assert await _everything(bus) == []


async def test_secrets_are_taken_out_and_counted(bus: Bus) -> None:
    secret = "sk-ant-" + "a" * 30
    acknowledgement = await bus.publish(
        decision("one", AgentDecision(rationale=f"use {secret}", memory_ids=[secret, "fine"]))
    )
    assert acknowledgement.redacted == 2
    (stored,) = await _everything(bus)
    assert secret.encode() not in stored.data


async def test_an_event_too_large_is_refused_with_a_sentence(bus: Bus) -> None:
    with pytest.raises(TooLarge, match="payload limit"):
        await bus.publish(decision("large", AgentDecision(rationale="x" * 2_000_000)))


async def test_a_full_log_refuses_and_keeps_what_it_has(nats_server: NatsServer) -> None:
    settings = MeshSettings(nats_url=nats_server.url, stream_max_bytes=4096)
    async with open_bus(settings, name="test") as bus:
        await bus.stream.ensure(settings)
        stored = 0
        with pytest.raises(LogFull, match="GANGLION_STREAM_MAX_BYTES"):
            for number in range(100):
                await bus.publish(decision(f"{number}"))
                stored += 1
        assert len(await _everything(bus)) == stored > 0
        roomier = settings.model_copy(update={"stream_max_bytes": 1024**2})
        await bus.stream.ensure(roomier)
        await bus.publish(decision("after"))


async def test_compare_and_append_lets_one_of_two_win(bus: Bus) -> None:
    nothing_yet = Expectation("swarm.events.*.decision.k", 0)
    results = await asyncio.gather(
        bus.publish(decision("a"), key="k", expectation=nothing_yet),
        bus.publish(decision("b"), key="k", expectation=nothing_yet),
        return_exceptions=True,
    )
    assert sorted(type(result).__name__ for result in results) == ["Acknowledgement", "Conflict"]
    assert len(await _everything(bus)) == 1


async def test_compare_and_append_recognises_its_own_earlier_try(bus: Bus) -> None:
    expectation = Expectation("swarm.events.*.decision.k", 0)
    first = await bus.publish(decision("a"), key="k", expectation=expectation)
    await bus.publish(decision("third party"), key="k")
    again = await bus.publish(decision("a"), key="k", expectation=expectation)
    assert again.duplicate
    assert again.last_sequence == first.last_sequence
    with pytest.raises(Conflict):
        await bus.publish(decision("b"), key="k", expectation=expectation)


async def test_a_batch_is_stored_whole_and_in_order(bus: Bus) -> None:
    acknowledgement = await bus.append([entry(f"{n}") for n in range(1000)])
    assert (acknowledgement.first_sequence, acknowledgement.last_sequence) == (1, 1000)
    stored = await _everything(bus)
    assert [each.message_id for each in stored] == [decision(f"{n}").event_id for n in range(1000)]


async def test_a_batch_with_a_known_id_stores_nothing(bus: Bus) -> None:
    await bus.publish(decision("old"))
    with pytest.raises(Duplicate):
        await bus.append([entry("new"), entry("old")])
    assert len(await _everything(bus)) == 1


async def test_a_batch_whose_acknowledgement_was_lost_is_recognised(bus: Bus) -> None:
    await bus.publish(decision("before"))
    batch = [entry("a"), entry("b"), entry("c")]
    first = await bus.append(batch)
    bus.publisher._floor = 1  # as it was before the first try
    again = await bus.append(batch)
    assert again.duplicate
    assert (again.first_sequence, again.last_sequence) == (2, first.last_sequence)


async def test_a_batch_whose_expectation_fails_stores_nothing(bus: Bus) -> None:
    await bus.publish(decision("a"), key="k")
    expectation = Expectation("swarm.events.*.decision.k", 0)
    with pytest.raises(Conflict):
        await bus.append([entry("b"), entry("c", key="k", expect=expectation)])
    assert len(await _everything(bus)) == 1


async def test_a_deposed_leader_is_fenced(bus: Bus) -> None:
    term = await bus.publish(decision("term 1"), key="term")
    fence = Expectation("swarm.events.coder.decision.term", term.last_sequence)
    await bus.append([entry("by the leader")], fence=fence)
    await bus.publish(decision("term 2"), key="term")
    with pytest.raises(Fenced, match="newer leader"):
        await bus.append([entry("too late")], fence=fence)
    assert len(await _everything(bus)) == 3


async def test_bulk_publish_is_cut_by_messages_and_by_bytes(bus: Bus) -> None:
    big = [
        Entry(event=decision(f"big {n}", AgentDecision(rationale="x" * 900_000))) for n in range(12)
    ]
    acknowledgements = await bus.publish_all([*(entry(f"{n}") for n in range(2500)), *big])
    assert len(acknowledgements) > 3
    assert acknowledgements[-1].last_sequence == 2512
    assert len(await _everything(bus)) == 2512


async def test_a_publish_waits_for_a_server_that_comes_back(
    bus: Bus, nats_server: NatsServer
) -> None:
    nats_server.kill()
    publishing = asyncio.create_task(bus.publish(decision("during")))
    await asyncio.to_thread(nats_server.start)
    acknowledgement = await publishing
    assert acknowledgement.last_sequence == 1
    assert len(await _everything(bus)) == 1


async def test_what_was_not_sent_before_the_connection_was_lost_is_never_sent(
    bus: Bus, nats_server: NatsServer
) -> None:
    """Whoever published it was told that it failed."""
    bus.connection.client.send([frame("swarm.events.coder.decision", b"a ghost")], flush=False)
    nats_server.kill()
    await asyncio.to_thread(nats_server.start)
    async with asyncio.timeout(300):
        while bus.connection.generation == 0:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert await bus.connection.wait_connected(timeout_seconds=300)
    await bus.publish(decision("alive"))
    (stored,) = await _everything(bus)
    assert decode_stored(stored).event.event_id == decision("alive").event_id


async def test_what_is_sent_in_one_turn_of_the_loop_goes_out_together(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = bus.connection.client
    writes: list[list[bytes]] = []
    monkeypatch.setattr(client._transport, "writelines", lambda frames: writes.append(frames))
    client.send([b"a", b"b"])
    client.send([b"c"])
    await asyncio.sleep(0)
    client.send([b"d"])
    await asyncio.sleep(0)
    assert writes == [[b"a", b"b", b"c"], [b"d"]]


@pytest.mark.usefixtures("bus")
async def test_what_is_sent_over_a_connection_that_has_just_been_lost_disturbs_nobody(
    mesh_settings: MeshSettings,
) -> None:
    """On uvloop, as services run: it refuses to write before nats-py knows of the loss."""
    disturbed: list[dict[str, object]] = []

    async def lose_and_send() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: disturbed.append(context))
        async with open_bus(mesh_settings, name="losing") as losing:
            await losing.stream.state()  # nothing is on its way any more
            client = losing.connection.client
            client._transport.close()
            client.send([frame("swarm.events.coder.decision", b"a ghost")])
            assert await losing.connection.wait_connected(timeout_seconds=300)
            await losing.publish(decision("alive"))

    await asyncio.to_thread(uvloop.run, lose_and_send())
    assert disturbed == []


@pytest.mark.filterwarnings("ignore:parameter 'timeout':DeprecationWarning")  # nats-py's
async def test_it_publishes_over_a_websocket_too(
    nats_server: NatsServer, mesh_settings: MeshSettings
) -> None:
    port = free_port()
    await asyncio.to_thread(nats_server.stop)
    listener = f'websocket {{ listen: "127.0.0.1:{port}", no_tls: true }}\n'
    await asyncio.to_thread(nats_server.start, extra=listener)
    over_websocket = mesh_settings.model_copy(update={"nats_url": f"ws://127.0.0.1:{port}"})
    async with open_bus(over_websocket, name="web") as bus:
        await bus.stream.ensure(mesh_settings)
        assert (await bus.publish(decision("a"))).last_sequence == 1
        assert (await bus.append([entry("b"), entry("c")])).last_sequence == 3


async def test_the_first_batch_waits_for_a_server_that_comes_back(
    bus: Bus, nats_server: NatsServer
) -> None:
    """It has to ask first where the log ends; that is tried again as the batch itself is."""
    nats_server.kill()
    appending = asyncio.create_task(bus.append([entry("a"), entry("b")]))
    await asyncio.to_thread(nats_server.start)
    assert (await appending).last_sequence == 2
    assert len(await _everything(bus)) == 2


async def test_a_batch_waits_while_too_many_others_are_in_flight(
    nats_server: NatsServer, mesh_settings: MeshSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = {**nats_limits.BATCHES, "max_inflight_per_stream": "5", "timeout": '"60s"'}
    monkeypatch.setattr(nats_limits, "BATCHES", few)
    nats_server.kill()
    nats_server.start()
    metrics = Metrics()
    async with open_bus(mesh_settings, name="test", metrics=metrics) as bus:
        await bus.stream.ensure(mesh_settings)
        begin = bus.connection.client.publish
        for number in range(5):
            headers = {names.BATCH_ID: f"begun {number}", names.BATCH_SEQUENCE: "1"}
            await begin("swarm.events.coder.decision", b"begun", headers=headers)
        waiting = asyncio.create_task(bus.append([entry("alone"), entry("with it")]))
        async with asyncio.timeout(300):
            while not metrics.value("ganglion_publish_retries_total"):
                await bus.stream.state()  # each look lets the batch get on
        headers = {
            names.BATCH_ID: "begun 0",
            names.BATCH_SEQUENCE: "2",
            names.BATCH_COMMIT: "1",
        }
        await begin("swarm.events.coder.decision", b"ended", headers=headers)
        assert (await waiting).last_sequence == 4
        assert len(await _everything(bus)) == 4, "it is sent again and again, and stored once"


async def test_a_batch_cut_off_by_a_restart_is_sent_whole_again(
    bus: Bus, nats_server: NatsServer
) -> None:
    """Failure mode 4: its beginning went to the server that died."""
    batches = [[entry(f"{batch}/{n}") for n in range(200)] for batch in range(20)]

    async def append_all() -> None:
        for batch in batches:
            await bus.append(batch)

    appending = asyncio.create_task(append_all())
    await until_stored(bus)
    nats_server.kill()
    await asyncio.to_thread(nats_server.start)
    await appending
    stored = [each.message_id for each in await _everything(bus)]
    assert stored == [each.event.event_id for batch in batches for each in batch]


async def test_a_batch_is_not_committed_on_another_connection(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server would call it incomplete, which sounds as if it were for ever."""
    passed: list[str] = []

    def reconnects_once(name: str) -> None:
        passed.append(name)
        if passed == ["publish.before_commit"]:
            bus.connection.generation += 1

    monkeypatch.setattr(publisher, "failpoint", reconnects_once)
    await bus.append([entry("a"), entry("b")])
    assert passed.count("publish.before_commit") == 2
    assert len(await _everything(bus)) == 2


async def until_stored(bus: Bus) -> None:
    """Until the log has grown since this was called."""
    async with asyncio.timeout(300):
        assert await bus.connection.wait_connected(timeout_seconds=300)
        before = (await bus.stream.state()).last_sequence
        while (await bus.stream.state()).last_sequence == before:
            pass  # each look is a question to the server


async def test_all_services_may_make_the_log_at_once(tmp_path: Path) -> None:
    """There is room for one only, and the server counts each that is being made."""
    server = NatsServer(tmp_path / "nats")
    settings = MeshSettings(nats_url=server.url, stream_max_bytes=32 * 1024**3)
    server.start(stream_max_bytes=settings.stream_max_bytes)
    try:
        async with AsyncExitStack() as stack:
            buses = [
                await stack.enter_async_context(open_bus(settings, name=f"service-{number}"))
                for number in range(8)
            ]
            await asyncio.gather(*(bus.stream.ensure(settings) for bus in buses))
            assert (await buses[0].stream.state()).messages == 0
    finally:
        server.kill()


async def test_what_became_of_events_is_counted(
    mesh_settings: MeshSettings, nats_server: NatsServer
) -> None:
    metrics = Metrics()
    hasty = mesh_settings.model_copy(update={"publish_deadline_seconds": 0.4})
    async with open_bus(hasty, name="test", metrics=metrics) as bus:
        await bus.stream.ensure(hasty)
        await bus.publish(decision("a"), key="k")
        await bus.publish(decision("a"), key="k")
        await bus.append([entry("b"), entry("c"), entry("d")])
        with pytest.raises(Conflict):
            await bus.publish(
                decision("e"), key="k", expectation=Expectation("swarm.events.*.decision.k", 0)
            )
        with pytest.raises(TooLarge):
            await bus.publish(decision("large", AgentDecision(rationale="x" * 2_000_000)))
        await bus.publish(decision("s", AgentDecision(rationale="glpat-" + "a" * 20)))
        nats_server.pause()
        try:
            with pytest.raises((NotAcknowledged, Unavailable)):
                await bus.publish(decision("f"))
        finally:
            nats_server.resume()
        nats_server.kill()
        await asyncio.to_thread(nats_server.start)
        assert await bus.connection.wait_connected(timeout_seconds=300)
    found = {
        outcome: metrics.value("ganglion_events_published_total", outcome=outcome)
        for outcome in ("acknowledged", "duplicate", "conflict", "refused", "unconfirmed")
    }
    assert found == {
        "acknowledged": 5,
        "duplicate": 1,
        "conflict": 1,
        "refused": 1,
        "unconfirmed": 1,
    }
    assert metrics.value("ganglion_publish_seconds_count", shape="event") == 3
    assert metrics.value("ganglion_publish_seconds_count", shape="batch") == 1
    assert metrics.value("ganglion_secrets_redacted_total") == 1
    assert (metrics.value("ganglion_nats_disconnects") or 0) >= 1


async def test_a_publish_gives_up_at_its_deadline(nats_server: NatsServer) -> None:
    settings = MeshSettings(nats_url=nats_server.url, publish_deadline_seconds=0.5)
    async with open_bus(settings, name="test") as bus:
        await bus.stream.ensure(settings)
        nats_server.pause()
        try:
            with pytest.raises((NotAcknowledged, Unavailable), match="gave up after"):
                await bus.publish(decision("never"))
        finally:
            nats_server.resume()


async def test_who_leaves_a_server_that_hangs_just_leaves(nats_server: NatsServer) -> None:
    settings = MeshSettings(nats_url=nats_server.url)
    try:
        async with open_bus(settings, name="test") as bus:
            await bus.stream.ensure(settings)
            await bus.publish(decision("safe"))
            nats_server.pause()
    finally:
        nats_server.resume()
    assert bus.connection.client.is_closed


async def test_who_leaves_a_server_that_goes_meanwhile_just_leaves(
    nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lost() -> None:
        raise ConnectionResetError("Connection lost")

    async with open_bus(MeshSettings(nats_url=nats_server.url), name="test") as bus:
        monkeypatch.setattr(bus.connection.client, "drain", lost)
    assert bus.connection.client.is_closed


async def test_a_forbidden_subject_is_an_error_at_once(tmp_path: Path) -> None:
    server = NatsServer(tmp_path / "guarded")
    server.start(
        extra="""
authorization { users = [
  { user: admin, password: admin }
  { user: coder, password: coder,
    permissions: { publish: ["swarm.events.coder.>", "$JS.API.>"], subscribe: ["_INBOX_coder.>"] } }
] }
"""
    )
    try:
        admin = MeshSettings(nats_url=server.url, nats_user="admin", nats_password="admin")
        async with open_bus(admin, name="admin") as bus:
            await bus.stream.ensure(admin)
        coder = admin.model_copy(update={"nats_user": "coder", "nats_password": "coder"})
        async with open_bus(coder, name="test") as bus:
            await bus.publish(decision("allowed"))
            with pytest.raises(Forbidden, match=r"swarm\.events\.reviewer\.decision"):
                message = decision("forbidden")
                await bus.connection.request(
                    "swarm.events.reviewer.decision", message.agent_id.encode(), timeout_seconds=30
                )
        wrong = coder.model_copy(update={"nats_password": "wrong"})
        with pytest.raises(Forbidden, match="does not accept these credentials"):
            async with open_bus(wrong, name="test"):
                pass
    finally:
        server.kill()


async def test_credentials_refused_are_said_even_if_the_next_attempt_is_reset() -> None:
    """A server closes on bad credentials with our ping unread: a reset can outrun its reason."""
    attempts = 0

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal attempts
        attempts += 1
        writer.write(b'INFO {"max_payload": 1024, "auth_required": true}\r\n')
        await reader.readline()
        if attempts == 1:
            writer.write(b"-ERR 'Authorization Violation'\r\n")
            await writer.drain()
            await reader.readline()
            writer.close()
        else:
            connection = writer.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        settings = MeshSettings(nats_url=f"nats://127.0.0.1:{port}", nats_user="a")
        with pytest.raises(Forbidden, match="does not accept these credentials"):
            async with open_bus(settings, name="test"):
                pass
    assert attempts == 2


async def test_nobody_at_the_address_is_said_clearly() -> None:
    with pytest.raises(Unavailable, match="no NATS server answers at nats://127.0.0.1:1"):
        async with open_bus(MeshSettings(nats_url="nats://127.0.0.1:1"), name="test"):
            pass


async def test_a_server_that_ends_the_connection_first_is_said_as_any_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def reset(_: BulkClient) -> None:
        raise ConnectionResetError("Connection lost")

    monkeypatch.setattr(BulkClient, "close", reset)
    with pytest.raises(Unavailable, match="no NATS server answers at nats://127.0.0.1:1"):
        async with open_bus(MeshSettings(nats_url="nats://127.0.0.1:1"), name="test"):
            pass


@pytest.mark.parametrize(
    ("point", "stored_at_death"),
    [("publish.before_send", 0), ("publish.after_ack", 1)],
)
async def test_a_publisher_killed_at_any_point_can_publish_the_same_again(
    bus: Bus, mesh_settings: MeshSettings, point: str, stored_at_death: int
) -> None:
    """Failure mode 1: before send, and after the server stored it."""
    program = Path(__file__).with_name("publishing_program.py")
    run = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, str(program), mesh_settings.nats_url, point],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert run.returncode == -9, run.stderr
    assert len(await _everything(bus)) == stored_at_death
    expectation = Expectation("swarm.events.*.decision.k", 0)
    await bus.publish(decision("once"), key="k", expectation=expectation)
    assert len(await _everything(bus)) == 1
