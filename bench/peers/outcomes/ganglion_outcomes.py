"""Ganglion: worker and client, as the README has them. A person cancels by what `ganglion tasks
cancel` asks for; what is shown is what `ganglion tasks show` reads.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys

import deeds
import watching

from enchanted.events.v1.swarm_event_pb2 import ROLE_OVERSEER
from enchanted.events.v1.task_pb2 import (
    RESULT_CANCELLED,
    RESULT_COMPLETED,
    TaskAcknowledged,
    TaskClaimed,
    TaskResult,
)
from enchanted.events.v1.task_request_pb2 import ORDER_CANCEL, TaskOrdered
from local_mesh.addresses import client_settings
from nervous_system.client.claimed_task import ClaimedTask
from nervous_system.client.proposing import task
from nervous_system.client.serving import serve
from nervous_system.client.worker import open_worker
from nervous_system.contract.subjects import token
from nervous_system.ids import new_event_id
from nervous_system.names import EVENTS
from operations.actions.overseer_client import ask_overseer
from operations.log_session import bus_session, said_by

MAX_LOSSES = 3
"""So many workers may be lost with it; what fails is not tried again, as with the others."""

ENDS = {RESULT_COMPLETED: "done", RESULT_CANCELLED: "cancelled"}


async def work(queue: str, name: str) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)

    async def act(held: ClaimedTask) -> object:
        return await deeds.do_async(held.arguments["deed"], held.arguments["key"])

    heartbeat = float(os.environ["OUTCOMES_HEARTBEAT_SECONDS"])
    async with open_worker(worker_id=name, skills=[queue], heartbeat_seconds=heartbeat) as worker:
        watching.ready()
        await serve(worker, {"act": act}, stop)


async def watch(given: watching.Order) -> None:
    task_id = new_event_id()
    proposal = task(
        {
            "action": "act",
            "payload": {"deed": given.deed, "key": given.key},
            "skills": [given.queue],
            "max_attempts": 1,
            "max_losses": MAX_LOSSES,
            "attempt_seconds": given.limit_seconds,
        },
        task_id=task_id,
        owner="outcomes",
    )
    await ask_overseer(proposal)
    watching.submitted()
    async with bus_session(client_settings()) as bus:

        async def look() -> watching.Seen:
            steps = await said_by(ROLE_OVERSEER, bus, f"{EVENTS}.task.*.{token(task_id)}")
            last = steps[-1].event.payload
            if isinstance(last, TaskAcknowledged):
                state = TaskResult.Name(last.result).removeprefix("RESULT_").lower()
                return watching.Seen(ENDS.get(last.result, "failed"), state, last.notes)
            running = isinstance(last, TaskClaimed)
            return watching.Seen(*(("running", "claimed") if running else ("waiting", "waiting")))

        async def cancel() -> None:
            reason = "not wanted any more"
            await ask_overseer(TaskOrdered(task_id=task_id, order=ORDER_CANCEL, reason=reason))

        await watching.watch(look, cancel, given)


if __name__ == "__main__":
    if sys.argv[1] == "worker":
        asyncio.run(work(sys.argv[2], sys.argv[3]))
    else:
        asyncio.run(watch(watching.order()))
