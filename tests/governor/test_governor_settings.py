"""Are thresholds that make no sense refused with the variable's name?"""

from __future__ import annotations

from itertools import combinations

import pytest
from pydantic import ValidationError

from governor.settings import GovernorSettings
from governor.spec import service_spec
from nervous_system.contract.subjects import on_any, overlap


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


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MEMORY_CRITICAL_PERCENT", "90"),
        ("DISK_CRITICAL_PERCENT", "94"),
        ("SLEEP_SAMPLES", "2"),
        ("COMMAND_SAMPLES", "1"),
    ],
)
def test_measures_that_make_no_sense_are_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"GANGLION_GOVERNOR_{name}", value)
    with pytest.raises(ValidationError, match=f"(GANGLION_GOVERNOR_{name} must|{name.lower()})"):
        GovernorSettings()


def test_the_governor_reads_no_more_than_it_must() -> None:
    """Filters that overlap would have it read the whole log; what it writes, it recalls."""
    filters = service_spec(GovernorSettings(host="node-1")).replay_filters
    assert not [each for each in combinations(filters, 2) if overlap(*each)]
    for written in (
        "swarm.events.command.issued.w1",
        "swarm.events.command.emergency.w1",
        "swarm.events.request.objective_proposed.o1",
        "swarm.events.governor.alarm_raised.node-1",
    ):
        assert on_any(service_spec(GovernorSettings(host="node-1")).own_filters)(written)
