"""Is the end of an attempt said once, in words that can be recorded, whatever the code of its task
raises or returns?"""

from __future__ import annotations

import asyncio
import io
import math
from collections.abc import Callable
from contextlib import AbstractContextManager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Never

import pytest
import structlog
from hypothesis import example, given, settings
from hypothesis import strategies as st

from enchanted.events.v1.answer_pb2 import Answer, TaskGrant
from enchanted.events.v1.task_pb2 import RESULT_COMPLETED, RESULT_FAILED, TaskManifest
from enchanted.events.v1.task_request_pb2 import ResultReported
from nervous_system.client import attempt as attempting
from nervous_system.client.attempt import Do, attempt
from nervous_system.client.claimed_task import ClaimedTask, LeaseLost, ReleasedOnStop
from nervous_system.client.next_claim import NextClaim
from nervous_system.errors import (
    GanglionError,
    InvalidEvent,
    NotAcknowledged,
    Permanent,
    Rejected,
)
from nervous_system.service.fold import MAX_PAYLOAD_BYTES
from nervous_system.telemetry.log import keep_off_stdout
from nervous_system.telemetry.tracing import Tracer


@dataclass
class Overseer:
    """It holds the task, and hears what is said of it; `away`: it does not answer so many times."""

    away: int = 0
    refuses: bool = False
    held: set[int] = field(default_factory=set)
    said: list[tuple[str, Any]] = field(default_factory=list)  # under which id
    following: Callable[[ClaimedTask], NextClaim | None] = lambda ended: None

    def hold(self, task: ClaimedTask) -> None:
        self.held.add(id(task))

    def drop(self, task: ClaimedTask) -> None:
        self.held.discard(id(task))

    def holds(self, task: ClaimedTask) -> bool:
        return id(task) in self.held

    async def ask(self, payload: Any, *, event_id: str = "", **_: Any) -> Answer:
        await asyncio.sleep(0)
        assert len(payload.SerializeToString()) < MAX_PAYLOAD_BYTES
        copy = type(payload)()
        copy.CopyFrom(payload)
        self.said.append((event_id, copy))
        if self.away:
            self.away -= 1
            raise NotAcknowledged("nobody answered")
        return Answer(accepted=not self.refuses, reasons=["no"] * self.refuses)

    @property
    def results(self) -> list[ResultReported]:
        return [said for _, said in self.said if isinstance(said, ResultReported)]

    def task(self) -> ClaimedTask:
        grant = TaskGrant(manifest=TaskManifest(task_id="t", action="dig"), attempt=1)
        task = ClaimedTask(grant, "w", self, self)  # type: ignore[arg-type]
        self.hold(task)
        return task


async def end(do: Do, overseer: Overseer) -> ResultReported:
    """What was said of the end of one attempt, by an event loop that goes on."""
    async with asyncio.timeout(60):
        await attempt(do, overseer.task(), asyncio.Semaphore(1), Tracer())
    assert not overseer.held
    (result,) = overseer.results
    return result


async def failing(error: BaseException) -> ResultReported:
    async def do(task: ClaimedTask) -> Never:
        await asyncio.sleep(0)
        raise error

    result = await end(do, Overseer())
    assert result.result == RESULT_FAILED
    return result


async def returning(value: object) -> ResultReported:
    async def do(task: ClaimedTask) -> object:
        return value

    return await end(do, Overseer())


class _Exits(Exception):
    def __str__(self) -> str:
        raise SystemExit(9)


class _SaysNoText(Exception):
    def __str__(self) -> str:
        return 5  # type: ignore[return-value]


class _Text(str):
    __slots__ = ()

    def __len__(self) -> int:
        raise ValueError("no length")

    def __getitem__(self, key: Any) -> str:
        raise ValueError("no part")

    def encode(self, *_: Any, **__: Any) -> bytes:
        raise ValueError("no bytes")


class _SaysOddText(Exception):
    def __str__(self) -> str:
        return _Text("odd")


class _OfItsOwn(BaseException):
    pass


def _nested(depth: int) -> BaseException:
    error: BaseException = ValueError("the innermost")
    for _ in range(depth):
        error = BaseExceptionGroup("around", [error])
    return error


RAISED: dict[str, tuple[BaseException, str]] = {
    "half a character": (ValueError("caf\udce9"), r"ValueError: caf\udce9"),
    "a terminal's": (ValueError("\x1b[2J\u202e"), r"ValueError: \x1b[2J\u202e"),
    "66 kB without a blank": (ValueError("x" * 66_000), "[… 50000 characters left out]"),
    "megabytes that show nothing": (ValueError("\u202e" * 3_000_000), "characters left out]"),
    "cancelled": (asyncio.CancelledError(), "CancelledError: it was cancelled from within"),
    "exit": (SystemExit(3), "SystemExit: 3"),
    "exit without a word": (SystemExit(), "SystemExit"),
    "an interrupt": (KeyboardInterrupt(), "KeyboardInterrupt"),
    "a generator's exit": (GeneratorExit("out"), "GeneratorExit: out"),
    "the end of an iteration": (StopAsyncIteration("over"), "StopAsyncIteration: over"),
    "a timeout": (TimeoutError(), "TimeoutError"),
    "one of its own": (_OfItsOwn("odd"), "_OfItsOwn: odd"),
    "a group": (
        BaseExceptionGroup("two", [SystemExit(4), ValueError("five")]),
        "BaseExceptionGroup: two (2 sub-exceptions): SystemExit: 4; ValueError: five",
    ),
    "a deep group": (_nested(3_000), "ValueError: the innermost"),
    "a wide group": (
        ExceptionGroup("many", [ValueError(str(number)) for number in range(30_000)]),
        "many (30000 sub-exceptions): ValueError: 0; ValueError: 1",
    ),
    "one that exits when it is read": (_Exits(), "cannot be read (SystemExit)"),
    "one that says no text": (_SaysNoText(), "cannot be read (TypeError)"),
    "one that says an odd text": (_SaysOddText(), "_SaysOddText: odd"),
    "one of ours": (Rejected(["no \udc80", "never"]), r"no \udc80; never"),
    "somebody else's lease": (LeaseLost("of another task"), "of another task"),
    "one of a long name": (type("N" * 100_000, (Exception,), {})(), "NNNN"),
}


@pytest.mark.parametrize("name", RAISED)
async def test_whatever_it_raises_is_the_reason(name: str) -> None:
    error, reason = RAISED[name]
    result = await failing(error)
    assert reason in result.notes
    assert len(result.notes) < 17_000


async def test_it_may_fail_before_it_begins() -> None:
    def no_coroutine(task: ClaimedTask) -> Never:
        raise SystemExit(5)

    result = await end(no_coroutine, Overseer())
    assert (result.result, result.notes) == (RESULT_FAILED, "SystemExit: 5")


async def test_it_may_cancel_itself() -> None:
    async def do(task: ClaimedTask) -> None:
        current = asyncio.current_task()
        assert current is not None
        current.cancel()
        await asyncio.sleep(60)

    result = await end(do, Overseer())
    assert result.notes == "CancelledError: it was cancelled from within, and not by its worker"


async def _exits() -> None:
    await asyncio.sleep(0)
    raise SystemExit(3)


async def _is_interrupted() -> None:
    raise KeyboardInterrupt


async def _in_a_group(task: ClaimedTask) -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_exits())
        tasks.create_task(asyncio.Event().wait())


async def _in_a_gathering(task: ClaimedTask) -> None:
    await asyncio.gather(_exits(), asyncio.Event().wait())


async def _below(task: ClaimedTask) -> None:
    await asyncio.create_task(_in_a_gathering(task), name="a task that begins more")


async def _interrupted_in_a_thread(task: ClaimedTask) -> None:
    await asyncio.to_thread(asyncio.run, _is_interrupted())


async def _when_it_is_cancelled(task: ClaimedTask) -> None:
    async def exits() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise SystemExit(3)

    running = asyncio.create_task(exits())
    await asyncio.sleep(0)
    running.cancel()
    await running


@pytest.mark.parametrize(
    ("do", "reason"),
    [
        (_in_a_group, "Exited: SystemExit: 3"),
        (_in_a_gathering, "Exited: SystemExit: 3"),
        (_below, "Exited: SystemExit: 3"),
        (_when_it_is_cancelled, "Exited: SystemExit: 3"),
        (_interrupted_in_a_thread, "KeyboardInterrupt"),
    ],
)
async def test_what_it_has_begun_may_exit_too(do: Do, reason: str) -> None:
    """And does not end the event loop, on which others are at work."""
    assert reason in (await end(do, Overseer())).notes


@pytest.mark.filterwarnings("error")
async def test_what_it_begins_is_as_it_would_be_elsewhere() -> None:
    async def value() -> tuple[int, str]:
        current = asyncio.current_task()
        assert current is not None
        return 7, current.get_name()

    async def do(task: ClaimedTask) -> Any:
        never = asyncio.create_task(asyncio.sleep(0))
        never.cancel()
        found = await asyncio.create_task(value(), name="mine")
        with pytest.raises(asyncio.CancelledError):
            await never
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):  # short: it is to run out
                await asyncio.create_task(asyncio.Event().wait())
        with pytest.raises(TypeError):
            await asyncio.create_task(5)  # type: ignore[arg-type]
        return found

    assert (await end(do, Overseer())).output == '[7, "mine"]'


def test_who_runs_the_loop_exits_as_ever() -> None:
    async def main() -> None:
        await end(_returns_nothing, Overseer())
        await asyncio.create_task(_exits())

    with pytest.raises(SystemExit):
        asyncio.run(main())


async def test_it_may_leave_a_cancellation_behind() -> None:
    async def do(task: ClaimedTask) -> str:
        current = asyncio.current_task()
        assert current is not None
        current.cancel()
        return "done all the same"

    assert (await end(do, Overseer())).output == "done all the same"


RETURNED: dict[str, tuple[object, str]] = {
    "nothing": (None, ""),
    "a text": ("it is\ndone", "it is\ndone"),
    "half a character": ("caf\udce9", r"caf\udce9"),
    "an odd text": (_Text("odd"), "odd"),
    "a number": (7, "7"),
    "a truth": (False, "false"),
    "an object": ({"found": [1, None, "é"]}, '{"found": [1, null, "\\u00e9"]}'),
}


@pytest.mark.parametrize("name", RETURNED)
async def test_what_it_returns_is_the_output(name: str) -> None:
    value, output = RETURNED[name]
    result = await returning(value)
    assert (result.result, result.output, result.notes) == (RESULT_COMPLETED, output, "")


class _HasNoClass:
    @property  # type: ignore[misc]
    def __class__(self) -> type:
        raise ValueError("no class")


async def test_what_cannot_be_looked_at_is_left_out() -> None:
    result = await returning(_HasNoClass())
    assert (result.result, result.output) == (RESULT_COMPLETED, "")
    assert result.notes == "its output is left out: ValueError: no class"


@pytest.mark.parametrize("value", [math.nan, {"a": [math.inf]}, b"bytes", {1: 2}, object(), {1, 2}])
async def test_what_is_no_output_is_left_out_and_said_and_done_is_done(value: object) -> None:
    result = await returning(value)
    assert (result.result, result.output) == (RESULT_COMPLETED, "")
    assert result.notes.startswith("its output is left out: ")
    assert "what it returned" in result.notes


async def test_what_holds_itself_has_no_end() -> None:
    circle: list[object] = []
    circle += [circle, circle]
    assert "JSON has no end then" in (await returning(circle)).notes


async def test_what_was_never_awaited_was_never_done() -> None:
    async def inner() -> None:
        pass

    waiting = inner()
    result = await returning(waiting)
    waiting.close()
    assert result.result == RESULT_FAILED
    assert result.notes == "it returned a coroutine that nobody awaits: it was not done"


async def test_a_generator_is_not_done_either() -> None:
    async def do(task: ClaimedTask) -> Any:
        yield "half of it"

    result = await end(do, Overseer())
    assert (result.result, "async_generator" in result.notes) == (RESULT_FAILED, True)


async def test_many_files_and_long_texts_are_cut_and_it_is_said() -> None:
    async def do(task: ClaimedTask) -> None:
        await task.progress(0.5, "\udce9" * 50_000)
        await task.finish(
            output="\udce9" * 3_000_000,
            changed_files=[f"caf\udce9 {number}" for number in range(40_000)],
            notes="n" * 3_000_000,
        )

    result = await end(do, Overseer())
    assert result.result == RESULT_COMPLETED
    assert (len(result.changed_files), result.changed_files[0]) == (1_000, r"caf\udce9 0")
    assert "[… 2984000 characters left out …]" in result.notes
    assert result.notes.endswith("; of 40,000 changed files the first 1,000 are named")
    assert "characters left out" in result.output


async def test_few_files_with_long_names_are_cut_too() -> None:
    overseer = Overseer()
    await overseer.task().finish(changed_files=["x" * 5_000_000] * 100)
    (result,) = overseer.results
    assert 0 < len(result.changed_files) < 100
    assert result.notes == f"of 100 changed files the first {len(result.changed_files)} are named"


@pytest.mark.parametrize("ending", ["by itself", "by raising", "by returning", "quietly"])
async def test_an_end_that_nobody_heard_is_said_again_and_under_the_same_id(
    monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    monkeypatch.setattr(attempting, "AGAIN_SECONDS", 0.0)
    overseer = Overseer(away=3)

    async def do(task: ClaimedTask) -> str:
        match ending:
            case "by itself":
                await task.finish(output="done")
            case "quietly":
                with suppress(NotAcknowledged):
                    await task.finish(output="done")
            case "by raising":
                raise ValueError("no")
        return "done"

    async with asyncio.timeout(60):
        await attempt(do, overseer.task(), asyncio.Semaphore(1), Tracer())
    assert len(overseer.said) == 4
    assert len({event_id for event_id, _ in overseer.said}) == 1
    said = {each.SerializeToString() for each in overseer.results}
    assert len(said) == 1
    expected = RESULT_FAILED if ending == "by raising" else RESULT_COMPLETED
    assert overseer.results[0].result == expected


async def test_what_counts_for_nothing_is_said_once() -> None:
    async def do(task: ClaimedTask) -> None:
        await task.finish()

    for refusing in (do, _returns_nothing):
        await end(refusing, Overseer(refuses=True))


async def test_nothing_is_added_to_what_it_said_itself() -> None:
    async def finishes(task: ClaimedTask) -> None:
        await task.finish("checks_failed", notes="two of three")
        raise SystemExit(1)

    assert (await end(finishes, Overseer())).notes == "two of three"

    async def gives_back(task: ClaimedTask) -> None:
        await task.release("not for me")

    async def lets_go(task: ClaimedTask) -> None:
        task.holder.drop(task)

    async def has_lost_it(task: ClaimedTask) -> None:
        await task.progress(0.5)

    for do, overseer in (
        (gives_back, Overseer()),
        (lets_go, Overseer()),
        (has_lost_it, Overseer(refuses=True)),
    ):
        await attempt(do, overseer.task(), asyncio.Semaphore(1), Tracer())
        assert not overseer.results


async def test_who_cancels_it_is_left_to_say_why() -> None:
    begun, cleaned = asyncio.Event(), asyncio.Event()

    async def do(task: ClaimedTask) -> None:
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned.set()

    overseer = Overseer()
    running = asyncio.create_task(attempt(do, overseer.task(), asyncio.Semaphore(1), Tracer()))
    await begun.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert cleaned.is_set()
    assert not overseer.said


async def test_an_end_can_be_said_again_by_the_error() -> None:
    overseer = Overseer(away=2)
    task = overseer.task()
    with pytest.raises(NotAcknowledged) as first:
        await task.finish(output="done")
    assert overseer.holds(task)
    with pytest.raises(NotAcknowledged) as second:
        await first.value.again()
    await second.value.again()
    assert not overseer.held
    assert len({event_id for event_id, _ in overseer.said}) == 1
    with pytest.raises(NotAcknowledged) as other:
        await Overseer(away=1).task().release("later")
    assert await other.value.again() is None


async def test_another_end_is_another_word() -> None:
    overseer = Overseer(away=1)
    task = overseer.task()
    with pytest.raises(NotAcknowledged):
        await task.finish(output="one")
    await task.finish("failed", notes="two")
    assert len({event_id for event_id, _ in overseer.said}) == 2


KINDS = st.sampled_from(
    [
        ValueError,
        OSError,
        UnicodeError,
        SystemExit,
        KeyboardInterrupt,
        GeneratorExit,
        StopAsyncIteration,
        asyncio.CancelledError,
        MemoryError,
        RecursionError,
        InvalidEvent,
        NotAcknowledged,
        LeaseLost,
        ReleasedOnStop,
        GanglionError,
        _Exits,
        _SaysOddText,
        _OfItsOwn,
    ]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=[]))
    | st.binary()
    | st.builds(object),
    lambda each: (
        st.lists(each)
        | st.tuples(each)
        | st.dictionaries(st.text(st.characters(exclude_categories=[])) | st.integers(), each)
    ),
    max_leaves=8,
)


def _raised(kind: type[BaseException], said: object) -> BaseException:
    return kind(said) if kind is not InvalidEvent else InvalidEvent([str(said)])


ERRORS = st.recursive(
    st.builds(_raised, KINDS, VALUES),
    lambda each: st.builds(BaseExceptionGroup, st.text(), st.lists(each, min_size=1, max_size=3)),
    max_leaves=6,
)


@pytest.mark.heavy
@settings(max_examples=300, deadline=None)
@given(ERRORS)
@example(NotAcknowledged(""))
@example(Permanent(" "))
def test_any_error_is_one_end(error: BaseException) -> None:
    assert asyncio.run(failing(error)).notes.strip()


@pytest.mark.heavy
@settings(max_examples=300, deadline=None)
@given(VALUES)
def test_any_value_is_one_end(value: object) -> None:
    assert asyncio.run(returning(value)).result == RESULT_COMPLETED


async def _returns_nothing(task: ClaimedTask) -> None:
    return None


@pytest.mark.parametrize(
    ("opened", "redirected"), [(False, redirect_stdout), (True, redirect_stderr)]
)
async def test_a_failed_attempt_is_one_line_where_nobody_has_set_up_a_log(
    opened: bool, redirected: Callable[[io.StringIO], AbstractContextManager[object]]
) -> None:
    async def fails(task: ClaimedTask) -> None:
        raise ValueError("no\nsuch thing")

    out = io.StringIO()
    before = structlog.get_config()
    structlog.reset_defaults()
    if opened:
        keep_off_stdout()  # as whoever opens a worker does
    try:
        with redirected(out):
            await attempt(fails, Overseer().task(), asyncio.Semaphore(1), Tracer())
    finally:
        structlog.configure(**before)
    (line,) = out.getvalue().splitlines()
    assert "worker.task_failed" in line
    assert "ValueError: no\\nsuch thing" in line
    assert f"{Path(__file__).name}:" in line
