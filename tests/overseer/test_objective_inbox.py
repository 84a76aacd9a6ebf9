"""Does each line of the inbox become one objective, whoever writes the file and however?"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from enchanted.events.v1.answer_pb2 import Answer
from enchanted.events.v1.objective_pb2 import ObjectiveProposed
from nervous_system.contract.payload import Payload
from nervous_system.errors import Forbidden, GanglionError, TooLarge, Unavailable
from overseer import inbox_lines
from overseer.objective_inbox import ObjectiveInbox

A, B, C = (json.dumps({"description": each}) for each in "abc")


class Overseer:
    """Accepts what it is asked; some descriptions fail, as often as it is said."""

    def __init__(self) -> None:
        self.objectives: dict[str, str] = {}  # by id, the description
        self.asked: list[str] = []  # the description of each question
        self.fails: dict[str, GanglionError] = {}
        self.marks = 0
        self.marks_at_questions: list[int] = []

    def mark(self) -> None:
        self.marks += 1

    async def ask(self, payload: Payload, *, event_id: str) -> Answer:
        assert isinstance(payload, ObjectiveProposed)
        self.asked.append(payload.description)
        self.marks_at_questions.append(self.marks)
        if payload.description in self.fails:
            raise self.fails[payload.description]
        self.objectives[payload.objective_id] = payload.description
        return Answer(accepted=True)

    @property
    def descriptions(self) -> str:
        return "".join(self.objectives.values())


@pytest.fixture
def overseer() -> Overseer:
    return Overseer()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "objectives.jsonl"


def inbox_of(path: Path, overseer: Overseer) -> ObjectiveInbox:
    """As a process that has just been started has it."""
    return ObjectiveInbox(path, overseer, leads=lambda: True)


def save(path: Path, *lines: str) -> None:
    """As an editor does it: another file takes the place of the old one."""
    new = path.with_suffix(".new")
    new.write_text("".join(f"{line}\n" for line in lines), newline="")
    new.replace(path)


def remove(path: Path) -> None:
    if path.is_dir():
        path.rmdir()
    else:
        path.unlink()


def append(path: Path, text: str) -> None:
    with path.open("a", newline="") as file:
        file.write(text)


async def look(inbox: ObjectiveInbox, overseer: Overseer, *, times: int = 1) -> None:
    for _ in range(times):
        await inbox.look(progress=overseer.mark)


async def test_a_file_that_is_saved_anew_adds_nothing(path: Path, overseer: Overseer) -> None:
    inbox = inbox_of(path, overseer)
    save(path, A, B)
    await look(inbox, overseer)
    for lines in ([A, B], [B, A], [B], ["", A, "", B], [f"\ufeff{A}\r", f"  {B}"]):
        save(path, *lines)
        await look(inbox, overseer, times=2)
    assert overseer.asked == ["a", "b"]
    save(path, C, A, B)
    await look(inbox, overseer)
    assert overseer.asked == ["a", "b", "c"]


async def test_the_same_line_once_more_is_one_more_objective(
    path: Path, overseer: Overseer
) -> None:
    inbox = inbox_of(path, overseer)
    save(path, A, A)
    await look(inbox, overseer)
    append(path, f"{A}\n")
    await look(inbox, overseer)
    assert overseer.descriptions == "aaa"
    save(path, A, A, A)
    await look(inbox, overseer, times=2)
    assert overseer.asked == ["a"] * 3


async def test_another_process_knows_what_was_taken(path: Path, overseer: Overseer) -> None:
    save(path, A, B)
    await look(inbox_of(path, overseer), overseer)
    save(path, B, A, A)
    await look(inbox_of(path, overseer), overseer)
    assert overseer.asked == ["a", "b", "a"]


@pytest.mark.parametrize("lost", ["whole", "its end"])
async def test_where_the_record_is_lost_lines_are_proposed_under_the_ids_they_had(
    path: Path, overseer: Overseer, lost: str
) -> None:
    save(path, A, B, A)
    await look(inbox_of(path, overseer), overseer)
    (record,) = path.parent.glob(".objectives.jsonl.*")
    if lost == "whole":
        record.unlink()
    else:
        os.truncate(record, record.stat().st_size - 1)
    append(path, f"{C}\n")
    await look(inbox_of(path, overseer), overseer)
    assert overseer.descriptions == "abac"
    asked = list(overseer.asked)
    await look(inbox_of(path, overseer), overseer)
    assert overseer.asked == asked


@pytest.mark.parametrize(
    "empty", [Path.unlink, lambda path: save(path), lambda path: save(path, "")]
)
@pytest.mark.parametrize("restarted", [False, True])
async def test_what_is_written_into_a_file_that_was_empty_or_gone_is_new(
    path: Path, overseer: Overseer, empty: Callable[[Path], None], restarted: bool
) -> None:
    inbox = inbox_of(path, overseer)
    for number in (1, 2, 3):
        save(path, A, B)
        await look(inbox, overseer, times=2)
        assert overseer.descriptions == "ab" * number
        empty(path)
        await look(inbox, overseer, times=3)
        if restarted:
            inbox = inbox_of(path, overseer)


async def test_a_file_that_is_empty_for_one_look_is_only_being_saved(
    path: Path, overseer: Overseer
) -> None:
    inbox = inbox_of(path, overseer)
    save(path, A)
    await look(inbox, overseer, times=2)
    for empty in (Path.unlink, save):
        empty(path)
        await look(inbox, overseer)
        save(path, A)
        await look(inbox, overseer, times=2)
    assert overseer.asked == ["a"]


async def test_only_a_line_feed_ends_a_line(path: Path, overseer: Overseer) -> None:
    save(path, f"{A}\r\r", "\r", '{"description":\r"b\u2028b"}', '{"description": "c\u0085c"}\r')
    inbox = inbox_of(path, overseer)
    await look(inbox, overseer)
    assert overseer.asked == ["a", "b\u2028b", "c\u0085c"]
    assert inbox.broken == ""


async def test_a_last_line_that_is_not_ended_is_taken_once_the_file_stays_as_it_is(
    path: Path, overseer: Overseer
) -> None:
    inbox = inbox_of(path, overseer)
    append(path, A[:5])
    await look(inbox, overseer)
    append(path, A[5:])
    await look(inbox, overseer)
    assert (overseer.asked, inbox.broken) == ([], "")
    await look(inbox, overseer)
    assert overseer.asked == ["a"]
    append(path, f"\n{B}\n")
    await look(inbox, overseer, times=2)
    assert overseer.asked == ["a", "b"]


async def test_a_line_that_cannot_be_asked_is_broken_and_the_next_one_is_taken(
    path: Path, overseer: Overseer
) -> None:
    inbox = inbox_of(path, overseer)
    overseer.fails["a"] = TooLarge("it is larger than the limit")
    save(path, A, "not JSON", B)
    await look(inbox, overseer, times=2)
    assert overseer.asked == ["a", "b"]
    assert inbox.broken.startswith(f"{path}:2: Invalid JSON")
    assert inbox.broken.endswith("(the last of 2 such lines)")
    save(path, "", A, C)
    await look(inbox, overseer)
    assert overseer.asked == ["a", "b", "c"]
    assert inbox.broken == f"{path}:2: it is larger than the limit"


async def test_a_broken_line_is_told_of_until_it_is_mended_whichever_process_runs(
    path: Path, overseer: Overseer
) -> None:
    save(path, A, "{}", "{}")
    for inbox in (inbox_of(path, overseer), inbox_of(path, overseer)):
        await look(inbox, overseer)
        told = f"{path}:3: description: Field required (the last of 2 such lines)"
        assert inbox.broken == told
    save(path, A, B)
    await look(inbox, overseer)
    assert inbox.broken == ""
    assert overseer.descriptions == "ab"


async def test_a_line_too_long_to_be_kept_is_said_before_it_ends_and_passed_over(
    path: Path, overseer: Overseer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox_lines, "MAX_LINE_BYTES", 100)
    inbox = inbox_of(path, overseer)
    append(path, f"{A}\n" + "x" * 1_000)
    await look(inbox, overseer)
    told = f"{path}:2: it is longer than "
    assert inbox.broken.startswith(told)
    append(path, "x" * 1_000 + f"\n{B}\n" + "y" * 99 + "\n")
    await look(inbox, overseer)
    assert overseer.asked == ["a", "b"]
    assert inbox.broken.startswith(f"{path}:4: Invalid JSON")
    assert inbox.broken.endswith("(the last of 2 such lines)")


async def test_progress_is_marked_with_each_line(path: Path, overseer: Overseer) -> None:
    save(path, *(A for _ in range(20)))
    await look(inbox_of(path, overseer), overseer)
    assert overseer.marks_at_questions == list(range(1, 21))


@pytest.mark.parametrize("error", [Unavailable("not now"), Forbidden("no signature")])
async def test_a_line_waits_where_its_overseer_cannot_be_asked(
    path: Path, overseer: Overseer, error: GanglionError
) -> None:
    inbox = inbox_of(path, overseer)
    overseer.fails["b"] = error
    save(path, A, B, C)
    await look(inbox, overseer, times=2)
    assert overseer.asked == ["a", "b", "b"]
    overseer.fails.clear()
    await look(inbox, overseer, times=2)
    assert overseer.asked == ["a", "b", "b", "b", "c"]
    assert inbox.broken == ""


@pytest.mark.parametrize("put", [Path.mkdir, os.mkfifo])
async def test_what_is_no_file_is_told_of_until_it_is_one(
    path: Path, overseer: Overseer, put: Callable[[Path], None]
) -> None:
    inbox = inbox_of(path, overseer)
    put(path)
    await look(inbox, overseer, times=2)
    assert inbox.broken == f"{path}: it is no regular file"
    remove(path)
    save(path, A)
    await look(inbox, overseer)
    assert inbox.broken == ""
    assert overseer.asked == ["a"]
