"""Does the contract still say what it said before? `python -m lint.contract_breakage [--write]`.

`contracts/promised.txt` has a line for each thing that stored bytes and other people's code rely
on: each message, field, oneof, enum value and reserved number, and what a payload says of its kind.
A line may be added and never goes.
What is checked:

- each line of the file is still true of the .proto files;
- each line that was in the file at the last release, and where this work branched off, is in it;
- the file names everything there is, so that what is new is promised from now on.

`--write`, which `make contracts` runs, adds what is new, and refuses if anything is gone.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator
from typing import Final

from google.protobuf import text_format
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
)

from enchanted.events.v1.kind_pb2 import kind
from enchanted.events.v1.word_pb2 import word, words
from lint.contract import CONTRACTS, ROOT, files

PROMISED: Final = CONTRACTS / "promised.txt"
HEAD: Final = (
    "# What the contract promises. Lines are only added, by `make contracts`; none goes.\n"
)
MAIN: Final = ("origin/main", "origin/master")


def promises() -> set[str]:
    """What the .proto files say now, a line each."""
    said: set[str] = set()
    for file in files():
        for message in file.message_type:
            said.update(_of_message(message, f"{file.package}.{message.name}"))
        for enum in file.enum_type:
            said.update(_of_enum(enum, f"{file.package}.{enum.name}"))
    return said


def _of_message(message: DescriptorProto, name: str) -> Iterator[str]:
    yield f"message {name}"
    if message.options.HasExtension(kind):
        said = text_format.MessageToString(message.options.Extensions[kind], as_one_line=True)
        yield f"kind {name} {said}"
    for field in message.field:
        yield f"field {name} {field.number} = {_type_of(field)} {field.name}"
        if field.options.HasExtension(words):
            yield f"words {name} {field.name} of {field.options.Extensions[words]}"
        if field.HasField("oneof_index") and not field.proto3_optional:
            yield f"oneof {name} {message.oneof_decl[field.oneof_index].name} has {field.name}"
    for numbers in message.reserved_range:
        yield f"reserved {name} {numbers.start} to {numbers.end - 1}"
    for reserved in message.reserved_name:
        yield f"reserved {name} {reserved}"
    for nested in message.nested_type:
        yield from _of_message(nested, f"{name}.{nested.name}")
    for enum in message.enum_type:
        yield from _of_enum(enum, f"{name}.{enum.name}")


def _type_of(field: FieldDescriptorProto) -> str:
    word = FieldDescriptorProto.Type.Name(field.type).removeprefix("TYPE_").lower()
    kind = field.type_name.removeprefix(".") or word
    if field.label == FieldDescriptorProto.LABEL_REPEATED:
        return f"repeated {kind}"
    return f"optional {kind}" if field.proto3_optional else kind


def _of_enum(enum: EnumDescriptorProto, name: str) -> Iterator[str]:
    yield f"enum {name}"
    for value in enum.value:
        yield f"value {name} {value.number} = {value.name}"
        if value.options.HasExtension(word):
            yield f"word {name} {value.name} is {value.options.Extensions[word]}"
    for numbers in enum.reserved_range:
        yield f"reserved {name} {numbers.start} to {numbers.end}"
    for reserved in enum.reserved_name:
        yield f"reserved {name} {reserved}"


def lines_of(text: str) -> set[str]:
    """The promises in a file's text."""
    return {line for line in text.splitlines() if line and not line.startswith("#")}


def bases() -> Iterator[tuple[str, str]]:
    """What is compared with: in words, and as a commit. None if there is no git, or no history."""
    if tag := _git("describe", "--tags", "--abbrev=0"):
        yield f"the release {tag}", tag
    head = _git("rev-parse", "HEAD")
    for main in MAIN:
        base = _git("merge-base", "HEAD", main)
        if base and base != head:
            yield f"{main}, where this work branched off", base
            return
    if parent := _git("rev-parse", "--verify", "HEAD^"):
        yield "the commit before the last", parent


def _git(*arguments: str) -> str:
    command = ("git", "-C", str(ROOT), *arguments)
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""


def problems(now: set[str]) -> Iterator[str]:
    """What is broken, a sentence each."""
    promised = lines_of(PROMISED.read_text(encoding="utf-8")) if PROMISED.exists() else set()
    for line in sorted(promised - now):
        yield f"`{line}` was promised and is gone"
    for base, commit in bases():
        before = lines_of(_git("show", f"{commit}:contracts/{PROMISED.name}"))
        for line in sorted(before - promised):
            yield f"`{line}` was promised in {base} and is gone from {PROMISED.name}"


def main() -> int:
    parser = argparse.ArgumentParser(description="Refuse what breaks the contract.")
    parser.add_argument("--write", action="store_true", help="add what is new")
    write = parser.parse_args().write
    now = promises()
    broken = list(problems(now))
    for each in broken:
        print(f"contracts: {each}; add a field or a message, and leave what there is")
    if broken:
        return 1
    text = HEAD + "".join(f"{line}\n" for line in sorted(now, key=_order))
    if not write and (not PROMISED.exists() or PROMISED.read_text(encoding="utf-8") != text):
        print(f"contracts: {PROMISED.name} does not name all there is; run `make contracts`")
        return 1
    if write:
        PROMISED.write_text(text, encoding="utf-8")
    return 0


def _order(line: str) -> tuple[str, str, int, str]:
    kind, name, *rest = line.split()
    return name, kind, int(rest[0]) if rest and rest[0].isdecimal() else 0, line


if __name__ == "__main__":
    sys.exit(main())
