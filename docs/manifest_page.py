"""What can be said of a task, where is it written how, and what follows from it?

One page of the comments of `TaskManifest`, of the schema of plans, and of the options of
`ganglion tasks add`. What one of them has and the others do not know ends it with an error.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import typer

from docs.contract_comments import Member, members
from docs.page import table
from ganglion.commands.tasks import app as tasks_command
from nervous_system.client import proposing
from operations.actions.plan_file import PlanFile
from overseer.kernel.submission import MAX_PROPOSED
from overseer.plan import MAX_PLAN_BYTES, PlanStep

WRITTEN: Final = {
    "task_id": "id",
    "payload_json": "payload",
    "depends_on": "after",
    "required_skills": "skills",
    "required_cpu_count": "cpu_count",
    "required_memory_bytes": "memory_bytes",
}
"""Fields of the log that a plan calls otherwise."""

NOT_SAID: Final = ("objective_id", "owner")
"""Whoever proposes a task does not say these: they follow from how he does."""

OPTIONS: Final = {
    "action": "--action",
    "id": "--id",
    "description": "--description",
    "payload": "--payload",
    "after": "--after",
    "skills": "--skill",
    "priority": "--priority",
    "cpu_count": "--cpu-count",
    "memory_bytes": "--memory-bytes",
    "ttl_seconds": "--ttl",
    "max_attempts": "--max-attempts",
    "max_losses": "--max-losses",
    "attempt_seconds": "--timeout",
    "idempotency_key": "--idempotency-key",
    "risk_tier": "--risk",
}
"""Of `ganglion tasks add`, by what a plan calls it."""

EXAMPLE: Final = """\
description: Find and mend the slow tests
priority: 7
tasks:
  - id: find
    action: tests.profile
    payload: {folder: tests, slower_than_seconds: 5}
    skills: [python]
  - id: mend
    action: tests.mend
    after: [find]
    attempt_seconds: 1800
    max_attempts: 2
"""

HEAD: Final = f"""\
# The manifest of a task

What is to be done, under which conditions. The same fields are written in three places:

- **in a plan**, a YAML or JSON file for `ganglion objectives add --tasks plan.yaml`:
  [plan.schema.json](plan.schema.json) lets an editor complete and check it, and `--dry-run` says
  what it would become;
- **in Python**, with the same names: `agent.propose("…", tasks=[{{"action": "tests.profile"}}])`,
  or `agent.propose_task(action="tests.profile")` for one that belongs to no objective;
- **on the command line**, one task: `ganglion tasks add --action tests.profile`.

On the log some have longer names, and so in `ganglion tail --json`; each section names them.
A plan, in YAML:

```yaml
{EXAMPLE}```

A name that is not below is refused, and so is a value out of its range: then nothing of the
objective is taken, and the answer names the task and, of a file, the line. An objective has at most
{MAX_PROPOSED} tasks, which together have at most {MAX_PLAN_BYTES:,} bytes.
"""


def task_manifest() -> Iterator[str]:
    """Every field of `TaskManifest`, as whoever proposes a task may say it."""
    PlanFile(EXAMPLE, where="the example of the page")
    fields = {WRITTEN.get(name, name): each for name, each in _fields().items()}
    schema = PlanStep.model_json_schema()["properties"]
    python = proposing.TaskFields.__annotations__
    for other in (python, [name for name in fields if name not in NOT_SAID]):
        if odd := set(other) ^ set(schema):
            raise ValueError(f"a step has different fields here and there: {odd}")
    options = _options()
    yield HEAD
    for name, rules in schema.items():
        field = fields[name]
        yield f"\n## `{name}`\n\n{field.comment}\n"
        row = (
            f"`{field.name}`, {field.kind}",
            options.get(name, ""),
            _default(name, rules),
            _range(rules),
            f"`{name}: {json.dumps(rules['examples'][0])}`",
        )
        yield table(("on the log", "`tasks add`", "default", "range", "example"), [row])
    yield "\n## What follows from how it is proposed\n"
    rows = [(f"`{each}`", fields[each].comment) for each in NOT_SAID]
    yield table(("on the log", "meaning"), rows)
    yield "\n## How an attempt, or the task, ends\n"
    results = members("task.proto", "TaskResult").values()
    rows = [(f"`{_word(each.name)}`", each.comment) for each in results if each.comment]
    yield table(("result", "meaning"), rows)


def _word(name: str) -> str:
    """RESULT_CHECKS_FAILED is `checks_failed`, as `task.finish` and `swarm.tasks` say it."""
    return name.removeprefix("RESULT_").lower()


def _fields() -> Mapping[str, Member]:
    return members("task.proto", "TaskManifest")


def _options() -> dict[str, str]:
    command: Any = typer.main.get_command(tasks_command)
    add = command.get_command(typer.Context(command), "add")
    known = {option for each in add.params for option in each.opts}
    if known - {"--json", "--help"} != set(OPTIONS.values()):
        raise ValueError(f"`tasks add` has {known}, and this page knows {set(OPTIONS.values())}")
    times = {"--timeout": "30s, 10m, 2h", "--ttl": "2h, 7d", "--payload": "JSON, @FILE, @-"}
    several = {each.opts[0] for each in add.params if each.multiple}
    return {
        name: f"`{option}`"
        + (f" {times[option]}" if option in times else "")
        + (", repeatable" if option in several else "")
        for name, option in OPTIONS.items()
    }


def _default(name: str, rules: Mapping[str, Any]) -> str:
    if "default" not in rules:
        return "none: it must be said" if name == "action" else "`{}`"
    value = rules["default"]
    of_others = {
        "id": "its number",
        "description": "the objective's",
        "priority": "the objective's, which is 5 if not said",
        "max_losses": "`max_attempts`",
        "idempotency_key": "its id",
    }
    return of_others.get(name, f"`{json.dumps(value)}`")


def _range(rules: Mapping[str, Any]) -> str:
    rules = next((each for each in rules.get("anyOf", ()) if each["type"] != "null"), rules)
    if "enum" in rules:
        return ", ".join(f"`{each}`" for each in rules["enum"])
    least, most = rules.get("minimum"), rules.get("maximum")
    if "exclusiveMaximum" in rules:
        most = rules["exclusiveMaximum"] - 1
    if least is None:
        kinds = {"string": "a text", "object": "a JSON object", "array": "a list of texts"}
        return kinds[rules["type"]]
    kind = {"integer": "whole, ", "number": ""}[rules["type"]]
    if most is None:
        return f"{kind}{least} or more"
    return f"{kind}{least} to {int(most):,}"
