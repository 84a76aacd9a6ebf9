"""Who makes the log and the buckets before the services stand on them? The supervisor, as the
admin: nobody else may."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from importlib import import_module
from typing import Final

from nervous_system.errors import GanglionError, Transient
from nervous_system.settings import MeshSettings

RETRY_SECONDS: Final = 0.1
MODULE: Final = "ganglion.upkeep"
"""It stands on the whole library, and is loaded while the NATS server starts."""


async def lay_foundations(settings: MeshSettings, *, trouble: Callable[[str], None]) -> None:
    """Make what is missing, as soon as the server answers, and keep it as it is meant to be until
    cancelled. What cannot be made is said once; then the services say what they lack, too."""
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
