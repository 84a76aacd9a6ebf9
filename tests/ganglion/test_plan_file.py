"""Does `objectives add --tasks` take a file as it is meant, or name the line that is wrong?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from enchanted.events.v1.policy_pb2 import CharterAdopted
from ganglion.exit_codes import OK, REFUSED, USAGE
from nervous_system.bus import Bus
from nervous_system.errors import BadSetting
from operations.actions.plan_file import PlanFile
from tests.command_line import CommandLine, Run

PLAN = """\
description: a garden
id: garden
priority: 7
tasks:
  - id: dig
    action: dig
    payload: {depth: 2}
  - action: plant
    after: [dig]
    skills: [gardening]
"""


async def charter(bus: Bus) -> None:
    subject = "swarm.events.overseer.charter_adopted"
    async with bus.reader(start_sequence=1, subjects=[subject]) as reader:
        while not [
            each
            for each in await reader.batch(max_messages=1, within_seconds=5.0)
            if isinstance(bus.decode_stored(each).event.payload, CharterAdopted)
        ]:
            pass


async def test_a_dry_run_says_what_would_be_and_leaves_nothing(
    run: Run, bus: Bus, tmp_path: Path
) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text(PLAN)
    await charter(bus)
    add = ("objectives", "add", "--tasks", str(file))
    dry = await run(*add, "--dry-run")
    assert (dry.returncode, dry.stderr) == (OK, "")
    assert dry.stdout.splitlines() == [
        "nothing is recorded; it would become 2 tasks, and the policy allows all of them",
        "garden.dig\tdig\tsafe\tno worker is there",
        "garden.2\tplant\tsafe\tit depends on garden.dig; garden.dig: no worker is there",
    ]
    assert json.loads((await run("objectives", "list", "--all", "--json")).stdout) == []
    added = await run(*add)
    assert added.stdout.startswith("garden is planned"), added.stderr
    tasks = json.loads((await run("tasks", "--json")).stdout)
    assert [(each["task_id"], each["priority"]) for each in tasks] == [
        ("garden.2", 7),
        ("garden.dig", 7),
    ]


async def test_what_the_overseer_refuses_is_said_with_the_line_dry_or_not(run: Run) -> None:
    plan = PLAN.replace("after: [dig]", "after: [dog]")
    for more in ((), ("--dry-run",)):
        answer = await run("objectives", "add", "--tasks", "-", *more, stdin=plan)
        assert (answer.returncode, answer.stdout) == (REFUSED, "")
        where = "stdin:8: tasks.1: garden.2: it depends on garden.dog, which nobody knows"
        assert where in answer.stderr


async def test_of_what_is_risky_it_is_said_that_a_person_must_agree(run: Run) -> None:
    tasks = json.dumps([{"action": "fell", "risk_tier": "high-risk"}])
    answer = await run(
        *("objectives", "add", "no tree", "--tasks", "-", "--dry-run", "--json"), stdin=tasks
    )
    document = json.loads(answer.stdout)
    assert (document["accepted"], document["waits_for_approval"]) == (True, True)
    assert [each["waits"] for each in document["tasks"]] == ["a person must say yes first"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tasks:\n- action: dig\n  priorty: 3\n", "p:3: tasks.0.priorty: Extra inputs"),
        ("tasks:\n- action: dig\n- id: x\n", "p:3: tasks.1.action: Field required"),
        ("- action: dig\n- action: [1]\n", "p:2: tasks.1.action: Input should be a valid string"),
        ("tasks:\n- action: dig\n  payload: {at: 2026-11-30}\n", "p:3: tasks.0.payload.at: it is"),
        ("tasks:\n- action: dig\n  payload: {on: a}\n", "p:3: tasks.0.payload.True: a name is"),
        ("tasks:\n- action: dig\n  payload: {a: .nan}\n", "p:3: tasks.0.payload.a: nan is no"),
        ("tasks:\n- action: dig\n  action: sow\n", "p:3: action is said twice"),
        ("tasks:\n- action: dig\n  risk_tier: mad\n", "p:3: tasks.0.risk_tier: "),
        ("tasks:\n- action: &a dig\n- action: *a\n", "p:3: write out what *a stands for"),
        ("tasks: [\n", "p:2: "),
        ("tasks: []\n", "p:1: tasks: "),
        ("", "p:1: it has to be an object with `tasks`"),
        ("hello", "p:1: it has to be an object"),
        ('{"tasks": [\n\t{"action": "dig",\n\t"after": 1}]}', "p:3: tasks.0.after: "),
        ('{"tasks": [\n{"action" "dig"}]}', "p:2: it is not JSON"),
        ('[{"action": "dig", "action": "sow"}]', "p: it says action twice in one object"),
        ('[{"action": "dig", "cpu_count": NaN}]', "p: it is not JSON: NaN"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(text: str, said: str) -> None:
    with pytest.raises(BadSetting) as refused:
        PlanFile(text, where="p")
    assert str(refused.value).startswith(said)
    assert "; p:" not in str(refused.value), "one mistake is one"


def test_a_file_that_cannot_be_read_is_named_in_words(tmp_path: Path) -> None:
    with pytest.raises(BadSetting) as refused:
        PlanFile.at(str(tmp_path / "plan.yaml"))
    assert str(refused.value) == f"{tmp_path}/plan.yaml cannot be read: No such file or directory"


def test_json_with_tabs_and_its_own_escapes_is_what_it_says() -> None:
    file = PlanFile('[\n\t{"action": "dig",\t"payload": {"a": "\\ud83d\\ude00\\/"}}]', where="p")
    assert file.tasks == [{"action": "dig", "payload": {"a": "😀/"}}]


def test_a_file_that_is_not_there_or_beside_a_plan_is_a_mistake(
    ganglion: CommandLine, tmp_path: Path
) -> None:
    missing = ganglion("objectives", "add", "--tasks", str(tmp_path / "none.yaml"))
    assert (missing.returncode, "none.yaml cannot be read" in missing.stderr) == (USAGE, True)
    both = ganglion("objectives", "add", "x", "--tasks", "-", "--plan", "diagnose")
    assert both.returncode == USAGE
    assert ganglion("objectives", "add", "--tasks", "-", stdin="- action: a").returncode == USAGE
