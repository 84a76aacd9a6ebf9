"""Is what a process said of its end told from what it had said before?"""

from __future__ import annotations

import json

import pytest

from local_mesh.supervisor.log_tail import log_tail

AT = "2026-11-30T12:00:00Z"


def said(level: str, action: str, **more: str) -> str:
    return json.dumps({"timestamp": AT, "level": level, "action": action, **more})


STARTED = [said("info", "rules.adopted"), said("warning", "service.waiting", reason="no NATS")]
FAILED = said("error", "publish.failed", reason="nobody answers")


def test_who_was_killed_said_nothing_of_it() -> None:
    assert log_tail(STARTED) == []


def test_the_last_error_is_a_text_with_its_time_and_what_came_after_is_none() -> None:
    earlier = said("error", "publish.failed", reason="earlier")
    (words,) = log_tail([*STARTED, earlier, FAILED, *STARTED])
    assert words.startswith("the last error it logged, at ")
    assert words.endswith(":00: publish.failed: nobody answers")


def test_a_crash_is_no_line_of_a_log_and_is_shown_as_it_is() -> None:
    crash = ["Fatal Python error: Segmentation fault", '  File "here.py", line 3 in there']
    assert log_tail([*STARTED, *crash]) == crash
    assert log_tail([FAILED, *crash])[1:] == crash
    assert len(log_tail([f"line {number}" for number in range(1000)])) == 8


def test_what_is_said_twice_is_shown_once() -> None:
    failed = said("error", "service.failed", reason="it has no room")
    assert log_tail([failed, "it has no room"]) == ["it has no room"]


def test_the_server_of_the_log_speaks_otherwise() -> None:
    lines = [
        "[1] 2026/11/30 12:00:00.000000 [INF] Server is ready",
        "[1] 2026/11/30 12:00:01.000000 [FTL] no space left on device",
    ]
    (words,) = log_tail(lines)
    assert words.endswith(":01: no space left on device")


@pytest.mark.parametrize("odd", ["{}", "[]", "null", '{"level": []}', '{"level": "error"}', "{"])
def test_whatever_stands_there_is_no_harm(odd: str) -> None:
    assert len(log_tail([odd])) <= 1
