"""What time is it on a machine whose clock is wrong?"""

from __future__ import annotations

from datetime import datetime, timedelta

from nervous_system.clock import Clock, Stopwatch, stopwatch, system_clock


def shifted(specification: str = "0", *, watch: Stopwatch = stopwatch) -> Clock:
    """A clock that is `specification` seconds ahead, or behind where that is negative.

    As `ahead:then:after`, it jumps to being `then` seconds ahead once `after` seconds have passed.
    """
    ahead, then, after = (float(each) for each in (*specification.split(":"), "0", "inf")[:3])
    began = watch()

    def clock() -> datetime:
        seconds = ahead if watch() - began < after else then
        return system_clock() + timedelta(seconds=seconds)

    return clock
