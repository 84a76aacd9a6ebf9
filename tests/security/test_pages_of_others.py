"""Does ClickHouse's front answer pages of other sites, which a browser on this machine shows?"""

from __future__ import annotations

import pytest

from ganglion.engines.clickhouse.browsers import LOOPBACK_NAMES, asks_for_another, check_site
from ganglion.engines.clickhouse.exceptions import ClickHouseError

HERE = {"Host": "127.0.0.1:8123"}


@pytest.mark.parametrize("host", ["127.0.0.1:8123", "localhost:1", "LOCALHOST", "[::1]:8123"])
def test_its_own_names_are_answered(host: str) -> None:
    assert asks_for_another({"Host": host}, LOOPBACK_NAMES) is None


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "evil.example:8123", "127.0.0.1.evil.example", "", "[::1", "localhost."),
        *("127.0.0.1@evil.example", "evil.example#127.0.0.1", "127.0.0.2", "0.0.0.0", "[::]:8123"),
    ],
)
def test_another_name_is_not(host: str) -> None:
    """The site's name was made to lead here (DNS rebinding)."""
    sentence = asks_for_another({"Host": host}, LOOPBACK_NAMES)
    assert sentence is not None
    assert "GANGLION_CLICKHOUSE_HOSTS" in sentence
    assert asks_for_another({}, LOOPBACK_NAMES) is not None


def test_a_name_that_was_configured_is_answered() -> None:
    assert asks_for_another({"Host": "clickhouse:8123"}, {"clickhouse"}) is None


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:3000"},
        {"Origin": "https://127.0.0.1:8123"},
        {"Origin": "http://127.0.0.1:8123.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "Cross-Site"},
        {"Sec-Fetch-Site": ""},
        {"Origin": "http://127.0.0.1:8123", "Sec-Fetch-Site": "cross-site"},
    ],
)
def test_a_page_of_another_site_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(ClickHouseError) as refused:
        check_site({**HERE, **headers})
    assert refused.value.status == 403


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://127.0.0.1:8123"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://127.0.0.1:8123"},
    ],
)
def test_a_program_and_a_person_are_answered(headers: dict[str, str]) -> None:
    check_site({**HERE, **headers})
