"""Are thresholds that make no sense refused with the variable's name?"""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from governor.settings import GovernorSettings


def test_the_defaults_make_a_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANGLION_GOVERNOR_HOST", "node-1")
    monkeypatch.setenv("GANGLION_GOVERNOR_SAMPLE_SECONDS", "5")
    settings = GovernorSettings()
    assert settings.host == "node-1"
    assert settings.policy().sample_seconds == 5
    assert [resource for resource, _ in settings.policy().bands] == ["cpu", "memory", "disk"]


def test_a_band_upside_down_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANGLION_GOVERNOR_DISK_LOW_PERCENT", "99")
    with pytest.raises(ValidationError, match="GANGLION_GOVERNOR_DISK_LOW_PERCENT must be"):
        GovernorSettings()
