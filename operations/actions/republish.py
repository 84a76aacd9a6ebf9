"""How does what only ClickHouse has get onto the log again?"""

from __future__ import annotations

from ingestor.republish import Republished, replay_parked, republish_tail
from nervous_system.errors import BadSetting
from operations.positions_session import positions_session


async def replay_all() -> Republished:
    """Publish again, under their old ids, parked positions that this version can read."""
    async with positions_session() as session:
        return await replay_parked(
            session.warehouse, session.bus.publisher, vouch=session.bus.vouched_history
        )


async def republish_end_of(epoch: int) -> Republished:
    """Publish again what the end of this epoch lost. Raises Permanent where none follows it."""
    async with positions_session() as session:
        following = [each for each in await session.warehouse.epochs() if each.epoch == epoch + 1]
        if not following:
            raise BadSetting(
                f"no epoch follows epoch {epoch}, so none of its end was lost;"
                " see `ganglion epochs list`"
            )
        return await republish_tail(
            session.warehouse,
            session.bus.publisher,
            epoch=epoch,
            after_seq=following[0].forked_from_seq,
            vouch=session.bus.vouched_history,
        )
