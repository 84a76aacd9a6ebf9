"""Does a text from outside show what it says on a terminal, and do nothing there?"""

from __future__ import annotations

import io
import json
import logging
import sys
import unicodedata

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console  # noqa: TID251 - the test looks at what it draws
from rich.progress import TextColumn

from ganglion import progress_bar as bar_module
from ganglion.console import Console as SupervisorConsole
from ganglion.event_line import one_line
from ganglion.terminal import say_answer
from ganglion.widths import fold
from nervous_system.error_text import error_text
from nervous_system.telemetry.log import configure
from nervous_system.visible import says_something, visible, visible_json

RANGES = {
    "C0": range(0x20),
    "DEL and C1": range(0x7F, 0xA0),
    "soft hyphen": [0xAD],
    "bidi": [*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x61C],
    "zero width": [0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0x180E],
    "separators": [0x2028, 0x2029],
    "surrogates": [0xD800, 0xDC80, 0xDFFF],
    "private": [0xE000, 0xF8FF, 0xF0000, 0x10FFFD],
    "tags": range(0xE0000, 0xE0080),
    "unassigned": [0x378, 0xFFFF, 0x10FFFF],
    "selectors": [0xFE00, 0xE0100, 0xE01EF],
    "fillers": [0x115F, 0x1160, 0x3164, 0xFFA0, 0x2800, 0x34F],
    "interlinear": [0xFFF9, 0xFFFA, 0xFFFB],
    "musical": [0x1D173, 0x1D17A],
}


@pytest.mark.parametrize("kind", RANGES)
def test_each_is_shown_by_its_escape(kind: str) -> None:
    for number in RANGES[kind]:
        shown = visible(f"a{chr(number)}b")
        assert shown.isascii()
        assert shown.startswith("a\\")
        assert shown.encode().decode("unicode_escape") == f"a{chr(number)}b"
        written = visible_json(json.dumps([f"a{chr(number)}b"], ensure_ascii=False))
        assert written.isascii()
        assert json.loads(written) == [f"a{chr(number)}b"]


def test_what_is_drawn_stays_as_it_is() -> None:
    for text in (
        "",
        "plain",
        "Grüße",
        "日本語　空白",
        "naïve\u00a0space",
        "🐝 ❤️",
        r"C:\new\x1b",
        "[bold]",
    ):
        assert visible(text) == text
        assert visible_json(text) == text


@given(st.text(st.characters(exclude_categories=[])))
def test_nothing_is_left_that_is_not_drawn_and_twice_is_once(text: str) -> None:
    shown = visible(text)
    assert all(unicodedata.category(character)[0] not in "C" for character in shown)
    assert not {"\n", "\r", "\t", "\u2028", "\u2029"} & set(shown)
    assert visible(shown) == shown
    assert visible(text, keep="\n").count("\n") == text.count("\n")


@given(
    st.recursive(st.text(st.characters(exclude_categories=[])) | st.none() | st.floats(), st.lists)
)
def test_json_means_the_same(value: object) -> None:
    for ascii_only in (True, False):
        text = json.dumps(value, ensure_ascii=ascii_only)
        shown = visible_json(text)
        assert json.dumps(json.loads(shown)) == json.dumps(json.loads(text))
        assert visible(shown) == shown


@pytest.mark.parametrize("mark", ["\u0301", "\u20dd", "\u0e34", "\ufe0f"], ids=ascii)
def test_a_heap_of_marks_covers_no_other_line(mark: str) -> None:
    heap = "Z" + mark * 5000 + "e" + mark
    shown = visible(heap)
    assert shown == "Z" + mark * 8 + f"\\u{ord(mark):04x}" * 4992 + "e" + mark
    written = visible_json(json.dumps(heap, ensure_ascii=False))
    assert written.count(mark) == 9
    assert json.loads(written) == heap


def test_letters_of_all_scripts_keep_their_marks() -> None:
    for text in (
        "Tiếng Việt",
        unicodedata.normalize("NFD", "Tiếng Việt"),
        "น้ำ",
        "हिन्दी",
        "བསྒྲུབས",
        "שָׁלוֹם",
    ):
        assert visible(text) == text


def test_says_something() -> None:
    assert says_something("a")
    assert not says_something(" \t\u200b\u2060\ufeff\u3164\u2800\n")


def test_one_line_of_an_event_shows_what_was_in_it() -> None:
    assert one_line("a\n b\x1b[2J\u202e") == r"a b\x1b[2J\u202e"


HOSTILE = "\x1b]52;c;eA==\x07\x9b2J\u202e\u200b[bold][link=http://x]y[/]\nFORGED"


@pytest.mark.parametrize("width", range(20, 90, 7))
def test_what_comes_from_outside_begins_no_line_where_it_is_folded(width: int) -> None:
    said = f"somebody says: {visible(HOSTILE)} {'forged ' * 20}{'x' * 200} ok   all is well"
    first, *rest = fold(said, width)
    assert rest
    assert first.startswith("somebody")
    assert all(line.startswith("  ") for line in rest)


def test_log_lines_on_a_console_and_the_errors_in_them() -> None:
    before = structlog.get_config(), logging.root.handlers[:], logging.root.level
    stream = io.StringIO()
    try:
        configure(service=HOSTILE, format="console", stream=stream)
        log = structlog.get_logger()
        try:
            raise ValueError(HOSTILE)
        except ValueError:
            log.error("work.failed", agent_id=HOSTILE, exc_info=True, several=[HOSTILE])
        logging.getLogger("library").error("said %s", HOSTILE)
    finally:
        structlog.configure(**before[0])
        logging.root.handlers[:] = before[1]
        logging.root.setLevel(before[2])
    text = stream.getvalue()
    assert "work.failed" in text
    assert visible(text, keep="\n") == text
    assert not any(line.startswith("FORGED") for line in text.split("\n")[:1])


def test_log_lines_as_json_are_ascii_and_mean_the_same() -> None:
    before = structlog.get_config(), logging.root.handlers[:], logging.root.level
    stream = io.StringIO()
    try:
        configure(service="test", stream=stream)
        structlog.get_logger().info("work.done", agent_id=HOSTILE + "\x7f")
    finally:
        structlog.configure(**before[0])
        logging.root.handlers[:] = before[1]
        logging.root.setLevel(before[2])
    (line,) = stream.getvalue().splitlines()
    assert visible(line) == line
    assert json.loads(line)["agent_id"] == HOSTILE + "\x7f"


def test_the_supervisors_console(capsys: pytest.CaptureFixture[str]) -> None:
    console = SupervisorConsole()
    console.line(HOSTILE)
    console.trouble(HOSTILE)
    out = capsys.readouterr().out
    assert visible(out, keep="\n") == out
    assert len(out.splitlines()) == 2


def test_a_progress_bar_takes_no_markup_and_no_controls(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = io.StringIO()
    monkeypatch.setattr(
        bar_module, "Console", lambda **_: Console(file=drawn, width=300, force_terminal=False)
    )
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    bar = bar_module.progress_bar(TextColumn("{task.description}"), quiet=False)
    with bar:
        task = bar.add_task(HOSTILE, total=1)
        bar.update(task, description=HOSTILE)
        bar.refresh()
        (described,) = [each.description for each in bar.tasks]
        shown = bar.make_tasks_table(bar.tasks)
    Console(file=drawn, width=300).print(shown)
    assert described == visible(HOSTILE)
    assert "[bold][link=http://x]y[/]" in drawn.getvalue()


class _Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


def test_an_answer_of_the_database_is_exact_into_a_pipe_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = "a\tü\x1b[2J\x9b\n".encode() + b"\xff\n"
    split = [data[:4], data[4:]]  # in the middle of a character
    pipe = io.TextIOWrapper(io.BytesIO(), "utf-8")
    monkeypatch.setattr(sys, "stdout", pipe)
    say_answer(split, is_json=False)
    assert pipe.buffer.getvalue() == data
    terminal = _Terminal(io.BytesIO(), "utf-8", write_through=True)
    monkeypatch.setattr(sys, "stdout", terminal)
    say_answer(split, is_json=False)
    shown = terminal.buffer.getvalue().decode()  # type: ignore[attr-defined]
    assert shown == "a\tü\\x1b[2J\\x9b\n\\xff\n"
    pipe = io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True)
    monkeypatch.setattr(sys, "stdout", pipe)
    say_answer(['{"a":"\x9b"}\n'.encode()], is_json=True)
    assert pipe.buffer.getvalue() == b'{"a":"\\u009b"}\n'


class _Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no")


def test_the_text_of_an_error_has_no_values_and_an_end() -> None:
    key = "the value of a variable"

    def fail(depth: int) -> None:
        held = key + str(depth)
        if depth == 0:
            raise ValueError("x" * 1_000_000 + HOSTILE)
        fail(depth - 1)
        del held

    for depth in (0, 900):
        try:
            fail(depth)
        except ValueError as error:
            text = error_text(error)
        assert "ValueError: xxx" in text
        assert len(text) < 20_000
        assert key not in text
        assert visible(text, keep="\n") == text
    assert "str() failed" in error_text(_Unspeakable())
    group = ExceptionGroup("many", [ValueError(str(number)) for number in range(10_000)])
    assert len(error_text(group)) < 20_000
