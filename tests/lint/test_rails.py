"""Does `make lint` fail on what it is there for? Each rail is broken in a copy of the tree."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOT_COPIED = ("__pycache__", "node_modules", "dist", ".*")
STEPS = ("lint-imports", "lint-contract", "lint-enums", "lint-words", "lint-documents")
PROTO = "contracts/enchanted/events/v1/alarm.proto"


@dataclass(frozen=True, kw_only=True)
class Break:
    """What is done to one file, and what the step says of it."""

    step: str
    path: str
    said: str
    add: str = ""  # at its end, or as a new file
    old: str = ""  # what is taken away, and …
    new: str = ""  # … what comes in its place
    alone: bool = False  # said only if nothing else is wrong


BREAKS = {
    "a service imports its sibling": Break(
        step="lint-imports",
        path="governor/shell.py",
        add="from overseer import wiring\n",
        said="governor.shell -> overseer.wiring",
    ),
    "the library imports the command": Break(
        step="lint-imports",
        path="nervous_system/ids.py",
        add="from local_mesh import home\n",
        said="nervous_system.ids -> local_mesh.home",
    ),
    "a core draws lots": Break(
        step="lint-imports",
        path="overseer/core.py",
        add="import random\n",
        said="overseer.core -> random",
    ),
    "a new file of a core looks at the clock": Break(
        step="lint-imports",
        path="guardian/rules/impatient.py",
        add="import time\n",
        said="guardian.rules.impatient -> time",
    ),
    "a core reads a file by way of another module": Break(
        step="lint-imports",
        path="nervous_system/ids.py",
        add="import pathlib\n",
        said="nervous_system.ids -> pathlib",
    ),
    "an enum of the contract once more": Break(
        step="lint-enums",
        path="builtin_worker/grave.py",
        add="class Grave(StrEnum):\n    MINOR = 'a'\n    MAJOR = 'b'\n",
        said="class Grave repeats IncidentClass",
    ),
    "its words as a Literal": Break(
        step="lint-enums",
        path="overseer/tiers.py",
        add="Tier = Literal['safe', 'experimental']\n",
        said="a Literal repeats RiskTier",
    ),
    "its words as constants": Break(
        step="lint-enums",
        path="governor/kinds.py",
        add="THROTTLE = 'throttle'\nSLEEP: Final = 'sleep'\nDRAIN = 'drain'\n",
        said="its constants repeats CommandKind",
    ),
    "its words as a table": Break(
        step="lint-enums",
        path="ganglion/shown.py",
        add="SHOWN = {1: 'info', 2: 'warning', 3: 'critical'}\n",
        said="a table's values repeats AlarmSeverity",
    ),
    "a word written into a field that takes words": Break(
        step="lint-enums",
        path="guardian/loud.py",
        add="LOUD = AlarmRaised(name='guardian_is_loud')\n",
        said="name is a word of AlarmName",
    ),
    "a word of the contract under its own name": Break(
        step="lint-enums",
        path="guardian/words.py",
        add="OPERATIONAL = 'operational'\n",
        said="OPERATIONAL is a word of SystemMode",
    ),
    "one word of two services": Break(
        step="lint-enums",
        path="guardian/words.py",
        add="CRITICAL_FAILURE = 'CRITICAL_FAILURE'\n",
        said="CRITICAL_FAILURE = 'CRITICAL_FAILURE' twice",
    ),
    "a field of the contract is gone": Break(
        step="lint-contract",
        path=PROTO,
        old="  string action = 4",
        new="  string remedy = 4",
        said="= string action` was promised and is gone",
    ),
    "a value has another number": Break(
        step="lint-contract",
        path=PROTO,
        old="SEVERITY_CRITICAL = 3;",
        new="SEVERITY_CRITICAL = 4;",
        said="AlarmSeverity 3 = SEVERITY_CRITICAL` was promised and is gone",
    ),
    "a kind is on another subject": Break(
        step="lint-contract",
        path=PROTO,
        old='word: "alarm_raised"',
        new='word: "alarm"',
        said='word: "alarm_raised"` was promised and is gone',
    ),
    "what is new is not promised": Break(
        step="lint-contract",
        path=PROTO,
        add="message AlarmLifted { string name = 1; }\n",
        said="run `make contracts`",
        alone=True,
    ),
    "a word that was given up": Break(
        step="lint-words",
        path="tests/test_odd.py",
        add='"""FAULTS 3."""\n',
        said="tests/test_odd.py:1: `FAULTS` is refused",
    ),
    "a file with a name that says nothing": Break(
        step="lint-words",
        path="ganglion/utils.py",
        add='"""What is here?"""\n',
        said="ganglion/utils.py: `utils` is refused",
    ),
    "a document that is not there": Break(
        step="lint-documents",
        path="docs/status.md",
        add="See [the plan](plan.md).\n",
        said="plan.md is cited",
    ),
    "a design that only its authors have": Break(
        step="lint-documents",
        path="tests/test_odd.py",
        add='"""As DESIGN.md says; failure mode 99, decision 9999."""\n',
        said="DESIGN.md is cited",
    ),
}

TAKEN_BACK = tuple(
    Break(step="lint-contract", path=path, old=old, new=old.replace("action", "remedy"), said="")
    for path, old in (
        (PROTO, "  string action = 4"),
        ("contracts/promised.txt", "AlarmRaised 4 = string action"),
    )
)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what is looked at, with an environment that is ready."""
    copy = tmp_path_factory.mktemp("house") / "tree"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*NOT_COPIED))
    (copy / ".venv").mkdir()
    (copy / ".venv" / ".ready").touch()
    return copy


def lint(tree: Path, step: str) -> subprocess.CompletedProcess[str]:
    """One step of `make lint` in the copy."""
    command = ("make", "--no-print-directory", f"BIN={Path(sys.executable).parent}", step)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    return subprocess.run(
        command, cwd=tree, env=environment, capture_output=True, text=True, check=False
    )


@contextmanager
def broken(tree: Path, *breaks: Break) -> Iterator[None]:
    """The copy, with something done to it."""
    before = {each.path: (tree / each.path) for each in breaks}
    texts = {key: path.read_text() if path.exists() else None for key, path in before.items()}
    try:
        for each in breaks:
            path = tree / each.path
            text = path.read_text() if path.exists() else ""
            assert each.old in text
            path.write_text(text.replace(each.old, each.new) + each.add)
        yield
    finally:
        for key, was in texts.items():
            if was is None:
                (tree / key).unlink()
            else:
                (tree / key).write_text(was)


@pytest.mark.parametrize("step", STEPS)
def test_an_unbroken_tree_passes(tree: Path, step: str) -> None:
    answer = lint(tree, step)
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize(
    ("step", "alone"), sorted({(each.step, each.alone) for each in BREAKS.values()})
)
def test_each_broken_rail_is_found(tree: Path, step: str, alone: bool) -> None:
    """All of a step at once, as a start costs seconds, apart from what is said only of itself."""
    breaks = {key: each for key, each in BREAKS.items() if (each.step, each.alone) == (step, alone)}
    with broken(tree, *breaks.values()):
        answer = lint(tree, step)
    assert answer.returncode != 0
    assert [name for name, each in breaks.items() if each.said not in answer.stdout] == []


def test_a_promise_is_not_taken_back_with_what_it_promised(tree: Path, tmp_path: Path) -> None:
    """Whoever takes a field away and the line that promised it is told by git what was there."""
    copy = tmp_path / "tree"
    shutil.copytree(tree, copy)

    def git(*arguments: str) -> None:
        who = ("-c", "user.name=t", "-c", "user.email=t@example.org")
        subprocess.run(("git", "-C", copy, *who, *arguments), check=True, capture_output=True)

    git("init", "--quiet")
    git("add", "contracts", "lint")
    git("commit", "--quiet", "--message", "As it was")
    with broken(copy, *TAKEN_BACK):
        git("commit", "--quiet", "--all", "--message", "As if it had never been")
        answer = subprocess.run(
            (sys.executable, "-m", "lint.contract_breakage"),
            cwd=copy,
            capture_output=True,
            text=True,
            check=False,
        )
    assert answer.returncode == 1
    assert "was promised in the commit before the last" in answer.stdout


def test_lint_is_all_of_the_steps() -> None:
    rule = next(
        line for line in (ROOT / "Makefile").read_text().splitlines() if line.startswith("lint:")
    )
    assert {*STEPS, "lint-style", "lint-types"} <= set(rule.partition("##")[0].split())


def test_types_are_checked_in_tests_too() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]
    assert settings["strict"]
    assert {"tests", "lint"} <= set(settings["files"])
