"""Has every kind of thing one form on the command line?"""

from __future__ import annotations

from pathlib import Path

import pytest

from ganglion.command_group import PANELS, Commands
from ganglion.exit_codes import OK, USAGE
from tests.command_line import CommandLine

NOUNS = (
    *("contexts", "objectives", "tasks", "incidents", "parked", "epochs", "keys", "checkpoints"),
    *("workers", "agents", "sessions", "files"),
)


@pytest.mark.parametrize("noun", NOUNS)
def test_a_noun_is_a_plural_its_singular_means_the_same_and_it_lists(
    ganglion: CommandLine, noun: str
) -> None:
    named = ganglion(noun, "list", "--help")
    assert named.returncode == OK
    bare, singular = ganglion(noun), ganglion(noun.removesuffix("s"))
    assert (bare.stdout, bare.stderr) == (singular.stdout, singular.stderr)
    listed = ganglion(noun, "list")
    assert (bare.returncode, bare.stderr) == (listed.returncode, listed.stderr)


def test_options_without_a_verb_are_those_of_the_list(
    ganglion: CommandLine, tmp_path: Path
) -> None:
    ganglion.environment["XDG_CONFIG_HOME"] = str(tmp_path / "configuration")
    assert ganglion("contexts", "add", "prod", "--home", str(tmp_path)).returncode == OK
    assert [each["name"] for each in ganglion.json("contexts", "--json")] == ["prod"]
    assert [each["name"] for each in ganglion.json("context", "list", "--json")] == ["prod"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (("statsu",), "Did you mean status or state?"),
        (("objectiv", "list"), "Did you mean objectives?"),
        (("tasks", "shwo"), "Did you mean 'show'?"),
        (("status", "--jsno"), "Did you mean --json?"),
    ],
)
def test_what_was_mistyped_comes_back_with_what_may_have_been_meant(
    ganglion: CommandLine, typed: tuple[str, ...], meant: str
) -> None:
    answer = ganglion(*typed)
    assert (answer.returncode, answer.stdout) == (USAGE, "")
    assert meant in answer.stderr


def test_the_help_shows_every_command_once_in_its_panel(ganglion: CommandLine) -> None:
    shown = ganglion("--help").stdout
    named = [name for names in PANELS.values() for name in names]
    assert sorted(named) == sorted(Commands().list_commands(None))
    assert len(set(named)) == len(named)
    at = [shown.index(f" {panel} ") for panel in PANELS]
    assert at == sorted(at)
    for variable in ("GANGLION_HOME", "GANGLION_CONTEXT", "NATS_URL", "CLICKHOUSE_URL"):
        assert variable in shown
