"""How does the recorded swarm come to a mesh, and how does it leave again?"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from enchanted.events.v1.task_request_pb2 import ORDER_CANCEL, TaskOrdered
from local_mesh.addresses import client_settings
from nervous_system.errors import NotDone
from operations.actions.overseer_client import order_overseer
from operations.log_session import quiet_log
from simulation.demo.player import Player
from simulation.demo.story import read_story


async def play_demo(*, speed: float, wait_seconds: float, tell: Callable[[str], None]) -> str:
    """Play the story, and wait so long for a person to approve its last part; how it ended, in a
    sentence. Raises Unavailable, Forbidden, Rejected, NotDone."""
    quiet_log()
    player = Player(read_story(), speed=speed, tell=tell)
    async with player.on_stage(client_settings()):
        try:
            await player.play()
        except TimeoutError:
            raise NotDone("the mesh hands out no tasks; `ganglion status` says why") from None
        if not wait_seconds:
            return "the demo is over"
        objective_id = await player.propose_release()
        tell(
            "a release is of high risk, so it waits for you: approve it in mission control, or with"
            f" `ganglion objectives approve {objective_id}`"
        )
        released = False
        try:
            await player.release(wait_seconds=wait_seconds)
            released = True
        except TimeoutError:
            return "the demo is over: nobody approved the release, so it is called off"
        finally:
            if not released:
                await _call_off(objective_id)
        return "the demo is over: you approved the release, and it is out"


async def _call_off(objective_id: str) -> None:
    """What nobody would do any more, whoever approved it."""
    order = TaskOrdered(objective_id=objective_id, order=ORDER_CANCEL, reason="the demo has ended")
    with suppress(NotDone):  # somebody has denied it
        await order_overseer(order)
