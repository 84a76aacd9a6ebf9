"""Who makes the log and the buckets before the services stand on them? The supervisor, as the
admin: nobody else may."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

from enchanted.events.v1.alarm_pb2 import (
    ALARM_FOUNDATIONS_CHANGED,
    SEVERITY_CRITICAL,
    SEVERITY_WARNING,
    AlarmName,
    AlarmRaised,
)
from nervous_system.contract.words import word
from nervous_system.errors import GanglionError, Transient
from nervous_system.settings import MeshSettings

RETRY_SECONDS: Final = 0.1
KEEP_AGAIN_SECONDS: Final = 5.0
MODULE: Final = "local_mesh.upkeep"
"""It stands on the whole library, and is loaded while the NATS server starts."""


async def lay_foundations(settings: MeshSettings, *, trouble: Callable[[str], None]) -> None:
    """Make what is missing, as soon as the server answers. What cannot be made is said once; then
    the services say what they lack, too."""
    upkeep = await asyncio.to_thread(import_module, MODULE)
    while True:
        try:
            await upkeep.make_foundations(settings)
        except Transient:
            await asyncio.sleep(RETRY_SECONDS)
        except GanglionError as error:
            trouble(str(error))
            return
        else:
            return


async def watch_foundations(
    settings: MeshSettings, *, trouble: Callable[[str], None], record: Callable[[AlarmRaised], None]
) -> None:
    """Mend what somebody changed of them, and raise an alarm about it, until cancelled."""
    upkeep = await asyncio.to_thread(import_module, MODULE)

    def found(drift: Any) -> None:
        what = f"{drift.where}: {drift.sentence}"
        action = drift.remedy or "none: it was changed back; find out who has the admin's password"
        trouble(f"somebody changed what the mesh stands on. {what} ({action})")
        severity = SEVERITY_CRITICAL if drift.remedy else SEVERITY_WARNING
        name = word(AlarmName, ALARM_FOUNDATIONS_CHANGED)
        record(AlarmRaised(name=name, severity=severity, message=what, action=action))

    while True:
        try:
            await upkeep.keep_foundations(settings, found=found)
        except Transient:
            await asyncio.sleep(KEEP_AGAIN_SECONDS)
        except GanglionError as error:
            trouble(f"whether the log is as it was made cannot be looked at: {error}")
            return
