"""Is what is about to be done meant for that mesh? Whoever acts on one that is not of this home is
asked; whoever reads never is.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from ganglion.exit_codes import FAILURE
from ganglion.terminal import confirm, say

if TYPE_CHECKING:
    from nervous_system.place import Rule
    from nervous_system.settings import MeshSettings

Yes = Annotated[
    bool, typer.Option("--yes", help="Do it even if the mesh is not that of this home.")
]


def make_sure(act: str, *, yes: bool, to_home: bool = False) -> None:
    """Returns when `act`, such as "halt dispatch on", may be done to the mesh that is meant, or
    `to_home`, whatever addresses were given.

    Ends the command where a person says no; raises BadSetting where nobody can be asked.
    """
    if yes:
        return
    # Only here: what the help shows is wanted sooner.
    from nervous_system.environment import read_settings
    from nervous_system.errors import BadSetting
    from nervous_system.place import rule_in_force
    from nervous_system.settings import MeshSettings

    rule, settings = rule_in_force(), read_settings(MeshSettings)
    there = _another_home(rule, settings)
    if not there and not to_home:
        there = _another_address(settings)
    if not there:
        return
    sentence = f"this would {act} {there} (by {rule.by}), which is not that of this home"
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise BadSetting(f"{sentence}; say --yes where that is meant")
    if not confirm(sentence):
        say("nothing was done", err=True)
        raise typer.Exit(FAILURE)


def _another_home(rule: Rule, settings: MeshSettings) -> str:
    """Whoever stands in the folder of one mesh may have forgotten that he chose another."""
    from local_mesh.home import Home
    from nervous_system.place import found_home

    here, home = Home.at(found_home()), Home.at(settings.home)
    forgotten = rule.standing and here.path.is_dir() and here != home
    return f"the mesh in {home.path}" if forgotten else ""


def _another_address(settings: MeshSettings) -> str:
    from local_mesh.addresses import client_settings, leads_home
    from local_mesh.home import Home
    from local_mesh.settings import LocalMeshSettings
    from local_mesh.supervisor.preflight import is_free
    from nervous_system.environment import read_settings
    from nervous_system.shown_address import display_address

    if not leads_home(settings):
        return f"the mesh at {display_address(settings.nats_url)}"
    port = read_settings(LocalMeshSettings).nats_port
    if Home.at(settings.home).was_started or "nats_url" in settings.model_fields_set:
        return ""
    return "" if is_free(port) else f"whatever mesh answers at {client_settings().nats_url}"
