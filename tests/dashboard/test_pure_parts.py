"""Do the pure parts of the dashboard hold: addresses, rows, moments, replays, text from outside?"""

from __future__ import annotations

import pytest

from tests.dashboard.node import run_script, why_not


@pytest.mark.process
@pytest.mark.skipif(bool(why_not()), reason=why_not())
def test_the_pure_parts() -> None:
    done = run_script("test")
    assert done.returncode == 0, done.stdout + done.stderr
