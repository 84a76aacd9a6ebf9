"""Where does the next page of what is on record begin? Behind an epoch and a position."""

from __future__ import annotations

import re
from http import HTTPStatus

from mission_control.api.cursor import cursor_after, read_cursor
from mission_control.api.problem import Problem

Place = tuple[int, int]


def place_behind(cursor: str, *, of: str) -> Place:
    """Epoch and position of what was last on the page before; without a cursor (0, 0). Raises
    Problem."""
    if not cursor:
        return 0, 0
    text = str(read_cursor(cursor, of=of, log_created=""))
    found = re.fullmatch(r"([0-9]{1,9})\.([0-9]{1,18})", text)
    if found is None:
        raise Problem(HTTPStatus.BAD_REQUEST, f"that is no cursor of {of}: begin without one")
    return int(found[1]), int(found[2])


def cursor_behind(last: Place | None, *, of: str) -> str | None:
    """For the page behind what was last on this one; None: there is none."""
    return cursor_after("{}.{}".format(*last), of=of, log_created="") if last else None
