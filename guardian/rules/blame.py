"""Is an objective, an action or a machine to blame for what fails, or a worker, or nobody?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from enchanted.events.v1.incident_pb2 import INCIDENT_CRITICAL, INCIDENT_MAJOR, INCIDENT_MINOR
from guardian.blame import FEWEST_TASKS, Blame, Culprit
from guardian.observations import Observations
from guardian.rules.rule import (
    ACTION,
    MACHINE,
    MESH,
    OBJECTIVE,
    WORKER,
    Ending,
    Find,
    Grade,
    GuardianRule,
    Look,
    RuleFinding,
    end_with,
)

BURST_MINUTES: Final = 5
HOPELESS: Final = (Grade(at_least=10, incident_class=INCIDENT_MAJOR),)
UNFIT: Final = (
    Grade(at_least=FEWEST_TASKS, incident_class=INCIDENT_MINOR),
    Grade(at_least=20, incident_class=INCIDENT_MAJOR),
)
FAILED_TASKS: Final = "tasks that failed within 10 minutes"


def _finder(culprits: Callable[[Blame], list[Culprit]], says: Callable[[Culprit], str]) -> Find:
    def find(look: Look) -> Iterator[RuleFinding]:
        for each in culprits(look.blame):
            yield RuleFinding(
                subject=each.name,
                measure=each.tally.failed,
                summary=f"{says(each)} within 10 minutes",
                cause_event_id=each.cause_event_id,
            )

    return find


def _describe_record(culprit: Culprit) -> str:
    failed, ended_ = culprit.tally.failed, culprit.tally.failed + culprit.tally.completed
    return f"{failed} of {ended_} tasks"


def _everywhere(what: str) -> Callable[[Culprit], str]:
    def says(culprit: Culprit) -> str:
        who = "the only worker that tried" if culprit.workers == 1 else f"{culprit.workers} workers"
        return f"{_describe_record(culprit)} of {what} {culprit.name} failed, at {who},"

    return says


OBJECTIVE_FAILING: Final = GuardianRule(
    name="objective_failing",
    question="Do the tasks of one objective fail, whoever tries?",
    unit=f"{FAILED_TASKS}, four of five at least",
    kind=OBJECTIVE,
    grades=HOPELESS,
    clears_below=FEWEST_TASKS,
    find=_finder(lambda blame: blame.objectives, _everywhere("objective")),
    end=end_with("its tasks were set aside, are over, or fail no longer"),
)

ACTION_FAILING: Final = GuardianRule(
    name="action_failing",
    question="Does one action fail, whatever it is asked for and whoever tries?",
    unit=f"{FAILED_TASKS}, four of five at least",
    kind=ACTION,
    grades=HOPELESS,
    clears_below=FEWEST_TASKS,
    find=_finder(lambda blame: blame.actions, _everywhere("action")),
    end=end_with("its tasks were set aside, are over, or fail no longer"),
)

MACHINE_FAILING: Final = GuardianRule(
    name="machine_failing",
    question="Do all workers of one machine fail at what others do elsewhere?",
    unit=f"{FAILED_TASKS}, half of all at least",
    kind=MACHINE,
    grades=UNFIT,
    clears_below=3,
    find=_finder(
        lambda blame: blame.machines,
        lambda each: (
            f"{_describe_record(each)} of the {each.workers} workers of machine {each.name}"
            " failed, which"
            " others do elsewhere,"
        ),
    ),
    end=end_with("its workers no longer fail at what others do, or are gone"),
)


def _fails_less(watched: Observations, subject: str) -> Ending:
    if subject not in watched.workers:
        return Ending(recovered=True, sentence="the worker is gone")
    return Ending(recovered=True, sentence="it no longer fails at what others do")


WORKER_FAILING: Final = GuardianRule(
    name="worker_failing",
    question="Does one worker fail at what others do?",
    unit=f"{FAILED_TASKS}, half of all at least",
    kind=WORKER,
    grades=UNFIT,
    clears_below=3,
    find=_finder(
        lambda blame: blame.workers_to_blame,
        lambda each: f"{_describe_record(each)} of worker {each.name} failed, which others do,",
    ),
    end=_fails_less,
)


def _burst(look: Look) -> Iterator[RuleFinding]:
    tally = look.blame.of_nobody(minutes=BURST_MINUTES)
    if tally.mostly_failed:
        pulse = look.watched.pulse
        yield RuleFinding(
            subject="tasks",
            measure=tally.failed,
            summary=(
                f"{tally.failed} tasks failed and {tally.completed} were completed within"
                f" {BURST_MINUTES} minutes, and no objective, action, machine or worker is to blame"
            ),
            cause_event_id=pulse.seen.event_id if pulse is not None else "",
        )


FAILURE_BURST: Final = GuardianRule(
    name="failure_burst",
    question="Do many tasks fail at once, and nobody is to blame?",
    unit=f"tasks that failed within {BURST_MINUTES} minutes, and no fewer than half of all",
    kind=MESH,
    grades=(
        Grade(at_least=20, incident_class=INCIDENT_MAJOR),
        Grade(at_least=200, incident_class=INCIDENT_CRITICAL),
    ),
    clears_below=5,
    find=_burst,
    end=end_with("most tasks no longer fail"),
)
