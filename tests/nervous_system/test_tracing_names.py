"""Do our attribute names still exist in the conventions that are installed?"""

from __future__ import annotations

import importlib
import pkgutil

import pytest
from opentelemetry.semconv import _incubating, attributes

from nervous_system.telemetry import semantic_names

THEIRS_BEGIN = ("service.", "server.", "error.", "messaging.", "db.", "gen_ai.")


def conventions() -> set[str]:
    names: set[str] = set()
    for package in (attributes, importlib.import_module(f"{_incubating.__name__}.attributes")):
        for module in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
            loaded = importlib.import_module(module.name)
            names.update(value for value in vars(loaded).values() if isinstance(value, str))
    return names


@pytest.mark.parametrize(
    "name",
    [
        value
        for value in vars(semantic_names).values()
        if isinstance(value, str) and value.startswith(THEIRS_BEGIN)
    ],
)
def test_the_name_is_one_of_theirs(name: str) -> None:
    assert name in conventions()
