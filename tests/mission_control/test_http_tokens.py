"""Are tokens made and revoked at the command line, and shown once only?"""

from __future__ import annotations

from operations.http_tokens import Caller, Tokens
from tests.command_line import CommandLine
from tests.ganglion.conftest import command_lines as command_lines
from tests.ganglion.conftest import ganglion as ganglion


def test_a_token_is_made_shown_once_and_revoked(ganglion: CommandLine) -> None:
    made = ganglion("keys", "http", "vera", "--scope", "operator")
    assert made.returncode == 0, made.stderr
    token = made.stdout.strip()
    assert Tokens(ganglion.home).caller(token) == Caller("vera", "operator")
    assert ganglion("keys", "http", "vera").returncode != 0, "there is one"
    assert ganglion("keys", "http", "otto", "--scope", "root").returncode != 0
    assert ganglion("keys", "http", "vera x").returncode != 0
    assert ganglion("keys", "http", "vera", "--revoke", "--yes").returncode == 0
    assert Tokens(ganglion.home).caller(token) is None
    assert ganglion("keys", "http", "vera", "--revoke", "--yes").returncode != 0
