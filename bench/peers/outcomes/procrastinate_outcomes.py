"""procrastinate on PostgreSQL: worker and client. Its asynchronous worker, as its guide sets it up;
what stalled is retried by a periodic task of one's own, as its guide on stalled jobs has it.
"""

from __future__ import annotations

import asyncio
import os
import sys

import deeds
import procrastinate
import watching

LEASE_SECONDS = float(os.environ["OUTCOMES_LEASE_SECONDS"])
HEARTBEAT_SECONDS = float(os.environ["OUTCOMES_HEARTBEAT_SECONDS"])
QUEUE = sys.argv[2] if sys.argv[1] == "worker" else "default"

app = procrastinate.App(
    connector=procrastinate.PsycopgConnector(conninfo=os.environ["OUTCOMES_URL"])
)

KINDS = {
    "todo": "waiting",
    "doing": "running",
    "succeeded": "done",
    "failed": "failed",
    "cancelled": "cancelled",
    "aborted": "cancelled",
}


@app.task
async def act(deed: str, key: str) -> object:
    return await deeds.do_async(deed, key)


@app.periodic(cron="* * * * * */5")
@app.task(queueing_lock=f"retry stalled jobs {QUEUE}", queue=QUEUE, pass_context=True)
async def retry_stalled_jobs(context: procrastinate.JobContext, timestamp: int) -> None:
    manager = app.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=LEASE_SECONDS, queue=QUEUE):
        await manager.retry_job(job)


async def watch(given: watching.Order) -> None:
    deferred = act.configure(queue=given.queue)
    job_id = await deferred.defer_async(deed=given.deed, key=given.key)
    watching.submitted()

    async def look() -> watching.Seen:
        status = (await app.job_manager.get_job_status_async(job_id)).value
        return watching.Seen(KINDS.get(status, "unknown"), status)  # it keeps no reason

    async def cancel() -> None:
        await app.job_manager.cancel_job_by_id_async(job_id, abort=True)

    await watching.watch(look, cancel, given)


async def main() -> None:
    async with app.open_async():
        if sys.argv[1] == "schema":
            await app.schema_manager.apply_schema_async()
        elif sys.argv[1] == "worker":
            watching.ready()
            await app.run_worker_async(
                queues=[QUEUE],
                name=sys.argv[3],
                update_heartbeat_interval=HEARTBEAT_SECONDS,
                stalled_worker_timeout=LEASE_SECONDS,
            )
        else:
            await watch(watching.order())


if __name__ == "__main__":
    asyncio.run(main())
