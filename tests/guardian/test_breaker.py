"""Does the breaker let enough through, and never more?"""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from guardian.breaker import (
    BreakerPolicy,
    Circuit,
    forgive,
    is_open,
    is_spent,
    next_seconds,
    open_circuit,
    record_try,
)
from tests.guardian.guardian_play import START

POLICY = BreakerPolicy(max_tries=3, first_seconds=100, max_seconds=350, forgive_seconds=1000)


def at(seconds: float):  # type: ignore[no-untyped-def]
    return START + timedelta(seconds=seconds)


def test_three_tries_then_one_then_one_less_often() -> None:
    circuit = Circuit()
    for number in range(3):
        assert not is_spent(circuit, POLICY, at(number))
        circuit = record_try(circuit, POLICY, at(number))
    assert is_spent(circuit, POLICY, at(3))
    lengths = []
    now = 3.0
    for _ in range(4):
        seconds = next_seconds(circuit, POLICY, at(now))
        lengths.append(seconds)
        circuit = open_circuit(circuit, at(now), for_seconds=seconds)
        assert is_open(circuit, at(now + seconds - 1))
        now += seconds
        assert not is_open(circuit, at(now))
        assert not is_spent(circuit, POLICY, at(now))
        circuit = record_try(circuit, POLICY, at(now))
        assert is_spent(circuit, POLICY, at(now))
    assert lengths == [100, 200, 350, 350]


def test_quiet_forgives() -> None:
    circuit = Circuit(tries=3, tried_at=at(0))
    assert forgive(circuit, POLICY, at(1000)) == circuit
    assert forgive(circuit, POLICY, at(1001)) == Circuit()
    long_open = open_circuit(circuit, at(0), for_seconds=5000)
    assert forgive(long_open, POLICY, at(5999)) == long_open


@given(st.lists(st.floats(0, 2000), max_size=60))
def test_whoever_obeys_it_tries_no_more_than_it_allows(pauses: list[float]) -> None:
    circuit, now = Circuit(), 0.0
    tries: list[float] = []
    for pause in pauses:
        now += pause
        if is_open(circuit, at(now)):
            continue
        if is_spent(circuit, POLICY, at(now)):
            seconds = next_seconds(circuit, POLICY, at(now))
            assert POLICY.first_seconds <= seconds <= POLICY.max_seconds
            circuit = open_circuit(circuit, at(now), for_seconds=seconds)
            continue
        circuit = record_try(circuit, POLICY, at(now))
        tries.append(now)
    for first, fourth in zip(tries, tries[3:], strict=False):
        assert fourth - first >= POLICY.first_seconds
