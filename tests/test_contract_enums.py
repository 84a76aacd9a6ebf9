"""Does each enum of the contracts exist once, in its .proto? A Python `Enum` would drift."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from google.protobuf.descriptor import EnumDescriptor

from enchanted.events.v1 import (
    action_outcome_pb2,
    alarm_pb2,
    swarm_event_pb2,
)

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("nervous_system", "ingestor", "governor", "guardian", "ganglion")
CONTRACT_ENUMS = [
    descriptor
    for module in (action_outcome_pb2, alarm_pb2, swarm_event_pb2)
    for descriptor in module.DESCRIPTOR.enum_types_by_name.values()
]


def shadowed(source: str, enum: EnumDescriptor) -> list[str]:
    """The Python enums in `source` that say what the contract's enum says."""
    words = {name.split("_", 1)[1] for name in enum.values_by_name}
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.ClassDef):
            continue
        bases = {ast.unparse(base).rpartition(".")[2] for base in node.bases}
        if not bases & {"Enum", "IntEnum", "StrEnum", "Flag"}:
            continue
        names = {
            target.id.upper().split("_", 1)[-1]
            for statement in node.body
            if isinstance(statement, ast.Assign)
            for target in statement.targets
            if isinstance(target, ast.Name)
        }
        if node.name == enum.name or len(names & words) >= 2:
            found.append(node.name)
    return found


@pytest.mark.parametrize("enum", CONTRACT_ENUMS, ids=lambda enum: enum.name)
def test_no_python_enum_shadows_one_of_the_contracts(enum: EnumDescriptor) -> None:
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            assert shadowed(path.read_text(), enum) == [], path


def test_the_lint_finds_one() -> None:
    role = swarm_event_pb2.DESCRIPTOR.enum_types_by_name["AgentRole"]
    assert shadowed("class Who(StrEnum):\n    CODER = 'c'\n    REVIEWER = 'r'\n", role) == ["Who"]
    assert shadowed("class Colour(Enum):\n    RED = 1\n", role) == []
