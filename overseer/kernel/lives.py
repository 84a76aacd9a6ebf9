"""Is a name one worker's at a time, and why does a worker no longer have what it held?

Who registers under a name that is known begins a new life of that worker: what it held is released.
Where the earlier life is heard of afterwards, two are called the same, and each takes from the
other: that is an alarm.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from enchanted.events.v1.alarm_pb2 import (
    ALARM_TWO_WORKERS_OF_ONE_NAME,
    SEVERITY_CRITICAL,
    AlarmName,
    AlarmRaised,
)
from enchanted.events.v1.worker_pb2 import WorkerDeparted, WorkerHeartbeat, WorkerLost
from nervous_system.contract.event import Event, RecordedEvent
from nervous_system.contract.words import word
from nervous_system.service.decision import Emit
from nervous_system.service.fast_replace import replace
from overseer.kernel.registered_worker import (
    MAX_LIVES,
    MAX_NAME_CHARACTERS,
    Life,
    RegisteredWorker,
    Rival,
)
from overseer.kernel.state import Kernel
from overseer.kernel.task import TaskClaim

TWO_OF_ONE_NAME: Final = word(AlarmName, ALARM_TWO_WORKERS_OF_ONE_NAME)


def session_of(event: Event) -> str:
    """Which life says it; empty where that is not said."""
    return event.producer_session[:MAX_NAME_CHARACTERS]


def register(kernel: Kernel, worker: RegisteredWorker) -> Kernel:
    """With a worker that has just said so, in the life that it names."""
    known = kernel.workers.get(worker.worker_id)
    if known is not None and known.session and known.session == worker.session:
        worker = replace(worker, task_ids=known.task_ids, before=known.before, rivals=known.rivals)
    elif known is not None:
        kernel = lose_worker(kernel, known, f"its worker began anew, as {worker.life.process}")
        worker = replace(worker, before=(known.life, *known.before)[:MAX_LIVES])
    return replace(kernel, workers=kernel.workers.set(worker.worker_id, worker))


def lose_worker(kernel: Kernel, worker: RegisteredWorker, why: str) -> Kernel:
    """What it holds is released at the next tick, for this reason."""
    tasks = kernel.tasks
    for task_id in sorted(worker.task_ids):
        task = tasks.get(task_id)
        if task is not None and task.claim is not None:
            tasks = tasks.set(task_id, replace(task, claim=replace(task.claim, lost=why)))
    return replace(kernel, tasks=tasks)


def why_ran_out(kernel: Kernel, claim: TaskClaim, now: datetime) -> str:
    """Why the lease of a claim was not renewed, as far as can be told."""
    worker = kernel.workers.get(claim.worker_id)
    if worker is None:
        return f"its worker {claim.worker_id[:MAX_NAME_CHARACTERS]} is not there"
    silent_seconds = (now - worker.heard_at).total_seconds()
    if silent_seconds < claim.lease_seconds:
        return "its lease ran out"
    return f"its lease ran out: {_worker_name(worker)} was silent for {silent_seconds:.0f} s"


def _worker_name(worker: RegisteredWorker) -> str:
    name = worker.worker_id[:MAX_NAME_CHARACTERS]
    return f"{name} ({worker.life.process})" if worker.pid else name


def remove_worker(
    kernel: Kernel,
    worker: RegisteredWorker,
    payload: WorkerDeparted | WorkerLost,
    recorded: RecordedEvent,
) -> Kernel:
    """Without it; where only an earlier life of it left, without that."""
    named = f"its worker {_worker_name(worker)}"
    if isinstance(payload, WorkerLost):
        kernel = lose_worker(
            kernel, worker, f"{named} was silent for {payload.silent_seconds:.0f} s"
        )
    else:
        session = session_of(recorded.event)
        if session and worker.session and session != worker.session:
            return _without_life(kernel, worker, session)
        kernel = lose_worker(
            kernel, worker, f"{named} left: {payload.reason[:MAX_NAME_CHARACTERS]}"
        )
    return replace(kernel, workers=kernel.workers.delete(worker.worker_id))


def _without_life(kernel: Kernel, worker: RegisteredWorker, session: str) -> Kernel:
    worker = replace(
        worker,
        before=tuple(each for each in worker.before if each.session != session),
        rivals=tuple(each for each in worker.rivals if each.life.session != session),
    )
    return replace(kernel, workers=kernel.workers.set(worker.worker_id, worker))


def rivals(worker: RegisteredWorker, heartbeat: Event) -> tuple[Rival, ...]:
    """Those of the name, where one more is heard of by this."""
    session = session_of(heartbeat)
    if not session or not worker.session or session == worker.session:
        return worker.rivals
    known = {each.life.session for each in worker.rivals}
    if session in known or len(known) == MAX_LIVES:
        return worker.rivals
    unknown = Life(session, "", 0)
    life = next((each for each in worker.before if each.session == session), unknown)
    return (*worker.rivals, Rival(life, heartbeat.event_id))


def on_heartbeat(kernel: Kernel, heartbeat: WorkerHeartbeat, event_id: str) -> tuple[Emit, ...]:
    """The alarm, once for each life that goes on beside a later one."""
    worker = kernel.workers.get(heartbeat.worker_id)
    shown = [each for each in worker.rivals if each.shown_by == event_id] if worker else []
    if worker is None or not shown:
        return ()
    name = worker.worker_id[:MAX_NAME_CHARACTERS]
    alarm = AlarmRaised(
        name=TWO_OF_ONE_NAME,
        severity=SEVERITY_CRITICAL,
        message=f"two live workers are called {name}: {shown[0].life.process}, and"
        f" {worker.life.process}; what one of them holds is taken from it in the name of the other",
        action="stop one of them, or start it again with a worker_id of its own",
    )
    return (Emit(label=TWO_OF_ONE_NAME, payload=alarm, key=name),)
