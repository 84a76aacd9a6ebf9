"""
What is stored of an event that carries a secret and was not published by the library?

The event without it, with a warning. The log cannot be altered and keeps the bytes as they are; the
row says, as its reason, which bytes those are, so that it can be held against them.
"""

from __future__ import annotations

import hashlib
from typing import Final

from ingestor.ingest_schema import ATTRIBUTION
from ingestor.reading import Readable
from nervous_system.contract.redaction import Redactor
from nervous_system.contract.stored import Stored

WARNING: Final = "secrets were taken out of it; the log has them still"
REDACTED: Final = "redacted; "
"""How the reason begins of an event that is stored without its secrets."""

_REDACTOR: Final = Redactor.of()


def without_secrets(found: Readable, stored: Stored) -> tuple[Readable, Stored, str]:
    """The event and its position as they are to be stored, and the reason; empty where they are as
    they came. What `found` holds may be changed.

    What the library has sent was looked through before; but nothing on an event proves that it was
    the library.
    """
    message = found.message
    payload = getattr(message, found.payload_field)
    attribution = message.attribution if message.HasField(ATTRIBUTION) else None
    if not _REDACTOR.suspects(payload, attribution):
        return found, stored, ""
    clean, taken = _REDACTOR.payload(payload)
    clean_attribution, taken_there = _REDACTOR.attribution(attribution)
    if not taken + taken_there:
        return found, stored, ""
    reason = f"{REDACTED}the bytes on the log have the SHA-256 {_digest(stored.data)}"
    message.DiscardUnknownFields()  # nobody knows what is in them
    payload.CopyFrom(clean)
    if attribution is not None and clean_attribution is not None:
        attribution.CopyFrom(clean_attribution)
    data = message.SerializeToString(deterministic=True)
    found = found._replace(warnings=[*found.warnings, WARNING])
    return found, stored._replace(data=data), reason


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
