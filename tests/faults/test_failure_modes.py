"""Does every test that docs/failure_modes.md names exist, and does every row name one?"""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "failure_modes.md"
SURVIVED = {
    "1",
    "2",
    "2b",
    "3",
    "4",
    "5",
    "6",
    "8",
    "9",
    "10",
    "11",
    "12",
    "13",
    "14",
    "15",
    "16",
    "17",
    "18",
    "19",
    "20",
    "21",
    "22",
    "24",
    "23",
}


def _rows() -> list[list[str]]:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return [row for row in cells if len(row) == 6 and row[0].strip("| ") != "#"]


def test_each_named_test_exists() -> None:
    sources = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")
    )
    named = re.findall(r"`([Tt]est\w+)`", PAGE.read_text(encoding="utf-8"))
    defined = set(re.findall(r"^\s*(?:(?:async )?def |class )?([Tt]est\w+)", sources, re.MULTILINE))
    assert set(named) - defined == set()


def test_each_row_names_a_test_and_no_fault_is_left_out() -> None:
    rows = _rows()
    assert all("`test_" in row[-1] for row in rows)
    assert {number for row in rows for number in row[0].strip("| ").split(", ")} == SURVIVED
