"""Do the settings reach the core, and does the webhook stay a secret?"""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from guardian.settings import GuardianSettings
from operations.queries.setting_list import list_settings


def test_settings_become_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANGLION_GUARDIAN_LAG_POSITIONS", "77")
    monkeypatch.setenv("GANGLION_GUARDIAN_NO_PROGRESS_SECONDS", "5")
    limits = GuardianSettings().limits()
    assert (limits.lag_positions, limits.no_progress_seconds) == (77, 5.0)


@pytest.mark.parametrize("name", ["TICK_SECONDS", "LOOK_SECONDS", "LAG_POSITIONS"])
def test_a_pace_of_nothing_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(f"GANGLION_GUARDIAN_{name}", "0")
    with pytest.raises(ValidationError):
        GuardianSettings()


def test_the_webhook_is_shown_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANGLION_GUARDIAN_WEBHOOK_URL", "https://hooks.example/T0/geheim")
    rows = {row.variable: row for row in list_settings()}
    assert rows["GANGLION_GUARDIAN_WEBHOOK_URL"].given
    assert "geheim" not in repr(rows)
    assert "geheim" not in repr(GuardianSettings())
