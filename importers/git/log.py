"""
What does `git log` print, as types?

A pure parser that is fed pieces of its output, of any size.

The output is made by `LOG_OPTIONS`. Each commit begins with a NUL at the beginning of a line, which
nothing else in the output can: messages hold no NUL, and every line of a diff begins with a sign.
So nothing in a repository can pretend to be a commit or another file's diff. A diff that is too
large is dropped while it passes by, as are the files of a commit that has too many.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from importers.bounded import MAX_COMMIT_DIFF_BYTES, MAX_DIFF_BYTES, MAX_PATH_BYTES, distinct
from importers.on_demand import MAX_IN_MEMORY, OnDemand
from importers.refusal import ImportRefused
from importers.unified_diff import spell, unquote
from nervous_system.contract.truncation import recordable
from nervous_system.whole_number import whole_number

_FIELDS: Final = ("%H", "%P", "%an", "%ae", "%ct", "%s", "%B")
_NAMES: Final = (2, 3)  # of the fields
_TEXTS: Final = frozenset({"%s", "%B"})


def _format(fields: Sequence[str]) -> str:
    return f"--format=%x00{'%x00'.join(fields)}%x00"


LOG_OPTIONS: Final = (
    "--first-parent",
    "--reverse",
    "--root",
    "--diff-merges=first-parent",
    _format(_FIELDS),
    "--encoding=UTF-8",
    "--no-notes",
    "--no-show-signature",
    "--no-decorate",
    "--no-color",
    "--raw",
    "--no-abbrev",
    "--shortstat",
    "--patch",
    "--full-index",
    "--no-renames",
    "--no-ext-diff",
    "--no-textconv",
    "--no-relative",
    "--submodule=short",
    "--ignore-submodules=none",
    "--diff-algorithm=myers",
    "--indent-heuristic",
    "--unified=3",
    "--inter-hunk-context=0",
    "--src-prefix=a/",
    "--dst-prefix=b/",
    "-O/dev/null",
)
"""
Everything that a person's or a repository's configuration could change is said, so that the output
is the same.
"""

_OF_DIFFS: Final = frozenset({"--patch", "--shortstat", "--unified=3"})
WITHOUT_DIFFS: Final = tuple(each for each in LOG_OPTIONS if each not in _OF_DIFFS)
"""Reads no file: for a commit of which git cannot show the diffs."""
WITHOUT_FILES: Final = (*(each for each in WITHOUT_DIFFS if each != "--raw"), "--no-patch")
"""Reads no folder either."""
WITHOUT_MESSAGE: Final = tuple(
    _format(["" if field in _TEXTS else field for field in _FIELDS])
    if each == _format(_FIELDS)
    else each
    for each in WITHOUT_FILES
)
"""For a commit whose message is no text of any use."""

_MAX_MESSAGE_BYTES: Final = 64 * 1024**2
_MAX_FILES: Final = 1_000_000
_MAX_NAME_BYTES: Final = 256 * 1024**2
"""Of one commit's files, with their hashes. A few objects make a commit of a billion files; the
largest honest ones have less than half of this. What comes behind passes by."""

SUBMODULE_MODE: Final = "160000"
_NUL: Final = b"\0"
_SECTION: Final = b"diff --git "
_BOUNDARY: Final = re.compile(rb"\n(?=\0|diff --git )")
_BINARY: Final = re.compile(rb"^Binary files ", re.MULTILINE)
_RAW: Final = re.compile(
    rb":(\d{6}) (\d{6}) ([0-9a-f]+) ([0-9a-f]+) ([A-Z])\d*\t(.+)", re.ASCII | re.DOTALL
)


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file of a commit, against the first parent."""

    quoted_path: str  # as git prints it; different for any two paths
    repeat: int  # 0, but where a damaged folder has two of one name: another for the second
    path: str
    status: str  # A, M, D or T
    previous_mode: str
    new_mode: str
    previous_hash: str  # git's whole blob id; empty where there was no file
    new_hash: str
    diff: bytes | None  # None where it is binary, too large, or more than a commit may have


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit of the first-parent history."""

    commit_id: str
    parents: tuple[str, ...]
    author_name: str
    author_email: str
    committed_at: int  # seconds since 1970, as the committer's clock said
    subject: str
    message: str
    summary: str  # git's short statistics, empty where nothing changed
    changes: Sequence[FileChange]  # of many each is made when it is looked at
    all_files: bool = True  # False: it has more than are taken from one commit
    diffs_left_out: int = 0  # as all of a commit's together were too large


class TooManyFiles(Exception):
    """A commit has more files than are taken; `commit` is it with those that are."""

    def __init__(self, commit: Commit) -> None:
        super().__init__(commit.commit_id)
        self.commit = commit


class LogParser:
    """Bytes in, commits out; one commit at a time is held, and of a diff no more than the limit."""

    def __init__(
        self,
        *,
        with_diffs: bool = True,
        max_diff_bytes: int = MAX_DIFF_BYTES,
        max_commit_diff_bytes: int = MAX_COMMIT_DIFF_BYTES,
    ) -> None:
        self._with_diffs = with_diffs
        self._max_diff_bytes = max_diff_bytes
        self._max_commit_diff_bytes = max_commit_diff_bytes
        self._buffer = bytearray()
        self._position = 0  # what stands before it is done with
        self._scanned = 0
        self._nuls = 0
        self._fields: list[str] = []  # empty between commits
        self._raw: list[bytes] = []
        self._raw_bytes = 0
        self._raw_sections = 0  # that are to come for these, where not all are taken
        self._all_files = True
        self._summary = ""
        self._sections: list[bytes | None] = []
        self._section: bytearray | None = None  # None outside of a diff
        self._section_dropped = False
        self._diff_bytes = 0
        self._diffs_left_out = 0

    def feed(self, data: bytes) -> Iterator[Commit]:
        """The commits that became complete with these bytes. Raises TooManyFiles, which ends it."""
        self._buffer += data
        yield from self._advance(at_end=False)
        del self._buffer[: self._position]
        self._scanned -= self._position
        self._position = 0

    def finish(self) -> Iterator[Commit]:
        """The last commit. Raises ImportRefused where the output ends in the middle of one."""
        yield from self._advance(at_end=True)
        if self._fields:
            yield self._commit()
        if self._position < len(self._buffer):
            raise ImportRefused("the output of git ended in the middle of a commit; try again")

    def _advance(self, *, at_end: bool) -> Iterator[Commit]:
        while self._position < len(self._buffer):
            if not self._fields:
                if not self._read_fields():
                    return
            elif self._buffer.startswith(_NUL, self._position) and self._section is None:
                yield self._commit()
            elif self._section is not None:
                if not self._read_section(at_end=at_end):
                    return
            elif not self._read_line():
                return

    def _read_fields(self) -> bool:
        buffer = self._buffer
        if buffer[self._position] != 0:
            raise ImportRefused("git printed a log of another shape than expected; is it too old?")
        start = max(self._scanned, self._position)
        self._nuls += buffer.count(_NUL, start)
        self._scanned = len(buffer)
        if self._nuls < len(_FIELDS) + 1:
            if len(buffer) - self._position > _MAX_MESSAGE_BYTES:
                raise _too_large(buffer[self._position + 1 :][:40], "a message of more than 64 MiB")
            return False
        *fields, rest = bytes(buffer[self._position + 1 :]).split(_NUL, len(_FIELDS))
        # Of its fields two are a name; of the others it is no matter how they are spelled.
        self._fields = [
            spell(field) if place in _NAMES else field.decode(errors="backslashreplace")
            for place, field in enumerate(fields)
        ]
        self._position = len(buffer) - len(rest)
        self._nuls = 0
        self._scanned = 0
        return True

    def _read_line(self) -> bool:
        end = self._buffer.find(b"\n", self._position)
        if end < 0:
            if len(self._buffer) - self._position > _MAX_MESSAGE_BYTES:
                raise _too_large(self._fields[0].encode(), "a name of more than 64 MiB")
            return False
        if self._buffer.startswith(_SECTION, self._position):
            self._section = bytearray()
            return True
        line = bytes(self._buffer[self._position : end])
        self._position = end + 1
        if line.startswith(b":"):
            self._add_file(line)
        elif line:
            self._summary = line.decode(errors="backslashreplace").strip()
        return True

    def _add_file(self, line: bytes) -> None:
        size = self._raw_bytes + len(line)
        if self._all_files and len(self._raw) < _MAX_FILES and size <= _MAX_NAME_BYTES:
            self._raw.append(line)
            self._raw_bytes = size
            return
        if self._all_files:
            self._all_files = False
            self._raw_sections = sum(_sections_of(each) for each in self._raw)
        if not self._with_diffs:
            raise TooManyFiles(self._commit())

    def _read_section(self, *, at_end: bool) -> bool:
        """Take the file's diff up to its end, or as far as it is there."""
        boundary = _BOUNDARY.search(self._buffer, self._position)
        if boundary is not None:
            end = boundary.start() + 1
        elif at_end:
            end = len(self._buffer)
        else:
            self._keep(max(self._position, len(self._buffer) - len(_SECTION)))
            return False
        self._keep(end)
        section = None if self._section_dropped else bytes(self._section or b"")
        if section is not None:
            self._diff_bytes += len(section)
        self._sections.append(section)
        self._section_dropped = False
        self._section = None
        if not self._all_files and len(self._sections) == self._raw_sections:
            raise TooManyFiles(self._commit())
        return True

    def _keep(self, end: int) -> None:
        section = self._section
        if section is not None and not self._section_dropped:
            size = len(section) + end - self._position
            too_large = size > self._max_diff_bytes
            if too_large or self._diff_bytes + size > self._max_commit_diff_bytes:
                self._section_dropped = True
                self._diffs_left_out += not too_large
                section.clear()
            else:
                section += self._buffer[self._position : end]
        self._position = end

    def _commit(self) -> Commit:
        commit_id, parents, name, email, seconds, subject, message = self._fields
        commit = Commit(
            commit_id=commit_id,
            parents=tuple(parents.split()),
            author_name=name,
            author_email=email,
            committed_at=whole_number(seconds) or 0,
            subject=subject,
            message=message.rstrip("\n"),
            summary=self._summary,
            changes=self._changes(commit_id),
            all_files=self._all_files,
            diffs_left_out=self._diffs_left_out,
        )
        self._fields = []
        self._raw = []
        self._raw_bytes = self._raw_sections = 0
        self._all_files = True
        self._summary = ""
        self._sections = []
        self._diff_bytes = self._diffs_left_out = 0
        return commit

    def _changes(self, commit_id: str) -> Sequence[FileChange]:
        raw, sections = self._raw, iter(self._sections)
        few = len(raw) <= MAX_IN_MEMORY
        changes: list[FileChange] = []
        diffs: list[bytes | None] = []
        paths: set[bytes] = set()
        repeats: dict[int, int] = {}
        for place, line in enumerate(raw):
            found = _RAW.fullmatch(line)
            if found is None:
                raise _mismatch(commit_id)
            if found[6] in paths:
                repeats[place] = place
            paths.add(found[6])
            count = 2 if found[5] == b"T" else 1
            parts = [next(sections, b"") if self._with_diffs else None for _ in range(count)]
            diff = self._join(parts, commit_id)
            if few:
                changes.append(_change(found, diff, repeats.get(place, 0)))
            else:
                diffs.append(diff)
        if next(sections, None) is not None:
            raise _mismatch(commit_id)
        if few:
            return tuple(changes)

        def made(place: int) -> FileChange:
            found = _RAW.fullmatch(raw[place])
            assert found is not None  # it was looked at above
            return _change(found, diffs[place], repeats.get(place, 0))

        return OnDemand(len(raw), made)

    def _join(self, parts: list[bytes | None], commit_id: str) -> bytes | None:
        if b"" in parts:
            raise _mismatch(commit_id)
        if any(part is None or _BINARY.search(part) for part in parts):
            return None
        diff = b"".join(part for part in parts if part is not None)
        return diff if len(diff) <= self._max_diff_bytes else None


def _sections_of(line: bytes) -> int:
    """Where a file became a link or the like, git prints two diffs: its end, a beginning."""
    found = _RAW.match(line)
    return 2 if found is not None and found[5] == b"T" else 1


def _change(found: re.Match[bytes], diff: bytes | None, repeat: int) -> FileChange:
    previous_mode, new_mode, previous_hash, new_hash, status, path = (
        part.decode(errors="backslashreplace") for part in found.groups()
    )
    return FileChange(
        quoted_path=path,
        repeat=repeat,
        path=distinct(recordable(unquote(path)), MAX_PATH_BYTES),
        status=status,
        previous_mode=previous_mode,
        new_mode=new_mode,
        previous_hash=_object_id(previous_hash),
        new_hash=_object_id(new_hash),
        diff=diff,
    )


def _object_id(text: str) -> str:
    return text if text.strip("0") else ""


def _too_large(commit_id: bytes | bytearray, what: str) -> ImportRefused:
    return ImportRefused(
        f"the commit {commit_id.decode(errors='replace')} has {what}: more than is"
        " taken from one commit"
    )


def _mismatch(commit_id: str) -> ImportRefused:
    return ImportRefused(
        f"git printed other diffs than files for the commit {commit_id};"
        " please report it with the version of git"
    )
