"""Who vouches for a message, and since when? Ed25519 over its exact bytes, in its headers.

A key speaks for the agents that the mesh's `trusted_keys` names. An agent that is named there, not
only by a pattern, must sign. A signature that was made long before or after the message was stored
counts for nothing: a message that was kept back and sent later is refused, and so is one of a
machine whose clock is wrong. That a message does not count twice is its event id's doing.
"""

from __future__ import annotations

import binascii
import secrets
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Final, Self
from urllib.parse import quote, unquote

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from nervous_system.errors import Fatal
from nervous_system.names import ISSUED_AT, KEY_ID, NONCE, REPUBLISHED_FROM, SIGNATURE

_PURPOSE: Final = "ganglion signature 1"
"""A signature of the same key for anything else is not one of a message."""

_HISTORY_PURPOSE: Final = "ganglion republished 1"
"""Nor is that of a message one of what is brought back, or the other way round."""

EVERYBODY: Final = "*"
"""The pattern of a key that speaks for all agents, as the mesh's own does."""

MISSING: Final = "signature is missing"
INCOMPLETE: Final = "signature is incomplete"
UNKNOWN_KEY: Final = "signature is by a key that is not trusted"
WRONG: Final = "signature does not match the bytes"
STALE: Final = "signature is stale: it was made long before or after the message was stored"
OTHER_AGENT: Final = "signature is by a key that does not speak for this agent"


@dataclass(frozen=True, slots=True)
class Signer:
    """One private key and its name."""

    key_id: str
    key: SigningKey

    @classmethod
    def generate(cls, key_id: str) -> Self:
        """A new key. Raises ValueError for an id that does not fit into one word."""
        if not key_id or any(each.isspace() or not each.isprintable() for each in key_id):
            raise ValueError(f"{key_id!r} cannot be the id of a key: it must be one word")
        return cls(key_id, SigningKey.generate())

    @classmethod
    def read(cls, path: Path) -> Self:
        """From its file: the key's id and its seed in base64. Raises Fatal."""
        try:
            key_id, seed = path.read_text(encoding="utf-8").split()
            return cls(key_id, SigningKey(b64decode(seed, validate=True)))
        except OSError as error:
            raise Fatal(f"the signing key {path} cannot be read: {error.strerror}") from error
        except (ValueError, TypeError) as error:
            raise Fatal(
                f"{path} is not a signing key; make one with `ganglion keys new`"
            ) from error

    @property
    def private_line(self) -> str:
        """What its file holds."""
        return f"{self.key_id} {b64encode(bytes(self.key)).decode()}"

    def public_line(self, *agents: str) -> str:
        """What `trusted_keys` holds, so that it speaks for these agents."""
        public = TrustedKey(self.key.verify_key, agents).public
        return " ".join((self.key_id, public, *map(_as_word, agents)))

    def headers(
        self, subject: str, data: bytes, *, now: datetime, republished_from: str = ""
    ) -> dict[str, str]:
        """The signature of these bytes on this subject, made now; as history from that position
        where one is given."""
        nonce, issued_at = secrets.token_hex(16), now.isoformat()
        signed = self.key.sign(
            _signed(self.key_id, nonce, issued_at, subject, data, republished_from)
        )
        return {
            KEY_ID: self.key_id,
            NONCE: nonce,
            ISSUED_AT: issued_at,
            SIGNATURE: b64encode(signed.signature).decode(),
        }


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """One public key, and for whom it speaks."""

    key: VerifyKey
    agents: tuple[str, ...]  # names and shell patterns

    @property
    def public(self) -> str:
        """The key in base64, as `trusted_keys` holds it."""
        return b64encode(bytes(self.key)).decode()


@dataclass(frozen=True, kw_only=True)
class TrustedKeys:
    """Whose signatures count. Nothing is checked where there are no keys."""

    keys: Mapping[str, TrustedKey]
    required: bool = False  # of every agent, not only of those that are named
    most_seconds: float = 300.0  # between the making of a signature and the storing

    @classmethod
    def none(cls) -> Self:
        """Nothing is checked."""
        return cls(keys={})

    @classmethod
    def read(cls, path: Path, *, required: bool = False, most_seconds: float = 300.0) -> Self:
        """From a file: a line a key, with its id, its public key in base64 and the agents it speaks
        for; from `#` on a comment. No file is no keys. Raises Fatal."""
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            lines = []
        except (OSError, ValueError) as error:
            raise Fatal(f"the trusted keys in {path} cannot be read: {error}") from error
        keys: dict[str, TrustedKey] = {}
        for number, line in enumerate(lines, 1):
            words = line.partition("#")[0].split()
            if not words:
                continue
            try:
                key_id, public, *agents = words
                keys[key_id] = TrustedKey(
                    VerifyKey(b64decode(public, validate=True)), tuple(map(unquote, agents))
                )
            except (ValueError, TypeError) as error:
                raise Fatal(
                    f"{path}, line {number}: it is not a key's id, its public key in base64 and"
                    " the agents it speaks for"
                ) from error
        if required and not keys:
            raise Fatal(f"signatures are required, and {path} names no key to check them with")
        return cls(keys=keys, required=required, most_seconds=most_seconds)

    @property
    def checks(self) -> bool:
        """Whether there is anything to check."""
        return bool(self.keys)

    def problem(
        self,
        headers: Mapping[str, str],
        *,
        subject: str,
        data: bytes,
        agent_id: str,
        stored_at: datetime,
    ) -> str:
        """Why this message is not to be believed; empty where it is. Without values, so that it can
        be counted."""
        if not self.keys or self.is_history(
            headers, subject=subject, data=data, stored_at=stored_at
        ):
            return ""
        key_id, signature = headers.get(KEY_ID, ""), headers.get(SIGNATURE, "")
        if not key_id and not signature:
            return MISSING if self._must_sign(agent_id) else ""
        trusted = self.keys.get(key_id)
        if trusted is None:
            return UNKNOWN_KEY
        wrong = self._wrong(trusted, headers, subject=subject, data=data, stored_at=stored_at)
        if wrong:
            return wrong
        if not any(fnmatchcase(agent_id, pattern) for pattern in trusted.agents):
            return OTHER_AGENT
        return ""

    def speaks_for_everybody(self, key_id: str) -> bool:
        """Whether that key is one of the mesh itself."""
        return key_id in self.keys and EVERYBODY in self.keys[key_id].agents

    def is_history(
        self, headers: Mapping[str, str], *, subject: str, data: bytes, stored_at: datetime
    ) -> bool:
        """Whether a message was brought back from the past, by somebody who may: a stranger's
        header changes nothing. Without keys, whoever says so is believed."""
        if REPUBLISHED_FROM not in headers:
            return False
        if not self.keys:
            return True
        trusted = self.keys.get(headers.get(KEY_ID, ""))
        return (
            trusted is not None
            and EVERYBODY in trusted.agents
            and not self._wrong(
                trusted,
                headers,
                subject=subject,
                data=data,
                stored_at=stored_at,
                republished_from=headers[REPUBLISHED_FROM],
            )
        )

    def _wrong(
        self,
        trusted: TrustedKey,
        headers: Mapping[str, str],
        *,
        subject: str,
        data: bytes,
        stored_at: datetime,
        republished_from: str = "",
    ) -> str:
        """What is wrong with a signature of this key; empty where nothing is."""
        nonce, issued_at = headers.get(NONCE, ""), headers.get(ISSUED_AT, "")
        signed = _signed(headers[KEY_ID], nonce, issued_at, subject, data, republished_from)
        try:
            proof = b64decode(headers.get(SIGNATURE, ""), validate=True)
            moment = datetime.fromisoformat(issued_at)
            late = abs(stored_at - moment) > timedelta(seconds=self.most_seconds)
            trusted.key.verify(signed, proof)
        except BadSignatureError:
            return WRONG
        except (ValueError, TypeError, binascii.Error):
            return INCOMPLETE
        return STALE if late else ""

    def _must_sign(self, agent_id: str) -> bool:
        return self.required or agent_id in self._named

    @cached_property
    def _named(self) -> frozenset[str]:
        return frozenset(agent for each in self.keys.values() for agent in each.agents)


def _as_word(agent: str) -> str:
    """An agent may be called anything, and a line of `trusted_keys` is words: what would end one,
    or begin a comment or another line, is written as in an address (`Claude%20Code`)."""
    return "".join(
        each if each.isprintable() and not each.isspace() and each not in "#%" else quote(each)
        for each in agent
    )


def _signed(
    key_id: str, nonce: str, issued_at: str, subject: str, data: bytes, republished_from: str
) -> bytes:
    purpose = (_HISTORY_PURPOSE, republished_from) if republished_from else (_PURPOSE,)
    head = "\n".join((*purpose, key_id, nonce, issued_at, subject, ""))
    return head.encode(errors="replace") + data
