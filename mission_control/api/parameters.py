"""Which parameters do many questions have, and between which bounds?"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Query
from pydantic import AfterValidator, AwareDatetime

from operations.queries.record import EARLIEST, LATEST

MAX_ROWS: Final = 1_000
"""Of each kind of thing in one answer that has no pages."""

Id = Annotated[str, Query(max_length=1_000)]
Limit = Annotated[int, Query(ge=1, le=1_000)]
Cursor = Annotated[str, Query(max_length=2_000, description="`next_cursor` of the page before")]
Time = Annotated[
    AwareDatetime,
    # The nearest that a row can have.
    AfterValidator(lambda time: min(max(time, EARLIEST), LATEST)),
    Query(),
]
Moment = Annotated[
    str,
    Query(
        max_length=60,
        description="a position (1200), one of an epoch (2/1200), a time"
        " (2026-11-30T14:03:27Z) or now",
    ),
]
