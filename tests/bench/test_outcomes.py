"""Does `docs/outcomes.md` say what the program stages, and is what it finds judged as it says?"""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pytest

from bench.outcomes.page import PageColumn, page
from bench.outcomes.situation import SITUATIONS, Mark, StagedOutcome, mark
from bench.outcomes.systems import PROGRAMS, SYSTEMS
from nervous_system.refusal import Refusal

ROOT = Path(__file__).parents[2]
KEPT = (ROOT / "docs" / "outcomes.md").read_text(encoding="utf-8")
OURS = "Ganglion"

FAILED = StagedOutcome(
    kind="failed",
    state="failed",
    seconds=0.4,
    reason="ValueError: no",
    runs=1,
    came_to_its_end=0,
    next_seconds=0.1,
    restarts=0,
)
BY_KEY = {each.key: each for each in SITUATIONS}


def _table(text: str, *, heading: str) -> list[list[str]]:
    """Its rows without the line below its head."""
    lines = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0].splitlines()
    rows = [re.split(r"(?<!\\) \| ", line.strip("| ")) for line in lines if line.startswith("|")]
    return [row for row in rows if row[0] != "---"]


def _deeds() -> ModuleType:
    spec = importlib.util.spec_from_file_location("deeds", PROGRAMS / "deeds.py")
    assert spec is not None
    assert spec.loader is not None
    deeds = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(deeds)
    return deeds


def test_the_page_has_a_row_for_each_situation_and_a_column_for_each_system() -> None:
    head, *rows, last = _table(KEPT, heading="The table")
    names = [make(Path()).name for make in SYSTEMS.values()]
    assert head == ["the task", *names]
    assert [row[0] for row in rows] == [f"**{each.title}**" for each in SITUATIONS]
    assert last[0] == "**as it should be**"
    for row in rows:
        assert len(row) == len(head)
        assert not any("not staged" in cell for cell in row), row


def test_the_page_says_what_would_be_right_and_which_tests_hold_it() -> None:
    _, *rows = _table(KEPT, heading="What would be right, and what holds it")
    assert rows == [
        [each.title, each.right, ", ".join(f"`{test}`" for test in each.held_by) or "none"]
        for each in SITUATIONS
    ]


def test_what_is_right_with_us_is_held_by_tests_that_exist() -> None:
    sources = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")
    )
    _, *rows = _table(KEPT, heading="The table")
    for situation, row in zip(SITUATIONS, rows, strict=False):
        assert situation.held_by or not row[1].startswith("✓"), situation.key
        for test in situation.held_by:
            assert re.search(rf"def {test}\b", sources), test


def test_each_situation_has_something_to_do_and_a_name_of_its_own() -> None:
    deeds = _deeds()
    assert {each.deed for each in SITUATIONS} <= {*deeds.DEEDS, *deeds.WAITS}
    assert len(BY_KEY) == len(SITUATIONS) == len({each.title for each in SITUATIONS})


@pytest.mark.parametrize(
    ("key", "outcome", "expected"),
    [
        ("raises", FAILED, "right"),
        ("raises", replace(FAILED, reason=" "), "partly"),
        ("raises", replace(FAILED, next_seconds=None), "partly"),
        ("raises", replace(FAILED, runs=2), "wrong"),
        ("raises", replace(FAILED, seconds=None), "wrong"),
        ("raises", replace(FAILED, kind="done"), "wrong"),
        ("limit", FAILED, "right"),
        ("limit", replace(FAILED, came_to_its_end=1), "wrong"),
        ("killed", replace(FAILED, kind="done", reason="", runs=2), "right"),
        ("killed", replace(FAILED, kind="done", runs=1), "wrong"),
        ("killed", FAILED, "wrong"),
        ("no-json", replace(FAILED, kind="done"), "right"),
        ("no-json", replace(FAILED, kind="done", reason=""), "partly"),
        ("cancel-waiting", replace(FAILED, kind="cancelled", runs=0), "right"),
    ],
)
def test_what_is_found_is_judged(key: str, outcome: StagedOutcome, expected: Mark) -> None:
    assert mark(BY_KEY[key], outcome) == expected


def test_where_others_are_better_it_is_said() -> None:
    def column(name: str, outcome: StagedOutcome) -> PageColumn:
        outcomes: dict[str, StagedOutcome | Refusal] = {
            each.key: Refusal.because("left out") for each in SITUATIONS
        }
        return PageColumn(
            name=name, settings="s", versions="v", outcomes={**outcomes, "raises": outcome}
        )

    columns = (column(OURS, replace(FAILED, reason="")), column("other|one", FAILED))
    text = page(columns, machine="m", measured_at=datetime(2026, 11, 30, tzinfo=UTC), seconds=1.0)
    assert "- It raises an ordinary error: better with other|one.\n" in text
    assert r"| the task | Ganglion | other\|one |" in text
    assert "| 0 of 22, 1 partly | 1 of 22, 0 partly |" in text
    assert "- It calls `sys.exit`: nobody has it right.\n" in text


@pytest.mark.timeout(900)
def test_a_task_that_ends_its_process_is_done_after_all(tmp_path: Path) -> None:
    """And one that returns what is no JSON is done once: our column, by the program itself."""
    kept = tmp_path / "outcomes.md"
    argv = [sys.executable, "-m", "bench.outcomes", "--system", "ganglion"]
    argv += ["--only", "ends-process", "no-json", "--write", str(kept)]
    ended = subprocess.run(
        argv, capture_output=True, text=True, timeout=850, check=False, cwd=tmp_path
    )
    assert ended.returncode == 0, ended.stderr
    _, *rows, _ = _table(kept.read_text(encoding="utf-8"), heading="The table")
    cells = {each.key: row[1] for each, row in zip(SITUATIONS, rows, strict=True)}
    assert cells["ends-process"].startswith("✓ **completed** "), cells["ends-process"]
    assert "; ran twice; its worker ended once; " in cells["ends-process"]
    assert cells["no-json"].startswith("✓ **completed** "), cells["no-json"]
    assert "; ran once; reason kept; " in cells["no-json"]
    assert cells["raises"] == "not staged: not asked for"
