"""Have all accounts the same rights and limits at the embedded engine and in infra/clickhouse?"""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from xml.etree import ElementTree

import pytest

from embedded_clickhouse.access import GRANTS, HOLDING_SCHEMAS, HOLDING_SQL, NAMING_PLACES, RIGHTS
from embedded_clickhouse.configuration import users_configuration
from embedded_clickhouse.users import OWN_ACCOUNTS

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
    assert values.pop("profile") == "default"
    assert values.pop("readonly") == "2"
    assert values.pop("max_concurrent_queries_for_user") == str(ANALYST.queries)
    assert values == {name: str(value) for name, value in ANALYST.settings.items()}


def test_the_bounds_are_the_same() -> None:
    bounds = {name: ("1", str(value)) for name, value in ANALYST.max_settings.items()}
    assert _bounds(_profile(SERVER, "analyst")) == bounds
    assert _bounds(_profile(EMBEDDED, ANALYST.role)) == bounds


def _fixed(profile: ElementTree.Element) -> set[str]:
    return {each.tag for each in profile.findall("constraints/*") if each.find("const") is not None}


def test_what_nobody_changes_embedded_nobody_changes_there() -> None:
    everybody = _fixed(_profile(EMBEDDED, "default"))
    assert everybody.issuperset((*NAMING_PLACES, *HOLDING_SQL))
    assert _fixed(_profile(SERVER, "default")) == everybody


@pytest.mark.parametrize(("profile", "access"), [("services", "observe"), ("analyst", "read")])
def test_what_who_only_reads_may_not_change_is_the_same(
    profile: str, access: Literal["observe", "read"]
) -> None:
    fixed = _fixed(_profile(SERVER, profile)) - {"max_concurrent_queries_for_user"}
    assert fixed == set(HOLDING_SCHEMAS) == _fixed(_profile(EMBEDDED, RIGHTS[access].role))
    assert _profile(SERVER, profile).findtext("profile") == "default"
    assert _profile(SERVER, profile).findtext("readonly") == "2"


def test_the_accounts_and_their_rights_are_the_same() -> None:
    users = {each.tag: each for each in SERVER.findall("users/*")}
    assert set(users) == set(OWN_ACCOUNTS)
    for name, access in OWN_ACCOUNTS.items():
        granted = [each.text for each in users[name].findall("grants/query")]
        assert granted == list(GRANTS[RIGHTS[access].role]), name
        writes = RIGHTS[access].may_write
        assert users[name].findtext("profile") == ("default" if writes else name)


def test_nobody_comes_in_without_a_password_and_none_is_in_the_file() -> None:
    for user in SERVER.findall("users/*"):
        proofs = [each for each in user if "password" in each.tag or each.tag in _OTHER_PROOFS]
        (proof,) = proofs
        assert proof.tag == "password_sha256_hex"
        assert proof.attrib == {"from_env": f"GANGLION_CLICKHOUSE_{user.tag.upper()}_SHA256"}
        assert not proof.text


_OTHER_PROOFS = ("no_password", "auth_methods", "ssl_certificates", "ssh_keys", "ldap", "kerberos")


def test_the_operator_comes_from_the_server_itself_only() -> None:
    default = SERVER.find("users/default")
    assert default is not None
    assert default.attrib == {"replace": "1"}  # nothing of the image's own is left
    assert {each.text for each in default.findall("networks/*")} == {"127.0.0.1", "::1"}


def test_the_tables_of_system_that_everybody_reads_are_the_same() -> None:
    def seen(root: ElementTree.Element, user: str) -> set[str]:
        tables = root.findall(f"users/{user}/databases/system/*")
        return {each.tag for each in tables if each.findtext("filter") == "1"}

    assert seen(SERVER, "analyst") == seen(EMBEDDED, "default")
    assert SERVER.findtext("users/analyst/databases/system/table[@name='']/filter") == "0"


def test_every_limit_has_its_bound() -> None:
    assert set(ANALYST.settings) == set(ANALYST.max_settings)
