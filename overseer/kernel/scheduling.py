"""Which task does a worker get? The best one that is ready and that it may and can do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from enchanted.events.v1.task_request_pb2 import ClaimRequested
from nervous_system.refusal import Refusal
from overseer.kernel.registered_worker import RegisteredWorker
from overseer.kernel.state import Kernel, KernelSettings
from overseer.kernel.task import Task
from overseer.policy import Policy

SUCCESS_SHARE: Final = 1.0
"""An agent that always succeeded at an action is worth one step of priority more than one that
never did."""

BEGINS_ANYWAY_AFTER: Final = timedelta(minutes=5)
"""A machine that is slowed down begins one task more when it has begun none for so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchRules:
    """What holds for handing out and accepting tasks at this moment."""

    policy: Policy
    registered: frozenset[str]
    held: str = ""  # why nothing is handed out; empty where it is
    slowed: Mapping[str, str] = field(default_factory=dict)  # machines that get less, and why


def choose(
    kernel: Kernel,
    rules: DispatchRules,
    settings: KernelSettings,
    request: ClaimRequested,
    now: datetime,
) -> Task | Refusal:
    """The task to hand out, or why there is none."""
    worker = kernel.workers.get(request.worker_id)
    if worker is None or rules.held:
        stranger = f"{request.worker_id} is not registered as a worker"
        return Refusal.because(rules.held or f"{stranger}; publish WorkerRegistered first")
    if against := _against(kernel, rules, worker, now):
        return Refusal.because(against)
    skills = worker.skills | frozenset(request.skills)
    index = kernel.ready_queue.due(kernel.tasks, now)
    ready = [
        task
        for task in index.heads(kernel.tasks)
        if task.manifest.required_skills <= skills
        and task.task_id not in kernel.to_cancel
        and not task.expired(now)
        and _fits(task, request)
        and not rules.policy.against(action=task.manifest.action, risk_tier=task.manifest.risk_tier)
    ]
    if not ready:
        return Refusal.because(_nothing(index.heads(kernel.tasks), request, skills))
    return max(
        ready,
        key=lambda task: (_worth(kernel, settings, task, request.worker_id, now), -task.queue_seq),
    )


def _against(kernel: Kernel, rules: DispatchRules, worker: RegisteredWorker, now: datetime) -> str:
    """Why this worker gets nothing, whatever there is to do; empty where nothing is against it."""
    worker_id, has = worker.worker_id, len(worker.task_ids)
    if worker_id not in rules.registered and not rules.policy.allow_unregistered_agents:
        return f"{worker_id} is not in the registry, and the policy allows no others"
    if worker.draining:
        return f"{worker_id} is draining"
    if has >= worker.max_concurrent_tasks:
        return f"{worker_id} has {has} tasks, as many as it may have"
    return too_many(kernel, rules, worker.host, now)


def too_many(kernel: Kernel, rules: DispatchRules, host: str, now: datetime) -> str:
    """Why a machine that is slowed down gets no more at this moment; empty where it gets more. A
    task that hangs, or waits for one that it proposed, does not hold up the others for ever."""
    if host not in rules.slowed:
        return ""
    here = [worker.task_ids for worker in kernel.workers.values() if worker.host == host]
    held = [kernel.tasks.get(task_id) for task_ids in here for task_id in task_ids]
    begun = [task.claim.claimed_at for task in held if task is not None and task.claim is not None]
    if len(begun) < _half(kernel, host)[1] or now - max(begun) >= BEGINS_ANYWAY_AFTER:
        return ""
    return slow_down(kernel, rules, host)


def slow_down(kernel: Kernel, rules: DispatchRules, host: str) -> str:
    """How much less a machine that is slowed down gets, and why: half of what its workers may do at
    once, and one task at least. Empty where that is no less."""
    may, half = _half(kernel, host)
    if may <= half:
        return ""
    why = rules.slowed[host]
    return f"{why}: its workers do {half} of {may} tasks at once until it is not above"


def _half(kernel: Kernel, host: str) -> tuple[int, int]:
    """How many tasks the workers of a machine may do at once, and half of that."""
    workers = (each for each in kernel.workers.values() if each.host == host)
    may = sum(each.max_concurrent_tasks for each in workers)
    return may, max(1, may // 2)


def _worth(
    kernel: Kernel, settings: KernelSettings, task: Task, worker_id: str, now: datetime
) -> float:
    """Steps of priority: its own, one for every so many seconds of age so that nothing starves, and
    up to one for who does it well."""
    age_seconds = (now - task.submitted_at).total_seconds()
    record = kernel.record(worker_id, task.manifest.action)
    return (
        task.manifest.priority
        + age_seconds / settings.aging_seconds
        + SUCCESS_SHARE * record.weight
    )


def _nothing(waiting: Iterable[Task], request: ClaimRequested, skills: frozenset[str]) -> str:
    """That there is nothing for this worker, and what the first of those that wait asks for."""
    said = "nothing is ready that this worker can do"
    task = min(waiting, key=lambda each: each.queue_seq, default=None)
    if task is None:
        return said
    manifest = task.manifest
    if missing := sorted(manifest.required_skills - skills):
        return f"{said}: {task.task_id} asks for the skill {missing[0]}"
    if request.actions and manifest.action not in request.actions:
        return f"{said}: {task.task_id} asks for {manifest.action}, which it does not do"
    if not _fits(task, request):
        return f"{said}: {task.task_id} asks for more than its machine has left"
    return said


def _fits(task: Task, request: ClaimRequested) -> bool:
    """Whether the worker knows the action, and what it says is free is enough; what it does not say
    does not keep it from a task."""
    manifest = task.manifest
    if request.actions and manifest.action not in request.actions:
        return False
    if request.free_cpu_count and manifest.required_cpu_count > request.free_cpu_count:
        return False
    return not (
        request.free_memory_bytes and manifest.required_memory_bytes > request.free_memory_bytes
    )
