"""Where does the next page begin? A cursor is opaque to who asks, and good for one question on one
log."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from http import HTTPStatus
from typing import Final

from mission_control.api.problem import Problem

MAX_CHARACTERS: Final = 2_000


def cursor_after(last: str | int, *, of: str, log_created: str) -> str:
    """For the page behind `last` of the list `of`."""
    text = json.dumps([of, log_created, last], ensure_ascii=False)
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(cursor: str, *, of: str, log_created: str) -> str | int:
    """What came last on the page before. Raises Problem for what is no cursor of this list, and
    410 for one of a log that was begun anew since."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        list_, created, last = json.loads(urlsafe_b64decode(padded.encode("ascii")))
    except (ValueError, TypeError, RecursionError):
        list_, created, last = "", "", None
    if len(cursor) > MAX_CHARACTERS or list_ != of or not isinstance(last, str | int):
        raise Problem(HTTPStatus.BAD_REQUEST, f"that is no cursor of {of}: begin without one")
    if created != log_created:
        raise Problem(
            HTTPStatus.GONE,
            "the log was begun anew since that page: begin without a cursor",
            kind="cursor-of-another-log",
        )
    return last
