"""How does a process vouch for what it says, and whose answers does it believe?

Among those who have the mesh's key a seal is enough; who has only the public half is given a
signature. What agents say on their own subjects needs neither, unless they must sign.
"""

from __future__ import annotations

import secrets
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from nacl.exceptions import BadSignatureError

from nervous_system.contract.live_keys import LiveKeys
from nervous_system.contract.signature import Signer, TrustedKeys
from nervous_system.names import EVENTS, KEY_ID, SEAL, SIGNATURE

BY_SEAL: Final = "seal"
BY_SIGNATURE: Final = "signature"

_ANSWER: Final = b"answer"
_SIGNED_ANSWER: Final = b"ganglion answer 1"
_TOLD: Final = tuple(
    f"{EVENTS}.{each}" for each in ("command.", "guardian.halt_", "guardian.system_")
)
"""What is said to agents, who may have the public half only."""


@dataclass(frozen=True, slots=True)
class Vouching:
    """The keys that one process has."""

    keys: LiveKeys
    signer: Signer | None = None
    signs_all: bool = True  # its key is its own; with the mesh's it vouches where that is asked for

    @property
    def trusted(self) -> TrustedKeys:
        """Those that count now."""
        return self.keys.in_force

    def for_message(
        self,
        subject: str,
        message_id: str,
        data: bytes,
        *,
        event_id: str,
        agent_id: str,
        now: datetime,
    ) -> dict[str, str]:
        """The headers that vouch for a message on the log; none where nobody asks for them."""
        if self.signer is None:
            return {}
        seal = self.trusted.seal
        under = message_id if message_id != event_id else None
        if self.signs_all or seal is None:
            return self.signer.headers(subject, data, now=now, under=under)
        if not self.trusted.must_vouch(subject, agent_id, at=now):
            return {}
        headers = {SEAL: seal.of_message(subject, message_id, data, now=now)}
        if subject.startswith(_TOLD):
            headers |= self.signer.headers(subject, data, now=now, under=under)
        return headers

    def for_request(
        self, subject: str, data: bytes, *, agent_id: str, now: datetime
    ) -> dict[str, str]:
        """The headers that vouch for a request; none where nobody asks for them."""
        if self.signer is None:
            return {}
        if self.signs_all or self.trusted.seal is None or self.trusted.must_sign(agent_id, at=now):
            return self.signer.headers(subject, data, now=now)
        return {}

    def asks(self) -> str:
        """What is used once, for one try of a request, with how its answer is to be vouched for;
        empty where nothing can be checked."""
        if self.trusted.seal is not None:
            return f"{secrets.token_hex(16)} {BY_SEAL}"
        return f"{secrets.token_hex(16)} {BY_SIGNATURE}" if self.trusted.of_mesh else ""

    def for_answer(self, asked: str, request: bytes, answer: bytes) -> dict[str, str]:
        """The headers of an answer to the request that was asked so; none where nobody wants any,
        or there is no key."""
        if not asked:
            return {}
        seal = self.trusted.seal
        if asked.endswith(BY_SEAL) and seal is not None:
            return {SEAL: seal.of(_ANSWER, asked.encode(), request, answer)}
        if self.signer is None:
            return {}
        proof = self.signer.key.sign(_signed_answer(asked, request, answer)).signature
        return {KEY_ID: self.signer.key_id, SIGNATURE: b64encode(proof).decode()}

    def believes(
        self, asked: str, request: bytes, answer: bytes, headers: Mapping[str, str]
    ) -> bool:
        """Whether who gave this answer, to this very try of this request, has the mesh's key."""
        seal = self.trusted.seal
        if SEAL in headers and seal is not None:
            return seal.is_of(headers[SEAL], _ANSWER, asked.encode(), request, answer)
        key = self.trusted.of_mesh.get(headers.get(KEY_ID, ""))
        if key is None or key.until is not None:
            return False
        try:
            proof = b64decode(headers.get(SIGNATURE, ""), validate=True)
            key.key.verify(_signed_answer(asked, request, answer), proof)
        except (BadSignatureError, ValueError, TypeError):
            return False
        return True


def _signed_answer(asked: str, request: bytes, answer: bytes) -> bytes:
    head = b"%s\n%s\n%d\n" % (_SIGNED_ANSWER, asked.encode(errors="replace"), len(request))
    return head + request + answer
