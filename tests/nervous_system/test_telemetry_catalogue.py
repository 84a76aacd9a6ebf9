"""Does docs/telemetry.md name every span, metric and log action of the code, and nothing else?"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from nervous_system.telemetry import semantic_names
from nervous_system.telemetry.metric_catalogue import CATALOGUE

ROOT = Path(__file__).parents[2]
PACKAGES = (
    "nervous_system",
    "ingestor",
    "governor",
    "guardian",
    "overseer",
    "builtin_worker",
    "embedded_clickhouse",
    "local_mesh",
    "importers",
    "simulation",
    "operations",
    "station",
    "mission_control",
    "ganglion",
)
LEVELS = ("debug", "info", "warning", "error", "exception")
SECTIONS = re.split(r"^## ", (ROOT / "docs" / "telemetry.md").read_text(), flags=re.M)


def rows(section: str) -> dict[str, str]:
    """The first column of a section's table, and the rest of each row."""
    (text,) = (text for text in SECTIONS if text.startswith(section))
    return dict(re.findall(r"^\| `([^`]+)` \|(.*)\|$", text, flags=re.M))


def code_of(package: str) -> list[Path]:
    """Its files; what tools keep in hidden folders beside them is others'."""
    found = sorted((ROOT / package).rglob("*.py"))
    hidden = (each for each in found if "/." in str(each.relative_to(ROOT)))
    return sorted(set(found) - set(hidden))


def calls() -> Iterator[tuple[Path, ast.Call, ast.Attribute]]:
    for package in PACKAGES:
        for path in code_of(package):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                    yield path, node, node.func


def text_of(node: ast.expr) -> str | None:
    """A string; what is put into an f-string is shown as `<name>`."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(part) or "<name>" for part in node.values)
    return None


def test_every_log_action_is_listed_with_its_level() -> None:
    said: dict[str, set[str]] = {"log.third_party": {"any"}}  # log.py passes libraries' levels on
    for path, call, function in calls():
        receiver = ast.unparse(function.value)
        if function.attr in LEVELS and re.search(r"(^|\.|_)log(\.bind\(.*\))?$", receiver):
            action = text_of(call.args[0]) if call.args else None
            assert action is not None, f"{path}:{call.lineno}: an action is a string"
            level = "error" if function.attr == "exception" else function.attr
            said.setdefault(action, set()).add(level)
    listed = {
        action: set(re.findall(r"\w+", rest.split("|")[0]))
        for action, rest in rows("Log actions").items()
    }
    assert listed == said
    assert all(re.fullmatch(r"[a-z_]+\.([a-z_]+|<name>)", action) for action in said)


def test_every_span_is_listed() -> None:
    made = {
        name
        for _, call, function in calls()
        if function.attr == "span" and call.args and (name := text_of(call.args[0]))
    }
    assert set(rows("Spans")) == made


def test_every_attribute_is_listed_and_used() -> None:
    """Of those that have a name of their own; a value that is given for one is none."""
    names = {
        constant: name
        for constant, name in vars(semantic_names).items()
        if constant.isupper() and "." in name
    }
    assert set(rows("Attributes")) == set(names.values())
    code = "\n".join(
        path.read_text()
        for package in PACKAGES
        for path in code_of(package)
        if path.name != "semantic_names.py"
    )
    used = set(re.findall(r"\b(?:attribute|semantic_names)\.([A-Z_]+)", code))
    assert {name for name in vars(semantic_names) if name.isupper()} == used


def test_every_metric_is_listed_with_its_labels() -> None:
    listed = {
        name: re.findall(r"`(\w+)`", rest.split("|")[0]) for name, rest in rows("Metrics").items()
    }
    assert listed == {declared.name: list(declared.labels) for declared in CATALOGUE}


def test_every_metric_is_counted_somewhere() -> None:
    """A declared metric that nobody counts would be a promise that the code does not keep."""
    declared = (ROOT / "nervous_system" / "telemetry" / "metric_catalogue.py").read_text()
    names = re.findall(r"^([A-Z_]+): Final = Declared", declared, flags=re.M)
    code = "\n".join(
        path.read_text()
        for package in PACKAGES
        for path in code_of(package)
        if path.name != "metric_catalogue.py"
    )
    assert [name for name in names if not re.search(rf"\b{name}\b", code)] == []
