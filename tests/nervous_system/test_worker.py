"""Is a worker heard of for as long as it is open, whoever drives it?"""

from __future__ import annotations

import asyncio

import pytest
from nats.aio.msg import Msg

from enchanted.events.v1.answer_pb2 import Answer, TaskGrant
from enchanted.events.v1.swarm_event_pb2 import ROLE_WORKER
from enchanted.events.v1.task_pb2 import TaskManifest
from enchanted.events.v1.task_request_pb2 import ResultReported
from enchanted.events.v1.worker_pb2 import WorkerDeparted, WorkerHeartbeat, WorkerRegistered
from nervous_system import names
from nervous_system.bus import Bus, decode_stored
from nervous_system.client.claimed_task import ClaimedTask
from nervous_system.client.command_listener import CommandListener
from nervous_system.client.request_client import RequestClient
from nervous_system.client.serving import serve
from nervous_system.client.worker import Worker, open_worker
from nervous_system.clock import system_clock
from nervous_system.contract.codec import decode
from nervous_system.contract.event import Event
from nervous_system.contract.payload import Payload
from nervous_system.errors import Forbidden, Permanent, Unavailable
from nervous_system.settings import MeshSettings

SAID = "swarm.events.worker.*.w1"


async def said(bus: Bus, count: int) -> list[Payload]:
    """What w1 said of itself, as soon as it is so much."""
    found: list[Payload] = []
    async with asyncio.timeout(300), bus.reader(start_sequence=1, subjects=[SAID]) as reader:
        while len(found) < count:
            batch = await reader.batch(max_messages=count - len(found), within_seconds=5)
            found += [decode_stored(each).event.payload for each in batch]
    return found


def a_task(worker: Worker, bus: Bus) -> ClaimedTask:
    asker = RequestClient(
        bus, service="overseer", role=ROLE_WORKER, agent_id="w1", clock=system_clock
    )
    return ClaimedTask(TaskGrant(manifest=TaskManifest(task_id="t")), "w1", worker, asker)


async def test_one_that_is_driven_by_hand_is_heard_of_and_keeps_its_lease(
    bus: Bus, mesh_settings: MeshSettings
) -> None:
    async with open_worker(
        mesh_settings.nats_url, worker_id="w1", heartbeat_seconds=0.05, settings=mesh_settings
    ) as worker:
        worker.hold(a_task(worker, bus))
        registered, *heartbeats = await said(bus, 4)
    assert isinstance(registered, WorkerRegistered)
    assert registered.heartbeat_seconds == 0.05
    for each in heartbeats:
        assert isinstance(each, WorkerHeartbeat)
        assert (list(each.task_ids), each.draining) == (["t"], False)
    assert "heartbeat" not in {task.get_name() for task in asyncio.all_tasks()}
    everything = [decode_stored(each).event.payload async for each in bus.replay(subjects=[SAID])]
    assert [isinstance(each, WorkerDeparted) for each in everything].index(True) == (
        len(everything) - 1
    ), "nothing is heard of it after it went"


async def test_serving_adds_no_heartbeat_of_its_own(bus: Bus, mesh_settings: MeshSettings) -> None:
    stop = asyncio.Event()
    async with open_worker(
        mesh_settings.nats_url, worker_id="w1", heartbeat_seconds=0.05, settings=mesh_settings
    ) as worker:
        serving = asyncio.create_task(serve(worker, _never, stop))
        await said(bus, 3)
        names = [task.get_name() for task in asyncio.all_tasks()]
        assert (names.count("heartbeat"), names.count("orders")) == (1, 1)
        stop.set()
        await serving
        after = len([each async for each in bus.replay(subjects=[SAID])])
        await said(bus, after + 2)  # it is open still


async def test_a_heartbeat_that_gets_lost_is_not_the_last(
    bus: Bus, mesh_settings: MeshSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    heartbeat, lost = Worker.heartbeat, [Unavailable("the server is away")] * 2

    async def sometimes(worker: Worker) -> None:
        if lost:
            raise lost.pop()
        await heartbeat(worker)

    monkeypatch.setattr(Worker, "heartbeat", sometimes)
    async with open_worker(
        mesh_settings.nats_url, worker_id="w1", heartbeat_seconds=0.05, settings=mesh_settings
    ):
        await said(bus, 2)
    assert not lost


@pytest.mark.parametrize(
    ("owner", "what"),
    [(Worker, "heartbeat"), (CommandListener, "listen")],
    ids=["heartbeat", "orders"],
)
@pytest.mark.parametrize("driven", ["by claims", "by serving", "not at all"])
async def test_what_ends_a_helper_ends_the_work(
    bus: Bus,
    mesh_settings: MeshSettings,
    monkeypatch: pytest.MonkeyPatch,
    owner: type,
    what: str,
    driven: str,
) -> None:
    ended = asyncio.Event()

    async def refused(_: object) -> None:
        ended.set()
        raise Forbidden("w1 may not say that")

    async def drive(worker: Worker) -> None:
        await ended.wait()
        if driven == "by claims":
            await worker.claim()
        elif driven == "by serving":
            await serve(worker, _never, asyncio.Event())

    monkeypatch.setattr(owner, what, refused)
    with pytest.raises(Forbidden, match="may not say that"):
        async with (
            asyncio.timeout(300),
            open_worker(
                mesh_settings.nats_url,
                worker_id="w1",
                heartbeat_seconds=0.01 if what == "heartbeat" else 60.0,
                settings=mesh_settings,
            ) as worker,
        ):
            await drive(worker)
    assert isinstance((await said(bus, 2))[-1], WorkerDeparted)


async def test_nobody_serves_who_is_not_heard_of(bus: Bus) -> None:
    with pytest.raises(Permanent, match="is not running"):
        await serve(Worker(bus, worker_id="w1", role=ROLE_WORKER), _never, asyncio.Event())


async def _never(task: ClaimedTask) -> None:
    raise AssertionError(f"there is nobody to give {task} out")


async def test_the_end_of_a_task_without_a_trace_is_not_in_that_of_the_next(
    bus: Bus, mesh_settings: MeshSettings
) -> None:
    asked: asyncio.Queue[Event] = asyncio.Queue()

    async def answer(request: Msg) -> None:
        asked.put_nowait(decode(request.data))
        await request.respond(Answer(accepted=True).SerializeToString())

    await bus.connection.client.subscribe(f"{names.REQUESTS}.{names.OVERSEER}", cb=answer)
    worker = Worker(bus, worker_id="w1", role=ROLE_WORKER)
    task = a_task(worker, bus)
    assert task.grant.traceparent == ""
    worker.hold(task)
    await worker.finish_and_claim(task)
    result = asked.get_nowait()
    assert isinstance(result.payload, ResultReported)
    assert result.payload.next.traceparent.split("-")[1] != result.trace_id


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (None, "it stopped in good order"),
        (asyncio.CancelledError(), "it was cancelled, as by Ctrl-C, or by the end of its process"),
        (SystemExit(3), "it ended by SystemExit: 3"),
        (ValueError("caf\udce9"), r"it ended by ValueError: caf\udce9"),
    ],
)
async def test_who_leaves_says_why(
    bus: Bus, mesh_settings: MeshSettings, error: BaseException | None, said: str
) -> None:
    try:
        async with open_worker(mesh_settings.nats_url, worker_id="w1", settings=mesh_settings):
            if error is not None:
                raise error
    except BaseException as raised:  # noqa: BLE001 - it is the one
        assert raised is error
    subject = "swarm.events.worker.departed.w1"
    (departed,) = [
        decode_stored(each).event.payload async for each in bus.replay(subjects=[subject])
    ]
    assert isinstance(departed, WorkerDeparted)
    assert departed.reason == said
