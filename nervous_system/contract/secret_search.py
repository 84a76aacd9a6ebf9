"""
Where in a text are secrets? Their places, whatever they are wrapped into.

Most of a text is never looked at closely: names and signs say in which lines one might be.
"""

from __future__ import annotations

import base64
import binascii
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any, Final
from urllib.parse import unquote

import re2

from nervous_system.contract.secret_shapes import (
    BASE64_RUN,
    BLOCKS,
    CONTEXTS,
    HEX_RUN,
    HINT,
    JOINT,
    PERCENT_RUN,
    TOKENS,
)
from nervous_system.contract.secret_value import (
    is_literal_password,
    is_typed_password,
    made_by_chance,
)
from nervous_system.contract.secret_words import is_words

Span = tuple[int, int]

MAX_LOOKBACK: Final = 400
MAX_LOOKAHEAD: Final = 4_000
"""How far around a hint is looked, within its line and the two that follow."""

_TOKEN: Final = re.compile("|".join(TOKENS))
_BLOCK: Final = re.compile("|".join(BLOCKS))
_CONTEXT: Final = tuple(map(re.compile, CONTEXTS))


def _automaton() -> Any:
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1  # a byte is a sign
    options.never_capture = True
    options.max_mem = 32 * 1024**2  # for its states, which it makes as it meets them
    return re2.compile(HINT.encode(), options)  # type: ignore[no-untyped-call]


_HINT: Final = _automaton()
_PASSWORD: Final = re.compile(r"(?i)pass|pwd|secret")


def secrets_in(text: str, *, encoded: bool = True) -> list[Span]:
    """The secrets' places, in order and apart from each other. One that is broken over lines is
    several. `encoded`: also those that have to be decoded first."""
    spans = [match.span() for match in _BLOCK.finditer(text)] if _may_hold_block(text) else []
    for start, end in _windows(text):
        part = text[start:end]
        found = list(_tokens(part))
        found += _by_context(part)
        found += _broken(part, found)
        if encoded:
            found += _search_encoded(part)
        spans += [(start + first, start + last) for first, last in found]
    return _apart(spans)


def _may_hold_block(text: str) -> bool:
    return "-----BEGIN " in text or "Private-Lines: " in text


def may_hold_secrets(data: bytes) -> bool:
    """Whether a closer look is worth while; where not, there is no secret. Most events end here."""
    return _HINT.search(data) is not None


def which_may_hold_secrets(several: Sequence[bytes]) -> list[int]:
    """The indices of those that `may_hold_secrets`, and maybe of a few that do not.

    In one go, which takes a third of the time.
    """
    together = b"\n".join(several)
    hint = _HINT.search(together)
    if hint is None:
        return []
    ends = list(accumulate(len(data) + 1 for data in several))
    indices: list[int] = []
    while hint is not None:
        index = bisect_right(ends, hint.start())
        indices.append(index)
        hint = _HINT.search(together, ends[index])
    return indices


def _windows(text: str) -> Iterator[Span]:
    """The lines with something in them, and the two that follow."""
    begun: Span | None = None
    # What is not ASCII is in no hint; a byte stands for each, so that the places are the same.
    for hint in _HINT.finditer(text.encode("ascii", "replace")):
        place = hint.start()
        start = max(text.rfind("\n", 0, place) + 1, place - MAX_LOOKBACK, 0)
        end = place
        for _ in range(3):
            end = text.find("\n", end + 1)
            if end < 0:
                end = len(text)
                break
        end = min(end, place + MAX_LOOKAHEAD)
        if begun is None:
            begun = (start, end)
        elif start <= begun[1]:
            begun = (begun[0], max(begun[1], end))
        else:
            yield begun
            begun = (start, end)
    if begun is not None:
        yield begun


def _tokens(part: str) -> Iterator[Span]:
    for match in _TOKEN.finditer(part):
        if match.lastindex is None or not is_words(match[match.lastindex]):
            yield match.span()


def _by_context(part: str) -> Iterator[Span]:
    for pattern in _CONTEXT:
        for match in pattern.finditer(part):
            kind = match.lastgroup
            assert kind is not None  # every context has one group, which matched
            if _counts(kind, match[kind], before=part[match.start() : match.start(kind)]):
                yield match.span(kind)


def _counts(kind: str, value: str, *, before: str) -> bool:
    if kind == "seed":
        return True
    if kind in ("userinfo", "user", "netrc"):
        return is_typed_password(value)
    if kind == "quoted" and _PASSWORD.search(before):
        return is_literal_password(value)
    if kind in ("pgpass", "joined", "typed", "said") or _PASSWORD.search(before):
        return made_by_chance(value, min_characters=8)
    return made_by_chance(value, min_characters=8 if kind == "header" else 16) and not is_words(
        value
    )


def _broken(part: str, found: Iterable[Span]) -> Iterator[Span]:
    """Tokens with the end of a line, or of a quotation, in their midst; their pieces."""
    joints = [match.span() for match in JOINT.finditer(part)]
    if not joints:
        return
    taken = list(found)
    pieces: list[Span] = []
    start = 0
    for first, last in joints:
        pieces.append((start, first))
        start = last
    pieces.append((start, len(part)))
    whole = "".join(part[first:last] for first, last in pieces)
    for token in _tokens(whole):
        head, *others = _back(token, pieces)
        if any(start < head[1] and head[0] < end for start, end in taken):
            # It is long enough by itself: what follows belongs to it where no word does.
            others = [
                each for each in others if made_by_chance(part[slice(*each)], min_characters=8)
            ]
        if others:
            yield from (head, *others)
    for span in _search_encoded(whole):
        cut = list(_back(span, pieces))
        if len(cut) > 1:
            yield from cut


def _back(span: Span, pieces: list[Span]) -> Iterator[Span]:
    """Where the pieces of what was found in the joined text stand in the text itself."""
    passed = 0
    for first, last in pieces:
        start, end = max(span[0] - passed, 0), min(span[1] - passed, last - first)
        if start < end:
            yield first + start, first + end
        passed += last - first


def _search_encoded(part: str) -> Iterator[Span]:
    for pattern, decode in (
        (HEX_RUN, _from_hex),
        (BASE64_RUN, _from_base64),
        (PERCENT_RUN, unquote),
    ):
        for match in pattern.finditer(part):
            decoded = decode(match[0])
            if decoded and secrets_in(decoded, encoded=False):
                yield match.span()


def _from_hex(run: str) -> str:
    return _as_text(binascii.unhexlify(run[: len(run) // 2 * 2]))


def _from_base64(run: str) -> str:
    run = run.rstrip("=").replace("-", "+").replace("_", "/")
    if len(run) % 4 == 1:  # a sign by itself is no byte
        run = run[:-1]
    return _as_text(base64.b64decode(run + "=" * (-len(run) % 4)))


def _as_text(data: bytes) -> str:
    """Empty where it is no text, as most that only looks encoded is."""
    if not data.isascii():
        return ""
    text = data.decode("ascii")
    return text if all(sign.isprintable() or sign in "\r\n\t" for sign in text) else ""


def _apart(spans: list[Span]) -> list[Span]:
    apart: list[Span] = []
    for start, end in sorted(spans):
        if apart and start < apart[-1][1]:
            apart[-1] = (apart[-1][0], max(apart[-1][1], end))
        else:
            apart.append((start, end))
    return apart
