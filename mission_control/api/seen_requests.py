"""Was something else asked under this key before?"""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from typing import Final

from mission_control.api.problem import Problem

MAX_REMEMBERED: Final = 10_000


class SeenRequests:
    """What was asked under the last keys. Whoever decides goes by the key alone, so that another
    request under it would be taken for the first."""

    def __init__(self) -> None:
        self._seen: dict[str, str] = {}  # by the id of the event

    def check(self, event_id: str, content: bytes) -> None:
        """Raises Problem if something else was asked under this id."""
        digest = hashlib.sha256(content).hexdigest()
        if self._seen.setdefault(event_id, digest) != digest:
            raise Problem(
                HTTPStatus.CONFLICT,
                "this Idempotency-Key was used before, for something else: take another",
                kind="idempotency-key-reused",
            )
        if len(self._seen) > MAX_REMEMBERED:
            del self._seen[next(iter(self._seen))]
