"""What is given is taken, what is empty is as if it was not given, what is mistyped is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from embedded_clickhouse.settings import ClickHouseSettings
from ganglion.exit_codes import NOT_RUNNING, OK, USAGE
from local_mesh.settings import LocalMeshSettings
from local_mesh.supervisor.mesh_file import read_mesh
from nervous_system.environment import read_settings
from nervous_system.errors import BadSetting
from nervous_system.settings import MeshSettings
from operations.queries.mistyped import NO_SETTINGS, mistyped_variables
from operations.queries.setting_list import all_variables, list_settings
from tests.command_line import CommandLine, MakeCommandLine


@pytest.mark.parametrize("nothing", ["", " ", "\t \n"])
def test_an_empty_text_is_as_if_it_was_not_given(
    nothing: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for variable in all_variables():
        monkeypatch.delenv(variable, raising=False)
    bare = list_settings()
    for variable in all_variables():
        monkeypatch.setenv(variable, nothing)
    assert list_settings() == bare
    assert read_settings(MeshSettings).model_fields_set == set()


def test_an_empty_variable_hides_nothing_that_dotenv_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("NATS_URL=nats://h:1\nGANGLION_OPERATOR=\n")
    monkeypatch.setenv("NATS_URL", "")
    monkeypatch.setenv("GANGLION_NATS_URL", " ")
    assert read_settings(MeshSettings).nats_url == "nats://h:1"
    assert read_settings(LocalMeshSettings).operator is None


@pytest.mark.parametrize(
    ("variable", "kind"),
    [
        ("GANGLION_METRICS_PORTS", LocalMeshSettings),
        ("GANGLION_REDACT_PATTERNS", MeshSettings),
        ("GANGLION_CLICKHOUSE_HOSTS", ClickHouseSettings),
    ],
)
def test_a_list_that_is_no_json_is_named(
    variable: str, kind: type[MeshSettings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "one, two")
    with pytest.raises(BadSetting, match=f"{variable} is no JSON"):
        read_settings(kind)


def test_a_dotenv_that_is_no_text_is_no_fault_of_ours(ganglion: CommandLine) -> None:
    (ganglion.home.parent / ".env").write_bytes(b"NATS_URL=\xff\xfe\n")
    answer = ganglion("status")
    assert answer.returncode == USAGE
    assert answer.stderr.startswith("ganglion: .env of this folder cannot be read")


def test_a_mistyped_variable_is_said_with_the_one_that_was_meant(ganglion: CommandLine) -> None:
    ganglion.environment |= {"GANGLION_NATS_PROT": "4222", "GANGLON_HOME": "/x"}
    (ganglion.home.parent / ".env").write_text("GANGLION_WEATHER=fine\nganglion_log_level=INFO\n")
    answer = ganglion("status", "--json")
    assert answer.returncode == NOT_RUNNING
    assert json.loads(answer.stdout)["state"] == "not running"
    said = [line for line in answer.stderr.splitlines() if "is no setting" in line]
    assert said == [
        "ganglion: GANGLION_NATS_PROT is no setting, so it changes nothing;"
        " did you mean GANGLION_NATS_PORT?",
        "ganglion: GANGLION_WEATHER is no setting, so it changes nothing;"
        " `ganglion settings` lists what there is",
        "ganglion: GANGLON_HOME is no setting, so it changes nothing; did you mean GANGLION_HOME?",
    ]


def test_of_what_is_read_nothing_is_called_mistyped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for variable in all_variables() | NO_SETTINGS:
        monkeypatch.setenv(variable, "x")
    assert list(mistyped_variables()) == []


def test_one_number_moves_all_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANGLION_PORT_BASE", "14000")
    monkeypatch.setenv("GANGLION_CLICKHOUSE_PORT", "9000")
    local = read_settings(LocalMeshSettings)
    assert (local.nats_port, local.nats_monitor_port, local.clickhouse_port) == (14000, 14001, 9000)
    assert local.http_port == 14003
    monkeypatch.setenv("COLONY_PORT", "9001")  # as others call it
    assert read_settings(LocalMeshSettings).http_port == 9001
    assert local.port_variable("nats_port") == "GANGLION_PORT_BASE"
    assert local.port_variable("clickhouse_port") == "GANGLION_CLICKHOUSE_PORT"
    for wrong in ("0", "65533", "many"):
        monkeypatch.setenv("GANGLION_PORT_BASE", wrong)
        with pytest.raises(BadSetting, match="GANGLION_PORT_BASE is"):
            read_settings(LocalMeshSettings)


def test_where_programs_find_a_mesh_keeps_no_other_from_starting(
    command_lines: MakeCommandLine,
) -> None:
    ganglion = command_lines("one")
    ganglion.environment |= {
        "NATS_URL": "nats://somebody:geheim@127.0.0.1:1",
        "CLICKHOUSE_URL": "http://127.0.0.1:1",
    }
    started = ganglion("up", "--detach", "--only", "nats", "--only", "governor")
    assert started.returncode == OK, started.stderr
    mesh = read_mesh(ganglion.home / "run" / "mesh.json")
    assert mesh is not None
    assert mesh.nats_url.endswith(ganglion.environment["GANGLION_NATS_PORT"])
    assert ganglion("down").returncode == OK
