"""Do the users of the NATS server have keys of their own that nobody else gets to see?"""

from __future__ import annotations

import asyncio
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nats
import nats.errors
import pytest

from bench.child import bare_environment
from local_mesh.nats import adopt_store, find_binary
from local_mesh.nats_keys import NamedUser, NatsKeys
from local_mesh.nats_permissions import MESH, member, standing_users, with_answers
from nervous_system import names
from nervous_system.bus import open_bus
from nervous_system.contract.subjects import inbox_prefix
from nervous_system.errors import BadSetting, Fatal, Forbidden
from nervous_system.settings import MeshSettings
from nervous_system.shown_address import display_address
from nervous_system.users import OPERATOR, listens_on, with_user
from tests.security.permitted_server import PermittedServer

LOG = names.STREAM


@pytest.fixture
def permitted(tmp_path: Path) -> Iterator[PermittedServer]:
    server = PermittedServer(tmp_path)
    asyncio.run(server.start())
    yield server
    server.server.kill()


def test_passwords_are_ones_own(tmp_path: Path) -> None:
    keys = NatsKeys(tmp_path)
    keys.make()
    keys.listen(["127.0.0.1:4222"])
    for each in (keys.folder.parent, keys.folder):
        assert stat.S_IMODE(each.stat().st_mode) == 0o700
    files = {each: each.read_text() for each in keys.folder.iterdir()}
    assert len(set(files.values())) == len(files), "everybody has another"
    assert {stat.S_IMODE(each.stat().st_mode) for each in files} == {0o600}
    assert all(len(text) > 40 for path, text in files.items() if path.name != "listens")
    keys.make()
    assert {each: each.read_text() for each in keys.folder.iterdir()} == files
    settings = MeshSettings(home=tmp_path, nats_url="nats://localhost:4222")
    assert with_user(settings, "coder").nats_password == files[keys.folder / "coder"].strip()
    (keys.folder / "coder").chmod(0o640)
    with pytest.raises(Fatal, match="can be read by others"):
        with_user(settings, "coder")


def test_a_link_in_the_place_of_a_password_is_neither_read_nor_written(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("keep")
    keys = NatsKeys(tmp_path / "home")
    keys.folder.mkdir(parents=True)
    (keys.folder / "coder").symlink_to(victim)
    with pytest.raises(Fatal, match="is no file"):
        keys.make()
    assert victim.read_text() == "keep"
    other = NatsKeys(tmp_path / "other")
    other.folder.parent.mkdir(parents=True)
    other.folder.symlink_to(tmp_path)
    with pytest.raises(Fatal, match="not a folder of this user's own"):
        other.make()


async def test_two_that_begin_at_once_have_one_password(tmp_path: Path) -> None:
    await asyncio.gather(*(asyncio.to_thread(NatsKeys(tmp_path).make) for _ in range(8)))
    accounts = {NatsKeys(tmp_path).accounts(is_open=False) for _ in range(2)}
    assert len(accounts) == 1
    assert [each for each in NatsKeys(tmp_path).folder.iterdir() if each.name[0] == "."] == []


@pytest.mark.parametrize(
    ("url", "ours"),
    [
        ("nats://127.0.0.1:4222", True),
        ("nats://localhost", True),
        ("127.0.0.1:4222", True),
        ("nats://[::1]:4222", True),
        ("nats://127.0.0.1:4223", False),
        ("nats://example.org:4222", False),
        ("nats://127.0.0.1.example.org:4222", False),
        ("nats://127.0.0.1:4222@example.org:4222", False),
        ("nats://example.org:4222/127.0.0.1:4222", False),
        ("http://127.0.0.1:4222", False),
        ("nats://127.0.0.1:x", False),
        ("nats://", False),
    ],
)
def test_no_password_goes_to_another_server(tmp_path: Path, url: str, ours: bool) -> None:
    keys = NatsKeys(tmp_path)
    keys.make()
    keys.listen(["127.0.0.1:4222"])
    assert listens_on(url, keys.addresses()) is ours
    settings = MeshSettings(home=tmp_path)  # some of the addresses are none
    found = with_user(settings.model_copy(update={"nats_url": url}), "coder")
    assert (found.nats_password is not None) is ours
    both = settings.model_copy(update={"nats_url": f"nats://127.0.0.1:4222,{url}"})
    assert (with_user(both, "coder").nats_password is not None) is ours


def test_who_says_who_he_is_is_believed(tmp_path: Path) -> None:
    keys = NatsKeys(tmp_path)
    keys.make()
    keys.listen(["127.0.0.1:4222"])
    ways: tuple[dict[str, Any], ...] = (
        {"nats_user": "me", "nats_password": "mine"},
        {"nats_url": "nats://me:mine@127.0.0.1:4222"},
        {"nats_url": "nats://token@127.0.0.1:4222"},
        {"nats_credentials": tmp_path / "me.creds"},
    )
    for given in ways:
        settings = MeshSettings(home=tmp_path, **given)
        assert with_user(settings, "coder") == settings
    assert (
        display_address("nats://me:mine@h:1,nats://t@h:2,nats://h:3")
        == "nats://h:1,nats://h:2,nats://h:3"
    )


def test_a_home_is_found_from_below_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = NatsKeys(tmp_path / ".ganglion")
    keys.make()
    keys.listen(["127.0.0.1:4222"])
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a" / "b")
    monkeypatch.delenv("GANGLION_HOME", raising=False)
    assert with_user(MeshSettings(), "coder").nats_user == "coder"
    assert with_user(MeshSettings(home=tmp_path / "a"), "coder").nats_user is None


async def test_who_is_let_in_has_his_role_and_nobody_elses_requests(tmp_path: Path) -> None:
    server = PermittedServer(tmp_path)
    named = NamedUser("Claude Code", "coder")
    server.keys.make()
    password = server.keys.add(named)
    with pytest.raises(BadSetting, match="there is a user 'Claude Code' already"):
        server.keys.add(named)
    for taken in ("coder", "admin", "listens", "anybody"):
        with pytest.raises(BadSetting):
            server.keys.add(NamedUser(taken, "coder"))
    await server.start()
    try:
        # As any NATS client comes, with an inbox as such clients have it.
        client = await nats.connect(server.server.url, user=named.user, password=password)
        acknowledged = await client.jetstream().publish("swarm.events.coder.decision", b"x")
        assert acknowledged.seq == 1
        with pytest.raises(nats.errors.TimeoutError):
            await client.request("swarm.events.reviewer.decision", b"x", timeout=0.2)
        await client.close()
        assert server.keys.revoke("Claude Code") == named
        assert named.user not in server.keys.accounts(is_open=False)
        assert server.keys.add(named) != password, "never the same again"
    finally:
        server.server.kill()


async def test_an_open_server_is_open(tmp_path: Path) -> None:
    server = PermittedServer(tmp_path)
    await server.start(is_open=True)
    try:
        client = await nats.connect(server.server.url)
        info = await client.jetstream().stream_info(LOG)
        assert info.config.name == LOG
        await client.close()
        async with server.bus("coder") as bus:  # who proves himself is still who he is
            with pytest.raises(Forbidden):
                await bus.connection.request(
                    f"$JS.API.STREAM.DELETE.{LOG}", b"", timeout_seconds=60
                )
    finally:
        server.server.kill()


async def test_without_a_user_there_is_nothing(permitted: PermittedServer) -> None:
    with pytest.raises(Forbidden, match="does not accept anybody without credentials") as error:
        async with open_bus(MeshSettings(nats_url=permitted.server.url), name="x"):
            pass
    assert "GANGLION_HOME" in str(error.value)
    wrong = permitted.server.url.replace("//", "//coder:secret-word@")
    with pytest.raises(Forbidden, match="does not accept these credentials") as error:
        async with open_bus(MeshSettings(nats_url=wrong), name="x"):
            pass
    assert "secret-word" not in str(error.value)


def test_what_was_stored_before_there_were_users_is_not_lost(tmp_path: Path) -> None:
    old = tmp_path / "jetstream" / "$G" / "streams" / LOG
    old.mkdir(parents=True)
    (old / "meta.inf").write_text("x")
    adopt_store(tmp_path)
    assert (tmp_path / "jetstream" / MESH / "streams" / LOG / "meta.inf").read_text() == "x"
    old.mkdir(parents=True)
    adopt_store(tmp_path)
    assert old.is_dir(), "what there is in both places is not thrown together"


def test_the_server_in_containers_is_told_the_same(tmp_path: Path) -> None:
    """`ganglion keys server` writes what infra/nats/nats.conf includes."""
    users = tmp_path / "ganglion-users" / "users.conf"
    users.parent.mkdir()
    given = {
        "GANGLION_HOME": str(tmp_path / "home"),
        "GANGLION_NATS_USERS_FILE": str(users),
    }
    made = subprocess.run(
        [sys.executable, "-m", "ganglion", "keys", "server", "--address", "nats:4222"],
        env={**bare_environment(), **given},
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    assert stat.S_IMODE(users.stat().st_mode) == 0o600
    assert NatsKeys(tmp_path / "home").accounts(is_open=False) in users.read_text()
    assert NatsKeys(tmp_path / "home").addresses() == ["nats:4222"]
    shipped = Path(__file__).parents[2] / "infra" / "nats" / "nats.conf"
    (tmp_path / "ganglion").mkdir()
    copy = tmp_path / "ganglion" / "nats.conf"
    copy.write_text(shipped.read_text().replace("/data", str(tmp_path / "data")))
    checked = subprocess.run(
        [str(find_binary()), "-t", "-c", str(copy)], capture_output=True, text=True, check=False
    )
    assert "is valid" in checked.stderr, checked.stderr


def test_the_overseer_may_answer_whoever_got_a_name_later() -> None:
    """A person's requests are answered into the person's own inbox, and nowhere else."""
    users = with_answers([*standing_users(), member("Ann B.", kind=OPERATOR)], is_open=False)
    overseer = next(each for each in users if each.name == names.OVERSEER)
    assert f"{inbox_prefix('Ann B.')}.>" in overseer.publish
    assert len(set(overseer.publish)) == len(overseer.publish)
    others = [each for each in users if each.name in ("governor", "ingestor")]
    assert not any(f"{inbox_prefix('Ann B.')}.>" in each.publish for each in others)
    assert ">" not in overseer.publish
