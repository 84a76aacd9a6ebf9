"""Why can a proposed task not be true? One sentence each, so that it can be mended."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence, Set
from math import isfinite
from typing import Final

from enchanted.events.v1.task_pb2 import RESULT_COMPLETED, TaskManifest
from nervous_system.json_object import json_object
from overseer.kernel.state import Kernel
from overseer.kernel.task import HIGHEST_PRIORITY

MAX_ID_CHARACTERS: Final = 200
MAX_TTL_SECONDS: Final = 10 * 366 * 86_400.0


def problems(
    kernel: Kernel, proposed: Sequence[TaskManifest], *, objectives: Container[str] = ()
) -> Mapping[int, list[str]]:
    """What is wrong, by the number of the task in the proposal; only those with problems.

    The ids below one of `objectives` are kept for its own tasks, and nothing else names it.
    """
    found: dict[int, list[str]] = {}
    ids = {manifest.task_id for manifest in proposed}
    before: set[str] = set()
    circle = set(_in_a_circle(proposed))
    for number, manifest in enumerate(proposed):
        wrong = list(_alone(manifest))
        if manifest.task_id in kernel.tasks or manifest.task_id in kernel.ended:
            wrong.append(f"a task {manifest.task_id} exists already; choose another id")
        elif manifest.task_id in before:
            wrong.append(f"the id {manifest.task_id} occurs twice in this proposal")
        elif (kept_for := _kept_for(manifest.task_id, objectives)) is not None:
            wrong.append(
                f"ids that begin with {kept_for}. are kept for the tasks of objective {kept_for};"
                " choose another id"
            )
        if manifest.objective_id in objectives:
            wrong.append(
                f"it is no task of objective {manifest.objective_id}, which its objective_id names:"
                " leave that empty; the tasks of an objective are named when it is proposed"
            )
        before.add(manifest.task_id)
        wrong += _dependencies(kernel, manifest, ids)
        if manifest.task_id in circle:
            wrong.append("its dependencies lead back to itself")
        if wrong:
            found[number] = wrong
    return found


def _kept_for(task_id: str, objectives: Container[str]) -> str | None:
    """The objective below whose id this one is: its tasks may be submitted later."""
    parts = task_id[: MAX_ID_CHARACTERS + 1].split(".")
    above = (".".join(parts[:length]) for length in range(1, len(parts)))
    return next((each for each in above if each in objectives), None)


def _alone(manifest: TaskManifest) -> Iterable[str]:
    if not manifest.task_id:
        yield "it has no task_id"
    for name in ("task_id", "objective_id", "action", "owner", "idempotency_key"):
        if len(getattr(manifest, name)) > MAX_ID_CHARACTERS:
            yield f"its {name} is longer than {MAX_ID_CHARACTERS} characters"
    if not manifest.action:
        yield "it names no action"
    if manifest.priority > HIGHEST_PRIORITY:
        yield f"priority {manifest.priority} is above {HIGHEST_PRIORITY}"
    if not isfinite(manifest.ttl_seconds) or manifest.ttl_seconds < 0:
        yield f"a time to live of {manifest.ttl_seconds:g} s has ended before it begins"
    elif manifest.ttl_seconds > MAX_TTL_SECONDS:
        yield f"a time to live of {manifest.ttl_seconds:g} s is longer than ten years"
    if not isfinite(manifest.attempt_seconds) or manifest.attempt_seconds < 0:
        yield f"an attempt cannot take {manifest.attempt_seconds:g} s at most"
    if not isfinite(manifest.required_cpu_count) or manifest.required_cpu_count < 0:
        yield f"{manifest.required_cpu_count:g} processors cannot be required"
    try:
        json_object(manifest.payload_json)
    except ValueError as error:
        yield f"its payload {error}"


def _dependencies(kernel: Kernel, manifest: TaskManifest, ids: Set[str]) -> Iterable[str]:
    for before in manifest.depends_on:
        if before == manifest.task_id:
            yield "it depends on itself"
        elif before in ids or before in kernel.tasks:
            continue
        elif before not in kernel.ended:
            yield f"it depends on {before}, which nobody knows"
        elif kernel.ended[before].result != RESULT_COMPLETED:
            yield f"it depends on {before}, which ended otherwise than completed"


def _in_a_circle(proposed: Sequence[TaskManifest]) -> Iterable[str]:
    """Those left over when, again and again, what depends on nothing left is taken away."""
    ids = {manifest.task_id for manifest in proposed}
    left = {each.task_id: {*each.depends_on} & ids - {each.task_id} for each in proposed}
    while free := [task_id for task_id, before in left.items() if not before]:
        for task_id in free:
            del left[task_id]
        for before in left.values():
            before.difference_update(free)
    return left
