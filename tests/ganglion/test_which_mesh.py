"""Which mesh is meant: is it the same for every command and program, and is it said?"""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ganglion.exit_codes import NOT_RUNNING, OK, USAGE
from local_mesh.nats_keys import NatsKeys
from nervous_system.client.agent import open_agent
from nervous_system.contexts import Context
from nervous_system.environment import read_settings
from nervous_system.errors import Unavailable
from nervous_system.nobody_there import nobody_there
from nervous_system.place import decide, found_home
from nervous_system.settings import MeshSettings
from nervous_system.users import settings_at
from operations.actions.context_files import add_context
from tests.command_line import CommandLine, MakeCommandLine
from tests.real_servers import free_port

ROOT = Path(__file__).parents[2]


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder without anything that says where a mesh is, and contexts of the test's own."""
    for name in list(os.environ):
        if name.upper().startswith(("GANGLION_", "NATS_", "CLICKHOUSE_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


@pytest.fixture
def line(command_lines: MakeCommandLine, tmp_path: Path) -> CommandLine:
    """A command line that is told of no mesh."""
    made = command_lines("bare")
    made.environment = {
        name: value
        for name, value in made.environment.items()
        if not name.startswith(("GANGLION_", "NATS_", "CLICKHOUSE_"))
    } | {"XDG_CONFIG_HOME": str(tmp_path / "config")}
    return made


def chosen(line: CommandLine, *words: str) -> tuple[str, str]:
    """The home that is meant, and the rule that led there."""
    told = json.loads(line(*words, "status", "--json").stdout)
    return told["home"], told["chosen_by"]


def test_the_first_rule_that_says_something_decides(line: CommandLine, tmp_path: Path) -> None:
    here = line.home.parent
    assert chosen(line) == (str(here / ".ganglion"), "nothing else was said")
    (here / ".ganglion").mkdir()
    assert chosen(line) == (str(here / ".ganglion"), f"{here}/.ganglion is the nearest")
    for name in ("one", "two", "three", "four", "five"):
        assert line("context", "add", name, "--home", str(tmp_path / name)).returncode == OK
    assert line("context", "use", "one").returncode == OK
    assert chosen(line) == (str(tmp_path / "one"), "the context one (`ganglion contexts use`)")
    (here / ".env").write_text("GANGLION_CONTEXT=two\n")
    assert chosen(line) == (str(tmp_path / "two"), "the context two (GANGLION_CONTEXT in .env)")
    (here / ".env").write_text(f"GANGLION_CONTEXT=two\nGANGLION_HOME={tmp_path}/x\n")
    assert chosen(line) == (str(tmp_path / "x"), "GANGLION_HOME in .env")
    line.environment["GANGLION_CONTEXT"] = "three"
    assert chosen(line) == (str(tmp_path / "three"), "the context three (GANGLION_CONTEXT)")
    line.environment["GANGLION_HOME"] = str(tmp_path / "y")
    assert chosen(line) == (str(tmp_path / "y"), "GANGLION_HOME")
    line.environment["NATS_URL"] = "nats://127.0.0.1:1"
    assert chosen(line) == (str(tmp_path / "y"), "NATS_URL and GANGLION_HOME")
    assert chosen(line, "--context", "four") == (str(tmp_path / "four"), "--context")
    assert chosen(line, "--home", str(tmp_path / "z")) == (str(tmp_path / "z"), "--home")
    assert line("--home", " ", "status").returncode == USAGE
    both = line("--home", str(tmp_path), "--context", "four", "status")
    assert (both.returncode, "not both" in both.stderr) == (USAGE, True)


def test_what_a_later_rule_says_of_addresses_is_left_out(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (bare / ".env").write_text("NATS_URL=nats://other:1\nCLICKHOUSE_URL=http://other:2\n")
    monkeypatch.setenv("GANGLION_HOME", "/x")
    found = read_settings(MeshSettings)
    assert (found.home, found.model_fields_set) == (Path("/x"), {"home"})


def test_a_home_is_found_from_a_folder_below_and_a_strangers_is_not(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (bare / ".ganglion").mkdir()
    below = bare / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert found_home() == bare / ".ganglion"
    if os.geteuid() == 0:
        (below.parent / ".ganglion").mkdir()
        os.chown(below.parent / ".ganglion", 12345, 12345)
        assert found_home() == bare / ".ganglion"


def test_what_the_program_says_comes_before_every_context(
    bare: Path, line: CommandLine, tmp_path: Path
) -> None:
    line.home.parent.joinpath("c").write_text("GANGLION_OPERATOR=anna\nNATS_URL=nats://c:1\n")
    line.home.parent.joinpath("c").chmod(0o600)
    assert line("context", "add", "c", "--credentials", "c").returncode == OK
    assert line("context", "use", "c").returncode == OK
    assert settings_at(None, None).nats_url == "nats://c:1"
    assert settings_at("nats://p:1", None).nats_url == "nats://p:1"
    assert decide({}, {}, given=True).context is None


def test_a_context_is_private_named_plainly_and_shown_without_passwords(
    line: CommandLine, tmp_path: Path
) -> None:
    secret = tmp_path / "anna.env"
    secret.write_text("NATS_URL=nats://anna:geheim@h:1\nGANGLION_OPERATOR='anna b'\n")
    secret.chmod(0o644)
    words = ("context", "add", "prod", "--credentials", str(secret))
    open_to_all = line(*words)
    assert (open_to_all.returncode, "chmod 600" in open_to_all.stderr) == (USAGE, True)
    secret.chmod(0o600)
    assert line(*words, "--clickhouse", "http://r:geheim@h:2").returncode == OK
    assert "already" in line(*words).stderr
    file = tmp_path / "config" / "ganglion" / "contexts" / "prod.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert line("context", "use", "prod").returncode == OK
    listed = line("context", "list")
    assert listed.stdout.startswith("* prod: ")
    assert "http://h:2" in listed.stdout
    assert line("context", "add", "other", "--home", "/x").returncode == OK
    line.environment["GANGLION_CONTEXT"] = "other"
    assert line("contexts").stdout.splitlines()[0] == "* other: /x"
    line.environment["GANGLION_CONTEXT"] = "nope"
    none = line("contexts").stdout.splitlines()[-1]
    assert none.startswith("none of them is meant here and now: there is no context 'nope'")
    del line.environment["GANGLION_CONTEXT"]
    status = line("status")
    assert status.returncode == NOT_RUNNING
    assert "none answers at nats://h:1" in status.stderr
    assert "geheim" not in listed.stdout + status.stdout + status.stderr
    file.chmod(0o640)
    assert "others may read" in line("status").stderr
    file.chmod(0o600)
    assert line("context", "remove", "prod").stdout == (
        "prod is removed, and no context is chosen now\n"
    )
    assert chosen(line)[1] == "nothing else was said"


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "a/b", "a b", "-x", "default", "a\n", "ä", "x" * 64, "\x1b[2J"]
)
def test_what_can_be_no_name_is_refused(line: CommandLine, name: str) -> None:
    for words in (("add", "--home", "/x"), ("remove",)):
        answer = line("context", *words, "--", name)
        assert answer.returncode == USAGE, answer
        assert "\x1b" not in answer.stdout + answer.stderr
    line.environment["GANGLION_CONTEXT"] = name
    if name.strip() and name != "default":
        assert line("status").returncode == USAGE


def test_a_context_that_says_nothing_or_too_much_is_refused(line: CommandLine) -> None:
    for words in ((), ("--home", "/x", "--url", "nats://h:1"), ("--url", "nats://")):
        assert line("context", "add", "c", *words).returncode == USAGE
    assert line("context", "use", "c").returncode == USAGE
    assert line("--context", "c", "status").returncode == USAGE
    assert (
        line("context", "list").stdout
        == "there are no contexts; `ganglion contexts add` makes one\n"
    )


@pytest.mark.parametrize("text", ["", "[]", "{", '{"home": 1}', '{"house": "/x"}', "\xff"])
def test_a_context_that_cannot_be_read_is_said_and_can_be_removed(
    line: CommandLine, tmp_path: Path, text: str
) -> None:
    assert line("context", "add", "c", "--home", "/x").returncode == OK
    file = tmp_path / "config" / "ganglion" / "contexts" / "c.json"
    file.write_bytes(text.encode("latin-1"))
    answer = line("--context", "c", "status")
    assert (answer.returncode, "cannot be used" in answer.stderr) == (USAGE, True), answer
    assert "cannot be used" in line("context", "list").stdout
    assert line("context", "remove", "c").returncode == OK


def test_what_is_done_to_a_home_is_not_done_to_the_nearest_where_a_context_is_elsewhere(
    line: CommandLine,
) -> None:
    assert line("context", "add", "prod", "--url", "nats://h:1").returncode == OK
    assert line("context", "use", "prod").returncode == OK
    for words in (("up", "--detach"), ("down",), ("samples",), ("keys", "new", "k")):
        answer = line(*words)
        assert (answer.returncode, "is a mesh elsewhere" in answer.stderr) == (USAGE, True), words
    assert not (line.home.parent / ".ganglion").exists()


def test_a_mesh_is_found_by_its_home_whatever_its_ports_and_no_other_is_mixed_in(
    line: CommandLine, ganglion: CommandLine, tmp_path: Path
) -> None:
    started = ganglion("up", "--detach", "--only", "nats")
    assert started.returncode == OK, started.stderr
    try:
        (line.home.parent / ".ganglion").symlink_to(ganglion.home)
        (line.home.parent / "below").mkdir()
        agent = subprocess.run(
            [sys.executable, str(ROOT / "examples" / "first_agent.py")],
            cwd=line.home.parent / "below",
            env=line.environment,
            capture_output=True,
            text=True,
            timeout=100,
        )
        assert agent.returncode == 0, agent.stderr
        decisions = ("--subject", "swarm.events.coder.decision")
        tail = line("--home", str(ganglion.home), "tail", "--from", "1", "-n", "1", *decisions)
        assert "write greeting.txt" in tail.stdout
        # An address elsewhere is asked, though a mesh runs in the home; its tables are not.
        line.environment["NATS_URL"] = "nats://127.0.0.1:1"
        assert json.loads(line("status", "--json").stdout)["state"] == "not running"
        sql = line("sql", "--no-wait", "SELECT 1")
        assert sql.returncode == USAGE
        assert "nobody said where the ClickHouse of the mesh at nats://127.0.0.1:1 is" in sql.stderr
        line.environment["NATS_URL"] = (
            f"nats://127.0.0.1:{ganglion.environment['GANGLION_NATS_PORT']}"
        )
        assert json.loads(line("status", "--json").stdout)["state"] == "running"
    finally:
        ganglion("down")


def test_a_context_gives_what_it_holds() -> None:
    context = Context(home="/h", clickhouse_url="http://h:1")
    assert context.variables() == {"GANGLION_HOME": "/h", "CLICKHOUSE_URL": "http://h:1"}


async def _told(url: str | None = None) -> str:
    with pytest.raises(Unavailable, match="no NATS server answers at nats://") as found:
        async with open_agent(url, role="coder", agent_id="c"):
            pass
    assert "GANGLION_HOME=/path/to/.ganglion, `ganglion contexts use NAME`" in str(found.value)
    return str(found.value)


async def test_who_finds_no_mesh_is_told_what_chose_the_address_and_all_that_helps(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing is said, the address is the usual one, at which somebody else may listen."""
    usual = settings_at(None, None).nats_url
    assert f"there is no {bare}/.ganglion, nor one above; start" in nobody_there(usual)
    keys = NatsKeys(bare / ".ganglion")
    keys.folder.mkdir(parents=True, mode=0o700)
    keys.listen([f"127.0.0.1:{free_port()}"])
    found = f"{bare}/.ganglion is the nearest"
    assert f"no mesh runs in {bare}/.ganglion, which was chosen by: {found}; " in await _told()
    add_context("mine", Context(home=str(bare / ".ganglion")))
    monkeypatch.setenv("GANGLION_CONTEXT", "mine")
    assert "chosen by: the context mine (GANGLION_CONTEXT)" in await _told()
    assert "chosen by" not in await _told(f"nats://127.0.0.1:{free_port()}")
    monkeypatch.setenv("NATS_URL", f"nats://127.0.0.1:{free_port()}")
    assert "that address was chosen by: NATS_URL; " in await _told()
