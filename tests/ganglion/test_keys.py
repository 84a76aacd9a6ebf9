"""Does `ganglion keys` make keys that the mesh then trusts, and never overwrite one?"""

from __future__ import annotations

import asyncio
import stat
from contextlib import suppress

import nats
import nats.errors
import pytest

from nervous_system.contract.signature import Signer, TrustedKeys
from tests.command_line import CommandLine


def test_the_first_key_brings_that_of_the_mesh(ganglion: CommandLine) -> None:
    assert "no keys lie in" in ganglion("keys", "list").stdout
    made = ganglion("keys", "new", "coder", "--for", "coder-7", "--for", "tester-*")
    assert made.returncode == 0, made.stderr
    private = ganglion.home / "keys" / "coder"
    assert f"GANGLION_SIGNING_KEY={private}" in made.stdout
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    listed = ganglion("keys", "list").stdout.splitlines()
    assert [line.split(" (")[0] for line in listed] == [
        "mesh speaks for everybody",
        "coder speaks for coder-7, tester-*",
    ]
    trusted = TrustedKeys.read(ganglion.home / "trusted_keys", required=True, max_seconds=300)
    assert set(trusted.keys) == {"mesh", Signer.read(private).key_id}


def test_a_second_key_leaves_the_others_as_they_are(ganglion: CommandLine) -> None:
    ganglion("keys", "new", "one")
    before = {each: each.read_text() for each in (ganglion.home / "keys").iterdir()}
    ganglion("keys", "new", "two")
    assert {each: each.read_text() for each in before} == before
    assert len(ganglion("keys", "list").stdout.splitlines()) == 3


@pytest.mark.parametrize("key_id", ["one", "mesh", "a/b", ".hidden", "two words", ""])
def test_an_id_that_is_taken_or_cannot_be_one_is_refused(
    ganglion: CommandLine, key_id: str
) -> None:
    ganglion("keys", "new", "one")
    before = ganglion("keys", "list").stdout
    refused = ganglion("keys", "new", key_id)
    assert refused.returncode == 2
    assert refused.stderr
    assert ganglion("keys", "list").stdout == before


def test_who_is_let_in_publishes_at_once_and_never_again_when_revoked(
    ganglion: CommandLine,
) -> None:
    assert ganglion("up", "--detach", "--only", "nats").returncode == 0
    made = ganglion("keys", "new", "ext-1", "--role", "coder")
    assert made.returncode == 0, made.stderr
    url = made.stdout.splitlines()[0]
    credentials = ganglion.home / "keys" / "credentials" / "ext-1.env"
    assert str(credentials) in made.stdout
    assert stat.S_IMODE(credentials.stat().st_mode) == 0o600
    given = dict(line.split("=", 1) for line in credentials.read_text().splitlines())
    assert given["NATS_URL"] == url
    assert given["GANGLION_SIGNING_KEY"] == str(ganglion.home / "keys" / "ext-1")

    async def publish() -> int:
        async with asyncio.timeout(300):
            while True:  # the server reads its users again
                with suppress(nats.errors.Error):
                    client = await nats.connect(url, allow_reconnect=False)
                    break
        acknowledged = await client.jetstream().publish("swarm.events.coder.decision", b"x")
        await client.close()
        return acknowledged.seq

    assert asyncio.run(publish()) > 0
    assert "ext-1 is let in as coder" in ganglion("keys", "list").stdout
    again = ganglion("keys", "new", "ext-1", "--role", "coder")
    assert again.returncode == 2
    assert "already" in again.stderr
    assert ganglion("keys", "revoke", "ext-1").returncode == 0
    assert not credentials.exists()

    async def refused() -> None:
        async with asyncio.timeout(300):
            while True:
                try:
                    await (await nats.connect(url, allow_reconnect=False)).close()
                except nats.errors.Error:
                    return

    asyncio.run(refused())
    assert ganglion("keys", "revoke", "ext-1").returncode == 2
    for role in ("overseer", "nobody"):
        assert ganglion("keys", "new", "x", "--role", role).returncode == 2
    settings = ganglion("settings").stdout
    password = (ganglion.home / "keys" / "nats" / "admin").read_text().strip()
    logs = "".join(each.read_text() for each in (ganglion.home / "logs").iterdir())
    assert password not in settings + logs + (ganglion.home / "run" / "mesh.json").read_text()
    assert ganglion("down").returncode == 0
