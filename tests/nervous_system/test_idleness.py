"""Does a worker's log say why it does nothing, once, and when that is over?"""

from __future__ import annotations

import structlog

from nervous_system.client.idleness import LASTED_SECONDS, Idleness


def test_what_lasts_is_said_once_and_its_end_too() -> None:
    now = 0.0
    idleness = Idleness(watch=lambda: now)
    with structlog.testing.capture_logs() as said:
        for reason, passed in (
            ("nothing is ready", 0.0),
            ("nothing is ready", LASTED_SECONDS / 2),
            ("", 0.0),  # it did something
            ("dispatch is held: 91 %", 0.0),
            ("dispatch is held: 91 %", LASTED_SECONDS),
            ("dispatch is held: 91 %", LASTED_SECONDS),
            ("dispatch is held: 95 %", LASTED_SECONDS),
            ("dispatch is held: 95 %", LASTED_SECONDS),
            ("", 0.0),
            ("", LASTED_SECONDS),
        ):
            now += passed
            idleness.look(reason)
    assert [(each["event"], each.get("reason")) for each in said] == [
        ("worker.waits", "dispatch is held: 91 %"),
        ("worker.waits", "dispatch is held: 95 %"),
        ("worker.goes_on", None),
    ]
