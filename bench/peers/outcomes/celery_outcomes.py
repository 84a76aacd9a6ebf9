"""Celery on Redis: its worker is `celery -A celery_outcomes worker`, and this program its client.

As it comes; or, with OUTCOMES_CAREFUL, as its documentation has it for tasks that must not get lost
with their worker: acknowledged late, rejected when the worker is lost, a prefetch of one; it tells
what was begun.
"""

from __future__ import annotations

import asyncio
import os

import deeds
import watching
from celery import Celery
from celery.result import AsyncResult
from celery.signals import worker_ready

app = Celery("celery_outcomes", broker=os.environ["OUTCOMES_URL"])
app.conf.update(
    result_backend=os.environ["OUTCOMES_URL"],
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        "visibility_timeout": int(os.environ["OUTCOMES_LEASE_SECONDS"]),
        # As is advised where that is short: by default it is looked at every 100 s only.
        "unacked_restore_interval": int(os.environ["OUTCOMES_HEARTBEAT_SECONDS"]),
        "unacked_restore_throttle": 1,
    },
)
if os.environ.get("OUTCOMES_CAREFUL"):
    app.conf.update(
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        task_track_started=True,
    )

KINDS = {
    "PENDING": "unknown",  # its word for waiting and for what it does not know, too
    "STARTED": "running",
    "SUCCESS": "done",
    "FAILURE": "failed",
    "REVOKED": "cancelled",
}


@app.task
def act(deed: str, key: str) -> object:
    return deeds.do(deed, key)


@worker_ready.connect
def _ready(**_: object) -> None:
    watching.ready()


async def watch(given: watching.Order) -> None:
    limit = given.limit_seconds or None
    task_id = act.apply_async((given.deed, given.key), queue=given.queue, time_limit=limit).id
    watching.submitted()

    async def look() -> watching.Seen:
        result = AsyncResult(task_id, app=app)
        state, found = result.state, result.result
        reason = f"{type(found).__name__}: {found}" if isinstance(found, BaseException) else ""
        return watching.Seen(KINDS.get(state, "waiting"), state, reason)

    async def cancel() -> None:
        app.control.revoke(task_id, terminate=True)

    await watching.watch(look, cancel, given)


if __name__ == "__main__":
    asyncio.run(watch(watching.order()))
