"""Is every setting listed once, with its value and without secrets?"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Annotated

import pytest
from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings

from embedded_clickhouse.limits import Limits
from local_mesh.home import Home
from local_mesh.settings import LocalMeshSettings
from local_mesh.supervisor.mesh_file import read_mesh
from nervous_system.environment import SECRET, read_settings
from nervous_system.errors import BadSetting
from nervous_system.shown_address import MASK
from operations.queries.setting_list import MODULES, SettingRow, list_settings
from tests.command_line import CommandLine
from tests.terminal_screen import on_a_terminal

ROOT = Path(__file__).parents[2]


def test_environment_over_dotenv_over_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text(
        "GANGLION_NATS_PORT=5001\nGANGLION_NATS_MONITOR_PORT=5002\nNATS_URL=nats://u:geheim@h:1\n"
        "GANGLION_NATS_PASSWORD=geheim\n"
    )
    for name in os.environ:
        if name.startswith(("GANGLION_", "NATS_", "CLICKHOUSE_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("GANGLION_NATS_PORT", "6001")
    rows = {row.variable: row for row in list_settings()}
    assert rows["GANGLION_NATS_PORT"].value == 6001
    assert rows["GANGLION_NATS_MONITOR_PORT"].value == 5002
    assert rows["GANGLION_NATS_MONITOR_PORT"].given
    assert rows["GANGLION_CLICKHOUSE_PORT"].value == 8123
    assert not rows["GANGLION_CLICKHOUSE_PORT"].given
    assert rows["NATS_URL"].value == f"nats://{MASK}@h:1"
    assert rows["GANGLION_NATS_PASSWORD"].value == MASK
    assert all(row.description for row in rows.values())
    assert "geheim" not in repr(rows)


def test_the_folder_of_the_tables_is_the_one_that_up_takes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GANGLION_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GANGLION_CLICKHOUSE_PATH", str(tmp_path / "elsewhere"))
    (row,) = [each for each in list_settings() if each.variable == "GANGLION_CLICKHOUSE_PATH"]
    assert row.value == str(tmp_path / "home" / "clickhouse")
    assert not row.given


def addresses() -> dict[str, SettingRow]:
    return {r.variable: r for r in list_settings() if r.variable in ("NATS_URL", "CLICKHOUSE_URL")}


def test_an_address_that_nobody_gave_is_the_one_that_a_command_takes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """And it is said where it comes from; the default is the default of the setting."""
    monkeypatch.chdir(tmp_path)
    for name in ("NATS_URL", "CLICKHOUSE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GANGLION_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GANGLION_NATS_PORT", "6001")
    monkeypatch.setenv("GANGLION_CLICKHOUSE_PORT", "6002")
    for variable, url in {
        "NATS_URL": "nats://127.0.0.1:6001",
        "CLICKHOUSE_URL": "http://127.0.0.1:6002",
    }.items():
        row = addresses()[variable]
        assert (row.value, row.given) == (url, False)
        assert row.comes_from == "the ports that `ganglion up` takes"
        assert row.default != url
    monkeypatch.setenv("NATS_URL", "nats://elsewhere:4222")
    tables = addresses()["CLICKHOUSE_URL"]
    assert tables.value == ""
    assert "nobody said where its tables are" in tables.comes_from
    monkeypatch.setenv("CLICKHOUSE_URL", "http://there:8123")
    assert addresses()["CLICKHOUSE_URL"].value == "http://there:8123"
    assert addresses()["CLICKHOUSE_URL"].given
    assert {row.comes_from for row in addresses().values()} == {""}


def test_the_addresses_of_a_mesh_that_runs_are_the_settings_in_force(
    ganglion: CommandLine,
) -> None:
    """Whatever ports the variables say now."""
    ganglion("up", "--detach")
    mesh = read_mesh(Home.at(ganglion.home).mesh_file)
    assert mesh is not None
    for port in ("GANGLION_NATS_PORT", "GANGLION_CLICKHOUSE_PORT"):
        ganglion.environment[port] = "65001"
    rows = {row["variable"]: row for row in json.loads(ganglion("settings", "--json").stdout)}
    for variable, url in {"NATS_URL": mesh.nats_url, "CLICKHOUSE_URL": mesh.clickhouse_url}.items():
        assert rows[variable]["value"] == url
        assert rows[variable]["comes_from"] == f"the mesh that runs in {ganglion.home}"
    line = next(
        each for each in ganglion("settings").stdout.splitlines() if each.startswith("NATS_URL\t")
    )
    assert line.endswith(f"(from the mesh that runs in {ganglion.home})")


SECRETS = {
    "GANGLION_HTTP_SECRET_TOKEN",
    "GANGLION_NATS_PASSWORD",
    "GANGLION_CLICKHOUSE_PASSWORD",
    "GANGLION_GUARDIAN_WEBHOOK_URL",
}
PUBLIC = {
    "GANGLION_CLICKHOUSE_MAX_TOKENS",
    "GANGLION_NATS_CREDENTIALS",  # the file's name
    "GANGLION_SIGNING_KEY",  # likewise
}
"""They sound like secrets and are none."""


def test_what_is_secret_is_masked_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    before = {row.variable: row.value for row in list_settings()}
    sounds = re.compile(r"PASSWORD|SECRET|TOKEN|CREDENTIAL|WEBHOOK|_KEY$|AUTH")
    assert {name for name in before if sounds.search(name)} == SECRETS | PUBLIC
    for name in before:
        if name in SECRETS:
            monkeypatch.setenv(name, "https://geheim")
    after = {row.variable: row.value for row in list_settings()}
    assert {name for name, value in after.items() if value == MASK} == SECRETS
    assert {name: after[name] for name in after.keys() - SECRETS} == {
        name: before[name] for name in before.keys() - SECRETS
    }


def test_what_cannot_be_used_is_said_unless_it_is_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANGLION_CLICKHOUSE_MAX_TOKENS", "many")
    with pytest.raises(BadSetting, match="GANGLION_CLICKHOUSE_MAX_TOKENS is 'many'"):
        read_settings(Limits)

    class Odd(BaseSettings):
        plain: Annotated[int, SECRET] = 1
        called: Annotated[int, SECRET] = Field(1, validation_alias=AliasChoices("ODD_ALIAS"))

    for variable in ("PLAIN", "ODD_ALIAS"):
        monkeypatch.setenv(variable, "geheim")
        with pytest.raises(BadSetting, match=f"{variable} is {re.escape(MASK)}") as refused:
            read_settings(Odd)
        assert "geheim" not in str(refused.value)
        monkeypatch.delenv(variable)


def test_into_a_pipe_each_setting_is_a_line(ganglion: CommandLine) -> None:
    ganglion.environment["GANGLION_LOG_FORMAT"] = "a\tb\nc"
    lines = ganglion("settings").stdout.splitlines()
    assert len(lines) == len(list_settings())
    assert all(line.count("\t") == 3 for line in lines)
    port = ganglion.environment["GANGLION_NATS_PORT"]
    assert f"GANGLION_NATS_PORT\t{port}\t4222\tport of the embedded NATS server" in lines
    assert "GANGLION_LOG_FORMAT\ta b c\tjson\tjson or console" in lines


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_on_a_terminal_no_variable_is_broken(ganglion: CommandLine, columns: int) -> None:
    environment = {k: v for k, v in ganglion.environment.items() if k != "COLUMNS"}
    shown, _ = on_a_terminal(ganglion.argv("settings"), environment=environment, columns=columns)
    words = {word for line in shown.splitlines() for word in line.split()[:1]}
    assert {row.variable for row in list_settings()} <= words


def test_every_settings_class_is_listed() -> None:
    kinds = re.compile(r"^class \w+\((BaseSettings|Environment|\w+Settings)\):", re.M)
    files = [
        path.relative_to(ROOT)
        for folder in (
            "nervous_system",
            "embedded_clickhouse",
            "local_mesh",
            "importers",
            "simulation",
            "builtin_worker",
            "operations",
            "station",
            "mission_control",
            "ganglion",
            "ingestor",
            "governor",
            "guardian",
            "overseer",
        )
        for path in (ROOT / folder).rglob("*.py")
        if ".build" not in path.parts and kinds.search(path.read_text())
    ]
    files.remove(Path("nervous_system/environment.py"))  # the one that all others stand on
    assert sorted(str(path.with_suffix("")).replace("/", ".") for path in files) == sorted(MODULES)


def test_a_value_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANGLION_NATS_PORT", "abc")
    with pytest.raises(BadSetting, match="GANGLION_NATS_PORT is 'abc', and that cannot be used"):
        read_settings(LocalMeshSettings)
