"""Who vouches for a message, and since when? Ed25519 over its exact bytes, in its headers.

A key speaks for the agents that the mesh's `trusted_keys` names. An agent that is named there, not
only by a pattern, must sign. A signature that was made long before or after the message was stored
counts for nothing: a message that was kept back and sent later is refused, and so is one of a
machine whose clock is wrong. It holds for one message id, the event's own unless another was
signed, too: so what somebody sends once more is a repeat to the log while the signature is fresh.

A line counts `since` one moment and `until` another, by the log's clock: when the file was read
changes no verdict (decision 25).
"""

from __future__ import annotations

import binascii
import secrets
from base64 import b64decode, b64encode
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Final, Self
from urllib.parse import quote, unquote

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from nervous_system.contract.seal import UNCHECKED_SEAL, Seal
from nervous_system.contract.subjects import is_of_services
from nervous_system.errors import Fatal
from nervous_system.names import (
    ISSUED_AT,
    KEY_ID,
    MESSAGE_ID,
    NONCE,
    REPUBLISHED_FROM,
    SEAL,
    SIGNATURE,
)
from nervous_system.settings import MESH_KEY

_PURPOSE: Final = "ganglion signature 1"
"""A signature of the same key for anything else is not one of a message."""

_HISTORY_PURPOSE: Final = "ganglion republished 1"
"""Nor is that of a message one of what is brought back, or the other way round."""

_UNDER_PURPOSE: Final = "ganglion signature under 1"
"""Nor does that of a message hold under another message id."""

_SINCE: Final = "since="
_UNTIL: Final = "until="
_ALWAYS: Final = datetime(1970, 1, 1, tzinfo=UTC)

EVERYBODY: Final = "*"
"""The pattern of a key that speaks for all agents, as the mesh's own does."""

MISSING: Final = "signature is missing"
INCOMPLETE: Final = "signature is incomplete"
UNKNOWN_KEY: Final = "signature is by a key that is not trusted"
WRONG: Final = "signature does not match the bytes"
OTHER_ID: Final = "signature does not hold for this message id: it is not the event's"
STALE: Final = "signature is stale: it was made long before or after the message was stored"
REVOKED: Final = "signature is by a key that was revoked before"
NOT_ITSELF: Final = "sender is not the worker that it speaks of"
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

    def public_line(self, *agents: str, since: datetime | None = None) -> str:
        """What `trusted_keys` holds, so that it speaks for these agents, since this moment."""
        public = TrustedKey(self.key.verify_key, agents).public
        begun = (_SINCE + _format_moment(since),) if since is not None else ()
        return " ".join((self.key_id, public, *begun, *map(_as_word, agents)))

    def headers(
        self,
        subject: str,
        data: bytes,
        *,
        now: datetime,
        under: str | None = None,
        republished_from: str = "",
    ) -> dict[str, str]:
        """The signature of these bytes on this subject, made now: `under` a message id that is not
        the event's own, or as history from that position, where one is given."""
        nonce, issued_at = secrets.token_hex(16), now.isoformat()
        purpose = _purpose(under, republished_from)
        signed = self.key.sign(_sign(purpose, self.key_id, nonce, issued_at, subject, data))
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
    since: datetime | None = None  # what is older was said before there was a key
    until: datetime | None = None  # what is as old or younger is not its owner's any more

    @property
    def public(self) -> str:
        """The key in base64, as `trusted_keys` holds it."""
        return b64encode(bytes(self.key)).decode()


@dataclass(frozen=True, kw_only=True)
class TrustedKeys:
    """Whose signatures count. Nothing is checked where there are no keys."""

    keys: Mapping[str, TrustedKey]
    required: bool = False  # of every agent, not only of those that are named
    seal: Seal | None = None  # where the mesh's private key is here, too
    max_seconds: float = 300.0  # between the making of a signature and the storing

    @classmethod
    def none(cls) -> Self:
        """Nothing is checked."""
        return cls(keys={})

    @classmethod
    def read(cls, path: Path, *, required: bool = False, max_seconds: float = 300.0) -> Self:
        """From a file: a line a key, with its id, its public key in base64 and the agents it speaks
        for; from `#` on a comment. No file is no keys. Beside it the mesh's own key, where that is
        there. Raises Fatal."""
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
                moments = [each for each in agents if each.startswith((_SINCE, _UNTIL))]
                keys[key_id] = TrustedKey(
                    VerifyKey(b64decode(public, validate=True)),
                    tuple(unquote(each) for each in agents if each not in moments),
                    _moment(moments, _SINCE),
                    _moment(moments, _UNTIL),
                )
            except (ValueError, TypeError) as error:
                raise Fatal(
                    f"{path}, line {number}: it is not a key's id, its public key in base64 and"
                    " the agents it speaks for"
                ) from error
        if required and not keys:
            raise Fatal(f"signatures are required, and {path} names no key to check them with")
        return cls(
            keys=keys,
            required=required,
            max_seconds=max_seconds,
            seal=_seal(path.parent / MESH_KEY, keys),
        )

    @cached_property
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
        event_id: str = "",
    ) -> str:
        """Why this message is not to be believed; empty where it is. Without values, so that it can
        be counted. `event_id` is that of what stands on the log; a request does not."""
        if not self.keys or self.is_history(
            headers, subject=subject, data=data, stored_at=stored_at
        ):
            return ""
        if SEAL in headers and self.seal is not None:
            return self.seal.message_problem(
                headers[SEAL],
                subject=subject,
                message_id=headers.get(MESSAGE_ID, ""),
                data=data,
                stored_at_ns=int(stored_at.timestamp() * 1e9),
                max_seconds=self.max_seconds,
            )
        key_id, signature = headers.get(KEY_ID, ""), headers.get(SIGNATURE, "")
        if not key_id and not signature:
            unchecked = UNCHECKED_SEAL if SEAL in headers else MISSING
            return unchecked if self.must_vouch(subject, agent_id, at=stored_at) else ""
        trusted = self.keys.get(key_id)
        if trusted is None or (
            key_id not in self.of_mesh and trusted.since is not None and stored_at < trusted.since
        ):
            return UNKNOWN_KEY
        message_id = headers.get(MESSAGE_ID, "")
        under = message_id if event_id and message_id != event_id else None
        wrong = self._wrong(
            trusted, headers, _purpose(under), subject=subject, data=data, stored_at=stored_at
        )
        if wrong:
            return OTHER_ID if wrong == WRONG and under is not None else wrong
        if key_id not in self.of_mesh and (
            (self.of_mesh and is_of_services(subject))
            or not any(fnmatchcase(agent_id, pattern) for pattern in trusted.agents)
        ):
            return OTHER_AGENT
        return ""

    def must_vouch(self, subject: str, agent_id: str, *, at: datetime) -> bool:
        """Whether a message of that moment counts only if somebody vouches for it: what services
        say, once the mesh has a key, and what agents say who must sign."""
        if self.must_sign(agent_id, at=at):
            return True
        if not is_of_services(subject):
            return False
        begun = self._vouched_since
        return begun is not None and begun <= at

    def must_sign(self, agent_id: str, *, at: datetime) -> bool:
        """Whether this agent must sign whatever it says at that moment. One whose only key was
        revoked must, and cannot."""
        if self.required:
            return True
        begun = self._must_sign_since.get(agent_id)
        return begun is not None and begun <= at

    def may_have_to_vouch(self, subject: str, agent_id: str) -> bool:
        """Whether `must_vouch` says yes at some moment: cheaper to ask, and mostly enough."""
        return self.required or agent_id in self._must_sign_since or is_of_services(subject)

    @cached_property
    def of_mesh(self) -> Mapping[str, TrustedKey]:
        """The keys that speak for everybody: the mesh's own."""
        return {name: each for name, each in self.keys.items() if EVERYBODY in each.agents}

    def is_history(
        self, headers: Mapping[str, str], *, subject: str, data: bytes, stored_at: datetime
    ) -> bool:
        """Whether a message was brought back from the past, by somebody who may: a stranger's
        header changes nothing. Without keys, whoever says so is believed."""
        if REPUBLISHED_FROM not in headers:
            return False
        if not self.keys:
            return True
        trusted = self.of_mesh.get(headers.get(KEY_ID, ""))
        return trusted is not None and not self._wrong(
            trusted,
            headers,
            _purpose(republished_from=headers[REPUBLISHED_FROM]),
            subject=subject,
            data=data,
            stored_at=stored_at,
        )

    def _wrong(
        self,
        trusted: TrustedKey,
        headers: Mapping[str, str],
        purpose: tuple[str, ...],
        *,
        subject: str,
        data: bytes,
        stored_at: datetime,
    ) -> str:
        """What is wrong with a signature of this key; empty where nothing is."""
        if trusted.until is not None and trusted.until <= stored_at:
            return REVOKED
        nonce, issued_at = headers.get(NONCE, ""), headers.get(ISSUED_AT, "")
        signed = _sign(purpose, headers[KEY_ID], nonce, issued_at, subject, data)
        try:
            proof = b64decode(headers.get(SIGNATURE, ""), validate=True)
            moment = datetime.fromisoformat(issued_at)
            late = abs(stored_at - moment) > timedelta(seconds=self.max_seconds)
            trusted.key.verify(signed, proof)
        except BadSignatureError:
            return WRONG
        except (ValueError, TypeError, binascii.Error):
            return INCOMPLETE
        return STALE if late else ""

    @cached_property
    def _vouched_since(self) -> datetime | None:
        """Since when services vouch for what they say; None where they do not."""
        begun = [each.since or _ALWAYS for each in self.of_mesh.values()]
        return min(begun, default=None)

    @cached_property
    def _must_sign_since(self) -> Mapping[str, datetime]:
        """The agents that must sign, and since when."""
        named: dict[str, datetime] = {}
        for each in self.keys.values():
            begun = each.since or _ALWAYS
            named |= {agent: min(begun, named.get(agent, begun)) for agent in each.agents}
        return named


def counting(
    text: str,
    key_ids: Collection[str],
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> str:
    """What `trusted_keys` holds, with the moments from and until which these keys count in their
    lines."""
    moments = ((_SINCE, since), (_UNTIL, until))
    words = [name + _format_moment(moment) for name, moment in moments if moment is not None]
    lines = text.splitlines(keepends=True)
    for number, line in enumerate(lines):
        key_id, *rest = line.split(maxsplit=2)[:3] or [""]
        if key_id in key_ids:
            lines[number] = " ".join((key_id, rest[0], *words, *rest[1:]))
            lines[number] = lines[number].rstrip("\n") + "\n"
    return "".join(lines)


def _format_moment(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


def _as_word(agent: str) -> str:
    """An agent may be called anything, and a line of `trusted_keys` is words: what would end one,
    or begin a comment or another line, is written as in an address (`Claude%20Code`)."""
    word = "".join(
        each if each.isprintable() and not each.isspace() and each not in "#%" else quote(each)
        for each in agent
    )
    return word.replace("=", "%3D") if word.startswith((_SINCE, _UNTIL)) else word


def _moment(words: list[str], which: str) -> datetime | None:
    """Raises ValueError."""
    found = next((each.removeprefix(which) for each in words if each.startswith(which)), None)
    if found is None:
        return None
    moment = datetime.fromisoformat(found)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _seal(mesh_key: Path, keys: Mapping[str, TrustedKey]) -> Seal | None:
    """The mesh's, where its key is here and one of those that are trusted. Raises Fatal."""
    if not mesh_key.is_file():
        return None
    signer = Signer.read(mesh_key)
    trusted = keys.get(signer.key_id)
    if trusted is None or trusted.key != signer.key.verify_key or EVERYBODY not in trusted.agents:
        return None
    if trusted.until is not None:
        raise Fatal(
            f"{mesh_key} is the mesh's own key, and `trusted_keys` says until when it counts: take"
            f" that word away; to have another key, move both {mesh_key} and its line away"
        )
    return Seal(bytes(signer.key))


def _purpose(under: str | None = None, republished_from: str = "") -> tuple[str, ...]:
    if republished_from:
        return (_HISTORY_PURPOSE, republished_from)
    return (_PURPOSE,) if under is None else (_UNDER_PURPOSE, under)


def _sign(
    purpose: tuple[str, ...], key_id: str, nonce: str, issued_at: str, subject: str, data: bytes
) -> bytes:
    head = "\n".join((*purpose, key_id, nonce, issued_at, subject, ""))
    return head.encode(errors="replace") + data
