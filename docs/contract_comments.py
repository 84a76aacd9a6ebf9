"""What do the comments of a .proto file say of a message's fields, or of an enum's values?"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CONTRACTS: Final = Path(__file__).parent.parent / "contracts" / "enchanted" / "events" / "v1"

_MEMBER: Final = re.compile(r"(?:(?P<kind>[\w ]+) )?(?P<name>\w+) = (?P<number>\d+);(?: // (.*))?")


@dataclass(frozen=True, slots=True)
class Member:
    """A field, or a value of an enum, whose `kind` is empty."""

    name: str
    kind: str  # "string", "repeated string" …
    comment: str


def members(file: str, name: str) -> dict[str, Member]:
    """Of the message or enum of that name, by theirs, in the order of the file. A comment stands
    above its member, or behind it."""
    text = (CONTRACTS / file).read_text()
    body = re.search(rf"^(?:message|enum) {name} {{\n(.*?)^}}", text, re.M | re.S)
    if body is None:
        raise ValueError(f"{file} has no {name}")
    found: dict[str, Member] = {}
    above: list[str] = []
    for line in map(str.strip, body.group(1).splitlines()):
        if line.startswith("// "):
            above.append(line[3:])
        elif member := _MEMBER.fullmatch(line):
            comment = " ".join([*above, member.group(4) or ""]).strip()
            found[member["name"]] = Member(member["name"], member["kind"] or "", comment)
            above = []
    return found
