"""
Is a part of somebody's JSON what it should be?

Each function gives it as its type, or raises ImportRefused with a sentence that begins with `name`.
"""

from __future__ import annotations

import json
from typing import Any, Final

from importers.bounded import MAX_NAME_BYTES, distinct
from importers.refusal import ImportRefused
from nervous_system.contract.truncation import recordable

_MAX_TOKENS: Final = 2**64 - 1


def list_of(document: dict[str, Any], key: str, name: str) -> list[Any]:
    """Empty where there is none."""
    value = document.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise wrong(name, f"its `{key}` is {kind(value)}, not a list")
    return value


def object_of(document: dict[str, Any], key: str, name: str) -> dict[str, Any]:
    """Empty where there is none."""
    value = document.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise wrong(name, f"its `{key}` is {kind(value)}, not an object")
    return value


def text(value: Any, what: str, name: str) -> str:
    """A text, also one in parts; empty where there is none."""
    if value is None:
        return ""
    if isinstance(value, str):
        return recordable(value)
    if isinstance(value, list) and all(isinstance(part, dict | str) for part in value):
        return recordable("\n".join(_part(part, what, name) for part in value))
    raise wrong(name, f"{what} is {kind(value)}, not a text")


def _part(part: dict[str, Any] | str, what: str, name: str) -> str:
    """Of a message in parts, which can also hold pictures: only text is kept, and what a tool was
    asked and answered; a picture is named."""
    if isinstance(part, str):
        return part
    if isinstance(part.get("text"), str):
        return str(part["text"])
    called = f"[{part.get('type', 'part')}]"
    if part.get("type") == "tool_result":
        return text(part.get("content"), what, name) or called
    if "name" in part and "input" in part:
        return f"{called[:-1]} {part['name']} {json.dumps(part['input'], sort_keys=True)}]"
    return called


def word(value: Any) -> str:
    """A model's name, or an id; empty for what is none."""
    return one_line(value) if isinstance(value, str) else ""


def amount(value: Any, what: str, name: str) -> float | None:
    """A finite number from 0 up."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong(name, f"{what} is {kind(value)}, not a number")
    if not 0 <= value <= 1e300:  # which is false for a NaN too
        raise wrong(name, f"{what} is not a finite number from 0 up")
    return float(value)


def count(value: Any, what: str, name: str) -> int | None:
    """A whole number of 64 bits from 0 up."""
    found = amount(value, what, name)
    if found is None:
        return None
    if not found.is_integer() or int(value) > _MAX_TOKENS:
        raise wrong(name, f"{what} is not a whole number of 64 bits")
    return int(value)


def kind(value: Any) -> str:
    """What JSON calls it."""
    kinds = {dict: "an object", list: "a list", str: "a text", bool: "true or false"}
    return "empty" if value is None else kinds.get(type(value), "a number")


def calls(listed: Any, where: str, name: str) -> str:
    """Tool calls as a person would write them: `name arguments`, one per line."""
    if listed is None:
        return ""
    if not isinstance(listed, list):
        raise wrong(name, f"the tool_calls of {where} are {kind(listed)}, not a list")
    lines: list[str] = []
    for call in listed:
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(function, dict):
            raise wrong(name, f"a tool call of {where} names no function")
        called = text(function.get("name"), f"a function's name in {where}", name)
        arguments = function.get("arguments")
        if not isinstance(arguments, str):
            arguments = "" if arguments is None else json.dumps(arguments, sort_keys=True)
        lines.append(f"{called} {recordable(arguments)}".strip())
    return "\n".join(lines)


def embedded_object(value: Any) -> dict[str, Any]:
    """
    An object that some versions write as such and some as a string of JSON.

    Empty where it is neither.
    """
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}  # it only would have given a nicer name
    return value if isinstance(value, dict) else {}


def one_line(name: str) -> str:
    """A name in one line of at most 256 bytes; no two that are cut become one."""
    return distinct(" ".join(recordable(name).split()), MAX_NAME_BYTES)


def wrong(name: str, what: str) -> ImportRefused:
    """What is raised for a file that says something else than it should."""
    return ImportRefused(
        f"{name} is no trajectory that is known: {what}; nothing of it is imported"
    )
