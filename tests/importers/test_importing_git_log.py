"""Does the parser of `git log` give the same commits however its output is cut into pieces?"""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from importers.git.log import LOG_OPTIONS, Commit, LogParser
from importers.refusal import ImportRefused
from tests.importers.importing_samples import Repository


def _parse(output: bytes, cuts: list[int] | None = None, **limits: int) -> list[Commit]:
    parser = LogParser(**limits)  # type: ignore[arg-type]
    found: list[Commit] = []
    for start, end in pairwise([0, *sorted(cuts or ()), len(output)]):
        found += parser.feed(output[start:end])
    return [*found, *parser.finish()]


@pytest.fixture
def output(eventful: Repository) -> bytes:
    return eventful.git("log", *LOG_OPTIONS, "HEAD")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_pieces_of_any_size_give_the_same_commits(output: bytes, data: st.DataObject) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(output)), max_size=40))
    assert _parse(output, cuts) == _parse(output)


def test_single_bytes_give_the_same_commits(output: bytes) -> None:
    whole = _parse(output)
    assert len(whole) == 10
    assert _parse(output, list(range(1, len(output)))) == whole


def test_a_message_cannot_pretend_to_be_a_diff(output: bytes) -> None:
    first = _parse(output)[0]
    assert first.message == "First\n\ndiff --git a/x b/x\n:100644 100644 0 0 M\tx"
    assert len(first.changes) == 8


def test_a_diff_over_the_limit_is_left_out_and_its_neighbours_stay(repository: Repository) -> None:
    repository.write("a", b"small\n")
    repository.write("b", b"large\n" * 1000)
    repository.write("c", b"small\n")
    repository.commit("Sizes")
    output = repository.git("log", *LOG_OPTIONS, "HEAD")
    for cuts in (None, list(range(1, len(output), 7))):
        [commit] = _parse(output, cuts, max_diff_bytes=1000)
        assert [change.diff is None for change in commit.changes] == [False, True, False]
        assert commit.changes[1].new_hash
    one = len(_parse(output)[0].changes[0].diff or b"")
    [commit] = _parse(output, max_diff_bytes=1000, max_commit_diff_bytes=one + 10)
    assert [change.diff is None for change in commit.changes] == [False, True, True]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_damaged_output_is_read_or_refused(output: bytes, data: st.DataObject) -> None:
    damaged = bytearray(output)
    at = data.draw(st.integers(0, len(output) - 1))
    damaged[at : at + data.draw(st.integers(0, 2000))] = data.draw(st.binary(max_size=5))
    try:
        _parse(bytes(damaged))
    except ImportRefused as error:
        assert str(error)
