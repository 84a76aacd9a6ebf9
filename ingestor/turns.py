"""Who gets a turn while positions are looked at? The renewal of the lease does, however busy the
machine is and however long the texts are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from nervous_system.contract.stored import Stored

Answer = TypeVar("Answer")

HEAVY_BYTES: Final = 131_072
"""What is larger is worked on in a thread: on a busy machine to look through long texts for secrets
takes longer than the lease lasts."""


async def worked_on(work: Callable[[], Answer], positions: Sequence[Stored]) -> Answer:
    """What is done with these positions; others get a turn meanwhile if they are large."""
    if sum(len(each.data) for each in positions) > HEAVY_BYTES:
        return await asyncio.to_thread(work)
    done = work()
    await asyncio.sleep(0)
    return done
