"""What does a text become by a unified diff, and what was it before?

For diffs as `nervous_system/contract/diff.py` makes them: one file, nothing moved, no fuzz.
"""

from __future__ import annotations

import re
from typing import Final

_HUNK: Final = re.compile(
    r"@@ -(?P<old>(?P<start>\d{1,9})(?:,(?P<count>\d{1,9}))?) \+(?P<new>\d{1,9}(?:,\d{1,9})?) @@",
    re.ASCII,
)
_OTHER: Final = {"+": "-", "-": "+"}
_NO_END: Final = "\\"
FROM_NOTHING: Final = "--- /dev/null\n"


class DoesNotApply(ValueError):
    """The diff was made from another text, or is none."""


def apply_patch(before: str | None, diff: str) -> str | None:
    """The text after the diff; None as a text is a file that does not exist.

    An empty diff changes nothing. Raises DoesNotApply.
    """
    if not diff:
        return before
    old = _split(before or "")
    lines = _with_names(diff)
    new: list[str] = []
    taken = 0  # lines of the old text that are dealt with
    for number, line in enumerate(lines[2:], 2):
        ends = not (number + 1 < len(lines) and lines[number + 1].startswith(_NO_END))
        sign, text = line[:1], line[1:] if ends else line[1:].removesuffix("\n")
        if hunk := _HUNK.match(line):
            start = int(hunk["start"]) - (hunk["count"] != "0")
            if not taken <= start <= len(old):
                raise DoesNotApply(f"there is no line {start + 1}")
            new += old[taken:start]
            taken = start
        elif sign == "+":
            new.append(text)
        elif sign in " -" and line:
            if taken >= len(old) or old[taken] != text:
                raise DoesNotApply(f"line {taken + 1} is another")
            new += [text] if sign == " " else []
            taken += 1
        elif sign != _NO_END:
            raise DoesNotApply(f"line {number + 1} of the diff is none")
    if lines[1].split("\t")[0].strip() == "+++ /dev/null":
        return None
    return "".join([*new, *old[taken:]])


def reverse_patch(diff: str) -> str:
    """The diff that takes this one back: what this one makes of a text, that one makes a text of.

    Raises DoesNotApply where it is none.
    """
    old, new, *lines = _with_names(diff)
    turned = [f"--- {new[4:]}", f"+++ {old[4:]}"]
    for line in lines:
        if hunk := _HUNK.match(line):
            turned.append(f"@@ -{hunk['new']} +{hunk['old']} @@{line[hunk.end() :]}")
        else:
            turned.append(_OTHER.get(line[:1], line[:1]) + line[1:])
    return "".join(turned)


def _with_names(diff: str) -> list[str]:
    lines = _split(diff)
    if len(lines) < 2 or not lines[0].startswith("--- ") or not lines[1].startswith("+++ "):
        raise DoesNotApply("it does not begin with the names of two files")
    return lines


def _split(text: str) -> list[str]:
    """Lines with their ends; only a newline ends one."""
    parts = text.split("\n")
    last = parts.pop()
    return [f"{part}\n" for part in parts] + ([last] if last else [])
