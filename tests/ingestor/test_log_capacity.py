"""Is a log that gets full said once, and again only after it had room?"""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from enchanted.events.v1.alarm_pb2 import SEVERITY_CRITICAL, SEVERITY_WARNING
from ingestor.log_capacity import LogCapacity
from ingestor.settings import IngestorSettings
from nervous_system.contract.stored import StreamState

LIMIT = 1_000_000_000


def stream(used: int, *, limit: int = LIMIT) -> StreamState:
    return StreamState(
        created="2026-11-21T09:00:00Z",
        first_sequence=1,
        last_sequence=9,
        messages=9,
        bytes=used,
        max_bytes=limit,
    )


def said(*used: int, limit: int = LIMIT) -> list[str]:
    room = LogCapacity(high_percent=90, low_percent=85)
    names = []
    for each in used:
        alarm = room.alarm(stream(each, limit=limit))
        names.append(alarm.name if alarm is not None else "")
        room = room.after(stream(each, limit=limit))
    return names


def test_nearly_full_is_said_once_until_there_was_room() -> None:
    percents = [89, 90, 95, 85, 90, 84, 89, 91]
    assert said(*(LIMIT // 100 * percent for percent in percents)) == [
        *("", "log_nearly_full", "", "", "", "", "", "log_nearly_full")
    ]


def test_full_is_said_once_and_includes_nearly_full() -> None:
    full = LIMIT - 1_000_000
    assert said(LIMIT * 9 // 10, full, LIMIT, LIMIT * 9 // 10, full, 0, full, LIMIT * 9 // 10) == [
        *("log_nearly_full", "log_full", "", "", "", "", "log_full", "")
    ]


def test_a_small_log_is_full_when_a_hundredth_is_left() -> None:
    assert said(98_999, 99_001, limit=100_000) == ["log_nearly_full", "log_full"]
    assert not stream(0, limit=100_000).full


def test_without_a_limit_there_is_room() -> None:
    assert said(LIMIT, limit=-1) == said(LIMIT, limit=0) == [""]


def test_the_alarms_say_how_full_and_what_to_do() -> None:
    room = LogCapacity(high_percent=90, low_percent=85)
    nearly, full = room.alarm(stream(LIMIT * 95 // 100)), room.alarm(stream(LIMIT))
    assert nearly is not None
    assert full is not None
    assert (nearly.severity, full.severity) == (SEVERITY_WARNING, SEVERITY_CRITICAL)
    assert "950,000,000 of at most 1,000,000,000 bytes (95.0 %)" in nearly.message
    assert full.message.endswith("it refuses events")
    assert "GANGLION_STREAM_MAX_BYTES" in nearly.action


def test_a_band_upside_down_is_refused() -> None:
    with pytest.raises(ValidationError, match="LOG_LOW_PERCENT must not be above"):
        IngestorSettings(log_high_percent=80, log_low_percent=85)
