"""Has every kind of thing one form on the command line?"""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import CommandLine

from ganglion.errors import OK

NOUNS = ("contexts", "objectives", "tasks", "incidents", "parked", "epochs", "keys")


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
