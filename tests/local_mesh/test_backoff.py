"""Is the pause before a restart what the table says?"""

from __future__ import annotations

import pytest

from local_mesh.supervisor.restarting import count_failures, restart_delay_seconds


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(0, 0.0), (1, 0.25), (2, 0.5), (3, 1.0), (4, 2.0), (5, 4.0), (6, 5.0), (10_000, 5.0)],
)
def test_delay(failures: int, seconds: float) -> None:
    assert restart_delay_seconds(failures) == seconds


@pytest.mark.parametrize(
    ("earlier", "ran_seconds", "failures"),
    [(0, 0.0, 1), (1, 59.9, 2), (7, 1.0, 8), (7, 60.0, 1), (0, 3600.0, 1)],
)
def test_who_ran_long_is_forgiven(earlier: int, ran_seconds: float, failures: int) -> None:
    assert count_failures(earlier, ran_seconds=ran_seconds) == failures
