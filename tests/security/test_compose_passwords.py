"""Does every installation in containers make its own passwords, and publish nothing to others?"""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml
from typer.testing import CliRunner

from embedded_clickhouse.passwords import PasswordError, own_passwords, write_hashes
from embedded_clickhouse.users import OWN_ACCOUNTS
from ganglion.commands.keys import app
from nervous_system.settings import CLICKHOUSE_KEYS, MeshSettings

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]
HASHES = "/etc/ganglion-clickhouse"


def test_no_password_is_in_the_repository() -> None:
    assert "secrets" not in COMPOSE
    assert not any("secrets" in each for each in SERVICES.values())
    assert not (ROOT / "infra" / "secrets").exists()
    for service in SERVICES.values():
        named = service.get("environment", {})
        assert not [each for each in named if "PASSWORD" in each]
        assert not [each for each in named.values() if urlsplit(str(each)).password]


def test_every_port_is_published_on_the_loopback_only() -> None:
    ports = [port for each in SERVICES.values() for port in each.get("ports", [])]
    assert len(ports) == 6
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert not any(each.get("network_mode") == "host" for each in SERVICES.values())


def test_clickhouse_has_hashes_and_never_the_passwords() -> None:
    server = SERVICES["clickhouse"]
    assert f"clickhouse-users:{HASHES}:ro" in server["volumes"]
    assert not [each for each in server["volumes"] if each.startswith("home:")]
    assert server["depends_on"]["keys"] == {"condition": "service_completed_successfully"}
    assert f"clickhouse-users:{HASHES}" in SERVICES["keys"]["volumes"]
    command = SERVICES["keys"]["command"]
    assert command[command.index("--clickhouse") + 1] == HASHES
    (loop,) = [line for line in server["entrypoint"][-1].splitlines() if line.startswith("for ")]
    assert loop == f"for account in {' '.join(OWN_ACCOUNTS)}; do"


def test_only_who_writes_tables_comes_as_one_who_may() -> None:
    comes_as = {
        name: each["environment"]["CLICKHOUSE_URL"].removesuffix("@clickhouse:8123")
        for name, each in SERVICES.items()
        if "@clickhouse" in str(each.get("environment"))
    }
    writing = {name for name, each in comes_as.items() if each == "http://ganglion"}
    assert writing == {"ingestor", "init"}
    assert set(comes_as.values()) == {"http://ganglion", "http://services"}


def test_hashes_are_those_of_the_passwords_and_for_their_owner_only(tmp_path: Path) -> None:
    passwords = own_passwords(tmp_path / "made", OWN_ACCOUNTS)
    other = own_passwords(tmp_path / "elsewhere", OWN_ACCOUNTS)
    assert not set(passwords.values()) & set(other.values())
    write_hashes(tmp_path, passwords)
    for name, password in passwords.items():
        file = tmp_path / name
        assert file.read_text() == hashlib.sha256(password.encode()).hexdigest()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(PasswordError, match="Cannot write the hashes"):
        write_hashes(tmp_path / "none", {"analyst": "x"})


def test_the_address_with_the_password_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANGLION_HOME", str(tmp_path))
    monkeypatch.setenv("CLICKHOUSE_URL", "http://somebody@127.0.0.1:9123")
    unmade = CliRunner().invoke(app, ["clickhouse"])
    assert unmade.exit_code != 0
    passwords = own_passwords(tmp_path / CLICKHOUSE_KEYS, OWN_ACCOUNTS)
    for name in OWN_ACCOUNTS:
        told = CliRunner().invoke(app, ["clickhouse", name])
        assert told.output == f"http://{name}:{passwords[name]}@127.0.0.1:9123\n"
    assert CliRunner().invoke(app, ["clickhouse", "../../mesh"]).exit_code != 0


def test_passwords_of_the_home_go_to_named_machines_only(tmp_path: Path) -> None:
    password = own_passwords(tmp_path / CLICKHOUSE_KEYS, ["services"])["services"]
    url = "http://services@clickhouse:8123"
    unnamed = MeshSettings(home=tmp_path, clickhouse_url=url)
    named = MeshSettings(home=tmp_path, clickhouse_url=url, clickhouse_names=["clickhouse"])
    assert unnamed.clickhouse_dsn == url
    assert named.clickhouse_dsn == f"http://services:{password}@clickhouse:8123"
