"""Does every test wait for as long as a machine with much else to do may take?

A wait ends with what it waits for; its limit is for defects only, so a minute is the least. And
nothing is asserted of how long something took: `make bench` measures.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
MIN_SECONDS = 60
ON_PURPOSE = "# short:"
"""Behind the line where a short wait is the point of the test: nothing comes, or it asks again."""

LIMITS = {"timeout", "wait_until", "communicate", "wait", "acquire", "wait_connected", "terminate"}
NAMED = {"timeout", "timeout_seconds", "seconds"}
CLOCKS = {"monotonic", "perf_counter", "process_time"}


def impatient(source: str) -> Iterator[tuple[int, str]]:
    """The lines that give up too early, or measure, and what is wrong with each."""
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and (limit := _limit(node)) is not None:
            if limit < MIN_SECONDS and ON_PURPOSE not in lines[node.lineno - 1]:
                yield node.lineno, f"waits for {limit:g} s at the most"
        elif isinstance(node, ast.Assert) and any(map(_is_a_duration, ast.walk(node.test))):
            yield node.lineno, "asserts how long something took"


def _limit(call: ast.Call) -> float | None:
    """In seconds, of a call that waits; where it is a number."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name not in LIMITS:
        return None
    said = [each.value for each in call.keywords if each.arg in NAMED]
    if name == "timeout":
        said += call.args
    for each in said:
        if isinstance(each, ast.Constant) and isinstance(each.value, int | float):
            return float(each.value)
    return None


def _is_a_duration(node: ast.AST) -> bool:
    if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub)):
        return False
    return any(
        isinstance(each, ast.Call)
        and isinstance(each.func, ast.Attribute)
        and each.func.attr in CLOCKS
        for each in ast.walk(node)
    )


def test_all_are_patient() -> None:
    paths = [path for path in TESTS.rglob("*.py") if "compose" not in path.parts]
    found = [
        f"{path.relative_to(TESTS)}:{line} {what}"
        for path in paths
        for line, what in impatient(path.read_text(encoding="utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize(
    "line",
    [
        "async with asyncio.timeout(20): pass",
        "wait_until(lambda: True, 'it', seconds=5)",
        "process.wait(timeout=10)",
        "assert time.monotonic() - began < 2",
        "assert began + 2 > time.perf_counter() - 1",
    ],
)
def test_who_is_not_is_found(line: str) -> None:
    assert list(impatient(f"async def f():\n    {line}"))


@pytest.mark.parametrize(
    "line",
    [
        "async with asyncio.timeout(300): pass",
        "async with asyncio.timeout(0.1): pass  # short: nothing comes",
        "assert time.monotonic() < deadline",
    ],
)
def test_who_is_may(line: str) -> None:
    assert not list(impatient(f"async def f():\n    {line}"))
