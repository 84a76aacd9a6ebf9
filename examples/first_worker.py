"""A first worker: it does what it is asked for until Ctrl-C. Needs a running mesh, and work, as
`first_objective.py` gives it.
"""

import asyncio
import signal

from nervous_system.serving import serve
from nervous_system.worker import open_worker
from nervous_system.working.held_task import HeldTask


async def greet(task: HeldTask) -> None:
    await task.progress(0.5, "thinking of a greeting")
    await task.finish(output=f"Hello, {task.arguments.get('whom', 'swarm')}.")
    print(f"{task.action} of {task.task_id} is done")


async def main() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, stop.set)
    async with open_worker(worker_id="first-worker") as worker:
        await serve(worker, {"greet": greet}, stop)


if __name__ == "__main__":
    asyncio.run(main())
