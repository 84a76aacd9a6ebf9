"""Does `ganglion keys` make keys that the mesh then trusts, and never overwrite one?"""

from __future__ import annotations

import stat

import pytest
from command_line import CommandLine

from nervous_system.contract.signature import Signer, TrustedKeys


def test_the_first_key_brings_that_of_the_mesh(ganglion: CommandLine) -> None:
    assert "nothing is checked" in ganglion("keys", "list").stdout
    made = ganglion("keys", "new", "coder", "--for", "coder-7", "--for", "tester-*")
    assert made.returncode == 0, made.stderr
    private = ganglion.home / "keys" / "coder"
    assert f"GANGLION_SIGNING_KEY={private}" in made.stdout
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    listed = ganglion("keys", "list").stdout.splitlines()
    assert [line.split(" (")[0] for line in listed] == [
        "mesh speaks for *",
        "coder speaks for coder-7, tester-*",
    ]
    trusted = TrustedKeys.read(ganglion.home / "trusted_keys", required=True, most_seconds=300)
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
