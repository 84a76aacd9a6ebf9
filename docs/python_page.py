"""What does an author of agents and workers call, what may he say, and what can go wrong?"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, get_args

from docs.contract_comments import Member, members
from docs.page import table
from nervous_system import errors
from nervous_system.client.agent import Agent, open_agent
from nervous_system.client.claimed_task import ClaimedTask, LeaseLost, ReleasedOnStop
from nervous_system.client.end import CancelledByOverseer, TookTooLong
from nervous_system.client.event_recorder import Receipt
from nervous_system.client.proposing import TaskFields
from nervous_system.client.serving import serve
from nervous_system.client.worker import Worker, open_worker
from nervous_system.contract.attribution import AttributionFields
from nervous_system.contract.resource import Resource
from nervous_system.contract.words import Status, TaskOutcome
from nervous_system.testing import Mesh, MovableClock, full_mesh, mesh

CALLED: Final = (
    *(open_agent, Agent, Receipt, Resource, open_worker, serve, ClaimedTask, Worker),
    *(mesh, Mesh, MovableClock, full_mesh),
)

FAMILIES: Final = {
    errors.Transient: "the same call may succeed later",
    errors.Permanent: "trying again is no use",
    errors.Fatal: "end the program, with its sentence",
}
ERRORS: Final = (
    *(errors.NotAcknowledged, errors.Unavailable, errors.Crowded, errors.Conflict, errors.IdTaken),
    *(errors.InvalidEvent, errors.Rejected, errors.Forbidden, errors.TooLarge, errors.LogFull),
    *(LeaseLost, ReleasedOnStop, CancelledByOverseer, TookTooLong, errors.BadSetting),
)
"""What reaches an agent or a worker; the others are between services."""


def python() -> Iterator[str]:
    """Every call, the words and records that it takes, the errors that it raises."""
    yield "# Agents and workers in Python\n"
    for each in CALLED:
        yield from _section(each, each.__name__, "##")
        if each is Receipt:
            yield _fields(Receipt)
        if inspect.isclass(each):
            for name, member in vars(each).items():
                if not name.startswith("_") and (callable(member) or isinstance(member, property)):
                    yield from _section(member, name, "###")
    yield "\n## What is said at the end of an attempt\n\n`how` of `ClaimedTask.finish` is one of:\n"
    yield _words(get_args(TaskOutcome), members("task.proto", "TaskResult"), "RESULT_")
    yield "\n## What is said of a decision\n\n`status` of `Agent.outcome` is one of:\n"
    yield _words(get_args(Status), members("action_outcome.proto", "OutcomeStatus"), "OUTCOME_")
    yield "\n## `Step`\n\n"
    yield (
        "One task: a dictionary in `agent.propose(tasks=[…])`, by name in `agent.propose_task`.\n"
        "Ranges, and what happens at each limit: [task_manifest.md](task_manifest.md).\n"
    )
    yield _fields(TaskFields)
    yield "\n## Who is behind it\n\n"
    yield "By name in `open_agent`, and over that in each call of an agent.\n"
    yield _fields(AttributionFields)
    yield "\n## Errors\n\n"
    yield "The sentence is for a reader: what happened, what to do. The family is for your code.\n"
    for family, again in FAMILIES.items():
        yield f"\n### `{family.__name__}`: {again}\n\n{inspect.getdoc(family)}\n"
        rows = [
            (f"`{each.__name__}`", f"`{each.__module__}`", inspect.getdoc(each))
            for each in ERRORS
            if issubclass(each, family)
        ]
        yield table(("error", "from", "when"), rows)


def _section(thing: Any, name: str, level: str) -> Iterator[str]:
    if isinstance(thing, property) or inspect.isclass(thing):
        shown = name
    else:
        signature = re.sub(r"\bself, |\bself", "", str(inspect.signature(thing)))
        shown = name + re.sub(r"(: |-> )'([^']*)'", r"\1\2", signature)
        shown = re.sub(r"<function [^=]* at 0x\w+>", "…", shown)
    text = inspect.getdoc(thing)
    if text:
        yield f"\n{level} `{shown}`\n\n{text}\n"


def _words(words: tuple[str, ...], known: Mapping[str, Member], prefix: str) -> str:
    rows = [(f'`"{word}"`', known[f"{prefix}{word.upper()}"].comment) for word in words]
    return table(("word", "meaning"), rows)


def _fields(record: type) -> str:
    """Of a record, by the comments behind its fields."""
    lines = re.findall(
        r"^    (\w+): (.+?)(?: = (\S+))?(?:  # (.*))?$", inspect.getsource(record), re.M
    )
    rows = [(f"`{name}`", f"`{kind}`", said) for name, kind, _, said in lines]
    return table(("field", "type", "meaning"), rows)
