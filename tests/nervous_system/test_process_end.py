"""Is it known, and never guessed, how a process ended that somebody else waits for?"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from nervous_system.contract.exit_code import how_it_ended
from nervous_system.host.process_end import exit_code_of


@contextmanager
def ended(code: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A process that has run this code, for which nobody has waited yet, and a descriptor of it."""
    process = subprocess.Popen([sys.executable, "-c", code])
    descriptor = os.pidfd_open(process.pid)
    try:
        os.waitid(os.P_PIDFD, descriptor, os.WEXITED | os.WNOWAIT)
        yield process, descriptor
    finally:
        process.wait()
        os.close(descriptor)


@pytest.mark.parametrize(
    ("code", "exit_code", "words"),
    [
        ("import os; os._exit(3)", 3, "ended with exit code 3"),
        ("import os; os.abort()", -signal.SIGABRT, "was killed by signal 6 (SIGABRT)"),
        ("import os; os.kill(os.getpid(), 9)", -9, "was killed by signal 9 (SIGKILL)"),
        ("import os; os.kill(os.getpid(), 40)", -40, "was killed by signal 40"),
    ],
)
def test_how_a_process_ended_is_known_before_its_parent_has_waited(
    code: str, exit_code: int, words: str
) -> None:
    with ended(code) as (process, descriptor):
        assert exit_code_of(descriptor, process.pid, within_seconds=0) == exit_code
        assert how_it_ended(exit_code) == words
        process.wait()
        later = exit_code_of(descriptor, process.pid, within_seconds=0)
        assert later in (exit_code, None), "None before Linux 6.15"


def test_an_end_in_good_order_is_no_guess_at_what_the_kernel_does_not_show() -> None:
    with ended("") as (process, descriptor):
        assert exit_code_of(descriptor, process.pid, within_seconds=0) is None
        process.wait()
        assert exit_code_of(descriptor, process.pid, within_seconds=0) in (0, None)


def test_a_process_that_lives_has_not_ended() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        descriptor = os.pidfd_open(process.pid)
        assert exit_code_of(descriptor, process.pid, within_seconds=0) is None
        process.communicate(b"\n")
        os.close(descriptor)
