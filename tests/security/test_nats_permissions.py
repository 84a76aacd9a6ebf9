"""May each user of the NATS server do what it must, and nothing else? Every permission works, and
whatever is not given is refused at once, with a sentence."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gzip
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

import governor.spec
import guardian.spec
import overseer.spec
from builtin_worker.archive import Archive
from builtin_worker.snapshot_copies import archive_snapshots
from enchanted.events.v1.swarm_event_pb2 import ROLE_CODER, ROLE_OPERATOR, AgentRole
from enchanted.events.v1.system_signal_pb2 import SystemSignal
from enchanted.events.v1.task_request_pb2 import ClaimRequested, TasksProposed
from governor.settings import GovernorSettings
from guardian.pager import DURABLE
from guardian.settings import GuardianSettings
from local_mesh.nats_keys import NamedUser
from local_mesh.nats_permissions import (
    ASKED_BY_AGENTS,
    GUARDIAN_PAGES,
    HALTS,
    KEYED_OTHERWISE,
    MESH,
    OFFERS,
    REQUEST,
    STEPS_THAT_MAY_BE_WORK,
    NatsUser,
    standing_users,
)
from nervous_system import names
from nervous_system.bus import Bus, open_bus
from nervous_system.client import agent_orders
from nervous_system.client.agent import open_agent
from nervous_system.client.consumer import Consumer
from nervous_system.client.idleness import HINTS
from nervous_system.client.worker import open_worker
from nervous_system.clock import system_clock
from nervous_system.contract.event import Event, RecordedEvent
from nervous_system.contract.header_block import parse_headers
from nervous_system.contract.message import Entry
from nervous_system.contract.subjects import AGENTS, covers, inbox_prefix, overlap, source_of
from nervous_system.errors import Forbidden
from nervous_system.ids import new_event_id
from nervous_system.service.request_queue import not_as_whom
from nervous_system.service.snapshots import open_snapshots
from nervous_system.users import ADMIN, OPERATOR, SERVICES
from overseer.settings import OverseerSettings
from tests.security.permitted_server import PermittedServer

LOG, LEASES, SNAPSHOTS = names.STREAM, f"KV_{names.LEASES}", f"OBJ_{names.SNAPSHOTS}"
USERS = {each.name: each for each in standing_users()}
OF_AGENTS = [each.name for each in USERS.values() if each.account != MESH]
MEMBERS = [each.name for each in USERS.values() if each.account == MESH and each.name != ADMIN]

ONLY_THE_ADMIN = (
    *(
        f"$JS.API.STREAM.{call}.{stream}"
        for stream in (LOG, LEASES, SNAPSHOTS, "ANOTHER")
        for call in ("CREATE", "UPDATE", "DELETE", "MSG.DELETE", "SNAPSHOT", "RESTORE")
    ),
    *(f"$JS.API.STREAM.PURGE.{stream}" for stream in (LOG, LEASES)),
    *(f"$JS.API.STREAM.LEADER.STEPDOWN.{stream}" for stream in (LOG, LEASES, SNAPSHOTS)),
    f"$JS.API.STREAM.PEER.REMOVE.{LOG}",
    *(
        f"$JS.API.CONSUMER.{call}.{stream}.{name}"
        for stream in (LOG, SNAPSHOTS)
        for name in ("reader", GUARDIAN_PAGES)
        for call in ("PAUSE", "UNPIN", "RESET", "LEADER.STEPDOWN")
    ),
    f"$JS.API.CONSUMER.CREATE.{LOG}",
    f"$JS.API.CONSUMER.DURABLE.CREATE.{LOG}.another",
    "$JS.API.ACCOUNT.PURGE.MESH",
    "$JS.API.META.LEADER.STEPDOWN",
    "$JS.API.SERVER.REMOVE",
    "$SYS.REQ.SERVER.PING",
    "$SYS.REQ.USER.INFO",
    "$SYS.ACCOUNT.MESH.CONNECT",
    f"$JS.ACK.{LOG}.another.1.1.1.1.1",
    f"$KV.{names.LEASES}.another.main",
    "$KV.another.key",
    "$O.another.M.key",
    "$NRG.x",
    "swarm.events",
    "swarm.requests.governor",
    ASKED_BY_AGENTS,
    f"{names.ASKED_BY_AGENTS}.x",
    f"{names.EVENTS}.supervisor.process_started",
    f"{names.EVENTS}.another.decision",
    "swarm.else",
    "else",
)
NO_AGENT = (
    *ONLY_THE_ADMIN,
    *(f"{names.EVENTS}.{service}.decision" for service in SERVICES),
    *(f"{names.EVENTS}.{role}.leadership_taken.main" for role in SERVICES),
    *(
        f"{names.EVENTS}.{rest}"
        for rest in (
            "operator.halt_ordered",
            "operator.halt_lifted",
            "mission_control.halt_lifted",
            "overseer.policy_adopted",
            "command.issued.all",
            "command.emergency.all",
            "task.claimed.x",
            "objective.added.x",
            "request.task_ordered.x",
            "request.objective_proposed.x",
            "request.tasks_proposed",
            "incident.opened.x",
        )
    ),
    *(f"$KV.{names.LEASES}.{service}.main" for service in SERVICES),
    f"$O.{names.SNAPSHOTS}.C.x",
    f"$O.{names.SNAPSHOTS}.M.{base64.urlsafe_b64encode(b'overseer.main').decode()}",
    *(
        f"$JS.API.CONSUMER.{call}.{stream}.reader"
        for stream in (LOG, LEASES, SNAPSHOTS)
        for call in ("CREATE", "DELETE", "INFO", "MSG.NEXT", "DURABLE.CREATE")
    ),
    f"$JS.API.CONSUMER.CREATE.{LOG}.reader.{names.EVENTS}.task.>",
    f"$JS.API.CONSUMER.NAMES.{LOG}",
    f"$JS.API.CONSUMER.LIST.{LOG}",
    f"$JS.API.STREAM.MSG.GET.{LEASES}",
    f"$JS.API.STREAM.MSG.GET.{SNAPSHOTS}",
    f"$JS.API.STREAM.PURGE.{SNAPSHOTS}",
    f"$JS.API.DIRECT.GET.{LOG}",
    f"$JS.API.DIRECT.GET.{LOG}.{names.EVENTS}.task.claimed.x",
    f"$JS.API.DIRECT.GET.{LEASES}",
    f"$JS.API.DIRECT.GET.{SNAPSHOTS}",
    f"$JS.API.STREAM.INFO.{LEASES}",
    f"$JS.FC.{LOG}.x",
    *(f"{inbox_prefix(each)}.x" for each in ("admin", "overseer", "operator")),
    f"{names.INBOX}.x",
    f"{names.MAPPED_INBOX}.x",
)
EARS = (
    ">",
    "*.>",
    "swarm.>",
    "swarm.events.>",
    "swarm.events.*.decision",
    "swarm.requests.>",
    f"{names.ASKED_BY_AGENTS}.>",
    ASKED_BY_AGENTS,
    "swarm.requests.overseer",
    "$JS.>",
    "$SYS.>",
    "$KV.>",
    f"{names.INBOX}.>",
    f"{names.INBOX}.*",
    *(f"{inbox_prefix(each)}.>" for each in USERS),
)


@pytest.fixture(scope="module")
def permitted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PermittedServer]:
    server = PermittedServer(tmp_path_factory.mktemp("permitted"))
    asyncio.run(server.start())
    yield server
    server.server.kill()


def may(user: NatsUser, subject: str) -> bool:
    return any(covers(each, subject) for each in user.publish) and not any(
        covers(each, subject) for each in user.deny_publish
    )


async def refused(bus: Bus, subjects: tuple[str, ...]) -> set[str]:
    """Those of the subjects that the server does not take from this user."""
    found: set[str] = set()
    client = bus.connection.client
    with contextlib.ExitStack() as stack:
        for each in subjects:
            stack.enter_context(client.when_refused(each, lambda _, each=each: found.add(each)))  # type: ignore[misc]
            await client.publish(each, b"")
        await client.wait_settled(timeout_seconds=300)
    return found


def test_only_the_admin_changes_what_all_stand_on() -> None:
    for user in (USERS[name] for name in (*OF_AGENTS, *MEMBERS)):
        assert [each for each in ONLY_THE_ADMIN if may(user, each)] == [], user.name


def test_no_agent_speaks_for_another_or_reads_by_a_consumer() -> None:
    for user in (USERS[name] for name in OF_AGENTS):
        assert [each for each in NO_AGENT if may(user, each)] == [], user.name
        role, _, name = user.account.partition("/")
        assert name == user.name
        others = [f"{names.EVENTS}.{each}.decision" for each in AGENTS if each != role]
        assert [each for each in others if may(user, each)] == [], user.name
        assert may(user, f"{names.EVENTS}.{role}.decision")


def test_the_table_and_the_code_say_the_same() -> None:
    guarding = GuardianSettings()
    roles = (
        overseer.spec.service_spec(OverseerSettings()),
        governor.spec.service_spec(GovernorSettings(host="here")),
        guardian.spec.service_spec(guarding),
    )
    for role in roles:
        said = [each for each in USERS[role.service].publish if each.startswith(names.EVENTS)]
        for own in role.own_filters:
            assert any(covers(each, own) for each in said), (role.service, own)
        for each in said:
            assert any(overlap(each, own) for own in role.own_filters), (role.service, each)
    assert STEPS_THAT_MAY_BE_WORK == HINTS
    assert HALTS == agent_orders.HALTS
    assert GUARDIAN_PAGES == DURABLE
    everybody = {source_of(role) for role in AgentRole.values() if role}
    assert everybody == {*AGENTS, *SERVICES, "operator", "mission_control", "supervisor"}


@pytest.mark.parametrize("name", [*OF_AGENTS, *MEMBERS])
async def test_the_server_goes_by_the_table(permitted: PermittedServer, name: str) -> None:
    user = USERS[name]
    own = tuple(
        each.replace("*", "x").replace(">", "x")
        for each in user.publish
        # An acknowledgement of nothing, and what would end a lease or empty the bucket.
        if not each.startswith(("$JS.ACK", "$JS.API.STREAM.PURGE"))
    )
    everything = tuple(dict.fromkeys((*NO_AGENT, *own)))
    reserved = ("$JS.ACK.", f"{names.MAPPED_INBOX}.")  # these the server has rules of its own for
    everything = tuple(each for each in everything if not each.startswith(reserved))
    async with permitted.bus(name) as bus:
        assert await refused(bus, everything) == {
            each for each in everything if not may(user, each)
        }


@pytest.mark.parametrize("name", [*OF_AGENTS, *MEMBERS])
async def test_nobody_listens_where_it_must_not(permitted: PermittedServer, name: str) -> None:
    user = USERS[name]
    async with permitted.bus(name) as bus:
        for each in (*EARS, *user.subscribe):
            allowed = any(covers(mine, each) for mine in user.subscribe) or each in user.subscribe
            if allowed:
                await bus.connection.client.unsubscribe_raw(
                    await bus.connection.listen(each, _ignore)
                )
                continue
            with pytest.raises(Forbidden, match="the NATS server forbids this user the subscri"):
                await bus.connection.listen(each, _ignore)


def _ignore(subject: bytes, reply: bytes, data: bytes, headers: bytes) -> None:
    pass


async def test_what_is_forbidden_fails_at_once(permitted: PermittedServer) -> None:
    """Without waiting for an answer that never comes: every deadline here is longer than the
    test's."""
    async with asyncio.timeout(300), permitted.bus("coder") as bus:
        connection = bus.connection
        for subject in (f"$JS.API.STREAM.DELETE.{LOG}", f"{names.EVENTS}.operator.halt_lifted"):
            with pytest.raises(Forbidden, match="forbids this user the publish"):
                await connection.request(subject, b"", timeout_seconds=3600)
        with pytest.raises(Forbidden, match="forbids this user the publish"):
            async with bus.reader(start_sequence=1):
                pass
        jetstream = connection.client.jetstream(timeout=3600)
        with pytest.raises(Forbidden):
            await jetstream.key_value(names.LEASES)
        with pytest.raises(Forbidden):
            await jetstream.object_store(names.SNAPSHOTS)
        with pytest.raises(Forbidden):
            await connection.client.request(
                f"$KV.{names.LEASES}.overseer.main", b"me", timeout=3600
            )
        event = Event(
            event_id=new_event_id(),
            timestamp=system_clock(),
            agent_role=ROLE_OPERATOR,
            agent_id="x",
            payload=TasksProposed(),
        )
        own = Entry(
            event=replace(
                event,
                event_id=new_event_id(),
                agent_role=ROLE_CODER,
                payload=SystemSignal(status="HEALTHY"),
            )
        )
        with pytest.raises(Forbidden):
            await bus.append([Entry(event=event), own])


@pytest.mark.parametrize("name", ["coder", OPERATOR])
async def test_who_may_make_no_durable_is_told_what_to_use(
    permitted: PermittedServer, name: str
) -> None:
    async with asyncio.timeout(300), permitted.bus(name) as bus:
        consumer = Consumer(bus, durable="mine", subjects=[f"{names.EVENTS}.coder.>"])
        with pytest.raises(Forbidden, match=r"durable consumer mine is refused.*`bus\.feed\("):
            await consumer.run(_never, asyncio.Event())
    # And what it names works.
    async with asyncio.timeout(300), permitted.bus("coder") as bus:
        since = system_clock() - timedelta(days=1)
        async with bus.feed([f"{names.EVENTS}.command.issued.all"], since=since):
            pass
    async with (
        asyncio.timeout(300),
        permitted.bus(OPERATOR) as bus,
        bus.reader(start_sequence=1),
    ):
        pass


async def _never(recorded: RecordedEvent) -> None:
    raise AssertionError(recorded)


NAMED = NamedUser("worker 7", "worker"), NamedUser("coder-7", "coder", works=True)


async def test_who_was_let_in_offers_itself_for_tasks_and_nobody_else(tmp_path: Path) -> None:
    """Of another worker it cannot say that it comes, is there or goes: a departure hands its tasks
    to others."""
    server = PermittedServer(tmp_path)
    server.keys.make()
    passwords = [server.keys.add(each) for each in NAMED]
    await server.start()
    try:
        for named, password in zip(NAMED, passwords, strict=True):
            own = tuple(f"{names.EVENTS}.worker.{word}.{named.user}" for word in OFFERS)
            rest = [f"{named.role}.{kind}" for kind in ("decision", "outcome", "signal")]
            rest += [f"{named.role}.{word}.x" for word in KEYED_OTHERWISE]
            own += tuple(f"{names.EVENTS}.{each}" for each in rest)
            others = tuple(
                f"{names.EVENTS}.worker.{word}.{whose}"
                for word in OFFERS
                for whose in ("w1", f"{named.user}x", f"{named.user}.x", "worker-1")
            )
            settings = server.settings.model_copy(
                update={"nats_user": named.user, "nats_password": password}
            )
            async with open_bus(settings, name="x") as bus:
                assert await refused(bus, (*own, *others)) == set(others)
            async with open_worker(
                settings.nats_url, worker_id=named.name, role=named.role, settings=settings
            ) as worker:
                await worker.register()
            with pytest.raises(Forbidden):
                async with open_worker(
                    settings.nats_url, worker_id="w1", role=named.role, settings=settings
                ) as worker:
                    await worker.register()
    finally:
        server.server.kill()


@pytest.fixture
def untouched(tmp_path: Path) -> Iterator[PermittedServer]:
    """One whose bucket holds nothing of other tests, which say all that they may."""
    server = PermittedServer(tmp_path / "untouched")
    asyncio.run(server.start())
    yield server
    server.server.kill()


async def test_the_built_in_worker_copies_the_snapshots(
    untouched: PermittedServer, tmp_path: Path
) -> None:
    """As its action does, in several parts; nothing of it is forbidden, not even unnoticed."""
    state = os.urandom(300_000)
    async with untouched.bus("overseer") as bus:
        await (await open_snapshots(bus.connection)).put("overseer.main", state)
    archive = Archive(tmp_path / "archive")
    with capture_logs() as logs:
        async with asyncio.timeout(300), untouched.bus("maintenance") as bus:
            tally = await archive_snapshots(archive, bus=bus, now=system_clock())
            await bus.connection.client.wait_settled(timeout_seconds=300)
    assert [each for each in logs if each["log_level"] in ("warning", "error")] == []
    (kept,) = archive.manifest.entries.values()
    assert kept.source == f"{names.SNAPSHOTS}/overseer.main", tally.lines
    assert gzip.decompress((archive.folder / kept.path).read_bytes()) == state


async def test_a_pull_that_is_forbidden_ends_the_reading(permitted: PermittedServer) -> None:
    async with asyncio.timeout(300), permitted.bus("ingestor") as bus:
        reader = bus.reader(start_sequence=1)
        reader._name = GUARDIAN_PAGES
        async with bus.reader(start_sequence=1) as reader:
            subject = f"$JS.API.CONSUMER.MSG.NEXT.{LOG}.{reader._name}"
            bus.connection.client.refuse(subject, Forbidden("not you"))
            with pytest.raises(Forbidden, match="not you"):
                while True:
                    await reader.batch(max_messages=1, within_seconds=300)


async def test_an_agent_does_all_that_agents_do(permitted: PermittedServer) -> None:
    url = permitted.settings.nats_url
    async with open_agent(
        url, role="coder", agent_id="Claude Code", settings=permitted.settings
    ) as agent:
        decision = await agent.decide(rationale="it is wrong", chosen="mend it")
        await agent.change("a.py", before="1", after="2", because=decision)
        found = await agent.change("a.py", before="3", after="4", because=decision)
        assert found.external_change
        last = await agent.outcome(decision, status="succeeded")
        assert (await agent.bus.stream.state()).last_sequence == last.sequence
        assert await agent.bus.stream.at(decision.sequence) is not None
        with pytest.raises(Forbidden):
            await agent.bus.publish(
                Event(
                    event_id=new_event_id(),
                    timestamp=system_clock(),
                    agent_role=ROLE_OPERATOR,
                    agent_id="Claude Code",
                    payload=SystemSignal(status="HEALTHY"),
                )
            )


async def test_no_answer_comes_out_where_its_asker_may_not_speak(
    permitted: PermittedServer,
) -> None:
    """Its own bytes, an acknowledgement, the state of the log: on a subject of the leader's."""
    target = f"{names.EVENTS}.overseer.leadership_taken.main"
    async with permitted.bus("coder") as bus, permitted.bus(ADMIN) as admin:
        own = f"{names.EVENTS}.coder.decision"
        client = bus.connection.client
        reply = await bus.connection.request(own, b"bytes", timeout_seconds=300)
        sequence = json.loads(reply.data)["seq"]
        before = await admin.stream.last_on(target)
        read = json.dumps({"seq": sequence}).encode()
        for subject, data in (
            (own, b"more"),
            (names.LOG_MESSAGE, read),
            (names.LOG_MESSAGE, json.dumps({"last_by_subj": own}).encode()),
            (f"$JS.API.STREAM.MSG.GET.{LOG}", read),
            (names.LOG_STATE, b""),
            (f"$JS.API.STREAM.INFO.{LOG}", b""),
        ):
            await client.publish(subject, data, reply=target)
        await bus.connection.request(own, b"last", timeout_seconds=300)
        assert await admin.stream.last_on(target) == before


async def test_a_consumer_that_pushes_is_no_way_around(permitted: PermittedServer) -> None:
    """Whoever may make a consumer could have the server deliver into any subject of its account:
    no agent may, in none of the ways there are; and what is pushed at the API is not obeyed."""
    body = {"stream_name": LOG, "config": {"name": "p", "deliver_subject": REQUEST}}
    async with permitted.bus("worker") as bus:
        for subject in (
            f"$JS.API.CONSUMER.CREATE.{LOG}.p",
            f"$JS.API.CONSUMER.CREATE.{LOG}",
            f"$JS.API.CONSUMER.CREATE.{LOG}.p.{names.EVENTS}.worker.>",
            f"$JS.API.CONSUMER.DURABLE.CREATE.{LOG}.p",
        ):
            with pytest.raises(Forbidden):
                await bus.connection.request_json(subject, body)
    async with permitted.bus(OPERATOR) as bus, permitted.bus(ADMIN) as admin:
        smaller = {**await admin.stream.configuration(), "max_bytes": 1024**2}
        bait = f"{names.EVENTS}.operator.bait"
        await bus.connection.request(bait, json.dumps(smaller).encode(), timeout_seconds=300)
        pushing = {
            "name": "pushing",
            "deliver_subject": f"$JS.API.STREAM.UPDATE.{LOG}",
            "filter_subject": bait,
            "ack_policy": "none",
            "deliver_policy": "all",
        }
        await bus.connection.request_json(
            f"$JS.API.CONSUMER.CREATE.{LOG}.pushing",
            {"stream_name": LOG, "config": pushing, "action": "create"},
        )
        await bus.connection.request(bait, b"{}", timeout_seconds=300)
        await bus.connection.client.wait_settled(timeout_seconds=300)
        assert (await admin.stream.configuration())["max_bytes"] != 1024**2


async def test_the_overseer_is_told_who_asks(permitted: PermittedServer) -> None:
    heard: list[str] = []
    async with permitted.bus("overseer") as bus, permitted.bus("coder") as coder:

        def answer(subject: bytes, reply: bytes, data: bytes, headers: bytes) -> None:
            heard.append(parse_headers(headers)[names.REQUEST_INFO])
            bus.connection.client.send([b"PUB %s 2\r\nok\r\n" % reply])

        await bus.connection.listen(ASKED_BY_AGENTS, answer)
        forged = {names.REQUEST_INFO: json.dumps({"acc": "operator/boss"})}
        reply = await coder.connection.request(REQUEST, b"x", headers=forged, timeout_seconds=300)
    assert bytes(reply.data) == b"ok"
    (info,) = heard
    assert json.loads(info)["acc"] == "coder/coder"
    event = Event(
        event_id=new_event_id(),
        timestamp=system_clock(),
        agent_role=ROLE_OPERATOR,
        agent_id="me",
        payload=TasksProposed(),
    )
    as_another = not_as_whom(info, event)
    assert as_another.endswith('speaks as coder, not as operator; use role="coder"')
    assert not_as_whom(info, replace(event, agent_role=ROLE_CODER)) == ""
    assert not_as_whom("", event) == ""
    assert "cannot be understood" in not_as_whom("[", event)
    named = json.dumps({"acc": "operator/ext-1"})
    assert not_as_whom(named, event).endswith('for no other agent; use agent_id="ext-1"')
    own = replace(event, agent_id="ext-1")
    assert not_as_whom(named, own) == ""
    assert not_as_whom(named, replace(own, payload=ClaimRequested(worker_id="ext-1"))) == ""
    anothers = replace(own, payload=ClaimRequested(worker_id="w1"))
    assert not_as_whom(named, anothers).endswith('for no other agent; use worker_id="ext-1"')
