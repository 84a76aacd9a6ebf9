"""Is any vocabulary written down twice? `python -m lint.copied_enums`.

An enum of the contract is one vocabulary, and it stands in its .proto. Refused is, in any package:

- a Python `Enum`, a `Literal`, or a tuple, set, list or dict of strings that repeats its words;
- several constants of one module that do;
- a constant of the same name and the same text in two packages, whatever it is a word of;
- a word that stands in fields as a text: written into one (`AlarmRaised(name="…")`), or as a
  constant that has its name.

`nervous_system/contract/words.py` alone may repeat words of the contract: a type checker needs them
spelled out. A test holds it against the descriptors.
"""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from google.protobuf.descriptor_pb2 import DescriptorProto, EnumDescriptorProto

from enchanted.events.v1.word_pb2 import word, words
from lint.contract import files
from lint.tree import PACKAGES, ROOT, said

SPELLED_OUT: Final = Path("nervous_system/contract/words.py")
MIN_WORDS: Final = 2
"""One word in common says nothing; nor do two in an expression such as `in ("failed", "gone")`."""

MIN_SHARE: Final = 2 / 3
"""Of the strings of one place that are words of one enum. Fewer: it is a list of other things."""


@dataclass(frozen=True, slots=True)
class Place:
    """Strings that stand together in the code."""

    path: Path
    line: int
    what: str
    strings: frozenset[str]
    min_words: int = MIN_WORDS


def vocabularies() -> dict[str, frozenset[str]]:
    """The words of each enum of the contract, small and without its prefix. Fields of the payload's
    oneof are no words of an enum, though two have a name in common with one."""
    found: dict[str, frozenset[str]] = {}
    kinds: set[str] = set()
    for file in files():
        for enum in file.enum_type:
            found[enum.name] = _words(enum)
        for message in file.message_type:
            found |= {enum.name: _words(enum) for enum in message.enum_type}
            kinds |= _kinds(message)
    return {name: words - kinds for name, words in found.items()}


def _words(enum: EnumDescriptorProto) -> frozenset[str]:
    values = [
        value.options.Extensions[word] or value.name.lower().split("_", 1)[-1]
        for value in enum.value
    ]
    return frozenset(values) - {"unspecified"}


def fields_of_words() -> dict[tuple[str, str], str]:
    """The enum whose words a field takes, by its message and its name."""
    return {
        (message.name, field.name): field.options.Extensions[words]
        for file in files()
        for message in file.message_type
        for field in message.field
        if field.options.HasExtension(words)
    }


def _kinds(message: DescriptorProto) -> set[str]:
    return {field.name for field in message.field} if message.name == "SwarmEvent" else set()


def places(path: Path, tree: ast.Module) -> Iterator[Place]:
    """Where strings stand together in one file."""
    constants: set[str] = set()
    for statement in tree.body:
        if (named := _constant(statement)) is not None:
            constants.add(named[1])
    yield Place(path, 1, "its constants", frozenset(constants))
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and _is_enum(node):
            yield Place(path, node.lineno, f"class {node.name}", frozenset(_members(node)))
        elif isinstance(node, ast.Subscript) and _last_name(node.value) == "Literal":
            yield Place(path, node.lineno, "a Literal", frozenset(_strings([node.slice])))
        elif isinstance(node, ast.Tuple | ast.List | ast.Set):
            strings = frozenset(_strings(node.elts))
            yield Place(path, node.lineno, "a collection", strings, MIN_WORDS + 1)
        elif isinstance(node, ast.Dict):
            keys = frozenset(_strings(each for each in node.keys if each is not None))
            yield Place(path, node.lineno, "a table's keys", keys)
            yield Place(path, node.lineno, "a table's values", frozenset(_strings(node.values)))


def _constant(node: ast.stmt) -> tuple[str, str] | None:
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(text))):
            return name, text
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant(value=str(text))):
            return name, text
    return None


def _is_enum(node: ast.ClassDef) -> bool:
    return bool({_last_name(base) for base in node.bases} & {"Enum", "IntEnum", "StrEnum", "Flag"})


def _members(node: ast.ClassDef) -> Iterator[str]:
    for statement in node.body:
        if isinstance(statement, ast.Assign):
            for target in statement.targets:
                if isinstance(target, ast.Name):
                    yield target.id.lower()
                    yield target.id.lower().split("_", 1)[-1]


def _strings(nodes: Iterable[ast.expr]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Tuple):
            yield from _strings(node.elts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _last_name(node: ast.expr) -> str:
    return ast.unparse(node).rpartition(".")[2]


def _spelled_words(
    path: Path,
    tree: ast.Module,
    fields: dict[tuple[str, str], str],
    enums: dict[str, frozenset[str]],
) -> Iterator[str]:
    """Texts that are given to a field of words where a message is made, and constants that are such
    a word and have its name."""
    found: list[tuple[int, str, str]] = []
    for statement in tree.body:
        name, text = _constant(statement) or ("", "")
        for enum in sorted(set(fields.values())):
            if text in enums[enum] and name.lower() == text:
                found.append((statement.lineno, name, enum))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            for given in node.keywords:
                called = (_last_name(node.func), given.arg or "")
                if called in fields and isinstance(given.value, ast.Constant):
                    found.append((node.lineno, called[1], fields[called]))
    for line, name, enum in found:
        yield (
            f"{path}:{line}: {name} is a word of {enum} of the contract:"
            f" take `word({enum}, …)` of {SPELLED_OUT}"
        )


def problems() -> Iterator[str]:
    """Each copy, a sentence each."""
    enums, fields = vocabularies(), fields_of_words()
    constants: dict[tuple[str, str], set[Path]] = defaultdict(set)
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            shown = path.relative_to(ROOT)
            tree = ast.parse(path.read_text(encoding="utf-8"))
            for statement in tree.body:
                if (constant := _constant(statement)) is not None:
                    constants[constant].add(shown)
            yield from _spelled_words(shown, tree, fields, enums)
            if shown != SPELLED_OUT:
                for place in places(shown, tree):
                    yield from _check_for_copy(place, enums)
    for (name, text), where in sorted(constants.items()):
        if len({path.parts[0] for path in where}) > 1:
            files_of_it = " and ".join(str(each) for each in sorted(where))
            yield f"{files_of_it}: {name} = {text!r} twice: have it in one place below both"


def _check_for_copy(place: Place, enums: dict[str, frozenset[str]]) -> Iterator[str]:
    name = max(enums, key=lambda each: len(place.strings & enums[each]))
    same = place.strings & enums[name]
    if len(same) >= place.min_words and len(same) >= MIN_SHARE * len(place.strings):
        yield (
            f"{place.path}:{place.line}: {place.what} repeats {name} of the contract"
            f" ({', '.join(sorted(same))}): take its values, or {SPELLED_OUT}"
        )


if __name__ == "__main__":
    sys.exit(said(problems()))
