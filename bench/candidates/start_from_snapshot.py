"""How soon does an overseer lead that finds a snapshot? The log, the snapshot and the fold are
real; it leads when it has taken the term and recalled what it wrote behind the snapshot.
"""

from __future__ import annotations

import asyncio

from bench.candidates.order import Order, result
from bench.task_history import history
from nervous_system.bus import decode_stored, open_bus
from nervous_system.clock import stopwatch
from nervous_system.contract.message import Message
from nervous_system.ids import content_hash, new_event_id
from nervous_system.service.packing import Snapshot
from nervous_system.service.runner import Runner
from nervous_system.service.snapshots import Snapshots, open_snapshots
from nervous_system.settings import MeshSettings
from overseer.model import OverseerState
from overseer.settings import OverseerSettings
from overseer.spec import service_spec

LEADS_SECONDS = 60.0
_MEGABYTE = 1e6


async def run(order: Order) -> None:
    """Write a snapshot of `order.count` open and `order.ended` ended tasks; start from it."""
    overseer = service_spec(OverseerSettings())
    core = overseer.core
    state = core.initial()
    last = None
    for last in history(order.count + order.ended, ended=order.ended):
        state = core.evolve(state, decode_stored(last))
    assert last is not None
    settings = MeshSettings(nats_url=order.nats_url)
    async with open_bus(settings, name="bench") as bus:
        await bus.stream.ensure(settings)
        # One event stands for the log up to the snapshot.
        mark = Message(subject=last.subject, message_id=new_event_id(), data=last.data)
        sequence = (await bus.publisher.append(mark)).last_sequence
        bucket = await open_snapshots(bus.connection)
        snapshots = Snapshots(bus.connection, bucket, overseer.key, overseer.state_type)
        await snapshots.save(
            Snapshot(
                state=state,
                sequence=sequence,
                stream_created=(await bus.stream.state()).created,
                fingerprint=content_hash(last.data),
                pending_ids=frozenset(),
            )
        )
        size = len((await bucket.get(overseer.key)).data or b"")
        began = stopwatch()
        loaded = await snapshots.load()
        loading = stopwatch() - began
        assert loaded is not None
        del loaded, state
        leads, stop = asyncio.Event(), asyncio.Event()
        runner = Runner(bus, overseer, holder=new_event_id())
        began = stopwatch()
        running = asyncio.create_task(runner.run(stop))
        asking = asyncio.create_task(_until_leading(runner, leads))
        async with asyncio.timeout(LEADS_SECONDS):
            await leads.wait()
        seconds = stopwatch() - began
        assert runner.state is not None
        assert len(runner.state.kernel.ended) == order.ended
        stop.set()
        await running
        await asking
    result({"seconds": seconds, "loading": loading, "megabytes": size / _MEGABYTE})


async def _until_leading(runner: Runner[OverseerState], leads: asyncio.Event) -> None:
    while runner.state is None:  # noqa: ASYNC110 - a look every millisecond is what is measured
        await asyncio.sleep(0.001)
    leads.set()
