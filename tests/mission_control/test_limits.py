"""Do the limits of mission control hold, whatever time it is?"""

from __future__ import annotations

from pathlib import Path

import pytest

from local_mesh.home import Home
from mission_control.api.problem import Problem
from mission_control.api.rate import BURST_SECONDS, MAX_BUCKETS, STRANGERS_PER_SECOND, Rates
from mission_control.api.seen_requests import MAX_REMEMBERED, SeenRequests
from mission_control.api.shares import Shares
from mission_control.sessions import IDLE_SECONDS, MAX_SESSIONS, Sessions
from nervous_system.errors import Crowded
from operations.http_tokens import Caller

ADA = Caller("ada", "admin")


class Watch:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_each_caller_has_a_rate_of_its_own() -> None:
    watch = Watch()
    rates = Rates(10.0, watch=watch)
    burst = int(10 * BURST_SECONDS)
    assert [rates.take("ada") for _ in range(burst + 1)] == [True] * burst + [False]
    assert rates.take("otto"), "one who asks too often costs another nothing"
    watch.seconds = 0.25
    assert [rates.take("ada") for _ in range(3)] == [True, True, False]
    watch.seconds = 3600.0
    assert sum(rates.take("ada") for _ in range(2 * burst)) == burst, "nobody saves up"


def test_all_strangers_together_have_one() -> None:
    rates = Rates(1_000.0, watch=Watch())
    many = int(STRANGERS_PER_SECOND * BURST_SECONDS)
    assert sum(rates.take("") for _ in range(2 * many)) == many


def test_names_without_end_are_not_remembered() -> None:
    rates = Rates(1.0, watch=Watch())
    for number in range(MAX_BUCKETS + 10):
        rates.take(str(number))
    assert len(rates._buckets) == MAX_BUCKETS


def test_so_much_is_there_and_so_much_for_each() -> None:
    shares = Shares(most=3, most_of_one=2, words="too many listen already")
    with shares.part("ada"), shares.part("ada"):
        with pytest.raises(Crowded, match="for ada alone"):
            shares.check("ada")
        with shares.part("otto"), pytest.raises(Crowded, match="too many listen already: ask"):
            shares.check("vera")
    shares.check("ada", 2)


def test_a_key_is_for_one_request() -> None:
    seen = SeenRequests()
    seen.check("id", b"one")
    seen.check("id", b"one")
    with pytest.raises(Problem):
        seen.check("id", b"other")
    for number in range(MAX_REMEMBERED):
        seen.check(str(number), b"")
    seen.check("id", b"other")  # it is forgotten; whoever decides has not


def test_a_browser_that_asks_nothing_for_long_has_to_be_let_in_again(tmp_path: Path) -> None:
    watch = Watch()
    sessions = Sessions(tmp_path, caller=ADA, watch=watch)
    sessions.new_key()
    cookie = sessions.open(Home.at(tmp_path).http_key.read_text())
    assert cookie is not None
    watch.seconds = IDLE_SECONDS - 1
    assert sessions.caller(cookie) == ADA
    watch.seconds += IDLE_SECONDS + 1
    assert sessions.caller(cookie) is None
    assert sessions.open("") is None


def test_browsers_without_end_are_not_remembered(tmp_path: Path) -> None:
    sessions = Sessions(tmp_path, caller=ADA)
    sessions.new_key()
    key = Home.at(tmp_path).http_key
    cookies = [sessions.open(key.read_text()) for _ in range(MAX_SESSIONS + 1)]
    assert [sessions.caller(each or "") for each in cookies] == [None] + [ADA] * MAX_SESSIONS
