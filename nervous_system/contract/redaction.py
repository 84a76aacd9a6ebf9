"""What must never reach a log that forgets nothing?

Secrets, taken out before an event is encoded. What they look like: `secret_shapes.py`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, MutableMapping
from dataclasses import dataclass, replace
from typing import Final

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from enchanted.events.v1.attribution_pb2 import Attribution
from enchanted.events.v1.state_change_pb2 import StateChange
from nervous_system.contract.event import Event
from nervous_system.contract.payload import Payload
from nervous_system.contract.secret_search import may_hold_secrets, secrets_in

REPLACEMENT: Final = "[REDACTED]"

KEPT: Final = frozenset(
    {
        "previous_state_hash",
        "new_state_hash",
        "context_hash",
        "decision_event_id",
        "cause_event_id",
    }
)
"""Fields that are digests and ids: a chain breaks where one is changed, and none is a secret."""

NAMES: Final = frozenset(
    {"target_resource", "workspace", "changed_files", "depends_on", "idempotency_key"}
)
"""Fields by which something is told from others, beside those that end in `_id` and `_ids`: two
names stay two without their secrets."""

_MIN_DIGEST_CHARACTERS: Final = 16
_MIN_DIFFERENT_CHARACTERS: Final = 8
"""Of fewer signs a secret may be guessed, and its digest would say who guessed right."""


@dataclass(frozen=True, slots=True)
class Redactor:
    """Takes secrets out of text."""

    configured: re.Pattern[str] | None

    @classmethod
    def of(cls, configured: Iterable[str] = ()) -> Redactor:
        """Known secrets and the configured regular expressions.

        Raises re.error for a broken one.
        """
        shapes = list(configured)
        for shape in shapes:
            re.compile(shape)
        return cls(re.compile("|".join(f"(?:{shape})" for shape in shapes)) if shapes else None)

    def suspects(self, payload: Message, attribution: Attribution | None = None) -> bool:
        """Whether one of both may hold a secret; where it says no, there is none."""
        return (
            self.configured is not None
            or may_hold_secrets(payload.SerializeToString())
            or (attribution is not None and may_hold_secrets(_bytes_of(attribution)))
        )

    def text(self, text: str) -> tuple[str, int]:
        """The text without secrets, and how many pieces were taken out."""
        return self._without(text, lambda secret: REPLACEMENT)

    def name(self, name: str) -> tuple[str, int]:
        """As `text`, of what something is called: two names that differ in their secrets only stay
        two, as a few digits of a secret's digest stand in its place, unless it may be guessed."""
        return self._without(name, _replacement_in_name)

    def _without(self, text: str, replacement: Callable[[str], str]) -> tuple[str, int]:
        taken = 0
        if self.configured is not None:
            text, taken = self.configured.subn(lambda found: replacement(found[0]), text)
        for _ in range(3):  # what stood behind one may be seen only when it is gone
            spans = secrets_in(text)
            if not spans:
                break
            taken += len(spans)
            parts, start = [], 0
            for first, last in spans:
                parts += [text[start:first], replacement(text[first:last])]
                start = last
            text = "".join([*parts, text[start:]])
        return text, taken

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

    def attribution(self, attribution: Attribution | None) -> tuple[Attribution | None, int]:
        """As `payload`, of whom an event is put down to."""
        if attribution is None:
            return None, 0
        copy = Attribution()
        copy.CopyFrom(attribution)
        count = self._clean(copy)
        return (copy, count) if count else (attribution, 0)

    def event(self, event: Event) -> tuple[Event, int]:
        """As `payload`, of an event."""
        payload, of_payload = self.payload(event.payload)
        attribution, of_attribution = self.attribution(event.attribution)
        count = of_payload + of_attribution
        return (replace(event, payload=payload, attribution=attribution) if count else event), count

    def _clean(self, message: Message) -> int:
        """Take the secrets out of a message's texts and of those within it; how many they were."""
        count = 0
        for field, value in message.ListFields():
            if isinstance(value, MutableMapping):
                count += self._clean_labels(value)
                continue
            if field.type == FieldDescriptor.TYPE_MESSAGE:
                count += sum(map(self._clean, value if field.is_repeated else [value]))
                continue
            if field.type != FieldDescriptor.TYPE_STRING or field.name in KEPT:
                continue
            look = self.name if _is_name(field.name) else self.text
            if field.is_repeated:
                for number, text in enumerate(value):
                    value[number], taken = look(text)
                    count += taken
            else:
                clean, taken = look(value)
                if taken and field.name.endswith("_json"):
                    clean = self._as_json(value, clean)
                if taken:
                    setattr(message, field.name, clean)
                    count += taken
        return count

    def _clean_labels(self, labels: MutableMapping[str, str]) -> int:
        """A value is looked at beside its name, which may say that it is a password."""
        before = json.dumps(dict(labels), ensure_ascii=False)
        clean, count = self.text(before)
        if count:
            labels.clear()
            labels.update(json.loads(self._as_json(before, clean)))
        return count

    def _as_json(self, before: str, clean: str) -> str:
        """What was JSON stays JSON, whatever was taken out of it, and no two keys become one."""
        try:
            document = json.loads(before)
        except ValueError:
            return clean
        try:
            json.loads(clean, object_pairs_hook=_each_once)
        except ValueError:
            return json.dumps(self._clean_value(document), sort_keys=True)
        return clean

    def _clean_value(self, value: object) -> object:
        if isinstance(value, str):
            return self.text(value)[0]
        if isinstance(value, list):
            return [self._clean_value(each) for each in value]
        if isinstance(value, dict):
            cleaned: dict[str, object] = {}
            for name, each in value.items():
                name = self.name(name)[0]
                while name in cleaned:
                    name += "'"  # what may be guessed has no digest
                cleaned[name] = self._clean_value(each)
            return cleaned
        return value


def _each_once(pairs: list[tuple[str, object]]) -> None:
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("a key twice")


def _is_name(field: str) -> bool:
    return field in NAMES or field.endswith(("_id", "_ids"))


def _replacement_in_name(secret: str) -> str:
    if len(secret) < _MIN_DIGEST_CHARACTERS or len(set(secret)) < _MIN_DIFFERENT_CHARACTERS:
        return REPLACEMENT
    digest = hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()
    return f"{REPLACEMENT[:-1]}-{digest[:8]}]"


def _bytes_of(attribution: Attribution) -> bytes:
    """All of it, and its labels once more, each value beside its name."""
    labels = json.dumps(dict(attribution.labels), ensure_ascii=False)
    return attribution.SerializeToString() + labels.encode()
