"""Which files does a unified diff change, and is each part of it whole?"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_HUNK: Final = re.compile(r"@@ -\d{1,10}(?:,(\d{1,10}))? \+\d{1,10}(?:,(\d{1,10}))? @@", re.ASCII)
_INDEX: Final = re.compile(r"index ([0-9a-f]{4,64})\.\.([0-9a-f]{4,64})")
_ESCAPE: Final = re.compile(rb"\\([0-7]{3}|.)")
_ESCAPED: Final = {
    b"a": b"\a",
    b"b": b"\b",
    b"t": b"\t",
    b"n": b"\n",
    b"v": b"\v",
    b"f": b"\f",
    b"r": b"\r",
}
_EXTENDED: Final = (
    "old mode ",
    "new mode ",
    "deleted file mode ",
    "new file mode ",
    "copy from ",
    "copy to ",
    "rename from ",
    "rename to ",
    "similarity index ",
    "dissimilarity index ",
    "index ",
    "--- ",
    "+++ ",
    "Binary files ",
)


@dataclass(frozen=True, slots=True)
class FileDiff:
    """One file's part of a diff."""

    path: str
    renamed_from: str | None
    previous_hash: str  # git's blob id as the diff gives it, abbreviated or not; empty where absent
    new_hash: str
    text: str
    whole: bool  # its hunks have all the lines they announce, and it is not about binary content


def file_diffs(text: str) -> tuple[FileDiff, ...]:
    """The files in a unified diff, in order; whatever stands around them is not looked at.

    Understands git's extended headers as well as bare `---`/`+++` pairs.
    """
    lines = text.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    found: list[FileDiff] = []
    at = 0
    while at < len(lines):
        if _begins(lines, at):
            file_diff, at = _section(lines, at)
            found.append(file_diff)
        else:
            at += 1
    return tuple(found)


def without_terminal_returns(text: str) -> str:
    """
    A diff that passed through a terminal, which turned every line end into CR LF, as it was before.

    git ends its own header lines with LF alone, so a CR there is the terminal's, and then each line
    has one. A file's own CR LF came out as CR CR LF and keeps its own.
    """
    headers = re.findall(r"^(?:diff --git |--- |\+\+\+ |@@ -).*", text, re.MULTILINE)
    if not headers or not all(header.endswith("\r") for header in headers):
        return text
    return text.replace("\r\n", "\n").removesuffix("\r")


def unquote(path: str) -> str:
    """
    A path as git prints it, without git's quoting.

    A path that is not UTF-8 stays in git's quoted form, which is plain ASCII. One that begins with
    a quotation mark itself does, too, so that no two paths become one.
    """
    if not (len(path) >= 2 and path.startswith('"') and path.endswith('"')):
        return path
    try:
        named = name_of(path).decode()
    except UnicodeDecodeError:
        return path
    return path if named.startswith('"') else named


def name_of(quoted: str) -> bytes:
    """The name that git quotes, as `spell` spells it."""
    return _ESCAPE.sub(_unescape, quoted[1:-1].encode())


def spell(name: bytes) -> str:
    """Bytes that are a name, as `unquote` has paths: no two are spelled alike."""
    try:
        text = name.decode()
    except UnicodeDecodeError:
        text = '"'
    if not text.startswith('"'):
        return text
    signs = (
        chr(each) if 32 <= each < 127 and each not in b'"\\' else f"\\{each:03o}" for each in name
    )
    return f'"{"".join(signs)}"'


def _unescape(match: re.Match[bytes]) -> bytes:
    escape = match[1]
    if len(escape) == 3:
        return bytes([int(escape, 8) & 0xFF])
    return _ESCAPED.get(escape, escape)


def _begins(lines: list[str], at: int) -> bool:
    if lines[at].startswith("diff --git "):
        return True
    return lines[at].startswith("--- ") and at + 1 < len(lines) and lines[at + 1].startswith("+++ ")


def _section(lines: list[str], start: int) -> tuple[FileDiff, int]:
    headers: dict[str, str] = {}
    at = start + 1 if lines[start].startswith("diff --git ") else start
    while at < len(lines):
        prefix = next((known for known in _EXTENDED if lines[at].startswith(known)), None)
        if prefix is None or prefix in headers:
            break
        headers[prefix] = lines[at][len(prefix) :]
        at += 1
    whole = "Binary files " not in headers and not (
        at < len(lines) and lines[at].startswith("GIT binary patch")
    )
    while at < len(lines) and (hunk := _HUNK.match(lines[at])):
        at, complete = _hunk_end(lines, at + 1, int(hunk[1] or 1), int(hunk[2] or 1))
        whole = whole and complete
    path, old_path = _paths(lines[start], headers)
    index = _INDEX.match(f"index {headers.get('index ', '')}")
    return (
        FileDiff(
            path=path,
            renamed_from=old_path,
            previous_hash=_blob_id(index[1]) if index else "",
            new_hash=_blob_id(index[2]) if index else "",
            text="\n".join(lines[start:at]) + "\n",
            whole=whole,
        ),
        at,
    )


def _hunk_end(lines: list[str], at: int, old_lines: int, new_lines: int) -> tuple[int, bool]:
    """The line behind a hunk, and whether it had the lines that it announced."""
    while at < len(lines) and (old_lines > 0 or new_lines > 0):
        sign = lines[at][:1]
        if sign in (" ", ""):
            old_lines -= 1
            new_lines -= 1
        elif sign == "-":
            old_lines -= 1
        elif sign == "+":
            new_lines -= 1
        elif sign != "\\":
            break
        at += 1
    if at < len(lines) and lines[at].startswith("\\"):
        at += 1
    return at, old_lines == 0 and new_lines == 0


def _paths(first: str, headers: dict[str, str]) -> tuple[str, str | None]:
    """The file's path, and the one it was renamed from."""
    if "rename from " in headers and "rename to " in headers:
        return unquote(headers["rename to "]) or "?", unquote(headers["rename from "])
    for header, prefix in (("+++ ", "b/"), ("--- ", "a/")):
        named = unquote(headers.get(header, "").partition("\t")[0])
        if named.startswith(f'"{prefix}'):
            return f'"{named[len(prefix) + 1 :]}', None
        if named != "/dev/null" and named.removeprefix(prefix):
            return named.removeprefix(prefix), None
    both = first.removeprefix("diff --git ")
    # Only a mode or binary content changed: both sides are the same path, `a/<path> b/<path>`.
    middle = len(both) // 2
    left, right = unquote(both[:middle]), unquote(both[middle + 1 :])
    if both[middle : middle + 1] == " " and left.removeprefix("a/") == right.removeprefix("b/"):
        return left.removeprefix("a/") or "?", None
    return both or "?", None  # no path that could be told, but the change is kept


def _blob_id(text: str) -> str:
    return text if text.strip("0") else ""
