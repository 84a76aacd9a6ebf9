"""Which error is worth another try, and when?"""

from __future__ import annotations

import pytest

from nervous_system.errors import (
    Conflict,
    Duplicate,
    Fenced,
    Forbidden,
    InvalidEvent,
    LogFull,
    NotAcknowledged,
    TooLarge,
    Transient,
    Unavailable,
)
from nervous_system.retry import RetryPolicy
from nervous_system.transport.reader import Interrupted

POLICY = RetryPolicy(first_seconds=0.1, max_seconds=1.0, deadline_seconds=10.0)


@pytest.mark.parametrize(
    ("error", "attempt", "elapsed_seconds", "wait"),
    [
        (NotAcknowledged(""), 1, 0.0, 0.1),
        (Unavailable(""), 2, 0.0, 0.2),
        (Transient(""), 3, 0.0, 0.4),
        (Interrupted(""), 4, 0.0, 0.8),
        (Unavailable(""), 5, 0.0, 1.0),  # the longest
        (Unavailable(""), 10**9, 0.0, 1.0),
        (Unavailable(""), 1, 9.89, 0.1),
        (Unavailable(""), 1, 9.9, None),  # would end at the deadline
        (Unavailable(""), 1, 99.0, None),
        (Conflict(""), 1, 0.0, None),  # decide again, do not send again
        (Duplicate(""), 1, 0.0, None),
        (Fenced(""), 1, 0.0, None),
        (Forbidden(""), 1, 0.0, None),
        (LogFull(""), 1, 0.0, None),
        (TooLarge(""), 1, 0.0, None),
        (InvalidEvent([]), 1, 0.0, None),
        (ValueError(), 1, 0.0, None),
    ],
)
def test_the_verdict(
    error: Exception, attempt: int, elapsed_seconds: float, wait: float | None
) -> None:
    assert POLICY.wait(error, attempt=attempt, elapsed_seconds=elapsed_seconds) == wait
