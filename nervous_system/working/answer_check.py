"""Is an answer from whoever leads, or from a stranger who heard of the request?

Each try bears a number that is used once; whoever has the mesh's key vouches for the answer to that
try of that request. What anybody else sends is left out, and the true answer is waited for.
"""

from __future__ import annotations

from nervous_system.contract.header_block import malformed, parse_headers
from nervous_system.contract.vouching import Vouching
from nervous_system.names import ASK
from nervous_system.transport.requests import Reply


class AnswerCheck:
    """The tries of one request."""

    def __init__(self, vouching: Vouching, request: bytes) -> None:
        self._vouching = vouching
        self._request = request
        self._asked = ""
        self.strangers = 0  # answers that nobody vouched for

    def next_try(self) -> dict[str, str]:
        """The header of the next try; none where nothing can be checked."""
        self._asked = self._vouching.asks()
        return {ASK: self._asked} if self._asked else {}

    def believes(self, reply: Reply) -> bool:
        """Whether this is the answer to the last try."""
        if not self._asked:
            return True
        headers = parse_headers(reply.raw_headers)
        whole = not malformed(reply.raw_headers)
        if whole and self._vouching.believes(self._asked, self._request, reply.data, headers):
            return True
        self.strangers += 1
        return False
