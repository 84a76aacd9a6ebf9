"""`ganglion keys`: who is let in, and whose signatures count?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ganglion.acting import Yes, make_sure
from ganglion.nouns import noun
from ganglion.terminal import say, say_exactly
from nervous_system.phrases import moment

if TYPE_CHECKING:
    from operations.actions.named_users import NamedUsers

app = noun("Let agents and people in, or shut them out: users, keys, tokens.")


@app.command()
def new(
    key_id: Annotated[
        str,
        typer.Argument(metavar="NAME", help="What it is called; with --role, the agent's id."),
    ],
    role: Annotated[
        str,
        typer.Option(
            help="Let an agent in as this: architect, coder, reviewer, worker or operator. It gets"
            " a user of its own, with the rights of the role."
        ),
    ] = "",
    works: Annotated[
        bool, typer.Option("--works", help="With --role: it may also work on tasks.")
    ] = False,
    unsigned: Annotated[
        bool,
        typer.Option(
            "--unsigned",
            help="With --role: it cannot sign, so others with that role may use its name.",
        ),
    ] = False,
    agents: Annotated[
        list[str] | None,
        typer.Option(
            "--for", help="An agent it speaks for, or a pattern such as 'coder-*' (several times)."
        ),
    ] = None,
) -> None:
    """Let an agent in (--role), or only make a key that the mesh trusts.

    The first time the mesh gets a key of its own, too.
    """
    if role:
        if agents:
            raise typer.BadParameter("--for is about keys alone: with --role it is for NAME")
        _let_in(key_id, role=role, works=works, signs=not unsigned)
        return
    made = _users().make_keys(key_id, agents or [])
    for each in made:
        say(f"{each.file} speaks for {', '.join(each.agents)}")
        if not each.is_of_mesh:
            say_exactly(f"give it to the agent: GANGLION_SIGNING_KEY={each.file}")
            say(f"it counts from {moment(each.since)} on; nothing needs a restart")
    if any(each.is_of_mesh for each in made):
        say(_RESTART)


_RESTART = (
    "the mesh has a key of its own now; what runs already begins to vouch with it, and to go by"
    " other keys, when it is started next: `ganglion down`, then `ganglion up --detach`"
)


def _users() -> NamedUsers:
    from local_mesh.addresses import home_of_rule
    from local_mesh.settings import LocalMeshSettings
    from nervous_system.environment import read_settings
    from nervous_system.settings import MeshSettings
    from operations.actions.named_users import NamedUsers

    home_of_rule()
    return NamedUsers(read_settings(MeshSettings), read_settings(LocalMeshSettings))


def _let_in(name: str, *, role: str, works: bool, signs: bool) -> None:
    made = _users().let_in(name, role=role, works=works, signs=signs)
    say_exactly(made.url)
    say(f"the same for a shell or a container: {made.credentials}")
    if not made.reloaded:
        say(
            "the server knows it from its next start on; in containers:"
            " `docker compose exec nats kill -HUP 1`, twice"
        )
    if made.since is not None:
        say(
            f"what is signed with its key is believed as {name}, and nothing else is, from"
            f" {moment(made.since)} on; nothing needs a restart"
        )
        if not made.knows_keys:
            say(_RESTART)


@app.command()
def http(
    name: Annotated[
        str, typer.Argument(help="Its owner; what they do is recorded under this name.")
    ],
    scope: Annotated[
        str,
        typer.Option(help="viewer: look; operator: change what the swarm does; admin: all."),
    ] = "viewer",
    revoke: Annotated[bool, typer.Option("--revoke", help="Revoke it.")] = False,
    yes: Yes = False,
) -> None:
    """Make a token for mission control's API (HTTP), or revoke one."""
    from typing import get_args

    from local_mesh.addresses import home_of_rule
    from nervous_system.errors import BadSetting
    from operations.http_tokens import Scope, Tokens

    scopes: dict[str, Scope] = {each: each for each in get_args(Scope)}
    if scope not in scopes:
        raise typer.BadParameter(f"--scope is {scope!r}; there are {', '.join(scopes)}")
    tokens = Tokens(home_of_rule().path)
    if not revoke:
        say_exactly(tokens.add(name, scopes[scope]))
        say(f"{name} sends it as `Authorization: Bearer …`; nothing shows it again", err=True)
        return
    make_sure("revoke a token of", yes=yes)
    if not tokens.revoke(name):
        raise BadSetting(f"there is no token called {name}")
    say(f"the token of {name} lets nobody in any more")


@app.command()
def server(
    address: Annotated[
        list[str],
        typer.Option("--address", help="host:port at which it is found; several times."),
    ],
    store: Annotated[
        Path | None,
        typer.Option(help="Its store folder, if it ran before it had users: adopts its data."),
    ] = None,
    clickhouse: Annotated[
        Path | None,
        typer.Option(
            help="A folder that a ClickHouse server of your own reads: the hash of each account's"
            " password is written there."
        ),
    ] = None,
) -> None:
    """Write the users of your own NATS server (GANGLION_NATS_USERS_FILE)."""
    from embedded_clickhouse.passwords import own_passwords, write_hashes
    from embedded_clickhouse.users import OWN_ACCOUNTS
    from local_mesh.home import Home
    from local_mesh.nats import adopt_store
    from local_mesh.nats_keys import NatsKeys
    from local_mesh.settings import LocalMeshSettings
    from local_mesh.supervisor.log_server import OPEN, write_users
    from nervous_system.environment import read_settings
    from nervous_system.errors import BadSetting
    from nervous_system.settings import CLICKHOUSE_KEYS, MeshSettings

    settings, local = read_settings(MeshSettings), read_settings(LocalMeshSettings)
    if local.nats_users_file is None:
        raise BadSetting("GANGLION_NATS_USERS_FILE does not say where to write it")
    home = Home.at(settings.home)
    home.create()
    keys = NatsKeys(home.path)
    keys.make()
    keys.listen(address)
    if store is not None:
        adopt_store(store)
    write_users(settings, local, home=home)
    if clickhouse is not None:
        write_hashes(clickhouse, own_passwords(home.path / CLICKHOUSE_KEYS, OWN_ACCOUNTS))
    say(f"{local.nats_users_file} says who may do what: include it in the server's configuration")
    if local.nats_open:
        say(OPEN)


@app.command()
def clickhouse(
    account: Annotated[
        str, typer.Argument(help="analyst reads; default, ganglion and services are the mesh's.")
    ] = "analyst",
) -> None:
    """Print the address of ClickHouse with an account's password: a CLICKHOUSE_URL."""
    from embedded_clickhouse.users import OWN_ACCOUNTS
    from local_mesh.addresses import client_settings
    from nervous_system.errors import BadSetting
    from nervous_system.settings import CLICKHOUSE_KEYS, url_as

    settings = client_settings()
    if account not in OWN_ACCOUNTS:
        raise BadSetting(f"no account is called {account!r}; there are {', '.join(OWN_ACCOUNTS)}")
    file = settings.home / CLICKHOUSE_KEYS / account
    try:
        password = file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise BadSetting(
            f"{file} cannot be read ({error.strerror}); the first start of the mesh makes it"
        ) from error
    say(url_as(settings.clickhouse_url, account, password))


@app.command()
def revoke(
    name: Annotated[str, typer.Argument(help="Who was let in with --role, or the id of a key.")],
    yes: Yes = False,
) -> None:
    """Shut an agent out, and stop trusting its key.

    Its connections end, and its credentials are removed. What it signed before still counts.
    """
    from nervous_system.errors import BadSetting

    make_sure("let somebody in no more to", yes=yes, to_home=True)
    gone = _users().revoke(name)
    if gone is None:
        raise BadSetting(
            f"nobody was let in as {name!r}, and no key of this id counts; see `ganglion keys list`"
        )
    if gone.was_let_in:
        later = "" if gone.reloaded else ", from the server's next start on"
        say(f"{name} is let in no more{later}")
    if gone.reads:
        say(
            "he may still know the password of ClickHouse's analyst: remove keys/clickhouse/analyst"
            " of the home and start the mesh again, which makes another"
        )
    if gone.until is not None:
        say(
            f"what it signs counts no more from {moment(gone.until)} on; what it signed before"
            " still does"
        )


@app.command("list")
def list_() -> None:
    """List trusted keys, for whom each speaks, and who was let in."""
    from local_mesh.nats_keys import NatsKeys
    from nervous_system.contract.signature import TrustedKeys
    from nervous_system.environment import read_settings
    from nervous_system.settings import TRUSTED_KEYS, MeshSettings

    home = read_settings(MeshSettings).home
    keys = TrustedKeys.read(home / TRUSTED_KEYS).keys
    for key_id, trusted in keys.items():
        agents = ", ".join("everybody" if each == "*" else each for each in trusted.agents)
        ended = f", until {moment(trusted.until)}" if trusted.until is not None else ""
        say(f"{key_id} speaks for {agents or 'nobody'}{ended} (public key {trusted.public})")
    for each in NatsKeys(home).named_users():
        works = ", offers itself for tasks" if each.works else ""
        say(f"{each.name} is let in as {each.role}{works}")
    if not keys:
        say(
            f"no keys lie in {home}. A mesh that was started there would check nothing; what one"
            " elsewhere trusts lies in its own home (GANGLION_HOME)"
        )
