"""What had agents changed up to a moment, and what between two? Files, variables, schemas: by the
tables, as their chains may be older than the log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nervous_system.errors import NotRunning, QueryRefused
from operations.queries.rows import rows
from operations.queries.state.moment import Moment, UnknownMoment
from operations.queries.state.recorded_moment import RecordedMoment, recorded_moment_of

Tell = Callable[[str], None]


def resources_at(moment: Moment, *, tell: Tell) -> list[dict[str, Any]] | None:
    """All that was there, with the hash of its state and who left it so. None, and `tell` hears
    why, if the tables cannot be asked, or do not have that position yet."""
    try:
        where = _recorded(moment, tell)
        return _rows("resources_at", where)
    except (NotRunning, QueryRefused, UnknownMoment) as error:
        tell(f"what agents had changed is left out: {error}")
        return None


def resources_between(earlier: Moment, later: Moment, *, tell: Tell) -> list[dict[str, Any]] | None:
    """What stood otherwise at the later moment, with the ids of the last events that did it. None
    as in `resources_at`."""
    try:
        begin, end = _recorded(earlier, tell), _recorded(later, tell)
        return _rows("resources_between", begin, until_epoch=end.epoch, until_position=end.position)
    except (NotRunning, QueryRefused, UnknownMoment) as error:
        tell(f"what agents changed is left out: {error}")
        return None


def _recorded(moment: Moment, tell: Tell) -> RecordedMoment:
    return recorded_moment_of(str(moment.position), tell=tell)


def _rows(name: str, moment: RecordedMoment, **further: int) -> list[dict[str, Any]]:
    return rows(
        name,
        tell=lambda sentence: None,  # it was said when the moment was looked for
        wait=False,
        epoch=moment.epoch,
        position=moment.position,
        **further,
    )
