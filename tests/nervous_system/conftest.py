"""What do the tests of the nervous system share?"""

from __future__ import annotations

import pytest

from nervous_system.service import lease, runner
from tests.nervous_system.leading_program import SHORT_LEASE


@pytest.fixture
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runners that wait for little, with leases that are short."""
    monkeypatch.setattr(runner, "RESTART_SECONDS", 0.05)
    monkeypatch.setattr(runner, "MAX_WAIT_SECONDS", 0.05)
    for name, seconds in SHORT_LEASE.items():
        monkeypatch.setattr(lease, name, seconds)
