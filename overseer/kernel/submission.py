"""May proposed tasks be tasks? Submitted, or rejected with every reason."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Final

from enchanted.events.v1.task_pb2 import RISK_HIGH, TaskManifest, TaskRejected, TaskSubmitted
from nervous_system.service.decision import Emit
from overseer.kernel.manifest_check import problems
from overseer.kernel.scheduling import DispatchRules
from overseer.kernel.state import Kernel

MAX_PROPOSED: Final = 400
"""Tasks in one proposal: with what follows they must fit one atomic batch."""

NEEDS_A_PERSON: Final = (
    "its risk tier is high-risk: only a person may propose it so; as a task of an objective it"
    " waits for a person's approval"
)


def objections(
    kernel: Kernel,
    rules: DispatchRules,
    manifests: Sequence[TaskManifest],
    *,
    by_person: bool = True,
    objectives: Container[str] = (),
) -> dict[int, list[str]]:
    """What stands against proposed tasks, by their number; only those with something against.

    `objectives` are others, that keep the ids below theirs.
    """
    found = problems(kernel, manifests, objectives=objectives)
    wrong = {number: list(why) for number, why in found.items()}
    for number, manifest in enumerate(manifests):
        against = rules.policy.against(action=manifest.action, risk_tier=manifest.risk_tier)
        if not against and manifest.risk_tier == RISK_HIGH and not by_person:
            against = NEEDS_A_PERSON
        if against:
            wrong.setdefault(number, []).append(against)
    _reject_what_depends_on(wrong, manifests, kernel)
    return wrong


def submissions(
    kernel: Kernel,
    rules: DispatchRules,
    manifests: Sequence[TaskManifest],
    *,
    together: bool,
    by_person: bool = True,
    objectives: Container[str] = (),
    more_open: int = 0,
) -> tuple[Emit, ...]:
    """What proposed manifests lead to; with `together`, one that is wrong rejects them all.

    `more_open` tasks are submitted before them in the same batch.
    """
    if len(manifests) > MAX_PROPOSED:
        reason = f"{len(manifests)} tasks at once are more than {MAX_PROPOSED}"
        return (_rejection(0, manifests[0], [reason]),)
    wrong = objections(kernel, rules, manifests, by_person=by_person, objectives=objectives)
    most, are = rules.policy.max_open_tasks, len(kernel.tasks) + more_open
    everything: list[str] = []
    if are + len(manifests) > most:
        everything = [f"the policy allows {most} open tasks and {are} are"]
    elif together and wrong:
        everything = ["it was proposed together with a task that was rejected"]
    emits = []
    for number, manifest in enumerate(manifests):
        if reasons := wrong.get(number, everything):
            emits.append(_rejection(number, manifest, reasons))
        else:
            submitted = TaskSubmitted(manifest=manifest)
            emits.append(
                Emit(label=f"submitted {number}", payload=submitted, creates_aggregate=True)
            )
    return tuple(emits)


def _rejection(number: int, manifest: TaskManifest, reasons: Sequence[str]) -> Emit:
    rejected = TaskRejected(
        task_id=manifest.task_id, objective_id=manifest.objective_id, reasons=reasons
    )
    return Emit(label=f"rejected {number}", payload=rejected)


def _reject_what_depends_on(
    wrong: dict[int, list[str]], manifests: Sequence[TaskManifest], kernel: Kernel
) -> None:
    """What waits for a task of the same proposal that is rejected would wait for ever."""
    accepted = {each.task_id for number, each in enumerate(manifests) if number not in wrong}
    lost = [each.task_id for each in manifests if each.task_id not in accepted]
    waiting: dict[str, list[int]] = {}
    for number, manifest in enumerate(manifests):
        for before in manifest.depends_on:
            waiting.setdefault(before, []).append(number)
    while lost:
        before = lost.pop()
        if before in kernel.tasks or before in kernel.ended:
            continue  # it is known by that id from before
        for number in waiting.get(before, ()):
            if number not in wrong:
                wrong[number] = [f"it depends on {before}, which is rejected"]
                lost.append(manifests[number].task_id)
