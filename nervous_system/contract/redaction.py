"""What must never reach a log that forgets nothing?

Secrets of known shapes, taken out before an event is encoded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from enchanted.events.v1.state_change_pb2 import StateChange
from nervous_system.contract.payload import Payload

KNOWN_SHAPES: tuple[str, ...] = (
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",  # Amazon access key ids
    r"\bgh[pousr]_[0-9A-Za-z]{36,}\b",  # GitHub tokens
    r"\bgithub_pat_[0-9A-Za-z_]{22,}\b",
    r"\bglpat-[0-9A-Za-z_-]{20,}",  # GitLab
    r"\bsk-(?:ant-|proj-)?[0-9A-Za-z_-]{20,}",  # model providers
    r"\bxox[abprs]-[0-9A-Za-z-]{10,}",  # Slack
    r"\bAIza[0-9A-Za-z_-]{35}",  # Google
    r"\beyJ[0-9A-Za-z_-]{10,}\.eyJ[0-9A-Za-z_-]{10,}\.[0-9A-Za-z_-]{10,}",  # JSON Web Tokens
    r"\bS[UAON][A-Z2-7]{56}\b",  # NATS seeds
)

HINTS = re.compile(
    rb"PRIVATE KEY-----|AKIA|ASIA|gh[pousr]_|github_pat_|glpat-|sk-|xox[abprs]-|AIza|eyJ"
    rb"|S[UAON][A-Z2-7]{56}"
)
"""What every known shape holds: one quick search over encoded bytes spares most events the rest."""

REPLACEMENT = "[REDACTED]"


@dataclass(frozen=True, slots=True)
class Redactor:
    """Takes secrets out of text."""

    pattern: re.Pattern[str]
    only_known_shapes: bool

    @classmethod
    def of(cls, configured: Iterable[str] = ()) -> Redactor:
        """Known key shapes and the configured regular expressions.

        Raises re.error for a broken one.
        """
        shapes = [*KNOWN_SHAPES, *configured]
        for shape in shapes:
            re.compile(shape)
        pattern = re.compile("|".join(f"(?:{shape})" for shape in shapes))
        return cls(pattern, only_known_shapes=len(shapes) == len(KNOWN_SHAPES))

    def suspects(self, encoded: bytes) -> bool:
        """Whether an encoded event may hold a secret; where it says no, there is none."""
        return not self.only_known_shapes or HINTS.search(encoded) is not None

    def text(self, text: str) -> tuple[str, int]:
        """The text without secrets, and how many were taken out."""
        return self.pattern.subn(REPLACEMENT, text)

    def payload(self, payload: Payload) -> tuple[Payload, int]:
        """A copy of the payload without secrets in its texts, and how many were taken out.

        Where there is nothing to take out, it is the same object.
        """
        copy = type(payload)()
        copy.MergeFrom(payload)  # type: ignore[arg-type]  # the same type, which the union hides
        count = self._clean(copy)
        if not count:
            return payload, 0
        if isinstance(copy, StateChange):
            copy.is_reversible = False  # a patch without its secrets no longer fits
        return copy, count

    def _clean(self, message: Message) -> int:
        """Take the secrets out of a message's texts and of those within it; how many they were."""
        count = 0
        for field, value in message.ListFields():
            if field.type == FieldDescriptor.TYPE_MESSAGE:
                count += sum(map(self._clean, value if field.is_repeated else [value]))
            elif field.type == FieldDescriptor.TYPE_STRING and field.is_repeated:
                for number, text in enumerate(value):
                    value[number], taken = self.text(text)
                    count += taken
            elif field.type == FieldDescriptor.TYPE_STRING:
                clean, taken = self.text(value)
                if taken:
                    setattr(message, field.name, clean)
                    count += taken
        return count
