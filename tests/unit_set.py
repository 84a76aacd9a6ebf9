"""Which tests need no server? Those from whose code, and whose fixtures' code, nothing that starts
a process can be reached: found by reading it, so that nobody has to say it of a new test.

What the reading can't see a guard does: a test of the unit set that starts a process all the same,
loads ClickHouse's engine or calls another machine is refused, and fails.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any, Final

import pytest

UNIT: Final = "unit"
PROCESS: Final = "process"

_STARTING_MODULES: Final = frozenset({"subprocess", "multiprocessing", "chdb"})
_STARTING_CALLS: Final = frozenset({"create_subprocess_exec", "create_subprocess_shell", "fork"})
_STARTING_EVENTS: Final = frozenset(
    {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.exec", "os.system"}
)
"""What Python's auditing calls the start of a process."""

_OURS: Final = frozenset(
    folder.name
    for folder in Path(__file__).parents[1].iterdir()
    if (folder / "__init__.py").is_file()
) | {"tests"}
"""The rooms of this repository: their code is read, that of libraries is not."""

_THIS_MACHINE: Final = ("127.", "::1", "localhost", "0.0.0.0")

_harmless: dict[int, object] = {}
"""What was read and starts nothing, by its id."""

_under_way: list[list[str]] = []
"""What the test of the unit set that runs did against the rule; empty while none runs."""


def mark(items: list[pytest.Item]) -> None:
    """Mark each test `unit`, except those that show, or say by the mark `process`, that they are
    not."""
    for item in items:
        if (
            isinstance(item, pytest.Function)
            and item.get_closest_marker(PROCESS) is None
            and not any(map(starts, _code_of(item)))
        ):
            item.add_marker(UNIT)


def _code_of(item: pytest.Function) -> Iterator[FunctionType]:
    """The test's function and its fixtures', those of fixtures included."""
    yield inspect.unwrap(item.function)
    for definitions in item._fixtureinfo.name2fixturedefs.values():
        for definition in definitions:
            if isinstance(definition.func, FunctionType):
                yield inspect.unwrap(definition.func)


@cache
def starts(function: Callable[..., object]) -> bool:
    """Whether a process can be started from there, by what our own code says."""
    seen: dict[int, object] = {}
    waiting: list[object] = [function]
    while waiting:
        each = waiting.pop()
        if id(each) in seen or id(each) in _harmless:
            continue
        seen[id(each)] = each
        if isinstance(each, ModuleType):
            if each.__name__ in _STARTING_MODULES:
                return True
        elif isinstance(each, FunctionType) and _is_ours(each):
            used = _names_in(each.__code__)
            if used & _STARTING_CALLS:
                return True
            found = [each.__globals__[name] for name in used if name in each.__globals__]
            waiting += found
            waiting += [vars(of).get(name) for of in found if _is_our_module(of) for name in used]
            waiting += [cell.cell_contents for cell in each.__closure__ or ()]
        elif _is_ours(each):
            of = each if isinstance(each, type) else type(each)
            for base in filter(_is_ours, of.__mro__):
                waiting += [_function_behind(value) for value in vars(base).values()]
    _harmless.update(seen)
    return False


def _is_ours(thing: object) -> bool:
    of = thing if isinstance(thing, type | FunctionType) else type(thing)
    return str(of.__module__).partition(".")[0] in _OURS


def _is_our_module(thing: object) -> bool:
    return isinstance(thing, ModuleType) and thing.__name__.partition(".")[0] in _OURS


def _function_behind(attribute: object) -> object:
    """Of a property, a static method and the like."""
    return inspect.unwrap(
        getattr(attribute, "fget", None) or getattr(attribute, "__func__", None) or attribute  # type: ignore[arg-type]
    )


def _names_in(code: CodeType) -> set[str]:
    within = [const for const in code.co_consts if isinstance(const, CodeType)]
    return set(code.co_names).union(*map(_names_in, within))


@contextmanager
def nothing_starts() -> Iterator[None]:
    """As long as it lasts no process starts, no engine is loaded, nothing beyond this machine is
    called; whoever tries is refused. Fails at its end, if somebody tried: code may swallow the
    refusal."""
    tried: list[str] = []
    _under_way.append(tried)
    try:
        yield
    finally:
        _under_way.remove(tried)
    if tried:
        pytest.fail(
            f"this test was taken for one that starts nothing, and it did: {'; '.join(tried)}."
            f" Let it use a fixture that starts what it needs, or mark it `{PROCESS}`",
            pytrace=False,
        )


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if not _under_way:
        return
    if event in _STARTING_EVENTS:
        what = f"{event} {arguments[0] if arguments else ''}"[:200]
    elif event == "import" and arguments[0] == "chdb":
        what = "import of chdb"
    elif event == "socket.connect" and not _is_here(arguments[1]):
        what = f"a call to {arguments[1]}"
    else:
        return
    _under_way[-1].append(what)
    raise PermissionError(f"a test of the unit set may not: {what}")


def _is_here(address: object) -> bool:
    return not isinstance(address, tuple) or str(address[0]).startswith(_THIS_MACHINE)


sys.addaudithook(_refuse)
