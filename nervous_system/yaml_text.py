"""What does a YAML text that a person wrote say, and on which line? Read without what a small text
can grow by, and without what no event can hold."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import yaml
from yaml.composer import ComposerError

from nervous_system.json_object import nested_too_deeply

_ODD_VALUE: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What PyYAML's constructors run into on a value that only looks like one of its type."""

_NO_CHARACTER = re.compile("[\ud800-\udfff]").search


class YamlRefused(ValueError):
    """It says something that cannot be; `line` counts from 1, and is 0 where nobody knows it."""

    def __init__(self, problem: str, *, line: int = 0) -> None:
        super().__init__(problem)
        self.line = line


class YamlText:
    """What a text says: `found`, None where it says nothing."""

    def __init__(self, text: str, *, accepted: bool = False) -> None:
        """Raises YamlRefused. `accepted`: it is on record, and an earlier version took the last of
        two equal names."""
        try:
            self.found, self._node = _load(text)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            problem = getattr(error, "problem", None) or str(error)
            raise YamlRefused(problem, line=mark.line + 1 if mark is not None else 0) from error
        except _ODD_VALUE as error:
            raise YamlRefused(f"a value cannot be read: {error}") from error
        except RecursionError:
            raise YamlRefused("it is nested too deeply") from None
        twice = None if accepted else self._said_twice()
        if twice is not None:
            raise YamlRefused(f"{twice[0]} is said twice; keep one of the two", line=twice[1])
        if nested_too_deeply(self.found):
            raise YamlRefused("it is nested too deeply")

    def line(self, place: Sequence[int | str]) -> int:
        """On which line stands what is found by these keys and numbers, or what it would be in."""
        node, line = self._node, 1
        for step in place:
            if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
                node = node.value[step] if step < len(node.value) else None
            elif isinstance(node, yaml.MappingNode):
                pairs = [pair for pair in node.value if pair[0].value == str(step)]
                if not pairs:
                    break
                line, node = pairs[0][0].start_mark.line + 1, pairs[0][1]
                continue
            else:
                break
            if node is not None:
                line = node.start_mark.line + 1
        return line

    def _said_twice(self) -> tuple[str, int] | None:
        """A name that stands twice in one object, and the line of the second; None where none
        does. YAML forbids it, and the reader takes the last one."""
        left = [self._node]
        while left:
            node = left.pop()
            if isinstance(node, yaml.SequenceNode):
                left += node.value
            if not isinstance(node, yaml.MappingNode):
                continue
            before: set[str] = set()
            for key, value in node.value:
                if str(key.value) in before:
                    return str(key.value), key.start_mark.line + 1
                before.add(str(key.value))
                left.append(value)
        return None


class _Loader(yaml.SafeLoader):
    def compose_node(self, parent: Any, index: Any) -> Any:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        wrong = ""
        if isinstance(event, yaml.AliasEvent):
            wrong = f"write out what *{event.anchor} stands for"
        elif isinstance(event, yaml.ScalarEvent) and _NO_CHARACTER(event.value):
            wrong = "an escape in it stands for no character"
        if wrong:
            raise ComposerError(None, None, wrong, event.start_mark)
        return super().compose_node(parent, index)


def _load(text: str) -> tuple[Any, yaml.Node | None]:
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        return (None if node is None else loader.construct_document(node)), node
    finally:
        loader.dispose()
