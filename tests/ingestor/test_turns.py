"""Do others get a turn, such as the renewal of the lease, while long texts are looked through?"""

from __future__ import annotations

import asyncio
import threading

import pytest

from ingestor.turns import HEAVY_BYTES, worked_on
from tests.ingestor.ingestor_samples import stored


@pytest.mark.parametrize("heavy", [True, False])
async def test_what_is_large_is_worked_on_beside_the_event_loop(heavy: bool) -> None:
    others = threading.Event()
    asyncio.get_running_loop().call_soon(others.set)
    position = stored(1, bytes(HEAVY_BYTES + 1 if heavy else 10))
    had_a_turn = await worked_on(lambda: others.wait(30 if heavy else 0), [position])
    assert had_a_turn is heavy
