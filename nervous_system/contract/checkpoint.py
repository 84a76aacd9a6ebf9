"""A checkpoint is a signed statement: what is signed, and who signed it?"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from datetime import datetime
from typing import Final

from nacl.exceptions import BadSignatureError

from enchanted.events.v1.checkpoint_pb2 import CheckpointMade
from nervous_system.contract.signature import Signer, TrustedKeys

_PURPOSE: Final = "ganglion checkpoint 1"
"""A signature of the same key for anything else is not one of a checkpoint."""

UNSIGNED: Final = "nobody signed it"
UNKNOWN_KEY: Final = "it is signed by a key that is not the mesh's"
WRONG: Final = "its signature does not match what it says"
REVOKED: Final = "the key that signed it had been revoked"


def sign_checkpoint(made: CheckpointMade, signer: Signer | None) -> CheckpointMade:
    """The same, signed; as it is if there is no key."""
    if signer is None:
        return made
    signed = CheckpointMade()
    signed.CopyFrom(made)
    signed.key_id = signer.key_id
    signed.signature = b64encode(signer.key.sign(_statement(signed)).signature).decode()
    return signed


def checkpoint_problem(made: CheckpointMade, trusted: TrustedKeys, *, at: datetime) -> str:
    """Why what it says is not to be believed, stored `at` that time of the log; empty if it is, or
    if there are no keys to check it with."""
    if not trusted.checks:
        return ""
    if not made.signature:
        return UNSIGNED
    key = trusted.of_mesh.get(made.key_id)
    if key is None:
        return UNKNOWN_KEY
    if key.until is not None and at >= key.until:
        return REVOKED
    try:
        key.key.verify(_statement(made), b64decode(made.signature, validate=True))
    except (BadSignatureError, ValueError, TypeError):
        return WRONG
    return ""


def _statement(made: CheckpointMade) -> bytes:
    said = [
        *(_PURPOSE, made.key_id, made.checkpoint_id, made.name, made.epoch, made.position),
        *(made.log_created, made.state_hash, made.note),
    ]
    return json.dumps(said).encode()
