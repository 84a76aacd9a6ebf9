"""What was in a file, by the chain of its changes?

A change has the hash of what it found, the hash of what it left, and a diff, if that could be
recorded. From any content that is known the diffs lead forwards and backwards; nothing is believed
but what bears its hash, so also what stands behind a moment on the chain may say what was there
then: who removes a file puts all of it on record.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from nervous_system.contract.patch import DoesNotApply, apply_patch, reverse_patch
from nervous_system.ids import content_hash

_SECTION: Final = re.compile(r"^(?=diff --git )", re.MULTILINE)
_SUBMODULE: Final = re.compile(r"^[+-]Subproject commit [0-9a-f]{40,64}$", re.MULTILINE)
_ESCAPED: Final = re.compile(r"\\x([89a-f][0-9a-f])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One change of one file."""

    previous_hash: str  # empty: it did not exist
    new_hash: str
    diff: str
    truncated: bool  # there is no diff
    external: bool = False  # nobody in the swarm did it


class NotRebuilt(Exception):
    """The content of a file cannot be known from its chain, and why."""


def rebuilt(wanted: str, links: Sequence[Link]) -> bytes:
    """The content that bears this hash, by the chain's links in their order. Raises NotRebuilt."""
    # Content by hash; None: there is no file. Of an empty one no diff says that it is there.
    empty = (content_hash(b""), blob_id(b""), blob_id(b"", sha256=True))
    known: dict[str, str | None] = {"": None, **dict.fromkeys(empty, "")}
    found = True
    while found and wanted not in known:
        found = any([*_forwards(links, known), *_backwards(links, known)])
    content = known.get(wanted)
    if content is None:
        raise NotRebuilt(_why_not(wanted, links))
    return _bytes(content)


def content_before(link: Link, content: bytes) -> bytes | None:
    """What a change found, by the content that it left; None: there was no file. Raises NotRebuilt
    if its diff does not lead back to the hash that was recorded with it."""
    known: dict[str, str | None] = {
        "": None,
        link.new_hash: content.decode(errors="surrogateescape"),
    }
    if link.previous_hash not in known and not any(_backwards([link], known)):
        raise NotRebuilt(_why_not(link.new_hash, [link]))
    before = known[link.previous_hash]
    return None if before is None else _bytes(before)


def has_hash(content: bytes, wanted: str) -> bool:
    """Whether this is the content of that hash: SHA-256 of the bytes, or git's blob id of them."""
    if len(wanted) == 64 and content_hash(content) == wanted:
        return True
    return wanted == blob_id(content, sha256=len(wanted) == 64)


def blob_id(content: bytes, *, sha256: bool = False) -> str:
    """What git calls a file with these bytes."""
    of = hashlib.sha256 if sha256 else hashlib.sha1
    return of(b"blob %d\0" % len(content) + content).hexdigest()


def _forwards(links: Iterable[Link], known: dict[str, str | None]) -> Iterator[bool]:
    for link in links:
        yield _learn(known, link.diff, source=link.previous_hash, wanted=link.new_hash, link=link)


def _backwards(links: Sequence[Link], known: dict[str, str | None]) -> Iterator[bool]:
    for link in reversed(links):
        if link.previous_hash in known or link.new_hash not in known:
            continue
        try:
            diff = "".join(_reversed(section) for section in reversed(_sections(link.diff)))
        except DoesNotApply:
            continue
        yield _learn(known, diff, source=link.new_hash, wanted=link.previous_hash, link=link)


def _learn(
    known: dict[str, str | None], diff: str, *, source: str, wanted: str, link: Link
) -> bool:
    """Whether one more content is known now."""
    if link.truncated or wanted in known or source not in known:
        return False
    for each in dict.fromkeys((diff, _unescaped(diff))):
        try:
            content = _applied(known[source], each)
        except DoesNotApply:
            continue
        if content is not None and has_hash(_bytes(content), wanted):
            known[wanted] = content
            return True
    return False


def _applied(before: str | None, diff: str) -> str | None:
    """The text after a diff, also one with git's own lines before the names of the files."""
    text = before
    for section in _sections(diff):
        start = _start(section)
        if start < 0:  # an empty file came or went, or its mode changed
            if "\nnew file mode " in section:
                text = ""
            elif "\ndeleted file mode " in section:
                text = None
        else:
            text = apply_patch(text, section[start:])
    return text


def _sections(diff: str) -> list[str]:
    """A file that became a link has two: its end and a beginning."""
    return [each for each in _SECTION.split(diff) if each]


def _start(section: str) -> int:
    """Where the names of the two files stand; below 0: nowhere."""
    if section.startswith("--- "):
        return 0
    found = section.find("\n--- ")
    return found + 1 if found >= 0 else -1


def _reversed(section: str) -> str:
    start = _start(section)
    if start >= 0:
        # The line before keeps sections apart.
        return f"diff --git a b\n{reverse_patch(section[start:])}"
    turned = section.replace("\nnew file mode ", "\nwas new file mode ")
    turned = turned.replace("\ndeleted file mode ", "\nnew file mode ")
    return turned.replace("\nwas new file mode ", "\ndeleted file mode ")


def _unescaped(diff: str) -> str:
    """With the bytes again that are no text, as an importer writes them: the hash decides whether
    that is what they were."""
    return _ESCAPED.sub(lambda found: chr(0xDC00 + int(found[1], 16)), diff)


def _bytes(content: str) -> bytes:
    return content.encode(errors="surrogateescape")


def _why_not(wanted: str, links: Sequence[Link]) -> str:
    """Of the change that left the content."""
    made = [each for each in links if each.new_hash == wanted]
    if not made:
        return "no change on record left this content"
    link = made[-1]
    if _SUBMODULE.search(link.diff):
        return "it is a submodule: its content is in another repository"
    if link.external:
        return "it was found changed: nobody in the swarm did it, so nobody recorded how"
    if link.truncated:
        return "its diff is not on record: it is binary, or too large"
    before = [each for each in links if each.new_hash == link.previous_hash]
    if link.previous_hash and not before:
        return "what it was before the first change on record is not known"
    return (
        "its recorded diff does not lead to the hash that was recorded with it: secrets were taken"
        " out of it, it is no text, or what it was before is not on record"
    )
