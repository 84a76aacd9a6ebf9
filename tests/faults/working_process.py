"""A worker that tests do their worst to: `working_process.py URL WORKER_ID [OPTIONS]`.

It says on standard output what it begins and what was taken of its results, one line each.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from functools import partial

from enchanted.events.v1.swarm_event_pb2 import ROLE_WORKER
from nervous_system.bus import Bus, open_bus
from nervous_system.client.claimed_task import ClaimedTask
from nervous_system.client.serving import serve
from nervous_system.client.worker import Worker
from nervous_system.host.process import main
from nervous_system.settings import MeshSettings
from tests.shifted_clock import shifted


def _arguments(given: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("worker_id")
    parser.add_argument("--most", type=int, default=1, help="tasks at once")
    parser.add_argument("--seconds", type=float, default=0.0, help="that each task takes")
    parser.add_argument("--heartbeat", type=float, default=0.3, help="seconds between two")
    parser.add_argument("--clock", default="0", help="as shifted_clock.shifted takes it")
    return parser.parse_args(given)


async def run(options: argparse.Namespace, stop: asyncio.Event) -> None:
    settings = MeshSettings(nats_url=options.url)
    clock = shifted(options.clock)
    async with open_bus(settings, name=options.worker_id, user="worker", clock=clock) as bus:
        worker = _worker(bus, options)
        async with worker.running():
            await serve(worker, partial(_do, options.seconds), stop)


def _worker(bus: Bus, options: argparse.Namespace) -> Worker:
    return Worker(
        bus,
        worker_id=options.worker_id,
        role=ROLE_WORKER,
        max_concurrent_tasks=options.most,
        clock=shifted(options.clock),
        heartbeat_seconds=options.heartbeat,
    )


async def _do(seconds: float, task: ClaimedTask) -> None:
    print(f"begun {task.task_id} {task.attempt} {task.idempotency_key}", flush=True)
    await asyncio.sleep(seconds)
    how = task.arguments.get("how", "completed")
    await task.finish(how, output=f"done in attempt {task.attempt}", notes="as it was told")
    print(f"finished {task.task_id} {task.attempt}", flush=True)


if __name__ == "__main__":
    sys.exit(main(partial(run, _arguments(sys.argv[1:]))))
