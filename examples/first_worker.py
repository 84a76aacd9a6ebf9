"""A first worker: it does what it is asked for until Ctrl-C. Needs a running mesh, and work, as
`first_objective.py` gives it.
"""

import asyncio
import signal

from nervous_system.client import ClaimedTask, open_worker, serve


async def greet(task: ClaimedTask) -> None:
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
