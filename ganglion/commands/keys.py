"""`ganglion keys`: whose signatures count?"""

from __future__ import annotations

from typing import Annotated

import typer

from ganglion.terminal import say

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="What events and requests are signed with; without a key nothing is signed or checked.",
)


@app.command()
def new(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="What it is called: one word.")],
    agents: Annotated[
        list[str] | None,
        typer.Option(
            "--for", help="An agent it speaks for, or a pattern such as 'coder-*' (several times)."
        ),
    ] = None,
) -> None:
    """Make a key and trust it. The first time the mesh gets one of its own, too."""
    from ganglion.key_files import make_keys
    from ganglion.settings import read_settings
    from nervous_system.settings import MESH_KEY, MeshSettings

    home = read_settings(MeshSettings).home.absolute()
    for made in make_keys(home, key_id, agents or []):
        say(f"{made.file} speaks for {', '.join(made.agents)}")
        if made.key_id != MESH_KEY.name:
            say(f"give it to the agent: GANGLION_SIGNING_KEY={made.file}")
    say("restart the mesh, so that it knows: `ganglion down`, then `ganglion up --detach`")


@app.command("list")
def list_() -> None:
    """The keys that are trusted, and for whom they speak."""
    from ganglion.settings import read_settings
    from nervous_system.contract.signature import TrustedKeys
    from nervous_system.settings import TRUSTED_KEYS, MeshSettings

    keys = TrustedKeys.read(read_settings(MeshSettings).home / TRUSTED_KEYS).keys
    for key_id, trusted in keys.items():
        agents = ", ".join(trusted.agents) or "nobody"
        say(f"{key_id} speaks for {agents} ({trusted.public})")
    if not keys:
        say("no key is trusted: nothing is checked")
