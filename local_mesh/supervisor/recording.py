"""What does the mesh record at this moment? The ingestor's own words, read from its /healthz."""

from __future__ import annotations

import errno
import json
import os
from dataclasses import dataclass
from typing import Any, Final

from nervous_system.errors import NotRunning
from nervous_system.host.http_get import http_get
from nervous_system.phrases import pluralize

OURS: Final = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS)
"""What the asking process lacks, not the one that is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldUp:
    """A kind of work that does not get done, by the service's own words."""

    work: str
    since: str  # ISO 8601, UTC
    sentence: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceHealth:
    """How a service says it is doing."""

    ok: bool
    sentence: str  # empty when all is well
    facts: dict[str, Any]
    answered: bool = True  # also with bad news; False where nobody spoke HTTP in time
    held_up: tuple[HeldUp, ...] = ()  # work that does not get done though it is alive


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingStatus:
    """How far the ingestor is."""

    watermark: int  # last position that is in ClickHouse
    lag: int  # positions that are not there yet


async def ask_health(url: str, *, timeout_seconds: float = 2.0) -> ServiceHealth:
    """How the service behind `url` is doing; never raises: no answer is an answer."""
    try:
        answer = await http_get(url, timeout_seconds=timeout_seconds)
    except NotRunning as error:
        if (number := getattr(error.__cause__, "errno", None)) in OURS:
            # Nobody was asked, so nobody is silent: whoever looks after others must not blame them.
            sentence = f"nobody could be asked: {os.strerror(number)} here; see `ulimit -n`"
            return ServiceHealth(ok=False, sentence=sentence, facts={})
        return ServiceHealth(ok=False, sentence=str(error), facts={}, answered=False)
    ok = answer.status == 200
    try:
        document = json.loads(answer.body)
    except ValueError:  # /ping of ClickHouse says "Ok."
        document = {}
    if not isinstance(document, dict):
        document = {}
    facts = document.get("facts")
    sentence = "" if ok else (_sentence(document) or f"it answers {answer.status}")
    return ServiceHealth(
        ok=ok,
        sentence=sentence,
        facts=facts if isinstance(facts, dict) else {},
        held_up=_held_up(document),
    )


def recording_of(health: ServiceHealth) -> RecordingStatus | None:
    """How far the ingestor is by its own facts, None when it does not say or does not record."""
    if health.facts.get("state", "recording") != "recording":
        return None
    watermark, lag = health.facts.get("watermark"), health.facts.get("lag")
    if not isinstance(watermark, int) or not isinstance(lag, int):
        return None
    return RecordingStatus(watermark=watermark, lag=lag)


def _held_up(document: dict[str, Any]) -> tuple[HeldUp, ...]:
    found = document.get("held_up")
    return tuple(
        HeldUp(
            work=name, **{key: str(each.get(key, "")) for key in ("since", "sentence", "remedy")}
        )
        for name, each in (found.items() if isinstance(found, dict) else ())
        if isinstance(each, dict)
    )


def _sentence(document: dict[str, Any]) -> str:
    checks = document.get("checks")
    found = [
        str(check.get("sentence"))
        for check in (checks.values() if isinstance(checks, dict) else ())
        if isinstance(check, dict) and not check.get("ok", True)
    ]
    return "; ".join(found) or str(document.get("error") or "")


def recording_line(now: RecordingStatus, *, before: RecordingStatus | None, seconds: float) -> str:
    """What is recorded, in one line."""
    rate = 0.0 if before is None else max(0.0, (now.watermark - before.watermark) / seconds)
    return f"recorded {pluralize(now.watermark, 'event')} · lag {now.lag:,} · {rate:,.0f}/s"
