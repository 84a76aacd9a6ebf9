"""Has `analyst` the same rights and limits at the embedded engine and in infra/clickhouse?"""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from ganglion.engines.clickhouse.access import GRANTS, RIGHTS
from ganglion.engines.clickhouse.configuration import users_configuration

SERVER = ElementTree.parse(
    Path(__file__).parents[2] / "infra" / "clickhouse" / "users.d" / "ganglion.xml"
).getroot()
EMBEDDED = ElementTree.fromstring(users_configuration())
ANALYST = RIGHTS["read"]


def _profile(root: ElementTree.Element, name: str) -> ElementTree.Element:
    found = root.find(f"profiles/{name}")
    assert found is not None
    return found


def _bounds(profile: ElementTree.Element) -> dict[str, tuple[str | None, str | None]]:
    return {
        each.tag: (each.findtext("min"), each.findtext("max"))
        for each in profile.findall("constraints/*")
        if each.find("const") is None
    }


def test_the_limits_are_the_same() -> None:
    profile = _profile(SERVER, "analyst")
    values = {each.tag: each.text for each in profile if each.tag != "constraints"}
    assert values.pop("readonly") == "2"
    assert values.pop("max_concurrent_queries_for_user") == str(ANALYST.queries)
    assert values == {name: str(value) for name, value in ANALYST.settings.items()}


def test_the_bounds_are_the_same() -> None:
    bounds = {name: ("1", str(value)) for name, value in ANALYST.most.items()}
    assert _bounds(_profile(SERVER, "analyst")) == bounds
    assert _bounds(_profile(EMBEDDED, ANALYST.role)) == bounds


@pytest.mark.parametrize("user", ["analyst", "default"])
def test_the_rights_are_the_same(user: str) -> None:
    granted = [each.text for each in SERVER.findall(f"users/{user}/grants/query")]
    assert granted == list(GRANTS[ANALYST.role])
    assert SERVER.findtext(f"users/{user}/profile") == "analyst"


def test_every_limit_has_its_bound() -> None:
    assert set(ANALYST.settings) == set(ANALYST.most)
